"""The figures that a report lists of a prediction, all at once."""

from numpy.typing import ArrayLike

from circuitnn.metrics.emphasis import pre_emphasis
from circuitnn.metrics.envelope import nrmse, rms_energy_error
from circuitnn.metrics.flux import spectral_flux, spectral_flux_error
from circuitnn.metrics.spectral import log_spectral_distance, mr_stft, stft_distance
from circuitnn.metrics.waveform import dc, esr, mae
from circuitnn.numerics.emphasis import Emphasis

STUDY = (nrmse, spectral_flux, mr_stft)  # what Simionato and Fasciani compare models by, besides MSE and ESR


def summary(prediction: ArrayLike, target: ArrayLike, *, fs: float) -> dict[str, float]:
    """What is usually told of a prediction, by the names of the metrics.

    Args:
        prediction: (time,) or (..., time, features), 2560 samples or more.
        target: the same shape.
        fs: sample rate in hertz.

    Returns:
        `esr`, `dc`, `mae`, `stft_distance`, `log_spectral_distance`, `spectral_flux_error` and `rms_energy_error` with
        their defaults; as ``esr_high_pass``, ``esr_folded_differentiator`` and ``esr_a_weighting_low_pass`` the ESR
        after each of these filters of `pre_emphasis`; and `nrmse`, `spectral_flux` and `mr_stft`, the forms of
        Simionato and Fasciani.

    Raises:
        ValueError: when the shapes differ, the signals are too short, or fs is not positive.
    """
    filters: tuple[Emphasis, ...] = ("high_pass", "folded_differentiator", "a_weighting_low_pass")
    weighted = {f"esr_{name}": pre_emphasis(prediction, target, emphasis=name, fs=fs) for name in filters}
    plain = (dc, mae, stft_distance, log_spectral_distance, spectral_flux_error, rms_energy_error, *STUDY)
    return {"esr": esr(prediction, target), **weighted, **{each.__name__: each(prediction, target) for each in plain}}

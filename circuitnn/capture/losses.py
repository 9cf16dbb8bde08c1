"""Losses of a training, by their names."""

import functools
from collections.abc import Callable

from circuitnn import losses
from circuitnn.capture.names import check_loss
from circuitnn.losses.weighting import Loss

SPECTRAL = 0.1  # weight of a spectral loss beside the ESR, which hears phases

_NAMED: dict[str, Callable[[float], Loss]] = {
    "esr": lambda fs: losses.esr,
    "esr-high-pass": lambda fs: functools.partial(losses.pre_emphasis, emphasis="high_pass"),
    "esr-dc": lambda fs: losses.weighted((1.0, losses.esr), (1.0, losses.dc)),
    "esr-high-pass-dc": lambda fs: losses.weighted(
        (1.0, functools.partial(losses.pre_emphasis, emphasis="high_pass")), (1.0, losses.dc)
    ),
    "esr-a-weighted": lambda fs: functools.partial(losses.pre_emphasis, emphasis="a_weighting_low_pass", fs=fs),
    "esr-mr-stft": lambda fs: losses.weighted((1.0, losses.esr), (SPECTRAL, losses.mr_stft)),
    "mse": lambda fs: losses.mse,
    "mae": lambda fs: losses.mae,
}


def loss(name: str, fs: float) -> Loss:
    """The loss of that name: of (prediction, target).

    Args:
        name: one of `LOSSES`: "esr"; after the pre-emphasis of Wright et al. 2019, "esr-high-pass", with their loss of
            the mean "esr-high-pass-dc"; A-weighted and low-passed (Wright, Välimäki 2020), "esr-a-weighted"; with a
            tenth of the multi-resolution STFT loss, "esr-mr-stft"; "mse" and "mae" in the unit of the recording.
        fs: sample rate, Hz.

    Raises:
        ValueError: for another name, with those that there are.
    """
    check_loss(name)
    return _NAMED[name](fs)

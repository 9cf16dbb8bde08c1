"""How well a filter follows a tone stack: errors in decibels at settings that were not fitted."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.files import replacing
from circuitnn.filters.controlled import ControlledFilter
from circuitnn.tone.target import Target
from circuitnn.train.response_data import Responses
from circuitnn.train.response_error import ResponseError

FLOOR = -60.0  # dB: quieter responses count as this, in the second row of figures
SWEEP = (0.0, 0.25, 0.5, 0.75, 1.0)


@final
@dataclass(frozen=True, eq=False)
class ToneStackReport:
    """What `fit_tone_stack` has to say of its model.

    Attributes:
        errors: at settings that were not fitted.
        floored: likewise, with everything below -60 dB counted as -60 dB.
        worst: the setting with the largest error, and its frequency as "freq_hz".
        fitted: how many settings were fitted.
        seconds: of the whole fit, with the responses and the compilation.
        history: root mean square errors in dB along the fit, (stages,).
        unseen: the settings and the target's responses there.
        found: (n, f) dB, the model's responses there.
        family: of each knob: its positions, and the responses (positions, f) in dB of target and model with the other
            knobs at their defaults. Empty for measured responses.
    """

    errors: ResponseError
    floored: ResponseError
    worst: dict[str, float]
    fitted: int
    seconds: float
    history: NDArray
    unseen: Responses
    found: NDArray
    family: dict[str, tuple[NDArray, NDArray, NDArray]]

    def __str__(self) -> str:
        """A few lines to print."""
        at = ", ".join(f"{name} {value:.2f}" for name, value in self.worst.items() if name != "freq_hz")
        count, freqs = self.found.shape
        rows = [
            f"absolute error in dB at {count} settings and {freqs} frequencies from {self.unseen.freqs[0]:.0f} Hz to "
            f"{self.unseen.freqs[-1] / 1e3:.1f} kHz ({self.fitted} settings fitted, {self.seconds:.0f} s)",
            f"{'':22}{'mean':>9}{'95 %':>9}{'largest':>9}",
        ]
        for name, each in (("all", self.errors), (f"with a floor of {FLOOR:.0f}", self.floored)):
            rows.append(f"{name:22}{each.mean:9.4f}{each.p95:9.4f}{each.max:9.3f}")
        return "\n".join([*rows, f"the largest at {self.worst['freq_hz']:.0f} Hz with {at}"])

    __repr__ = __str__

    def as_dict(self) -> dict[str, Any]:
        """The figures alone, as JSON holds them."""
        return {
            "error_db": vars(self.errors),
            "error_db_with_floor_of_60": vars(self.floored),
            "worst": self.worst,
            "settings_fitted": self.fitted,
            "settings_unseen": len(self.found),
            "seconds": self.seconds,
            "history_db": [float(each) for each in self.history],
        }

    def save(self, folder: str | os.PathLike) -> list[Path]:
        """Write report.json and the pictures (family of curves, worst setting, errors over the knobs) as PNG.

        Returns:
            What was written.

        Raises:
            ModuleNotFoundError: without matplotlib, before anything is written: pip install 'circuitnn[plots]'.
        """
        from circuitnn.tone.plots import figures

        drawn = figures(self)
        folder = Path(folder)
        written = [folder / "report.json"]
        with replacing(written[0]) as file:
            file.write(json.dumps(self.as_dict(), indent=1).encode())
        for name, figure in drawn.items():
            written.append(folder / f"{name}.png")
            with replacing(written[-1]) as file:
                figure.savefig(file, format="png", dpi=120)
        return written


def assess(
    model: ControlledFilter,
    unseen: Responses,
    target: Target | None,
    *,
    seconds: float,
    history: NDArray,
    fitted: int,
) -> ToneStackReport:
    """The report of a model.

    Args:
        model: any filter with knobs.
        unseen: settings that were not fitted, and the target's responses there.
        target: gives the family of curves; none for measured responses.
        seconds: that the fit took.
        history: mean squares along the fit, decibels squared.
        fitted: how many settings were fitted.
    """
    found = decibels(model, unseen.freqs, unseen.controls)
    wanted = unseen.decibels
    errors = np.abs(found - wanted)
    setting, frequency = np.unravel_index(int(np.argmax(errors)), errors.shape)
    worst = {name: float(value[setting]) for name, value in unseen.controls.items()}
    family = {}
    for name in model.controls if target is not None else ():
        assert target is not None
        positions = np.asarray(SWEEP)
        others = {knob: np.full(len(positions), value) for knob, value in model.controls.items()}
        controls = others | {name: positions}
        family[name] = (
            positions,
            target(unseen.freqs, controls).decibels,
            decibels(model, unseen.freqs, controls),
        )
    return ToneStackReport(
        ResponseError.of(errors),
        ResponseError.of(np.abs(np.maximum(found, FLOOR) - np.maximum(wanted, FLOOR))),
        worst | {"freq_hz": float(unseen.freqs[frequency])},
        fitted,
        seconds,
        np.sqrt(np.maximum(history, 0)),
        unseen,
        found,
        family,
    )


def decibels(model: ControlledFilter, freqs: NDArray, controls: Mapping[str, NDArray]) -> NDArray:
    """Magnitudes of a model at settings {name: (n,)}: (n, f) dB."""
    response = model.frequency_response(freqs, controls={name: value[:, None] for name, value in controls.items()})
    return 20 * np.log10(np.maximum(np.abs(np.asarray(response, np.complex128)), 1e-12))

"""What `plan_captures` has found: which captures to make, in which order, and what each is worth."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from circuitnn.description import counted
from circuitnn.estimation.captures import Capture
from circuitnn.estimation.tabular import lines_of

_COLUMNS = 8  # values that have a column each; of more there are the median and the worst


@final
@dataclass(frozen=True)
class Expectation:
    """How well values and outputs are expected to be known.

    Attributes:
        standard_errors: value to its standard error, relative, of a position absolute; tolerances count as knowledge.
        prediction: error of what the circuit does, over all positions and levels of the grid: the root of the mean
            square of a response's magnitude in dB, or the error-to-signal ratio of recordings.
    """

    standard_errors: dict[str, float]
    prediction: float

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"standard_errors": dict(self.standard_errors), "prediction": self.prediction}


@final
@dataclass(frozen=True)
class CapturePlan:
    """Which captures to make next; print it.

    Attributes:
        captures: in the order in which they are to be made: whoever stops early has made the best ones.
        before: what is known without any of them, from tolerances and from what was done.
        after: what is known after each of them.
        grid: what a full grid would tell, beside what was done.
        grid_size: captures of that grid.
        as_good: how many captures, each the best next one, make each value as well known as the grid does, and how many
            the outputs; None where it would be more than the grid has.
        criterion: "D" or "I".
        noise: standard deviation that is counted with; dB of a response, volts of a recording.
        is_audio: whether recordings are planned, not responses.
        silent: captures of the grid at which nothing comes out, which are left out.
    """

    captures: tuple[Capture, ...]
    before: Expectation
    after: tuple[Expectation, ...]
    grid: Expectation
    grid_size: int
    as_good: tuple[int | None, int | None]
    criterion: str
    noise: float
    is_audio: bool
    silent: int

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "criterion": self.criterion,
            "kind": "recordings" if self.is_audio else "responses",
            "noise": self.noise,
            "before": self.before.to_dict(),
            "captures": [
                capture.to_dict() | {"after": after.to_dict()}
                for capture, after in zip(self.captures, self.after, strict=True)
            ],
            "grid": {"captures": self.grid_size, "silent": self.silent} | self.grid.to_dict(),
            "as_good_as_grid": dict(zip(("values", "outputs"), self.as_good, strict=True)),
        }

    def __str__(self) -> str:
        names = list(self.before.standard_errors)
        is_short = len(names) > _COLUMNS
        rows = [["", "capture", *(("median", "worst") if is_short else names), "output"]]
        rows.append(["", "before", *self._cells(self.before, is_short)])
        for k, (capture, after) in enumerate(zip(self.captures, self.after, strict=True)):
            rows.append([str(k + 1), str(capture), *self._cells(after, is_short)])
        rows.append(["", f"full grid of {self.grid_size}", *self._cells(self.grid, is_short)])
        lines = lines_of(rows)
        noise = f"{self.noise:.3g} {'V' if self.is_audio else 'dB'}"
        lines += ["", f"Expected standard errors for noise of {noise}; {self.criterion}-optimal."]
        for count, what in zip(self.as_good, ("values", "outputs"), strict=True):
            lines.append(
                f"As good as the grid for the {what}: "
                + (
                    f"{counted(count, 'capture')} of {self.grid_size}."
                    if count
                    else f"not with {self.grid_size} captures."
                )
            )
        if self.silent:
            lines.append(f"Nothing comes out at {self.silent} of the grid's positions and levels, which are left out.")
        return "\n".join(lines)

    __repr__ = __str__

    def _cells(self, known: Expectation, is_short: bool) -> list[str]:
        errors = list(known.standard_errors.values())
        if is_short:
            errors = [float(np.median(errors)), max(errors)]
        output = (
            f"{10 * np.log10(max(known.prediction, 1e-300)):.1f} dB" if self.is_audio else f"{known.prediction:.3g} dB"
        )
        return [*(f"{100 * each:.2g} %" if each < 1 else "over 100 %" for each in errors), output]

"""What a model is trained and judged on: recordings of equal length, divided by time."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn import metrics
from circuitnn.capture.take import PARTS, Take
from circuitnn.model import Model, run
from circuitnn.train import Dataset

SLOW = 20.0  # hertz
LEAD = 10.0  # seconds in front of a part, that a model hears and that do not count


@final
class Prediction(NamedTuple):
    """What a model makes of a part of the recordings, running freely.

    Attributes:
        x: (recordings, time), what was played.
        target: likewise, what was recorded.
        y: likewise, what the model gives.
        fs: sample rate, Hz.
    """

    x: NDArray
    target: NDArray
    y: NDArray
    fs: float

    @property
    def esr(self) -> float:
        """Error-to-signal ratio over all of it."""
        return metrics.esr(self.y.ravel(), self.target.ravel())

    @property
    def slow_share(self) -> float:
        """Share of the error's energy below 20 Hz: what the device remembers for long, and the model does not."""
        power = np.abs(np.fft.rfft(self.y - self.target, axis=1)) ** 2
        freqs = np.fft.rfftfreq(self.y.shape[1], 1 / self.fs)
        return float(power[:, freqs < SLOW].sum() / max(power.sum(), 1e-300))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Material:
    """Recordings side by side, and where in time the parts of all of them are.

    Attributes:
        whole: all of it.
        parts: "train", "validation" and "test", samples.
        noise: the ESR that the noise of the recordings leaves; None where it is not known.
    """

    whole: Dataset
    parts: Mapping[str, slice]
    noise: float | None = None

    @staticmethod
    def of(takes: Sequence[Take], controls: Sequence[Mapping[str, float]] | None = None) -> "Material":
        """Takes of one device, with the knobs where they were; longer ones are cut to the shortest.

        Args:
            takes: one or more, of one rate.
            controls: of each, positions by name.

        Raises:
            ValueError: when they differ in rate, or their parts have nothing in common.
        """
        if len({take.fs for take in takes}) > 1:
            raise ValueError(f"the takes differ in rate: {', '.join(f'{take.fs:g} Hz' for take in takes)}")
        shortest = min(takes, key=lambda take: len(take.x))
        samples = len(shortest.x)
        x, y = (
            np.stack([getattr(take, name)[:samples] for take in takes])[..., None].astype(np.float32) for name in "xy"
        )
        knobs = None
        if controls is not None:
            knobs = {name: np.array([[each[name]] for each in controls], np.float32) for name in controls[0]}
        volts = shortest.volts if all(take.volts == shortest.volts for take in takes) else None
        noises = [take.noise for take in takes if take.noise is not None]
        whole = Dataset(x, y, controls=knobs, fs=shortest.fs, volts=volts)
        return Material(whole, shortest.parts, float(np.mean(noises)) if noises else None)

    def part(self, name: str) -> Dataset:
        """The data set of a part."""
        return self.whole.between(self.parts[name].start, self.parts[name].stop)

    def predicted(self, model: Model, name: str = "test") -> Prediction:
        """What a model makes of a part, its latency taken out; it hears ten seconds before too, where there are any."""
        where = self.parts[name]
        start = max(0, where.start - round(LEAD * self.whole.fs))
        shown = self.whole.between(start, where.stop)
        late, before = model.latency, where.start - start
        controls = {
            knob: value[:, 0:1] if _is_constant(value) else np.pad(value, ((0, 0), (0, late)), mode="edge")
            for knob, value in (shown.controls or {}).items()
        }
        _, given = run(model, np.pad(shown.x, ((0, 0), (0, late), (0, 0))), controls=controls or None)
        x, target = (np.asarray(a, np.float64)[:, before:, 0] for a in (shown.x, shown.y))
        y = np.asarray(given, np.float64)[:, before + late :, 0]
        return Prediction(x, target, y, self.whole.fs)

    def __str__(self) -> str:
        fs = self.whole.fs
        spans = (f"{name} {(self.parts[name].stop - self.parts[name].start) / fs:.1f} s" for name in PARTS)
        count = f"{len(self.whole.x)} recordings, each " if len(self.whole.x) > 1 else ""
        return f"{count}{self.whole.x.shape[1] / fs:.1f} s at {fs:g} Hz: {', '.join(spans)}"


def _is_constant(values: NDArray) -> bool:
    return bool((values == values[:, :1]).all())

"""Sound through the low pass: a grid of knob positions to learn from, and positions between them to test on."""

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuitnn import circuits
from circuitnn.study.signals import FS, Signals
from circuitnn.train import Dataset, simulate_dataset
from circuitnn.train.dataset import VOLTS

KNOBS = ("cutoff", "resonance")
CONSTANT, MOVING = "constant", "moving"
VERSIONS = (CONSTANT, MOVING)
RANGE = {"cutoff": (0.3, 0.9), "resonance": (0.0, 0.9)}  # 160 Hz to 10 kHz, Q 0.5 to 4.5
RATES = (0.3, 5.0)  # hertz, of knobs that swing
AT_ONCE = 12  # recordings that are simulated together: one program for all
EASY, LOUDER = "test", "louder"


@final
@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """How much is simulated.

    Attributes:
        cutoffs, resonances: positions of the grid.
        seconds: of each training recording.
        test_seconds: of each test recording.
        volts: of full scale.
        louder: times that in the second test.
        oversampling: of the truth.
        cache: folder that keeps what was simulated.
    """

    cutoffs: int = 6
    resonances: int = 4
    seconds: float = 2.0
    test_seconds: float = 2.0
    volts: float = 10.0
    louder: float = 3.0
    oversampling: int = 4
    cache: str | None = None

    def axes(self) -> dict[str, NDArray[np.float64]]:
        """Positions of each knob that the grid has."""
        counts = (self.cutoffs, self.resonances)
        return {name: np.linspace(*RANGE[name], count) for name, count in zip(KNOBS, counts, strict=True)}


def grid(size: Size) -> dict[str, NDArray[np.float64]]:
    """Positions to learn from, (settings,) of each knob."""
    return _all_pairs(size.axes())


def between(size: Size) -> dict[str, NDArray[np.float64]]:
    """Positions to test on, half way between those of the grid; the middle one of the cut-offs is left out."""
    axes = {name: (axis[1:] + axis[:-1]) / 2 for name, axis in size.axes().items()}
    if len(axes["cutoff"]) > 2:
        axes["cutoff"] = np.delete(axes["cutoff"], len(axes["cutoff"]) // 2)
    return _all_pairs(axes)


def _all_pairs(axes: dict[str, NDArray]) -> dict[str, NDArray]:
    pairs = np.meshgrid(*axes.values(), indexing="ij")
    return {name: pair.ravel() for name, pair in zip(axes, pairs, strict=True)}


def swings(count: int, samples: int, seed: int) -> dict[str, NDArray]:
    """Knobs that swing in sines, each with a rate, a depth and a middle of its own: (count, samples) each."""
    rng, time = np.random.default_rng(seed), np.arange(samples) / FS
    found = {}
    for name, (lowest, highest) in RANGE.items():
        rate = RATES[0] * (RATES[1] / RATES[0]) ** rng.uniform(0, 1, (count, 1))
        phase, middle, depth = (rng.uniform(0, 1, (count, 1)) for _ in range(3))
        swing = 0.5 + 0.5 * (middle - 0.5) + (0.15 + 0.35 * depth) * np.sin(2 * np.pi * (rate * time + phase))
        found[name] = lowest + (highest - lowest) * np.clip(swing, 0, 1)
    return found


def learnt_from(signals: Signals, version: str, size: Size) -> Dataset:
    """As many recordings as the grid has positions; each stands at one of them, or all knobs swing."""
    positions = grid(size)
    x = excerpts(signals.parts["train"], len(positions["cutoff"]), size.seconds, seed=0)
    if version == MOVING:
        return through(x, swings(len(x), x.shape[1], seed=1), size)
    return through(x, {name: value[:, None] for name, value in positions.items()}, size)


def tested_on(signals: Signals, version: str, size: Size) -> dict[str, Dataset]:
    """Other music at positions between, or with other swings; and the same louder."""
    positions = between(size)
    x = excerpts(signals.parts["test"], len(positions["cutoff"]), size.test_seconds, seed=2)
    knobs = {name: value[:, None] for name, value in positions.items()}
    if version == MOVING:
        knobs = swings(len(x), x.shape[1], seed=3)
    tests = {EASY: through(x, knobs, size)}
    if version == CONSTANT and size.louder:
        tests[LOUDER] = through(x, knobs, dataclasses.replace(size, volts=size.louder * size.volts))
    return tests


def through(x: NDArray, knobs: dict[str, NDArray], size: Size) -> Dataset:
    """Sound in full scale (recordings, time) through the low pass."""
    parts = []
    for start in range(0, len(x), AT_ONCE):
        rows = np.arange(start, start + AT_ONCE) % len(x)
        data = simulate_dataset(
            circuits.ota_lowpass(),
            x[rows],
            controls={name: knob[rows] for name, knob in knobs.items()},
            fs=FS,
            oversampling=size.oversampling,
            volts=size.volts,
            cache=size.cache,
            progress=False,
        )
        parts.append(data)
    x, y = (np.concatenate([getattr(part, name) for part in parts])[: len(x)] for name in ("x", "y"))
    return Dataset(x, y, controls={name: np.float32(knob) for name, knob in knobs.items()}, fs=FS, volts=VOLTS)


def excerpts(sound: NDArray, count: int, seconds: float, *, seed: int) -> NDArray:
    """Pieces (count, time), spread evenly over a sound and shuffled; none of them silent.

    Raises:
        ValueError: for a sound shorter than a piece, or without enough pieces that are heard.
    """
    length = round(seconds * FS)
    if len(sound) < length:
        raise ValueError(f"{len(sound) / FS:g} s of sound are less than a recording of {seconds:g} s")
    starts = np.linspace(0, len(sound) - length, 4 * count).astype(int)
    energy = np.array([np.mean(np.square(sound[start : start + length])) for start in starts])
    heard = starts[energy > 1e-3 * energy.max()]
    if len(heard) < 1:
        raise ValueError("the sound is silent")
    chosen = heard[np.linspace(0, len(heard) - 1, count).astype(int)]
    return np.stack([sound[start : start + length] for start in np.random.default_rng(seed).permutation(chosen)])

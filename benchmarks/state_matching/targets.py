"""What is modelled: an overdrive with its knobs, and a phaser whose oscillator stands still, is seen, or is hidden."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from benchmarks.exposure_bias.material import FS, PARTS, Material
from circuitnn.circuit import Circuit, catalogue
from circuitnn.train import Dataset, simulate_dataset

VOLTS_AT_FULL_SCALE = 0.5  # a passive pickup, not played hard
LFO_CENTRE, LFO_DEPTH = -2.1, 0.15  # volts at the gates: channels of about 1.3 to 8 kilohms
LFO_RATES = (0.3, 3.0)  # hertz


@final
@dataclasses.dataclass(frozen=True)
class Target:
    """A circuit, and what of it the models are shown.

    Attributes:
        title: for the report.
        circuit: builds it.
        chosen: the states of the models that are matched to some only.
        knobs: that are drawn for each recording and given to the models.
        inputs: how many of the circuit's inputs the models see.
        moves: whether the oscillator does.
    """

    title: str
    circuit: Callable[[], Circuit]
    chosen: tuple[str, ...]
    knobs: tuple[str, ...] = ()
    inputs: int = 1
    moves: bool = False

    @property
    def material(self) -> str:
        """Name of its data: targets that differ in what is shown only share them."""
        return f"{self.circuit.__name__}-{'moving' if self.moves else 'still'}"


def _phaser(title: str, *, moves: bool, inputs: int = 1) -> Target:
    return Target(title, catalogue.phase90, ("C2", "C4"), moves=moves, inputs=inputs)


TARGETS = {
    # The states left out of the chosen ones couple stages: they hardly move, or take seconds to.
    "sd1": Target("Boss SD-1, drive and tone given", catalogue.sd1, ("C2", "C4", "C5", "C7", "C6"), ("drive", "tone")),
    "phaser-fixed": _phaser("Phase 90, oscillator at rest", moves=False),
    "phaser-given": _phaser("Phase 90, oscillator moving and given", moves=True, inputs=2),
    "phaser-hidden": _phaser("Phase 90, oscillator moving and hidden", moves=True),
}
HIDDEN = "phaser-hidden"


def datasets(target: Target, material: Material, *, pieces: int, oversampling: int, cache: Path) -> dict[str, Dataset]:
    """The parts of the study through the circuit, each cut into so many recordings that are simulated side by side.

    Each recording has its own knobs, or its own rate and phase of the oscillator.
    """
    found = {}
    for number, part in enumerate(PARTS):
        whole = material.signals[part]
        length = len(whole) // pieces
        if length < FS // 10:
            raise ValueError(f"{len(whole) / FS:.2g} s of sound for {part} are too short for {pieces} recordings")
        rng = np.random.default_rng([7, number])
        found[part] = simulate_dataset(
            target.circuit(),
            whole[: pieces * length].reshape(pieces, length),
            inputs={"Vlfo": oscillator(rng, pieces, length)} if target.moves else None,
            controls={name: rng.uniform(0, 1, (pieces, 1)) for name in target.knobs},
            fs=FS,
            oversampling=oversampling,
            volts=VOLTS_AT_FULL_SCALE,
            cache=cache,
            progress=False,
        )
    return found


def oscillator(rng: np.random.Generator, recordings: int, samples: int) -> NDArray[np.float64]:
    """(recordings, time) volts at the gates: sines of different rates and phases."""
    slowest, fastest = LFO_RATES
    rate = slowest * (fastest / slowest) ** rng.uniform(0, 1, (recordings, 1))
    phase = rng.uniform(0, 1, (recordings, 1))
    return LFO_CENTRE + LFO_DEPTH * np.sin(2 * np.pi * (rate * np.arange(samples) / FS + phase))


def shown(data: Dataset, target: Target, states: tuple[str, ...] | None) -> Dataset:
    """The signals that a model sees and is compared with; no states for a black box."""
    indices = [target.circuit().state_names.index(name) for name in states or ()]
    return dataclasses.replace(
        data,
        x=data.x[..., : target.inputs],
        states=data.states[..., indices] if indices else None,
        initial=data.initial[..., indices] if indices else None,
    )

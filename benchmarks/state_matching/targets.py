"""What is modelled: an overdrive with its knobs, and a phaser whose oscillator stands still, is seen, or is hidden."""

import numpy as np
from numpy.typing import NDArray

from circuitnn import circuits
from circuitnn.study import Target
from circuitnn.study.signals import FS

LFO_CENTRE, LFO_DEPTH = -2.1, 0.15  # volts at the gates: channels of about 1.3 to 8 kilohms
LFO_RATES = (0.3, 3.0)  # hertz
HIDDEN = "phaser-hidden"


def oscillator(rng: np.random.Generator, recordings: int, samples: int) -> NDArray[np.float64]:
    """(recordings, time) volts at the gates: sines of different rates and phases."""
    slowest, fastest = LFO_RATES
    rate = slowest * (fastest / slowest) ** rng.uniform(0, 1, (recordings, 1))
    phase = rng.uniform(0, 1, (recordings, 1))
    return LFO_CENTRE + LFO_DEPTH * np.sin(2 * np.pi * (rate * np.arange(samples) / FS + phase))


def _phaser(title: str, *, moves: bool, inputs: int = 1) -> Target:
    sources = {"Vlfo": oscillator} if moves else {}
    return Target(title, circuits.phase90, inputs=inputs, sources=sources, chosen=("C2", "C4"))


TARGETS = {
    # The states left out of the chosen ones couple stages: they hardly move, or take seconds to.
    "sd1": Target(
        "Boss SD-1, drive and tone given",
        circuits.sd1,
        knobs=("drive", "tone"),
        chosen=("C2", "C4", "C5", "C7", "C6"),
    ),
    "phaser-given": _phaser("Phase 90, oscillator moving and given", moves=True, inputs=2),
    HIDDEN: _phaser("Phase 90, oscillator moving and hidden", moves=True),
    "phaser-fixed": _phaser("Phase 90, oscillator at rest", moves=False),
}

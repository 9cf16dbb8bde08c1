"""What the networks learn from: a signal, and what the Klon's gain stage makes of it at each gain."""

from collections.abc import Sequence
from typing import NamedTuple, final

import jax
import numpy as np

from circuitnn import circuits, run
from circuitnn.hybrid import Oversampled
from circuitnn.model import Model
from circuitnn.nodal import NodalModel
from circuitnn.study.signals import FS
from circuitnn.train import Dataset

OVERSAMPLING = 4
BLOCK = FS  # samples that are simulated at a time, which bounds the memory
PIECE = 2048 * 9  # samples: 0.38 s


@final
class Played(NamedTuple):
    """A part of the material, and the circuit's answers.

    Attributes:
        x: (time,) volts.
        y: (gains, time) volts behind the summing amplifier, as late as x.
    """

    x: np.ndarray
    y: np.ndarray


def teacher() -> Model:
    """The gain stage as the schematic has it: a nodal model at four times the rate in double precision."""
    return Oversampled(NodalModel(circuits.klon_gain_stage(), OVERSAMPLING * FS, dtype=np.float64), OVERSAMPLING)


def played(x: np.ndarray, gains: Sequence[float]) -> Played:
    """The answers to a signal at each gain, in single precision, in step with it: the latency is taken out."""
    with jax.enable_x64(True):
        model = teacher()
        late = model.latency
        padded = np.concatenate([x, np.zeros(late + -(len(x) + late) % BLOCK)])
        knobs = {"gain": np.asarray(gains, float)[:, None]}
        carry, pieces = None, []
        for start in range(0, len(padded), BLOCK):
            block = np.broadcast_to(padded[start : start + BLOCK, None], (len(gains), BLOCK, 1))
            carry, y = run(model, block, carry, controls=knobs)
            pieces.append(np.asarray(y[..., 0], np.float32))
    return Played(x.astype(np.float32), np.concatenate(pieces, axis=1)[:, late : late + len(x)])


def at_gain(part: Played, index: int) -> Dataset:
    """The whole part at one gain, in pieces that are windows of training."""
    x, y = _pieces(part.x), _pieces(part.y[index])
    return Dataset(x[..., None], y[..., None], fs=FS)


def at_gains(part: Played, gains: Sequence[float], each: int) -> Dataset:
    """Each piece at `each` of the gains, in turn: as many for every gain."""
    x, y = _pieces(part.x), np.stack([_pieces(one) for one in part.y])
    count = len(x)
    which = [(k, (k * each + j) % len(gains)) for k in range(count) for j in range(each)]
    pieces, turned = (np.array(each) for each in zip(*which, strict=True))
    knob = np.asarray(gains, np.float32)[turned][:, None]
    return Dataset(x[pieces][..., None], y[turned, pieces][..., None], controls={"gain": knob}, fs=FS)


def _pieces(x: np.ndarray) -> np.ndarray:
    """(pieces, samples); a signal shorter than one piece is one."""
    length = min(PIECE, len(x))
    return x[: len(x) // length * length].reshape(-1, length)

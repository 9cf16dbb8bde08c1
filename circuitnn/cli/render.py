"""A model over a sound of any length, in blocks: the carry is handed on, so that the cuts cannot be heard."""

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from circuitnn.cli.automation import Automation
from circuitnn.cli.problems import Failure, one_line
from circuitnn.cli.sounds import Sound, Spool

if TYPE_CHECKING:
    import circuitnn as cn

BLOCK = 2**15  # samples: long enough that a block costs more than its start, short enough to see progress


def render(
    model: "cn.Model",
    sound: Sound,
    spool: Spool,
    *,
    volts: float,
    output_volts: float,
    knobs: Mapping[str, float],
    automation: Automation | None,
    progress: Callable[[int], object],
) -> str:
    """Run a model over a sound, each channel for itself.

    Args:
        model: with one input and one output.
        sound: what it hears.
        spool: where its output goes. What a model comes late (`latency`) is taken out.
        volts: of full scale at the input.
        output_volts: of full scale at the output.
        knobs: those that stand still.
        automation: those that move.
        progress: is told how many samples are done.

    Returns:
        What the solver has to say at the end, empty when every sample converged.

    Raises:
        Fault: when the output is not finite.
    """
    import circuitnn as cn
    from circuitnn.numerics.report import SolveWarning

    late = getattr(model, "latency", 0)
    total = sound.samples + late
    block = min(BLOCK, total)
    carry = None
    for start in range(0, total, block):
        # All blocks have one length, the last one filled up with silence: one program serves them all.
        x = np.zeros((block, sound.channels))
        part = sound.read(block)
        x[: len(part)] = volts * part
        moving = {} if automation is None else automation.at(start, block, sound.fs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SolveWarning)  # told once, at the end
            warnings.simplefilter("ignore", cn.StreamWarning)  # an error with the place, below
            carry, y = cn.run(model, _channels_first(x), carry, controls={**knobs, **moving})
        output = _channels_last(np.asarray(y, np.float64))
        kept = slice(max(late - start, 0), min(block, total - start))
        _check_finite(output[kept], start + kept.start - late, sound)
        spool.append(output[kept] / output_volts)
        progress(len(output[kept]))
    return _told(carry)


def _channels_first(x: np.ndarray) -> np.ndarray:
    """(time, 1), or a batch (channels, time, 1): one stream alone compiles faster and runs faster."""
    return x if x.shape[1] == 1 else x.T[..., None]


def _channels_last(y: np.ndarray) -> np.ndarray:
    return y if y.ndim == 2 else y[..., 0].T


def _check_finite(y: np.ndarray, start: int, sound: Sound) -> None:
    wrong = np.flatnonzero(~np.isfinite(y).all(axis=1))
    if wrong.size:
        at = (start + wrong[0]) / sound.fs
        raise Failure(
            f"the output is not a finite number from {at:.3f} s on; are the component values in SI units, and is "
            "--volts what full scale means?"
        )


def _told(carry: object) -> str:
    from circuitnn.numerics.report import SolveWarning, warn_of_failures

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", SolveWarning)
        warn_of_failures(carry)
    return one_line(told[-1].message) if told and isinstance(told[-1].message, Warning) else ""

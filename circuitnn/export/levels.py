"""Levels: what full scale is in volts, in the words of players."""

import math
from typing import Any

import numpy as np

from circuitnn.audio import excitation
from circuitnn.composition import chain
from circuitnn.export.strangers import FormatError, Record
from circuitnn.hybrid import Gain
from circuitnn.model import Model, run

DBU = math.sqrt(0.6)  # volts, root mean square, of 0 dBu: 1 mW in 600 ohms
LOUDEST = 200.0  # dBu
SECONDS, RATE = 1.0, 48_000  # of what the loudness is told of

Volts = float | tuple[float, float] | None


def dbu_of(volts: float) -> float:
    """The level of a sine whose peak is so many volts."""
    return 20 * math.log10(volts / math.sqrt(2) / DBU)


def volts_of(dbu: float) -> float:
    """The peak, in volts, of a sine of that level."""
    return math.sqrt(2) * DBU * 10 ** (dbu / 20)


def at_level(model: Model, volts: Volts) -> tuple[Model, tuple[float, float] | None]:
    """A model for signals whose full scale is so many volts, and these, (input, output).

    Args:
        model: where it knows what its 1.0 is (`Model.volts`), gains around it make it another; else it is taken to be
            for signals of that full scale.
        volts: one number, or those of the input and the output; the model's own where None.

    Raises:
        FormatError: for what is no positive number of volts.
    """
    here = checked_volts(volts)
    if here is None:
        return model, model.volts
    own = model.volts or here
    before, after = here[0] / own[0], own[1] / here[1]
    if before == after == 1:
        return model, here
    gains = (Gain(gain, features=1, dtype=model.dtype) for gain in (before, after))
    return chain(next(gains), model, next(gains)), here


def checked_volts(volts: Volts) -> tuple[float, float] | None:
    """Volts of full scale at input and output; None for None.

    Raises:
        FormatError: for what is no positive number of volts.
    """
    if volts is None:
        return None
    pair = (volts, volts) if isinstance(volts, (int, float)) else tuple(volts)
    if len(pair) != 2 or not all(0 < value < math.inf for value in pair):
        raise FormatError(f"volts: expected a positive number, or two for input and output, got {volts}")
    return float(pair[0]), float(pair[1])


def levels_told(model: Model, volts: tuple[float, float] | None) -> dict[str, Any]:
    """The metadata of a .nam: levels where they are known, and the loudness.

    Loudness is the level of what the model gives, in dB under full scale, when it hears `circuitnn.audio.excitation`;
    players make models as loud as each other by it.
    """
    names = ("input_level_dbu", "output_level_dbu")
    told = {} if volts is None else {name: dbu_of(value) for name, value in zip(names, volts, strict=True)}
    x = np.asarray(excitation(SECONDS, RATE), model.dtype)
    power = float(np.mean(np.square(np.asarray(run(model, x)[1], np.float64))))
    return told | ({"loudness": 10 * math.log10(power)} if 0 < power < math.inf else {})


def levels_in(metadata: Record) -> tuple[float, float] | None:
    """Volts of full scale at input and output that a .nam tells; None where it tells not both."""
    names = ("input_level_dbu", "output_level_dbu")
    if not all(name in metadata for name in names):
        return None
    low, high = (volts_of(metadata.number(name, low=-LOUDEST, high=LOUDEST)) for name in names)
    return low, high

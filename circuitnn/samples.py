"""What every border asks of an array of samples: real numbers, not a sound file's integers, time before channels."""

from typing import Any

import numpy as np

PIECE = 2**20  # numbers that are looked at at a time
MOST_CHANNELS, LEAST_TIME = 8, 64  # a pair of axes that is evidently (channels, time)
# The integers of sound files, and how to make volts of full scale 1 of them.
_FULL_SCALE = {
    "int8": "divide by 128",
    "uint8": "take 128 away and divide by 128",
    "int16": "divide by 32768",
    "uint16": "take 32768 away and divide by 32768",
    "int32": "divide by 2147483648",
}


def check_kind(name: str, dtype: Any, hint: str = "", error: type[ValueError] = ValueError) -> None:
    """Refuse what are no real floating-point numbers: integers of a sound file would be taken for kilovolts.

    Args:
        name: of the signal.
        dtype: of its samples.
        hint: what it may be instead, for what are no numbers at all.
        error: that is raised.

    Raises:
        ValueError: or a kind of it; says what to do.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "f" or dtype.name == "bfloat16":
        return
    if dtype.name in _FULL_SCALE:
        hint = f"{_FULL_SCALE[dtype.name]} for samples of full scale 1, then multiply by the volts of full scale"
    elif dtype.kind in "iub":
        hint = f"{name.split()[-1]}.astype(float)?"
    raise error(f"{name} must be real floating-point numbers, got {dtype}" + (f"; {hint}" if hint else ""))


def check_axes(name: str, shape: tuple[int, ...], error: type[ValueError] = ValueError) -> None:
    """Refuse (channels, time), as some readers of sound files give it: it would be a very short, very wide signal.

    Args:
        name: of the signal.
        shape: (..., time, features), or anything of one axis.
        error: that is raised.

    Raises:
        ValueError: or a kind of it; says what to do.
    """
    if len(shape) > 1 and shape[-2] <= MOST_CHANNELS and shape[-1] >= LEAST_TIME:
        how = ".T" if len(shape) == 2 else ".swapaxes(-1, -2)"
        raise error(
            f"{name}: time comes before the channels, (..., time, channels), and the shape {shape} has it last: "
            f"transpose it, {how}; with [..., None] they are recordings of one channel each"
        )


def check_finite(name: str, values: Any, axes: tuple[str, ...] = ("sample", "feature")) -> None:
    """Refuse NaN and infinity; values that are traced pass.

    Args:
        name: of the signal.
        values: an array, as it was given.
        axes: what its last axes are; those before them are the batch. One of length one is not mentioned.

    Raises:
        ValueError: with the number of them and the place of the first.
    """
    import jax  # here, because reading a sound does without

    if isinstance(values, jax.core.Tracer):
        return
    numbers = np.asarray(values)
    axis = max(numbers.ndim - 2, 0)  # of time: hours of a mapped file are looked at in pieces
    count = -(-numbers.size // PIECE)
    if not all(np.isfinite(part).all() for part in (np.array_split(numbers, count, axis) if count > 1 else [numbers])):
        raise ValueError(not_finite_in_words(name, numbers, axes))


def check_windows(shape: tuple[int, ...], time: int, length: int, hop: int, count: int = 1) -> None:
    """Refuse pieces of a signal that cannot be.

    Args:
        shape: of the signal.
        time: its axis of time.
        length: of each piece, in samples.
        hop: from one to the next.
        count: that there must be at least.

    Raises:
        ValueError: for lengths that are no positive whole numbers, and signals with fewer pieces.
    """
    for name, value in (("length", length), ("hop", hop)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"the {name} of a window must be a positive whole number of samples, got {value!r}")
    needed = length + (count - 1) * hop
    if shape[time] < needed:
        raise ValueError(f"the windows need {needed} samples along time, got the shape {shape}")


def not_finite_in_words(name: str, numbers: np.ndarray, axes: tuple[str, ...] = ("sample", "feature")) -> str:
    """How many of an array's numbers are NaN or infinite, and where the first is; arguments as for `check_finite`."""
    bad = np.argwhere(~np.isfinite(numbers))
    return f"{name} has {len(bad)} NaN or infinite value(s){_place(numbers.shape, bad[0], axes)}"


def _place(shape: tuple[int, ...], index: np.ndarray, axes: tuple[str, ...]) -> str:
    """Where an entry of an array is, in words."""
    names = axes[: len(shape)] if len(shape) < len(axes) else axes
    batch = len(shape) - len(names)
    where = [
        f"{name} {place}"
        for name, size, place in zip(names, shape[batch:], index[batch:], strict=True)
        if size > 1 or name == "sample"
    ]
    if batch:
        where.append(f"batch entry {index[0] if batch == 1 else tuple(map(int, index[:batch]))}")
    return f", the first at {', '.join(where)}" if where else ""

"""JSON that strangers wrote: each part is read with a check, and a fault says where in the file it is."""

import math
import os
from collections.abc import Mapping
from typing import Any, final

import numpy as np

from circuitnn.opening import LARGEST_JSON, content, json_of, reason

LONGEST_WORD = 60  # letters of a stranger's that are shown in a message


class FormatError(ValueError):
    """A file of a player that cannot be read, or a model that its format cannot hold."""


@final
class Record:
    """An object of JSON, and where it stands.

    Attributes:
        fields: its names and values.
        where: path of the file, and what leads from there to it.
    """

    def __init__(self, fields: Any, where: str):
        if not isinstance(fields, dict):
            raise FormatError(f"{where}: expected an object with names, got {shown(fields)}")
        self.fields: Mapping[str, Any] = fields
        self.where = where

    def __contains__(self, key: str) -> bool:
        return self.fields.get(key) is not None

    def fault(self, words: str) -> FormatError:
        """An error that says where."""
        return FormatError(f"{self.where}: {words}")

    def record(self, key: str) -> "Record":
        """The object of that name; an empty one where there is none."""
        return Record(self.fields[key] if key in self else {}, f"{self.where}: {key}")

    def entries(self, key: str, most: int) -> list[Any]:
        """The list of that name, of one to `most` entries."""
        entries = self.fields.get(key)
        if not isinstance(entries, list) or not 1 <= len(entries) <= most:
            raise self.fault(f"{key}: expected a list of 1 to {most}, got {shown(entries)}")
        return entries

    def records(self, key: str, most: int) -> list["Record"]:
        """The list of objects of that name, of one to `most` entries."""
        return [Record(entry, f"{self.where}: {key}[{k}]") for k, entry in enumerate(self.entries(key, most))]

    def last_of(self, key: str, high: int) -> int:
        """The whole number from 1 to `high` at the end of a shape; what stands before it is of no matter."""
        last = self.entries(key, 4)[-1]
        if isinstance(last, bool) or not isinstance(last, int) or not 1 <= last <= high:
            raise self.fault(f"{key}: expected a number from 1 to {high} at its end, got {shown(last)}")
        return last

    def text(self, key: str, default: str | None = None) -> str:
        """A text; `default` where there is none."""
        value = self.fields[key] if key in self else default
        if not isinstance(value, str):
            raise self.fault(f"{key}: expected a text, got {shown(value)}")
        return value

    def number(self, key: str, default: float | None = None, *, low: float = -1e30, high: float = 1e30) -> float:
        """A finite number from `low` to `high`; `default` where there is none."""
        value = self.fields[key] if key in self else default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.fault(f"{key}: expected a number from {low:g} to {high:g}, got {shown(value)}")
        return float(value)

    def whole(self, key: str, default: int | None = None, *, low: int = 1, high: int = 4096) -> int:
        """A whole number from `low` to `high`; `default` where there is none."""
        value = self.number(key, default, low=low, high=high)
        if value != int(value):
            raise self.fault(f"{key}: expected a whole number, got {value:g}")
        return int(value)

    def array(self, key: str, shape: tuple[int | None, ...], dtype: Any) -> np.ndarray:
        """Numbers of that name in lists of lists, see `numbers`."""
        return numbers(self.fields.get(key), shape, f"{self.where}: {key}", dtype)


def record_of(path: str | os.PathLike) -> Record:
    """What a file of JSON says.

    Raises:
        FormatError: when it is not there, is no JSON, or too large.
    """
    try:
        return Record(json_of(content(path, LARGEST_JSON)), os.fspath(path))
    except FormatError:
        raise
    except (OSError, ValueError) as error:  # bytes that are no text are a ValueError too
        raise FormatError(f"{path}: cannot be read as JSON: {reason(error)}") from error


def numbers(value: Any, shape: tuple[int | None, ...], where: str, dtype: Any) -> np.ndarray:
    """Finite numbers in lists of lists, of a shape that is checked before an array is made.

    Args:
        value: of JSON.
        shape: None where any length will do, the same in all lists there.
        where: for messages.
        dtype: of the array, in which the numbers have to be finite.

    Raises:
        FormatError: for another shape; for what is no finite number.
    """
    flat, lengths = [value], []
    for axis, length in enumerate(shape):
        if not all(isinstance(entry, list) for entry in flat):
            raise FormatError(f"{where}: expected {spelled(shape)} numbers, got {shown(value)}")
        found = {len(entry) for entry in flat}
        if len(found) > 1 or (length is not None and found != {length}) or found == {0}:
            there = " or ".join(map(str, sorted(found)[:3]))
            raise FormatError(f"{where}: expected {spelled(shape)} numbers, got lists of {there} at depth {axis + 1}")
        lengths.append(found.pop())
        flat = [number for entry in flat for number in entry]
    if not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in flat):
        wrong = next(number for number in flat if isinstance(number, bool) or not isinstance(number, (int, float)))
        raise FormatError(f"{where}: expected {spelled(shape)} numbers, got {shown(wrong)} among them")
    try:
        with np.errstate(over="ignore"):
            array = np.asarray([float(number) for number in flat], np.float64).astype(dtype)
    except OverflowError:  # a whole number of hundreds of digits
        array = np.asarray([math.inf])
    if not np.isfinite(array).all():
        raise FormatError(f"{where}: has numbers that are not finite in {np.dtype(dtype).name}")
    return array.reshape(lengths)


def spelled(shape: tuple[int | None, ...]) -> str:
    """A shape in words: 3 x 24."""
    return " x ".join("n" if length is None else str(length) for length in shape)


def shown(value: Any) -> str:
    """What a stranger wrote, short and on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1e30:
        return "a number that is too large"
    return ascii(value) if not isinstance(value, str) else ascii(value[:LONGEST_WORD])

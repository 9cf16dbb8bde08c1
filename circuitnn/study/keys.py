"""Reading of plain tables: what is missing, unknown or of another kind is noted with its key, and told all at once."""

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, final

from circuitnn.knobs import did_you_mean
from circuitnn.opening import content, reason

LARGEST = 2**20  # bytes of a description
Made = TypeVar("Made")
_WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}


class DescriptionError(ValueError):
    """A description of a study that cannot be used; the message has a line for each fault, with its key."""


def read_table(path: Path) -> dict[str, Any]:
    """What a file of TOML has.

    Raises:
        DescriptionError: for what cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(content(path, LARGEST).decode())
    except OSError as error:
        raise DescriptionError(f"{path}: {reason(error)}") from None
    except ValueError as error:
        raise DescriptionError(f"{path}: is no TOML: {error}") from None


@final
class Faults:
    """What is wrong with a description so far."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def note(self, key: str, problem: object) -> None:
        """Note what is wrong with a key."""
        self.found.append(f"{key}: {problem}" if key else str(problem))

    def tried(self, key: str, make: Callable[[], Made]) -> Made | None:
        """What a function gives; what it refuses is a fault of the key."""
        try:
            return make()
        except (ValueError, TypeError, OSError) as problem:
            self.note(key, " | ".join(str(problem).splitlines()))
            return None

    def told(self, source: str) -> None:
        """Raises a DescriptionError where there are faults."""
        if self.found:
            raise DescriptionError("\n".join(f"{source}: {fault}" for fault in self.found))


@final
class Keys:
    """A table, of which each key is taken once.

    Args:
        table: plain data.
        where: its key; empty for the whole description.
        faults: that are noted.
    """

    def __init__(self, table: Any, where: str, faults: Faults):
        self.where, self.faults = where, faults
        if not isinstance(table, Mapping):
            faults.note(where, f"has to be a table, got {table!r}")
            table = {}
        self.left = dict(table)
        self.known: list[str] = []

    def key(self, name: str) -> str:
        """The whole name of a key."""
        return f"{self.where}.{name}" if self.where else name

    def take(self, name: str, kind: type, default: Any = None) -> Any:
        """A value of a kind; the default where it is not there, or is something else, which is noted."""
        self.known.append(name)
        if name not in self.left:
            return default
        value = self.left.pop(name)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        is_one = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if isinstance(value, tuple) and kind is list:
            is_one = True
        if not is_one or (kind is float and not math.isfinite(value)):
            self.faults.note(self.key(name), f"has to be {_WORDS[kind]}, got {value!r}")
            return default
        return value

    def many(self, name: str, kind: type, default: Any = None) -> Any:
        """A tuple of values of a kind."""
        values = self.take(name, list, default)
        if values is default:
            return default
        inside = Keys({str(place): value for place, value in enumerate(values)}, self.key(name), self.faults)
        before = len(self.faults.found)
        taken = tuple(inside.take(str(place), kind) for place in range(len(values)))
        return taken if len(self.faults.found) == before else default

    def positive(self, name: str, kind: type, default: Any = None) -> Any:
        """A number above zero."""
        value = self.take(name, kind, default)
        if value is not None and value is not default and not value > 0:
            self.faults.note(self.key(name), f"has to be above 0, got {value!r}")
            return default
        return value

    def end(self, others: Iterable[str] = ()) -> None:
        """Note keys that nobody has taken."""
        for name in self.left:
            known = (*self.known, *others)
            self.faults.note(self.key(name), f"is not known{did_you_mean(name, known)}; there are {', '.join(known)}")

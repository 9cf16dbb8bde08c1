"""Reading of plain tables: what is missing, unknown or of another kind is noted with its key, and told all at once."""

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, final

from circuitnn.knobs import did_you_mean
from circuitnn.opening import content, reason

LARGEST = 2**20  # bytes of a description
SHOWN = 80  # characters of what is wrong
Made = TypeVar("Made")
_WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a finite number",
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


def shortened(value: Any) -> str:
    """A value as it is written, or how it begins."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


@final
class Faults:
    """What is wrong with a description so far."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def note(self, key: str, problem: object) -> None:
        """Note what is wrong with a key."""
        self.found.append(f"{key}: {problem}" if key else str(problem))

    def unknown(self, key: str, name: str, known: Iterable[str]) -> None:
        """Note a name that is none of those that are known, with the one that may be meant."""
        self.note(key, f"there is no {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}")

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
        self.is_table = isinstance(table, Mapping)
        if not self.is_table:
            faults.note(where, f"has to be a table, got {shortened(table)}")
        self.left: dict[str, Any] = dict(table) if self.is_table else {}
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
            self.faults.note(self.key(name), f"has to be {_WORDS[kind]}, got {shortened(value)}")
            return default
        return value

    def one_of(self, ways: Sequence[str]) -> str | None:
        """The one of these keys that is there; where none is, or several are, that is noted, and what was meant."""
        found = [way for way in ways if way in self.left]
        if len(found) == 1:
            return found[0]
        if self.is_table:
            said = f"there are {' and '.join(found)}" if found else f"got {', '.join(self.left) or 'none'}"
            hint = next((hint for name in self.left if not found and (hint := did_you_mean(name, ways))), "")
            self.faults.note(self.where, f"has to have one of the keys {', '.join(ways)}; {said}{hint}")
        return None

    def many(self, name: str, kind: type, default: Any = None) -> Any:
        """A tuple of values of a kind."""
        values = self.take(name, list, default)
        if values is default:
            return default
        inside = Keys({str(place): value for place, value in enumerate(values)}, self.key(name), self.faults)
        before = len(self.faults.found)
        taken: tuple[Any, ...] = tuple(inside.take(str(place), kind) for place in range(len(values)))
        return taken if len(self.faults.found) == before else default

    def positive(self, name: str, kind: type, default: Any = None, *, most: float = math.inf) -> Any:
        """A number above zero, and no larger than the most."""
        value = self.take(name, kind, default)
        if value is not None and value is not default and not 0 < value <= most:
            limit = "above 0" if math.isinf(most) else f"above 0 and at most {most:,.10g}".replace(",", "\u202f")
            self.faults.note(self.key(name), f"has to be {limit}, got {value!r}")
            return default
        return value

    def chosen(self, name: str, known: Sequence[str]) -> tuple[str, ...] | None:
        """Some of the names that are known, each once; None where nothing is said."""
        names, before = self.many(name, str), len(self.faults.found)
        if names is None:
            return None
        if not names:
            self.faults.note(self.key(name), "names none; without this key all are taken")
        for one in dict.fromkeys(names):
            if one not in known:
                self.faults.unknown(self.key(name), one, known)
            elif names.count(one) > 1:
                self.faults.note(self.key(name), f"names {one!r} {names.count(one)} times")
        return names if len(self.faults.found) == before else None

    def end(self, others: Iterable[str] = ()) -> None:
        """Note keys that nobody has taken."""
        for name in self.left:
            known = tuple(dict.fromkeys((*self.known, *others)))
            self.faults.note(self.key(name), f"is not known{did_you_mean(name, known)}; there are {', '.join(known)}")

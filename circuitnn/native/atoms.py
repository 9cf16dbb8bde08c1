"""Numbers of a program that is written out: known ones, and variables of C in the scope that sees them."""

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

TYPES = {
    "float64": "double",
    "float32": "float",
    "int8": "int8_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint8": "uint8_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "bool": "int",
}


def member_type(dtype: np.dtype) -> str:
    """The type of a number in a struct, where a truth value is one byte, as JAX has it."""
    return "uint8_t" if dtype.kind == "b" else TYPES[dtype.name]


@final
@dataclass(eq=False)
class Scope:
    """Statements in a pair of braces.

    Attributes:
        depth: 0 what the knobs give, 1 a sample, more inside loops and branches.
        outer: the scope that it is in.
        is_once: whether it is done once for the knobs, where a short text counts for more than speed.
        is_along: whether it is the body of a loop over an array, whose rounds are side by side.
        is_branch: whether it may be passed over: what a sample needs there stays there.
        lines: the statements so far.
        values: variables by what they were computed from.
        loops: over arrays, that statements may still be added to, by the lengths of the axes.
    """

    depth: int
    outer: "Scope | None" = None
    is_once: bool = False
    is_branch: bool = False
    is_along: bool = False
    lines: list[str] = field(default_factory=list)
    values: dict[Any, "Name"] = field(default_factory=dict)
    loops: dict[tuple[int, ...], "Scope"] = field(default_factory=dict)

    def inner(self, *, is_branch: bool = False) -> "Scope":
        """A pair of braces inside of it."""
        return Scope(self.depth + 1, self, self.is_once, is_branch)

    def find(self, key: Any) -> "Name | None":
        """The variable that was computed from that, here or further out."""
        scope: Scope | None = self
        while scope is not None:
            if key in scope.values:
                return scope.values[key]
            scope = scope.outer
        return None


@final
@dataclass(eq=False, frozen=True)
class Name:
    """A variable of C, or an element of an array."""

    text: str
    dtype: np.dtype
    scope: Scope


Atom = Any  # a NumPy scalar, or a Name


def is_known(atom: Atom) -> bool:
    """Whether it is a number."""
    return not isinstance(atom, Name)


def literal(value: Any, dtype: np.dtype) -> str:
    """A number as C has it, with all its digits."""
    if dtype.kind == "b":
        return "1" if value else "0"
    if dtype.kind in "iu":
        return _integer(int(value), dtype)
    number, suffix = float(value), "f" if dtype.itemsize == 4 else ""
    if np.isnan(number):
        return "NAN"
    if np.isinf(number):
        return "INFINITY" if number > 0 else "(-INFINITY)"
    text = repr(number) if dtype.itemsize == 8 else str(np.float32(number))
    text += suffix if any(sign in text for sign in ".e") else ".0" + suffix
    return f"({text})" if text.startswith("-") else text


def _integer(number: int, dtype: np.dtype) -> str:
    if dtype.kind == "i" and number == np.iinfo(dtype).min:
        return f"INT{8 * dtype.itemsize}_MIN"
    text = f"{number}{'U' if dtype.kind == 'u' else ''}{'LL' if dtype.itemsize == 8 else ''}"
    return f"({text})" if number < 0 else text

"""Numbers of a program that is written out: known ones and names of C, each in the scope that can see it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

TYPES = {
    "float64": "double",
    "float32": "float",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "bool": "int",
}


@dataclass(eq=False)
class Scope:
    """Statements in a pair of braces.

    Attributes:
        depth: 0 what the knobs give, 1 a sample, more inside loops and branches.
        is_branch: whether it may be passed over: what is costly stays in it.
    """

    depth: int
    outer: "Scope | None" = None
    is_branch: bool = False
    lines: list[str] = field(default_factory=list)
    written: dict[Any, "Name"] = field(default_factory=dict)

    def find(self, key: Any) -> "Name | None":
        scope: Scope | None = self
        while scope is not None:
            if key in scope.written:
                return scope.written[key]
            scope = scope.outer
        return None


@dataclass(eq=False, frozen=True)
class Name:
    """A variable of C."""

    text: str
    dtype: np.dtype
    scope: Scope

    def __repr__(self) -> str:
        return self.text


Atom = Any  # a NumPy scalar, or a Name


def is_known(atom: Atom) -> bool:
    return not isinstance(atom, Name)


def literal(value: Any, dtype: np.dtype) -> str:
    """A number as C has it, with all its digits."""
    if dtype.kind == "b":
        return "1" if value else "0"
    if dtype.kind in "iu":
        number = int(value)
        if number == -(2**63):
            return "INT64_MIN"
        if number == -(2**31) and dtype.itemsize == 4:
            return "INT32_MIN"
        suffix = "LL" if dtype.itemsize == 8 else ""
        return f"({number}{suffix})" if number < 0 else f"{number}{suffix}"
    number = float(value)
    suffix = "f" if dtype.itemsize == 4 else ""
    if np.isnan(number):
        return "NAN"
    if np.isinf(number):
        return "INFINITY" if number > 0 else "(-INFINITY)"
    text = repr(number) if dtype.itemsize == 8 else str(np.float32(number))
    if not any(sign in text for sign in ".en"):
        text += ".0"
    return f"({text}{suffix})" if number < 0 or text.startswith("-") else text + suffix

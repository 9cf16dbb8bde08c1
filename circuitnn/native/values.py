"""Values of a program in C: numbers that are written out, and arrays that loops run over."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from circuitnn.native.atoms import Name, Scope, is_known

VECTOR = 8  # numbers of the longest vectors


@final
class Written:
    """An array of numbers, each known or a variable.

    Attributes:
        atoms: NumPy array of objects: NumPy scalars and `Name`.
        dtype: of the numbers.
    """

    __slots__ = ("atoms", "dtype")
    atoms: Any

    def __init__(self, atoms: np.ndarray, dtype: Any) -> None:
        self.atoms, self.dtype = atoms, np.dtype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.atoms.shape

    @property
    def is_known(self) -> bool:
        return all(is_known(atom) for atom in self.atoms.flat)

    def known(self) -> np.ndarray:
        return np.array(self.atoms.tolist(), self.dtype).reshape(self.shape)

    def moved(self, function: Any) -> "Written":
        return Written(function(self.atoms), self.dtype)


@final
class Known:
    """An array of known numbers."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def is_known(self) -> bool:
        return True

    def known(self) -> np.ndarray:
        return self.array

    def moved(self, function: Any) -> "Known":
        return Known(function(self.array))


@final
class Stored:
    """Numbers in an array of C.

    Attributes:
        name: of the array.
        index: where in it each number is.
        dtype: of the numbers.
        scope: that sees it.
    """

    __slots__ = ("dtype", "index", "name", "scope")

    def __init__(self, name: str, index: np.ndarray, dtype: Any, scope: Scope) -> None:
        self.name, self.index, self.dtype, self.scope = name, index, np.dtype(dtype), scope

    is_known = False

    def known(self) -> np.ndarray:
        raise TypeError("these numbers are computed")

    @property
    def shape(self) -> tuple[int, ...]:
        return self.index.shape

    def moved(self, function: Any) -> "Stored":
        return Stored(self.name, function(self.index), self.dtype, self.scope)

    def element(self, place: Any) -> Name:
        return Name(f"{self.name}[{int(self.index[place])}]", self.dtype, self.scope)


Value = Written | Known | Stored


def written(value: Value) -> Written:
    """Number by number."""
    if isinstance(value, Written):
        return value
    atoms = np.empty(value.shape, object)
    for place in np.ndindex(value.shape):
        atoms[place] = value.array[place] if isinstance(value, Known) else value.element(place)
    return Written(atoms, value.dtype)


def scoped(operands: Sequence[Value]) -> list[Any]:
    """What of them has a scope: variables, and arrays."""
    found: list[Any] = []
    for operand in operands:
        if isinstance(operand, Stored):
            found.append(operand)
        elif isinstance(operand, Written):
            found += [atom for atom in operand.atoms.flat if isinstance(atom, Name)]
    return found


def padded(rows: int) -> int:
    """How long the columns of a matrix are, so that they are whole vectors."""
    return -(-rows // VECTOR) * VECTOR if rows > VECTOR // 2 else rows


def affine(index: np.ndarray) -> tuple[int, tuple[int, ...]] | None:
    """Offset and strides with which an index runs along its axes; None where it does not run evenly."""
    if index.size == 0:
        return None
    start = (0,) * index.ndim
    offset = int(index[start])
    strides = []
    for axis, length in enumerate(index.shape):
        one = (*start[:axis], 1, *start[axis + 1 :])
        strides.append(int(index[one]) - offset if length > 1 else 0)
    grid = np.full(index.shape, offset)
    for axis, (length, stride) in enumerate(zip(index.shape, strides, strict=True)):
        shape = [1] * index.ndim
        shape[axis] = length
        grid = grid + stride * np.arange(length).reshape(shape)
    return (offset, tuple(strides)) if np.array_equal(grid, index) else None


def broadcast(value: Value, shape: tuple[int, ...]) -> Value:
    """The same numbers, repeated along axes."""
    return value if value.shape == shape else value.moved(lambda array: np.broadcast_to(array, shape))

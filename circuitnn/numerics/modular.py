"""Linear algebra modulo a prime: exact, so that what is zero for all values can be told from what is merely small.

An identity between polynomials that holds at random values modulo a large prime holds everywhere, but for a chance of
degree over prime (Schwartz 1980).
"""

from fractions import Fraction
from typing import Any, final

import numpy as np

PRIME = 2_147_483_647  # 2^31 - 1: products of two residues fit 63 bits


class Residue:
    """A number modulo `PRIME` that also works together with floats, each of which is an exact fraction."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        if isinstance(value, Residue):
            self.value: int = value.value
        else:
            exact = Fraction(value)
            self.value = exact.numerator * pow(exact.denominator, -1, PRIME) % PRIME

    def __add__(self, other: Any) -> "Residue":
        return Residue(self.value + Residue(other).value)

    def __neg__(self) -> "Residue":
        return Residue(-self.value)

    def __mul__(self, other: Any) -> "Residue":
        return Residue(self.value * Residue(other).value)

    def __truediv__(self, other: Any) -> "Residue":
        return Residue(self.value * pow(Residue(other).value, -1, PRIME))

    def __rtruediv__(self, other: Any) -> "Residue":
        return Residue(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


@final
class SingularError(ValueError):
    """The matrix has no inverse modulo the prime."""


def residues(array: Any) -> np.ndarray:
    """The entries of an array of floats or `Residue` as integers modulo `PRIME`."""
    array = np.asarray(array)
    known: dict[Any, int] = {}
    flat = [known[x] if x in known else known.setdefault(x, Residue(x).value) for x in array.ravel().tolist()]
    return np.array(flat, np.int64).reshape(array.shape)


def multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Matrix product modulo the prime."""
    total = np.zeros((*left.shape[:-1], right.shape[-1]), np.int64)
    for k in range(left.shape[-1]):
        total = (total + left[..., :, k : k + 1] * right[..., k : k + 1, :]) % PRIME
    return total


def solve(matrix: np.ndarray, right: np.ndarray) -> tuple[int, np.ndarray]:
    """Determinant of the matrix, and the solution for all columns of `right`.

    Raises:
        SingularError: where there is none.
    """
    n = len(matrix)
    both = np.concatenate([matrix, right], axis=1) % PRIME
    determinant = 1
    for i in range(n):
        usable = np.flatnonzero(both[i:, i])
        if not usable.size:
            raise SingularError
        pivot = i + int(usable[0])
        if pivot != i:
            both[[i, pivot]] = both[[pivot, i]]
            determinant = -determinant
        determinant = determinant * int(both[i, i]) % PRIME
        both[i] = both[i] * pow(int(both[i, i]), -1, PRIME) % PRIME
        factors = both[:, i].copy()
        factors[i] = 0
        rows = np.flatnonzero(factors)
        both[rows] = (both[rows] - factors[rows, None] * both[i]) % PRIME
    return determinant, both[:, n:]


def independent_rows(matrix: np.ndarray) -> tuple[int, ...]:
    """The first rows that span all rows."""
    chosen: list[int] = []
    reduced: list[tuple[int, np.ndarray]] = []
    for k, row in enumerate(matrix % PRIME):
        for lead, other in reduced:
            row = (row - row[lead] * other) % PRIME
        left = np.flatnonzero(row)
        if left.size:
            lead = int(left[0])
            reduced.append((lead, row * pow(int(row[lead]), -1, PRIME) % PRIME))
            chosen.append(k)
    return tuple(chosen)


def interpolate(points: list[int], values: np.ndarray) -> np.ndarray:
    """Coefficients (..., lowest power first) of the polynomials with `values` (..., points)."""
    powers = np.array([[pow(point, k, PRIME) for k in range(len(points))] for point in points], np.int64)
    flat = values.reshape(-1, len(points)).T
    return solve(powers, flat)[1].T.reshape(values.shape)

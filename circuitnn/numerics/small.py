"""Small dense linear algebra, written out over a (rows, batch) layout in which the batch is contiguous.

Matrices are (..., rows, columns, batch or 1), vectors (..., rows, batch). A handful of rows costs less this way than
one call to a library per sample, and the compiler fuses it with what stands around.
"""

import functools
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

MAX_WRITTEN_OUT = 4  # rows: above, `solve_arrays` compiles faster than `solve`
MAX_COLUMNS = 16  # of products and inverses that are written out: beyond, programs would take long to compile


def apply(matrix: Array, vector: Array) -> Array:
    """Matrix times vector, as a sum of scaled columns: (..., r, c, b) and (..., c, b) give (..., r, b)."""
    if matrix.shape[-2] > MAX_COLUMNS:
        return matmul(matrix, vector[..., None, :])[..., 0, :]
    total = matrix[..., :, 0, :] * vector[..., 0:1, :] if matrix.shape[-2] else jnp.zeros((), vector.dtype)
    for column in range(1, matrix.shape[-2]):
        total = total + matrix[..., :, column, :] * vector[..., column : column + 1, :]
    return total


def matmul(left: Array, right: Array) -> Array:
    """Matrix times matrix: (..., r, k, b) and (..., k, c, b) give (..., r, c, b)."""
    if left.shape[-2] > MAX_COLUMNS:
        return _large_product(left, right)
    total = jnp.zeros((), right.dtype)
    for k in range(left.shape[-2]):
        total = total + left[..., :, k : k + 1, :] * right[..., k : k + 1, :, :]
    return total


def _large_product(left: Array, right: Array) -> Array:
    leading, exact = np.broadcast_shapes(left.shape[:-3], right.shape[:-3]), lax.Precision.HIGHEST
    if left.size == left.shape[-3] * left.shape[-2]:  # one matrix for all: one product
        contracted = (1,), (right.ndim - 3,)
        flat = lax.dot_general(left.reshape(left.shape[-3:-1]), right, (contracted, ((), ())), precision=exact)
        return jnp.broadcast_to(jnp.moveaxis(flat, 0, -3), (*leading, left.shape[-3], *right.shape[-2:]))
    batch = np.broadcast_shapes(left.shape[-1:], right.shape[-1:])
    left, right = (
        jnp.moveaxis(jnp.broadcast_to(part, (*leading, *part.shape[-3:-1], *batch)), -1, 0) for part in (left, right)
    )
    axes = tuple(range(left.ndim - 2))
    contracted = (left.ndim - 1,), (right.ndim - 2,)
    return jnp.moveaxis(lax.dot_general(left, right, (contracted, (axes, axes)), precision=exact), 0, -1)


def taken(rows: Array, places: Sequence[int]) -> Array:
    """Rows (..., n, batch) at constant places, (..., len(places), batch)."""
    first, count = (places[0], len(places)) if len(places) else (0, 0)
    if list(places) == list(range(first, first + count)):
        return rows if count == rows.shape[-2] else rows[..., first : first + count, :]
    axis = rows.ndim - 2
    others = tuple(k for k in range(rows.ndim) if k != axis)
    numbers = lax.GatherDimensionNumbers(offset_dims=others, collapsed_slice_dims=(axis,), start_index_map=(axis,))
    sizes = tuple(1 if k == axis else size for k, size in enumerate(rows.shape))
    index = np.asarray(places, np.int32)[:, None]
    return lax.gather(rows, index, numbers, sizes, mode=lax.GatherScatterMode.PROMISE_IN_BOUNDS)


@final
class Sums(NamedTuple):
    """Which terms add up to which rows; static."""

    terms: tuple[tuple[int, int], ...]  # (row, sign) of each term
    rows: int

    def of(self, terms: Array) -> Array:
        """The rows (..., rows, batch) that terms (..., len(terms), batch) add up to."""
        return self.reduced(terms, 0, jnp.sum, signed=True)

    def reduced(self, terms: Array, nothing: float, reduction: Any, *, signed: bool = False) -> Array:
        """The same with another reduction; rows without a term are `nothing`."""
        places: list[list[int]] = [[] for _ in range(self.rows)]
        for k, (row, _) in enumerate(self.terms):
            if row >= 0:
                places[row].append(k)
        most = max(1, *map(len, places))
        last = len(self.terms)  # one more term, which is nothing
        filled = [[*own, *[last] * (most - len(own))] for own in places]
        if signed and any(sign < 0 for _, sign in self.terms):
            terms = terms * np.array([sign for _, sign in self.terms], terms.dtype)[:, None]
        one_more = jnp.full((*terms.shape[:-2], 1, terms.shape[-1]), nothing, terms.dtype)
        padded = jnp.concatenate([terms, one_more], axis=-2)
        index = [filled[row][k] for k in range(most) for row in range(self.rows)]
        chosen = taken(padded, index).reshape(*terms.shape[:-2], most, self.rows, terms.shape[-1])
        return chosen[..., 0, :, :] if most == 1 else reduction(chosen, axis=-3)


def identity(n: int, dtype: Any) -> Array:
    """The identity (n, n, 1); broadcasts."""
    return jnp.eye(n, dtype=dtype)[:, :, None]


def inverse(matrix: Array) -> Array:
    """The inverse of (..., n, n, batch); by elimination with row exchanges from three rows on."""
    n = matrix.shape[-2]
    if n > MAX_COLUMNS:
        return jnp.moveaxis(jnp.linalg.inv(jnp.moveaxis(matrix, -1, -3)), -3, -1)
    if n == 1:
        return 1 / matrix
    if n == 2:
        (a, b), (c, d) = [[matrix[..., i, j, :] for j in range(2)] for i in range(2)]
        scale = 1 / (a * d - b * c)
        rows = ((d * scale, -b * scale), (-c * scale, a * scale))
        return jnp.stack([jnp.stack(row, axis=-2) for row in rows], axis=-3)
    unit = jnp.broadcast_to(identity(n, matrix.dtype), matrix.shape)
    both = jnp.concatenate([matrix, unit], axis=-2)
    places = jnp.arange(n)[:, None]
    for i in range(n):
        # The rows above are done: of the others the one with the largest pivot comes to place i.
        sizes = jnp.where(places < i, -1, jnp.abs(both[..., :, i, :]))
        is_pivot = (places == jnp.argmax(sizes, axis=-2, keepdims=True))[..., None, :]
        pivot_row = jnp.sum(jnp.where(is_pivot, both, 0), axis=-3, keepdims=True)
        own = both[..., i : i + 1, :, :]
        pivot_row = pivot_row / pivot_row[..., i : i + 1, :]
        both = jnp.where(is_pivot, own, both)
        others = both - both[..., :, i : i + 1, :] * pivot_row
        both = jnp.where((places == i)[..., None, :], pivot_row, others)
    return both[..., n:, :]


def solve(matrix: list[list[Array]], right: list[Array]) -> list[Array]:
    """x with ``matrix x = right``, both as rows (..., batch), without row exchanges; for loop bodies.

    ``I + K G`` with K positive semidefinite (the resistance seen by the ports of a passive network) and G diagonal and
    not negative (diodes) is always safe. In other circuits a pivot may happen to be small; the Newton iteration that
    this is for judges its steps by the residual.
    """
    a, x, n = [list(row) for row in matrix], list(right), len(right)
    for i in range(n - 2):
        over = 1 / a[i][i]
        for j in range(i + 1, n):
            factor = a[j][i] * over
            a[j] = [a[j][k] if k <= i else a[j][k] - factor * a[i][k] for k in range(n)]
            x[j] = x[j] - factor * x[i]
        a[i][i] = over
    if n == 1:
        return [x[0] / a[0][0]]
    # The last two at once: a chain with one division instead of two.
    (p, q), (r, s) = (row[-2:] for row in a[-2:])
    scale = 1 / (p * s - q * r)
    x[-2:] = [(s * x[-2] - q * x[-1]) * scale, (p * x[-1] - r * x[-2]) * scale]
    for i in reversed(range(n - 2)):
        for k in range(i + 1, n):
            x[i] = x[i] - a[i][k] * x[k]
        x[i] = x[i] * a[i][i]
    return x


@jax.jit  # a unit that a lowering to C can recognise
def solve_arrays(matrix: Array, right: Array) -> Array:
    """The same on arrays (..., n, n, batch) and (..., n, batch), as many operations as there are rows: for more rows.

    The graph of a written-out elimination of a dozen rows takes long to compile.
    """
    n = right.shape[-2]
    rows = jnp.arange(n)[:, None, None]

    def eliminate(i, both):
        pivot_row = lax.dynamic_index_in_dim(both, i, axis=-3)
        pivot_row = pivot_row * (1 / lax.dynamic_index_in_dim(pivot_row, i, axis=-2))  # one division, not n
        others = both - lax.dynamic_index_in_dim(both, i, axis=-2) * pivot_row
        return jnp.where(rows == i, pivot_row, others)

    both = jnp.concatenate([matrix, right[..., None, :]], axis=-2)
    return lax.fori_loop(0, n, eliminate, both)[..., n, :]


LINEARISED: dict[str, tuple[tuple[int, int], ...]] = {}  # the places of its factors by the name of what it gives


@functools.cache
def linearised_solver(places: tuple[tuple[int, int], ...]) -> Callable[..., tuple[Array, Array]]:
    """Solves ``(held + resistance G) x = r``, ``r = held v + resistance current - w``: a step of Newton's iteration.

    Args:
        places: the rows and columns where the matrix G has factors; it is zero elsewhere.

    Returns:
        a function of held (..., n, n, batch), resistance (..., n, m, batch), the factors (..., len(places), batch),
        v (..., n, batch), current (..., m, batch) and w (..., n, batch), which gives x and r; a unit that a lowering to
        C can recognise.
    """

    def solve_linearised(held, resistance, factors, v, current, w):
        right = apply(held, v) + apply(resistance, current) - w
        scaled = taken(resistance, [row for row, _ in places]) * factors[..., None, :, :]
        matrix = held + Sums(tuple((column, 1) for _, column in places), held.shape[-2]).of(scaled)
        return solve_arrays(matrix, right), right

    solve_linearised.__name__ = f"solve_linearised_{zlib.crc32(repr(places).encode()):08x}"
    LINEARISED[solve_linearised.__name__] = places
    return jax.jit(solve_linearised)

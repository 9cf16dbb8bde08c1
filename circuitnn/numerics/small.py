"""Small dense linear algebra, written out over a (rows, batch) layout in which the batch is contiguous.

Matrices are (..., rows, columns, batch or 1), vectors (..., rows, batch). A handful of rows costs less this way than
one call to a library per sample, and the compiler fuses it with what stands around.
"""

from jax import Array
from jax import numpy as jnp


def apply(matrix: Array, vector: Array) -> Array:
    """Matrix times vector, as a sum of scaled columns: (..., r, c, b) and (..., c, b) give (..., r, b)."""
    total = matrix[..., :, 0, :] * vector[..., 0:1, :] if matrix.shape[-2] else jnp.zeros((), vector.dtype)
    for column in range(1, matrix.shape[-2]):
        total = total + matrix[..., :, column, :] * vector[..., column : column + 1, :]
    return total


def matmul(left: Array, right: Array) -> Array:
    """Matrix times matrix: (..., r, k, b) and (..., k, c, b) give (..., r, c, b)."""
    total = jnp.zeros((), right.dtype)
    for k in range(left.shape[-2]):
        total = total + left[..., :, k : k + 1, :] * right[..., k : k + 1, :, :]
    return total


def identity(like: Array) -> Array:
    """The identity of the size and type of a square matrix (..., n, n, batch); broadcasts."""
    return jnp.eye(like.shape[-2], dtype=like.dtype)[:, :, None]


def inverse(matrix: Array) -> Array:
    """The inverse of (..., n, n, batch), by Gauss-Jordan elimination without pivoting.

    The order of the unknowns has to do what pivoting would do. ``I + K G`` with K symmetric and positive semidefinite
    (the resistance seen by the ports of a reciprocal network) and G diagonal and not negative (diode conductances) is
    always safe: scaled by the root of G it is symmetric and positive definite.
    """
    n = matrix.shape[-2]
    unit = jnp.broadcast_to(identity(matrix), matrix.shape)
    rows = [jnp.concatenate([matrix[..., i, :, :], unit[..., i, :, :]], axis=-2) for i in range(n)]
    for i in range(n):
        pivot = rows[i] / rows[i][..., i : i + 1, :]
        rows = [pivot if j == i else row - row[..., i : i + 1, :] * pivot for j, row in enumerate(rows)]
    return jnp.stack([row[..., n:, :] for row in rows], axis=-3)


def solve_rows(matrix: list[list[Array]], right: list[Array]) -> list[Array]:
    """x with ``matrix x = right`` on lists of (..., batch) rows, without pivoting.

    What a loop body wants: no arrays are stacked on the way.
    """
    n = len(right)
    a, b = [list(row) for row in matrix], list(right)
    for i in range(n):
        inverse = 1 / a[i][i]
        for j in range(i + 1, n):
            factor = a[j][i] * inverse
            a[j] = [a[j][k] if k <= i else a[j][k] - factor * a[i][k] for k in range(n)]
            b[j] = b[j] - factor * b[i]
        a[i][i] = inverse
    for i in reversed(range(n)):
        for k in range(i + 1, n):
            b[i] = b[i] - a[i][k] * b[k]
        b[i] = b[i] * a[i][i]
    return b

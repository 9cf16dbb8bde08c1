"""Linear systems: small ones written out, others by functions of their own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from circuitnn.native.atoms import Atom, is_known
from circuitnn.native.inlining import Step
from circuitnn.native.products import TERMS, columns_of
from circuitnn.native.scalars import div, mul, sub
from circuitnn.native.values import Known, Stored, Value, Written, padded, scoped
from circuitnn.native.writer import PRODUCTS, ROWS, Writer


def solve_arrays(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """`circuitnn.numerics.small.solve_arrays`: elimination without row exchanges, (..., n, n, batch)."""
    a, b = operands
    *lead, n, batch = b.shape
    dtype, count = b.dtype, int(np.prod([*lead, batch]))
    matrices = a.moved(
        lambda array: np.moveaxis(np.broadcast_to(array, (*lead, n, n, batch)), -1, 0).reshape(count, n, n)
    )
    rights = b.moved(lambda array: np.moveaxis(array, -1, 0).reshape(count, n))

    def back(array: np.ndarray) -> np.ndarray:
        return np.moveaxis(array.reshape(batch, *lead, n), 0, -1)

    if w.fits(count * n, ROWS, operands):
        left, right = w.written(matrices).atoms, w.written(rights).atoms
        out = np.stack([_eliminated(w, dtype, left[k], right[k]) for k in range(count)])
        return [Written(back(out), dtype)]
    scope, length = w.scope_of(scoped(operands)), padded(n)
    columns = w.array((count, n + 1, length), dtype, scope)
    with w.at(scope):
        w.copy(columns, Known(np.zeros(columns.shape, dtype)))
        w.copy(columns.moved(lambda array: array[:, :n, :n].swapaxes(1, 2)), matrices)
        w.copy(columns.moved(lambda array: array[:, n, :n]), rights)
        for k in range(count):
            scope.lines.append(f"{w.prefix}eliminate_{dtype.name}_{n}({columns.name} + {k * (n + 1) * length});")
    solution = columns.moved(lambda array: array[:, n, :n])
    return [solution.moved(back)]


def solve_linearised(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """A step of `numerics.small.linearised_solver`: what is there once for the knobs stays there, in columns."""
    n, length, dtype = avals[0].shape[0], padded(avals[0].shape[0]), np.dtype(avals[0].dtype)
    held, resistance = (columns_of(w, v.moved(lambda array: array[..., 0]), length) for v in operands[:2])
    factors, volts, current = (_texts(w, value) for value in operands[2:5])
    given = _column(w, operands[5].moved(lambda array: array[:, 0]), length)
    scope = w.scope_of([held, resistance, given, *scoped(operands[2:5])])
    columns, right = w.array((n + 1, length), dtype, scope), w.array((length,), dtype, scope)

    def column(matrix: Stored, place: int) -> str:
        return w.at_index(matrix.moved(lambda array: array[place]), ["i0"])

    sums = [[column(held, port)] for port in range(n)]
    for (drive, port), factor in zip(step.primitive.places, factors, strict=True):
        sums[port].append(f"{column(resistance, drive)}*{factor}")
    parts = [f"{column(held, port)}*{text}" for port, text in enumerate(volts)]
    parts += [f"{column(resistance, drive)}*{text}" for drive, text in enumerate(current)]
    groups = " + ".join(f"({' + '.join(parts[k : k + TERMS])})" for k in range(0, len(parts), TERMS))
    with w.at(scope):
        for port, terms in enumerate(sums):
            scope.lines += w.nest((length,), [f"{column(columns, port)} = {' + '.join(terms)};"])
        right_now = w.at_index(right, ["i0"])
        lines = [f"{right_now} = {groups} - {w.at_index(given, ['i0'])};", f"{column(columns, n)} = {right_now};"]
        scope.lines += w.nest((length,), lines)
        scope.lines.append(f"{w.prefix}eliminate_{dtype.name}_{n}({columns.name} + 0);")
    solution = columns.moved(lambda array: array[n, :n, None])
    return [solution, right.moved(lambda array: array[:n, None])]


def _texts(w: Writer, value: Value) -> list[str]:
    """Numbers (n, 1) one by one."""
    return [w.text(atom, value.dtype) for atom in w.written(value).atoms[:, 0]]


def _column(w: Writer, value: Value, length: int) -> Stored:
    """Numbers in an array that is filled up with zeros, where they are there first."""
    scope = w.scope_of(scoped([value]))
    out = w.array((length,), value.dtype, scope)
    with w.at(scope):
        w.copy(out, Known(np.zeros(length, value.dtype)))
        w.copy(out.moved(lambda array: array[: value.shape[0]]), value)
    return out


def _eliminated(w: Writer, dtype: Any, matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """All columns of all other rows at once (Gauss and Jordan): the shortest chain from the matrix to the solution."""
    a, x, n = matrix.copy(), right.copy(), len(right)

    def less(total: Atom, factor: Atom, other: Atom) -> Atom:
        return sub(w, dtype, None, None, total, mul(w, dtype, None, None, factor, other))

    for i in range(n):
        over = div(w, dtype, None, None, dtype.type(1), a[i, i])
        a[i, i + 1 :] = [mul(w, dtype, None, None, entry, over) for entry in a[i, i + 1 :]]
        x[i] = mul(w, dtype, None, None, x[i], over)
        for j in range(n):
            if j != i and not (is_known(a[j, i]) and a[j, i] == 0):
                x[j] = less(x[j], a[j, i], x[i])
                a[j, i + 1 :] = [
                    less(entry, a[j, i], pivot) for entry, pivot in zip(a[j, i + 1 :], a[i, i + 1 :], strict=True)
                ]
    return x


def lu(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Factors of a matrix with pivoting, one a batch entry."""
    (matrix,) = operands
    *lead, n, _ = matrix.shape
    dtype, scope = matrix.dtype, w.scope_of(scoped(operands))
    out = w.array(matrix.shape, dtype, scope)
    pivots, order = (w.array((*lead, n), np.int32, scope) for _ in range(2))
    with w.at(scope):
        w.copy(out, matrix)
        for k in range(int(np.prod(lead))):
            places = f"{out.name} + {k * n * n}, {pivots.name} + {k * n}, {order.name} + {k * n}"
            scope.lines.append(f"{w.prefix}lu_{dtype.name}({n}, {places});")
    return [out, pivots, order]


def triangular_solve(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """A triangular system: written out where it is small, else by a function."""
    p, (a, b) = step.params, operands
    lower = p["lower"] != p["transpose_a"]
    if p["transpose_a"]:
        a = a.moved(lambda array: np.swapaxes(array, -1, -2))
    if not p["left_side"]:
        a, b = (value.moved(lambda array: np.swapaxes(array, -1, -2)) for value in (a, b))
        lower = not lower
    lead, n, columns = a.shape[:-2], a.shape[-1], b.shape[-1]
    if w.fits(int(np.prod(lead)) * n * n * columns, PRODUCTS, [a, b]):
        left, right = w.written(a).atoms, w.written(b).atoms
        atoms = np.empty(b.shape, object)
        for place in np.ndindex(*lead):
            atoms[place] = _substituted(w, b.dtype, left[place], right[place], lower, p["unit_diagonal"])
        out: Value = Written(atoms, b.dtype)
    else:
        left_side, out = w.packed(a), w.array(b.shape, b.dtype, w.scope_of(scoped([a, b])))
        with w.at(out.scope):
            w.copy(out, b)
            for k in range(int(np.prod(lead))):
                places = f"{left_side.name} + {k * n * n}, {out.name} + {k * n * columns}"
                how = f"{int(lower)}, {int(p['unit_diagonal'])}"
                out.scope.lines.append(f"{w.prefix}triangular_{b.dtype.name}({n}, {columns}, {places}, {how});")
    if not p["left_side"]:
        out = out.moved(lambda array: np.swapaxes(array, -1, -2))
    return [out]


def _substituted(w: Writer, dtype: Any, a: np.ndarray, b: np.ndarray, lower: bool, is_unit: bool) -> np.ndarray:
    n, columns = b.shape
    out = np.empty(b.shape, object)
    for column in range(columns):
        for i in range(n) if lower else range(n - 1, -1, -1):
            total = b[i, column]
            for j in range(i) if lower else range(i + 1, n):
                total = sub(w, dtype, None, None, total, mul(w, dtype, None, None, a[i, j], out[j, column]))
            out[i, column] = total if is_unit else div(w, dtype, None, None, total, a[i, i])
    return out


RULES = {
    "solve_arrays": solve_arrays,
    "solve_linearised": solve_linearised,
    "lu": lu,
    "triangular_solve": triangular_solve,
}

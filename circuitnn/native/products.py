"""Products of matrices, sums along axes, and linear systems."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from circuitnn.native.atoms import Atom, Name, is_known
from circuitnn.native.inlining import Step
from circuitnn.native.scalars import add, both, div, either, maximum, minimum, mul, select, sub
from circuitnn.native.values import Known, Stored, Value, Written, scoped
from circuitnn.native.writer import PRODUCTS, ROWS, Writer

TERMS = 8  # of a sum that are added at once


def dot_general(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Products of matrices. What is zero is not multiplied where they are written out."""
    (contracted, beside), (batch, batch_too) = step.params["dimension_numbers"]
    dtype, shape = np.dtype(avals[0].dtype), avals[0].shape
    a = operands[0].moved(lambda array: _ordered(array, batch, contracted, last=True))
    b = operands[1].moved(lambda array: _ordered(array, batch_too, beside, last=False))
    rows, inner, columns = a.shape[1], a.shape[2], b.shape[2]
    if inner == 0:
        return [Known(np.zeros(shape, dtype))]
    nonzero = [
        np.asarray(value.known() != 0) if isinstance(value, Known) else np.ones(value.shape, bool) for value in (a, b)
    ]
    work = int(np.einsum("zij,zjk->", nonzero[0].astype(float), nonzero[1].astype(float)))
    if w.fits(work, PRODUCTS, [a, b]):
        return [Written(_written_out(w, dtype, w.written(a).atoms, w.written(b).atoms).reshape(shape), dtype)]
    a, b = (w.packed(value) if isinstance(value, Known) else w.stored(value) for value in (a, b))
    if isinstance(operands[0], Known) and columns == 1:  # columns of it are what lies side by side
        columns_first = _ordered(operands[0].array, batch, contracted, last=True).transpose(0, 2, 1)
        a = w.packed(Known(np.ascontiguousarray(columns_first))).moved(lambda array: array.transpose(0, 2, 1))
    elif columns == 1 and w.scope_of([a]).is_once and not w.scope_of([a, b]).is_once:
        a = w.packed(a.moved(lambda array: array.transpose(0, 2, 1))).moved(lambda array: array.transpose(0, 2, 1))
    out = w.array((a.shape[0], rows, columns), dtype, w.scope_of([a, b]))
    with w.at(out.scope):
        w.copy(out, Known(np.zeros(out.shape, dtype)))
        w.here.lines += _loops(w, out, a, b)
    return [out.moved(lambda array: array.reshape(shape))]


def _loops(w: Writer, out: Stored, a: Stored, b: Stored) -> list[str]:
    """Sums of columns, or of rows where there are several: what lies side by side is added at once."""
    lengths = {"i0": a.shape[0], "i1": a.shape[1], "i2": a.shape[2], "i3": b.shape[2]}
    target = w.at_index(out, ["i0", "i1", "i3"])

    def product(term: str) -> str:
        return f"{w.at_index(a, ['i0', 'i1', term])}*{w.at_index(b, ['i0', term, 'i3'])}"

    def summed(count: int, start: int, stop: int) -> list[str]:
        """A few terms at once, so that the sum is loaded and stored less often."""
        terms = " + ".join(product(f"(i2 + {k})" if k else "i2") for k in range(count))
        inner = "i3" if lengths["i3"] > 1 else "i1"
        head = f"for (int i2 = {start}; i2 < {stop}; i2 += {count}) {{"
        return [
            head,
            *(f"  {line}" for line in w.over({inner: lengths[inner]}, [f"{target} = {target} + {terms};"])),
            "}",
        ]

    whole = lengths["i2"] // TERMS * TERMS
    lines = summed(TERMS, 0, whole) if whole else []
    lines += summed(1, whole, lengths["i2"]) if whole < lengths["i2"] else []
    outer = {"i0": lengths["i0"]} | ({"i1": lengths["i1"]} if lengths["i3"] > 1 else {})
    return w.over(outer, lines)


def _ordered(array: np.ndarray, batch: Sequence[int], contracted: Sequence[int], *, last: bool) -> np.ndarray:
    """(batch, free, contracted), or the last two the other way round."""
    free = [axis for axis in range(array.ndim) if axis not in batch and axis not in contracted]
    groups = [list(batch), free, list(contracted)] if last else [list(batch), list(contracted), free]
    shape = [int(np.prod([array.shape[axis] for axis in group])) for group in groups]
    return array.transpose([axis for group in groups for axis in group]).reshape(shape)


def _written_out(w: Writer, dtype: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.empty((a.shape[0], a.shape[1], b.shape[2]), object)
    for place in np.ndindex(out.shape):
        z, i, k = place
        total: Atom = dtype.type(0)
        for x, y in zip(a[z, i], b[z, :, k], strict=True):
            total = add(w, dtype, None, None, total, mul(w, dtype, None, None, x, y))
        out[place] = total
    return out


def _reduction(rule: Any, start: Any) -> Any:
    def reduce(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
        axes, (value,) = tuple(step.params["axes"]), operands
        dtype, shape = np.dtype(avals[0].dtype), avals[0].shape
        moved = value.moved(lambda array: np.moveaxis(array, axes, range(len(axes))).reshape(-1, *shape))
        if isinstance(value, Stored) and not w.fits(int(np.prod(value.shape)), PRODUCTS, operands):
            return [_in_a_loop(w, moved, shape, dtype, rule, start)]
        atoms = w.written(moved).atoms
        out = np.empty(shape, object)
        for place in np.ndindex(shape):
            total = dtype.type(start(dtype)) if len(atoms) == 0 else atoms[(0, *place)]
            for n in range(1, len(atoms)):
                total = rule(w, dtype, (dtype, dtype), {}, total, atoms[(n, *place)])
            out[place] = total
        return [Written(out, dtype)]

    return reduce


def _in_a_loop(w: Writer, value: Value, shape: tuple[int, ...], dtype: Any, rule: Any, start: Any) -> Stored:
    source = w.stored(value)
    out = w.array(shape, dtype, w.scope_of([source]))
    with w.at(out.scope):
        w.copy(out, Known(np.full(shape, start(dtype), dtype)))
        spread = out.moved(lambda array: np.broadcast_to(array[None], source.shape))
        names = [f"i{axis}" for axis in range(len(source.shape))]
        with_scope = out.scope.inner()
        with w.at(with_scope):
            target = w.at_index(spread, names)
            numbers = (Name(text, dtype, with_scope) for text in (target, w.at_index(source, names)))
            atom = rule(w, dtype, (dtype, dtype), {}, *numbers)
            with_scope.lines.append(f"{target} = {w.text(atom, dtype)};")
        out.scope.lines += w.nest(source.shape, with_scope.lines)
    return out


def _running(rule: Any) -> Any:
    """Sums and the like up to each place."""

    def run(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
        axis, dtype = step.params["axis"], np.dtype(avals[0].dtype)
        rows = np.moveaxis(w.written(operands[0]).atoms, axis, 0)
        rows, out = rows[::-1] if step.params["reverse"] else rows, np.empty(rows.shape, object)
        for n, *rest in np.ndindex(rows.shape):
            place = (n, *rest)
            out[place] = rule(w, dtype, (dtype, dtype), {}, out[(n - 1, *rest)], rows[place]) if n else rows[place]
        out = out[::-1] if step.params["reverse"] else out
        return [Written(np.moveaxis(out, 0, axis), dtype)]

    return run


def _argument(form: str) -> Any:
    """Where the largest or the smallest number is."""

    def rule(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
        (axis,) = step.params["axes"]
        moved, dtype, kind = (
            np.moveaxis(w.written(operands[0]).atoms, axis, 0),
            operands[0].dtype,
            np.dtype(avals[0].dtype),
        )
        flag, out = np.dtype(bool), np.empty(avals[0].shape, object)
        for place in np.ndindex(out.shape):
            best, index = moved[(0, *place)], kind.type(0)
            for n in range(1, moved.shape[0]):
                atom = moved[(n, *place)]
                if is_known(best) and is_known(atom):
                    is_better: Atom = np.bool_(atom > best if ">" in form else atom < best)
                else:
                    is_better = w.value(flag, form, atom, best, types=(dtype, dtype))
                index = select(w, kind, (flag, kind, kind), {}, is_better, index, kind.type(n))
                best = select(w, dtype, (flag, dtype, dtype), {}, is_better, best, atom)
            out[place] = index
        return [Written(out, kind)]

    return rule


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
    left_side, scope = w.array((count, n, n), dtype, w.scope_of(scoped(operands))), w.scope_of(scoped(operands))
    solution = w.array((count, n), dtype, scope)
    with w.at(scope):
        w.copy(left_side, matrices)
        w.copy(solution, rights)
        for k in range(count):
            places = f"{left_side.name} + {k * n * n}, {solution.name} + {k * n}"
            scope.lines.append(f"{w.prefix}eliminate_{dtype.name}_{n}({places});")
    return [solution.moved(back)]


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


def _least(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _most(dtype: Any) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


RULES = {
    "solve_arrays": solve_arrays, "dot_general": dot_general, "lu": lu, "triangular_solve": triangular_solve,
    "argmax": _argument("{0} > {1}"),
    "argmin": _argument("{0} < {1}"), "reduce_sum": _reduction(add, lambda dtype: 0),
    "reduce_prod": _reduction(mul, lambda dtype: 1), "reduce_max": _reduction(maximum, _least),
    "reduce_min": _reduction(minimum, _most), "reduce_and": _reduction(both, lambda dtype: True),
    "reduce_or": _reduction(either, lambda dtype: False), "cumsum": _running(add), "cumprod": _running(mul),
    "cummax": _running(maximum), "cummin": _running(minimum),
}  # fmt: skip

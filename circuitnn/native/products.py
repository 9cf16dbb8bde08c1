"""Products of matrices, sums along axes, and linear systems."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from circuitnn.native.atoms import Atom, Name, is_known
from circuitnn.native.inlining import LoweringError, Step
from circuitnn.native.scalars import add, both, either, maximum, minimum, mul, select
from circuitnn.native.values import Known, Stored, Value, Written, padded, scoped
from circuitnn.native.writer import PRODUCTS, Writer

TERMS = 8  # of a sum that are added at once
PARTIAL = (
    16  # sums that a long one is made of: compilers add them as vectors, where one sum has to be added in its order
)

LONGEST = 2**15  # products of a sum: 0.7 s of an impulse response at 48 kHz, and a fifth of what a core can do


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
    length = rows
    if columns == 1 and a.shape[0] == 1 and (isinstance(a, Known) or w.scope_of([a]).is_once):
        # Columns of it lie one after the other, whole vectors each.
        length = rows if w.scope_of([a, b]).is_once else padded(rows)
        a = columns_of(w, a.moved(lambda array: array[0]), length).moved(lambda array: array.T[None])
    a, b = (w.packed(value) if isinstance(value, Known) else w.stored(value) for value in (a, b))
    if (a.shape[0], length, columns) == (1, 1, 1) and inner >= 4 * PARTIAL:
        if inner > LONGEST:
            raise LoweringError(
                f"no C for a sum of {inner} products, which {step.where} needs: up to {LONGEST} are computed for each "
                "sample. Make an impulse response shorter, as by cn.hybrid.cabinet(path, seconds=0.5)"
            )
        return [Written(np.full(shape, _in_partial_sums(w, dtype, a, b), object), dtype)]
    out = w.array((a.shape[0], length, columns), dtype, w.scope_of([a, b]))
    with w.at(out.scope):
        w.copy(out, Known(np.zeros(out.shape, dtype)))
        w.here.lines += _loops(w, out, a, b)
    return [out.moved(lambda array: array[:, :rows].reshape(shape))]


def _in_partial_sums(w: Writer, dtype: Any, a: Stored, b: Stored) -> Atom:
    """The product of a row (1, 1, inner) and a column (1, inner, 1)."""
    inner = a.shape[2]
    whole, out = inner // PARTIAL * PARTIAL, w.array((PARTIAL,), dtype, w.scope_of([a, b]))

    def added(term: str) -> str:
        product = f"{w.at_index(a, ['i0', 'i1', term])}*{w.at_index(b, ['i0', term, 'i3'])}"
        return f"{w.at_index(out, ['i1'])} = {w.at_index(out, ['i1'])} + {product};"

    with w.at(out.scope):
        w.copy(out, Known(np.zeros(out.shape, dtype)))
        along = w.over({"i1": PARTIAL}, [added("(i2 + i1)")])
        w.here.lines += [f"for (int i2 = 0; i2 < {whole}; i2 += {PARTIAL}) {{", *(f"  {line}" for line in along), "}"]
        if whole < inner:
            w.here.lines += w.over({"i1": inner - whole}, [added(f"({whole} + i1)")])
        sums: list[Atom] = [out.element(k) for k in range(PARTIAL)]
        while len(sums) > 1:
            half = len(sums) // 2
            sums = [add(w, dtype, None, None, *pair) for pair in zip(sums[:half], sums[half:], strict=True)]
    return sums[0]


def columns_of(w: Writer, matrix: Value, length: int) -> Stored:
    """The columns of a matrix one after the other, each filled up with zeros: (columns, length)."""
    rows, columns = matrix.shape
    if isinstance(matrix, Known):
        return w.stored(Known(np.pad(matrix.array, [(0, length - rows), (0, 0)]).T))
    scope = w.scope_of(scoped([matrix]))
    matrix = w.stored(matrix)
    key = ("columns", length, matrix.name, matrix.index.tobytes())
    name = scope.find(key)
    if name is None:
        out = w.array((columns, length), matrix.dtype, scope)
        with w.at(scope):
            w.copy(out, Known(np.zeros(out.shape, matrix.dtype)))
            w.copy(out.moved(lambda array: array[:, :rows].T), matrix)
        name = scope.values[key] = Name(out.name, matrix.dtype, scope)
    return Stored(name.text, np.arange(columns * length).reshape(columns, length), matrix.dtype, scope)


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


def _least(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _most(dtype: Any) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


RULES = {
    "dot_general": dot_general,
    "argmax": _argument("{0} > {1}"),
    "argmin": _argument("{0} < {1}"), "reduce_sum": _reduction(add, lambda dtype: 0),
    "reduce_prod": _reduction(mul, lambda dtype: 1), "reduce_max": _reduction(maximum, _least),
    "reduce_min": _reduction(minimum, _most), "reduce_and": _reduction(both, lambda dtype: True),
    "reduce_or": _reduction(either, lambda dtype: False), "cumsum": _running(add), "cumprod": _running(mul),
    "cummax": _running(maximum), "cummin": _running(minimum),
}  # fmt: skip

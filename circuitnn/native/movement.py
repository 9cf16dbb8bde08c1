"""Primitives that only move numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from circuitnn.native.atoms import Name, is_known
from circuitnn.native.inlining import Step
from circuitnn.native.values import Known, Stored, Value, Written, scoped
from circuitnn.native.writer import NUMBERS, Writer

Params = dict[str, Any]


def _spread(params: Params, array: np.ndarray) -> np.ndarray:
    shape, axes = params["shape"], params["broadcast_dimensions"]
    lengths = [array.shape[axes.index(axis)] if axis in axes else 1 for axis in range(len(shape))]
    return np.broadcast_to(array.reshape(lengths), shape)


def _slice(params: Params, array: np.ndarray) -> np.ndarray:
    strides = params["strides"] or (1,) * array.ndim
    bounds = zip(params["start_indices"], params["limit_indices"], strides, strict=True)
    return array[tuple(slice(*bound) for bound in bounds)]


VIEWS: dict[str, Callable[[Params, np.ndarray], np.ndarray]] = {
    "broadcast_in_dim": _spread,
    "reshape": lambda params, array: array.reshape(params["new_sizes"]),
    "transpose": lambda params, array: array.transpose(params["permutation"]),
    "squeeze": lambda params, array: array.squeeze(tuple(params["dimensions"])),
    "slice": _slice,
    "rev": lambda params, array: np.flip(array, params["dimensions"]),
}


def split(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Parts along an axis."""
    axis, ends = step.params["axis"], np.cumsum(step.params["sizes"])
    return [
        operands[0].moved(lambda array, a=int(end - size), b=int(end): array[(slice(None),) * axis + (slice(a, b),)])
        for end, size in zip(ends, step.params["sizes"], strict=True)
    ]


def joined(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Arrays side by side along an axis, a new one for a stack."""
    is_stack = step.primitive.name == "stack"
    axis = step.params["axis"] if is_stack else step.params["dimension"]
    if is_stack:
        operands = [operand.moved(lambda array: np.expand_dims(_as_array(array), axis)) for operand in operands]
    shape, dtype = avals[0].shape, np.dtype(avals[0].dtype)
    operands = [operand for operand in operands if np.prod(operand.shape)]
    if all(operand.is_known for operand in operands):
        return [Known(np.concatenate([operand.known() for operand in operands], axis) if operands else np.zeros(shape, dtype))]
    if w.fits(int(np.prod(shape)), NUMBERS, operands) or all(not isinstance(operand, Stored) for operand in operands):
        return [Written(np.concatenate([w.written(operand).atoms for operand in operands], axis), dtype)]
    if len(operands) == 1:
        return [operands[0]]
    out, start = w.array(shape, dtype, w.scope_of(scoped(operands))), 0
    with w.at(out.scope):
        for operand in operands:
            stop = start + operand.shape[axis]
            w.copy(out.moved(lambda array, a=start, b=stop: array[(slice(None),) * axis + (slice(a, b),)]), operand)
            start = stop
    return [out]


def _as_array(array: Any) -> np.ndarray:
    if isinstance(array, np.ndarray):
        return array
    out = np.empty((), object)
    out[()] = array
    return out


def iota(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Numbers that count along an axis."""
    shape, axis = step.params["shape"], step.params["dimension"]
    line = np.arange(shape[axis], dtype=step.params["dtype"])
    return [Known(np.broadcast_to(line.reshape([-1 if n == axis else 1 for n in range(len(shape))]), shape))]


def placed(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """`pad`, and `gather` at places that are known: done with the places of the numbers in their stead."""
    movers = operands[:1] if step.primitive.name == "gather" else operands
    rest = [operand.known() for operand in operands[len(movers) :]]
    sizes = [int(np.prod(mover.shape)) for mover in movers]
    starts = np.cumsum([0, *sizes])
    places = [np.arange(size, dtype=np.int32).reshape(mover.shape) + np.int32(start)
              for mover, size, start in zip(movers, sizes, starts, strict=False)]  # fmt: skip
    taken = np.asarray(step.primitive.bind(*places, *rest, **step.params))
    if len(movers) == 1:
        return [movers[0].moved(lambda array: _take(array, taken))]
    table = np.concatenate([w.written(mover).atoms.ravel() for mover in movers])
    return [Written(_take(table, taken), avals[0].dtype)]


def _take(array: np.ndarray, places: np.ndarray) -> np.ndarray:
    return np.asarray(array).ravel()[places] if places.shape else _as_array(np.asarray(array).ravel()[int(places)])


def gathered(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Numbers at places that are computed: by trial, which index decides on which output, and how far it moves it."""
    source, index = operands[0], w.written(operands[1])
    if index.is_known:
        return placed(w, step, [source, Known(index.known())], avals)
    packed = w.packed(source)
    ids = np.arange(packed.index.size, dtype=np.int32).reshape(packed.shape)
    if not w.fits(int(np.prod(avals[0].shape)), NUMBERS, operands):
        looped = _gathered_in_loops(w, step, packed, ids, operands[1], avals[0].shape)
        if looped is not None:
            return [looped]
    zero = np.zeros(index.shape, index.dtype)
    first = np.asarray(step.primitive.bind(ids, zero, **step.params))
    out = np.empty(first.shape, object)
    for where in np.ndindex(index.shape):
        moved = zero.copy()
        moved[where] = 1
        other = np.asarray(step.primitive.bind(ids, moved, **step.params))
        atom = index.atoms[where]
        for place in map(tuple, np.argwhere(first != other)):
            start, stride = int(first[place]), int(other[place]) - int(first[place])
            if is_known(atom):
                out[place] = packed.element(np.unravel_index(start + stride * int(atom), packed.shape))
            else:
                scope_form = f"{packed.name}[{start} + {stride}*{{0}}]"
                out[place] = _indexed(w, packed, scope_form, atom, index.dtype)
    for place in np.ndindex(out.shape):
        if out[place] is None:
            out[place] = packed.element(np.unravel_index(int(first[place]), packed.shape))
    return [Written(out, source.dtype)]


def _gathered_in_loops(
    w: Writer, step: Step, source: Stored, ids: np.ndarray, index: Value, shape: tuple[int, ...]
) -> Stored | None:
    """The same where each number depends on one index, and an index moves all by as much; None where not."""
    zero, index = np.zeros(index.shape, index.dtype), w.stored(index)
    start = np.asarray(step.primitive.bind(ids, zero, **step.params))
    strides, decides = set(), np.full(shape, -1)
    for number, where in enumerate(np.ndindex(index.shape)):
        moved = zero.copy()
        moved[where] = 1
        difference = np.asarray(step.primitive.bind(ids, moved, **step.params)) - start
        if np.any((difference != 0) & (decides >= 0)):
            return None
        strides |= set(difference[difference != 0].tolist())
        decides[difference != 0] = number
    if len(strides) != 1 or np.any(decides < 0):
        return None
    out = w.array(shape, source.dtype, w.scope_of([source, index]))
    with w.at(out.scope):
        names = [f"i{axis}" for axis in range(len(shape))]
        place = w.at_index(Stored(index.name, index.index.ravel()[decides], index.dtype, index.scope), names)
        first = w.at_index(Stored("", start, source.dtype, source.scope), names)[1:-1]
        line = f"{w.at_index(out, names)} = {source.name}[{first} + {strides.pop()}*{place}];"
        w.here.lines += w.nest(shape, [line])
    return out


def _indexed(w: Writer, source: Stored, form: str, atom: Any, kind: Any) -> Name:
    return w.constant(w.scope_of([atom, source]), source.dtype, form.format(w.text(atom, kind)))


def dynamic_slice(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """A part that begins at a place that is computed."""
    source, starts = operands[0], [w.written(operand) for operand in operands[1:]]
    sizes = step.params["slice_sizes"]
    if all(start.is_known for start in starts):
        at = [int(np.clip(int(start.known()), 0, n - size)) for start, n, size in zip(starts, source.shape, sizes, strict=True)]
        return [source.moved(lambda array: array[tuple(slice(a, a + size) for a, size in zip(at, sizes, strict=True))])]
    packed = w.packed(source)
    offset = _offset(w, packed, starts, sizes)
    part = packed.index[tuple(slice(0, size) for size in sizes)]
    return [Stored(f"({packed.name} + {offset.text})", part, packed.dtype, w.scope_of([packed, offset]))]


def _offset(w: Writer, packed: Stored, starts: Sequence[Written], sizes: Sequence[int]) -> Any:
    """Where a part begins in an array, kept inside of it."""
    strides = [int(np.prod(packed.shape[axis + 1 :])) for axis in range(len(packed.shape))]
    kind, total = np.dtype(np.int64), None
    from circuitnn.native.scalars import add, maximum, minimum, mul

    for start, length, size, stride in zip(starts, packed.shape, sizes, strides, strict=True):
        atom = start.atoms[()]
        if is_known(atom):
            atom = np.int64(np.clip(int(atom), 0, length - size))
        else:
            atom = w.value(kind, "(int64_t){0}", atom, types=(start.dtype,))
            atom = minimum(w, kind, None, None, maximum(w, kind, None, None, atom, np.int64(0)), np.int64(length - size))
        term = mul(w, kind, None, None, atom, np.int64(stride))
        total = term if total is None else add(w, kind, None, None, total, term)
    return total


def dynamic_update_slice(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """The array with another part, from a place that is computed."""
    source, update, *starts = operands
    starts = [w.written(start) for start in starts]
    out = w.array(source.shape, source.dtype, w.scope_of(scoped(operands) + scoped(starts)))
    with w.at(out.scope):
        w.copy(out, source)
        offset = _offset(w, out, starts, update.shape)
        text = w.text(offset, np.int64)
        part = Stored(f"({out.name} + {text})", out.index[tuple(slice(0, size) for size in update.shape)], out.dtype, out.scope)
        w.copy(part, update)
    return [out]


RULES = {
    "split": split, "concatenate": joined, "stack": joined, "iota": iota, "pad": placed, "gather": gathered,
    "dynamic_slice": dynamic_slice, "dynamic_update_slice": dynamic_update_slice,
}  # fmt: skip

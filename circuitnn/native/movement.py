"""Primitives that only move numbers."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, final

import jax
import numpy as np

from circuitnn.native import scalars
from circuitnn.native.atoms import is_known
from circuitnn.native.inlining import LoweringError, Step
from circuitnn.native.values import Known, Stored, Value, Written, scoped
from circuitnn.native.writer import JOINED, NUMBERS, PADDED, Writer

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
    "tile": lambda params, array: np.tile(array, params["reps"]),
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
        operands = [operand.moved(lambda array: np.expand_dims(as_array(array), axis)) for operand in operands]
    shape, dtype = avals[0].shape, np.dtype(avals[0].dtype)
    operands = [operand for operand in operands if np.prod(operand.shape)]
    if all(operand.is_known for operand in operands):
        return [
            Known(
                np.concatenate([operand.known() for operand in operands], axis) if operands else np.zeros(shape, dtype)
            )
        ]
    # Element by element, so that what is zero is seen to be: nothing is done for it later.
    has_zeros = any(operand.is_known and not np.any(operand.known()) for operand in operands)
    limits = PADDED if has_zeros else JOINED
    if w.fits(int(np.prod(shape)), limits, operands) or all(not isinstance(operand, Stored) for operand in operands):
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


def as_array(array: Any) -> np.ndarray:
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
    return np.asarray(array).ravel()[places] if places.shape else as_array(np.asarray(array).ravel()[int(places)])


def gathered(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Numbers at places that are computed: by trial, which index decides on which output, and how far it moves it.

    An index outside is the nearest inside, or gives what the mode fills in.
    """
    source, index = operands[0], operands[1]
    if w.written(index).is_known:
        return placed(w, step, [source, Known(w.written(index).known())], avals)
    packed = w.packed(source)
    fills = step.params["mode"] == jax.lax.GatherScatterMode.FILL_OR_DROP
    ids = np.arange(packed.index.size, dtype=np.int32).reshape(packed.shape)
    zero = np.zeros(index.shape, index.dtype)
    first = np.asarray(step.primitive.bind(ids, zero, **step.params))
    strides, decides = np.zeros(first.shape, int), np.full(first.shape, -1)
    for number, where in enumerate(np.ndindex(index.shape)):
        moved = zero.copy()
        moved[where] = 1
        difference = np.asarray(step.primitive.bind(ids, moved, **step.params)) - first
        if np.any((difference != 0) & (decides >= 0)):
            raise LoweringError(f"no C for a gather by several indices at once, which {step.where} needs")
        decides[difference != 0], strides[difference != 0] = number, difference[difference != 0]
    numbers = step.params["dimension_numbers"]
    most = [packed.shape[axis] - step.params["slice_sizes"][axis] for axis in numbers.start_index_map]
    is_looped = len(set(strides[decides >= 0].tolist())) == 1 and np.all(decides >= 0) and not fills and len(most) == 1
    if is_looped and not w.fits(first.size, NUMBERS, operands):
        return [_gathered_in_loops(w, packed, w.stored(index), first, int(strides.flat[0]), decides, most[0])]
    atoms: Any = list(w.written(index).atoms.flat)
    out = np.empty(first.shape, object)
    for place in np.ndindex(first.shape):
        start, stride, number = int(first[place]), int(strides[place]), int(decides[place])
        if number < 0:
            out[place] = packed.element(np.unravel_index(start, packed.shape))
            continue
        kind, limit = index.dtype, most[number % len(most)]
        inside = scalars.clamped(w, kind, atoms[number], limit)
        form = f"{packed.name}[{start} + {stride}*{{0}}]"
        name = w.constant(w.scope_of([inside, packed]), packed.dtype, form.format(w.text(inside, kind)))
        if fills:
            flag, absent = np.dtype(bool), packed.dtype.type(_absent(step.params["fill_value"], packed.dtype))
            is_inside = w.value(flag, "{0} == {1}", atoms[number], inside, types=(kind, kind))
            name = scalars.select(w, packed.dtype, (flag, packed.dtype, packed.dtype), {}, is_inside, absent, name)
        out[place] = name
    return [Written(out, source.dtype)]


def _absent(fill: Any, dtype: np.dtype) -> Any:
    """What JAX fills in."""
    if fill is not None:
        return fill
    if dtype.kind == "f":
        return np.nan
    return True if dtype.kind == "b" else np.iinfo(dtype).max if dtype.kind == "u" else np.iinfo(dtype).min


def _gathered_in_loops(
    w: Writer, source: Stored, index: Stored, first: np.ndarray, stride: int, decides: np.ndarray, most: int
) -> Stored:
    out = w.array(first.shape, source.dtype, w.scope_of([source, index]))
    with w.at(out.scope):
        names = [f"i{axis}" for axis in range(first.ndim)]
        place = w.at_index(Stored(index.name, index.index.ravel()[decides], index.dtype, index.scope), names)
        start = w.at_index(Stored("", first, source.dtype, source.scope), names)[1:-1]
        line = f"{w.at_index(out, names)} = {source.name}[{start} + {stride}*{w.prefix}clamped({place}, {most})];"
        w.here.lines += w.nest(first.shape, [line])
    return out


def scattered(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """Numbers put at places that are known, or one part at a place that is computed."""
    source, index, update = operands
    if index.is_known:
        sizes = [int(np.prod(source.shape)), int(np.prod(update.shape))]
        ids = [np.arange(size, dtype=np.int32).reshape(value.shape) + np.int32(start)
               for size, value, start in zip(sizes, (source, update), (0, sizes[0]), strict=True)]  # fmt: skip
        ids[1:1] = [index.known()]
        taken = np.asarray(step.primitive.bind(*ids, **step.params))
        table = np.concatenate([w.written(value).atoms.ravel() for value in (source, update)])
        return [Written(_take(table, taken), avals[0].dtype)]
    numbers = step.params["dimension_numbers"]
    if len(index.shape) != 1:
        raise LoweringError(f"no C for a scatter to several computed places, which {step.where} needs")
    atoms = w.written(index).atoms
    starts = [Written(as_array(np.int32(0)), np.int32) for _ in source.shape]
    for number, axis in enumerate(numbers.scatter_dims_to_operand_dims):
        starts[axis] = Written(as_array(atoms[number]), index.dtype)
    inserted = set(numbers.inserted_window_dims)
    lengths = iter(update.shape)
    sizes = [1 if axis in inserted else next(lengths) for axis in range(len(source.shape))]
    part = update.moved(lambda array: as_array(array).reshape(sizes))
    out = _copied(w, source, [part, *starts])
    with w.at(out.scope):
        offset, is_inside = _offset(w, out, starts, sizes), list[str]()
        for number, axis in enumerate(numbers.scatter_dims_to_operand_dims):
            limit, text = source.shape[axis] - sizes[axis], w.text(atoms[number], index.dtype)
            is_inside.append(f"{text} == {w.text(scalars.clamped(w, index.dtype, atoms[number], limit), index.dtype)}")
        drops = step.params["mode"] != jax.lax.GatherScatterMode.CLIP
        with w.inside(f"if ({' && '.join(is_inside) if drops else '1'})", is_branch=True):
            w.copy(_part(w, out, offset, sizes), part)
    return [out]


def dynamic_slice(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """A part that begins at a place that is computed."""
    source, starts = operands[0], [w.written(operand) for operand in operands[1:]]
    sizes = step.params["slice_sizes"]
    if all(start.is_known for start in starts):
        at = [
            int(np.clip(int(start.known()), 0, n - size))
            for start, n, size in zip(starts, source.shape, sizes, strict=True)
        ]
        return [source.moved(lambda array: array[tuple(slice(a, a + size) for a, size in zip(at, sizes, strict=True))])]
    packed = w.packed(source)
    offset = _offset(w, packed, starts, sizes)
    part = _part(w, packed, offset, sizes)
    return [Stored(part.name, part.index, packed.dtype, w.scope_of([packed, offset]))]


def _offset(w: Writer, packed: Stored, starts: Sequence[Written], sizes: Sequence[int]) -> Any:
    """Where a part begins in an array, kept inside of it."""
    strides = [int(np.prod(packed.shape[axis + 1 :])) for axis in range(len(packed.shape))]
    kind = np.dtype(np.int64)
    total: Any = None
    for start, length, size, stride in zip(starts, packed.shape, sizes, strides, strict=True):
        atom: Any = start.atoms[()]
        if is_known(atom):
            atom = np.int64(np.clip(int(atom), 0, length - size))
        else:
            atom = w.value(kind, "(int64_t){0}", atom, types=(start.dtype,))
            atom = scalars.clamped(w, kind, atom, length - size)
        term = scalars.mul(w, kind, None, None, atom, np.int64(stride))
        total = term if total is None else scalars.add(w, kind, None, None, total, term)
    return total


def dynamic_update_slice(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """The array with another part, from a place that is computed."""
    source, update, *places = operands
    starts = [w.written(place) for place in places]
    out = _copied(w, source, [update, *starts])
    with w.at(out.scope):
        w.copy(_part(w, out, _offset(w, out, starts, update.shape), update.shape), update)
    return [out]


@final
class Update(NamedTuple):
    """A part of an array that is written anew while the rest stays.

    Attributes:
        part: what is written.
        starts: where it begins, along each axis.
    """

    part: Value
    starts: list[Value]

    def target(self, w: Writer, array: Stored) -> Stored:
        """Where it goes in the array."""
        starts = [w.written(start) for start in self.starts]
        return _part(w, array, _offset(w, array, starts, self.part.shape), self.part.shape)


def _copied(w: Writer, source: Value, others: Sequence[Value]) -> Stored:
    """A new array with the same numbers, where the others are seen as well."""
    out = w.array(source.shape, source.dtype, w.scope_of(scoped([source, *others])))
    with w.at(out.scope):
        w.copy(out, source)
    return out


def _part(w: Writer, array: Stored, offset: Any, sizes: Sequence[int]) -> Stored:
    """The part of an array that begins there."""
    index = array.index[tuple(slice(0, size) for size in sizes)]
    return Stored(f"({array.name} + {w.text(offset, np.int64)})", index, array.dtype, array.scope)


RULES = {
    "split": split, "concatenate": joined, "stack": joined, "iota": iota, "pad": placed, "gather": gathered,
    "scatter": scattered,     "dynamic_slice": dynamic_slice, "dynamic_update_slice": dynamic_update_slice,
}  # fmt: skip

"""Writes statements where they are done least often: once for the knobs, once a sample, or in a loop."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

import numpy as np

from circuitnn.native.atoms import TYPES, Atom, Name, Scope, is_known, literal
from circuitnn.native.values import Known, Stored, Value, Written, affine, broadcast, scoped, written

# What is written out one by one, each sample and once for the knobs: numbers of an array, products of matrices, rounds.
NUMBERS, PRODUCTS, ROUNDS = (7, 6), (64, 16), (16, 2)
# Rows of linear systems; numbers side by side, and with zeros among them.
ROWS, JOINED, PADDED = (9, 2), (100, 6), (1500, 6)
TABLE = 8  # known numbers that come from a table


@final
class Writer:
    """The text of a program as it grows.

    Attributes:
        prefix: of names outside of functions.
        used: functions that are called, see `circuitnn.native.mathematics`: name, type, 1 in loops over arrays.
        knobs: what follows from the knobs alone.
        sample: what is done for each sample.
        here: where statements go that have to be done in order.
        tables: arrays of known numbers: name and text by what is in them.
        evaluate: writes the program of a loop or a branch.
    """

    def __init__(
        self,
        prefix: str,
        tables: dict[Any, tuple[str, str]],
        used: set[tuple[str, str, int]],
        evaluate: Callable[["Writer", Any, Sequence[Value]], list[Value]],
    ) -> None:
        self.prefix, self.tables, self.used, self.evaluate = prefix, tables, used, evaluate
        self.knobs = Scope(0, is_once=True)
        self.sample = Scope(1, self.knobs)
        self.here = self.sample
        self.numbers: dict[str, str] = {}  # type by name, of those that follow from the knobs alone
        self.arrays: dict[str, tuple[str, int]] = {}  # type and length by name, of those too
        self._count = itertools.count(1)
        self._pending: dict[str, tuple[Scope, Name]] = {}  # arrays that a loop still writes

    # Variables

    def fresh(self, prefix: str = "v") -> str:
        return f"{prefix}{next(self._count)}"

    def text(self, atom: Atom, dtype: Any) -> str:
        return atom.text if isinstance(atom, Name) else literal(atom, np.dtype(dtype))

    def scope_of(self, atoms: Iterable[Any]) -> Scope:
        """The outermost scope that sees them all; inside of a branch what a sample needs stays there."""
        deepest = self.knobs
        for atom in atoms:
            if hasattr(atom, "scope") and atom.scope.depth > deepest.depth:
                deepest = atom.scope
        if deepest.depth == 0:
            return deepest
        scope: Scope | None = self.here
        while scope is not None and scope.depth > deepest.depth:
            if scope.is_branch:
                return scope
            scope = scope.outer
        return deepest

    def fits(self, amount: int, limits: tuple[int, int], operands: Sequence[Value]) -> bool:
        """Whether so much is written out, where it follows from those; what does not fit is a loop."""
        return amount <= limits[self.scope_of(scoped(operands)).is_once]

    def value(self, dtype: Any, form: str, *atoms: Atom, types: Sequence[Any] = ()) -> Name:
        """A variable: what the form, with {0}, {1}, ... for the atoms, says."""
        dtype, kinds = np.dtype(dtype), types or (dtype,) * len(atoms)
        texts = [self.text(atom, kind) for atom, kind in zip(atoms, kinds, strict=True)]
        key, scope = (form, dtype.name, *texts), self.scope_of(atoms)
        name = scope.find(key)
        if name is None:
            name = scope.values[key] = self.constant(scope, dtype, form.format(*texts))
        return name

    def constant(self, scope: Scope, dtype: Any, text: str) -> Name:
        """A number with a name."""
        name = self._declared(scope, "v", dtype)
        scope.lines.append(f"const {TYPES[name.dtype.name]} {name.text} = {text};")
        return name

    def variable(self, dtype: Any, start: Atom) -> Name:
        """A number that changes, in the present scope."""
        name = self._declared(self.here, "m", dtype)
        self.here.lines.append(f"{TYPES[name.dtype.name]} {name.text} = {self.text(start, dtype)};")
        return name

    def _declared(self, scope: Scope, prefix: str, dtype: Any) -> Name:
        name = Name(self.fresh(prefix), np.dtype(dtype), scope)
        if scope is self.knobs:
            self.numbers[name.text] = TYPES[name.dtype.name]
        return name

    @contextmanager
    def at(self, scope: Scope) -> Iterator[None]:
        """Statements in order go to that scope."""
        before, self.here = self.here, scope
        try:
            yield
        finally:
            self.here = before

    @contextmanager
    def inside(self, head: str, *, is_branch: bool = False) -> Iterator[Scope]:
        """A pair of braces after `head`."""
        outer, scope = self.here, self.here.inner(is_branch=is_branch)
        with self.at(scope):
            yield scope
            self.settle_all(scope)
        outer.lines += [f"{head} {{", *(f"  {line}" for line in scope.lines), "}"]

    # Arrays

    def table(self, array: np.ndarray) -> str:
        """The name of an array of known numbers."""
        return self._table(array.dtype, [literal(number, array.dtype) for number in array.flat])

    def _table(self, dtype: np.dtype, numbers: Sequence[str]) -> str:
        key = (dtype.name, *numbers)
        if key not in self.tables:
            name = f"{self.prefix}K{len(self.tables)}"
            line = f"static const {TYPES[dtype.name]} {name}[{len(numbers)}] = {{{', '.join(numbers)}}};"
            self.tables[key] = (name, line)
        return self.tables[key][0]

    def array(self, shape: tuple[int, ...], dtype: Any, scope: Scope) -> Stored:
        """A new array."""
        name, size, ctype = self.fresh("a"), int(np.prod(shape)), TYPES[np.dtype(dtype).name]
        scope.lines.append(f"{ctype} {name}[{max(size, 1)}];")
        if scope is self.knobs:
            self.arrays[name] = (ctype, max(size, 1))
        return Stored(name, np.arange(size).reshape(shape), dtype, scope)

    def stored(self, value: Value) -> Stored:
        """The numbers in an array."""
        if isinstance(value, Stored):
            self.settle(value.name)
            return value
        if isinstance(value, Known):
            return Stored(
                self.table(value.array), np.arange(value.array.size).reshape(value.shape), value.dtype, self.knobs
            )
        once = value.atoms[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in value.atoms.strides)]
        if once.size < value.atoms.size:  # the same numbers again and again
            return self.stored(Written(once, value.dtype)).moved(lambda index: np.broadcast_to(index, value.shape))
        scope, texts = self.scope_of(scoped([value])), [self.text(atom, value.dtype) for atom in value.atoms.flat]
        key = ("array", value.dtype.name, *texts)
        name, index = scope.find(key), np.arange(len(texts)).reshape(value.shape)
        if name is None:
            out = self.array(value.shape, value.dtype, scope)
            self._fill(out, texts, [is_known(atom) for atom in value.atoms.flat])
            name = scope.values[key] = Name(out.name, value.dtype, scope)
        return Stored(name.text, index, value.dtype, name.scope)

    def _fill(self, out: Stored, texts: Sequence[str], are_known: Sequence[bool]) -> None:
        """Write numbers into a new array; many known ones come from a table."""
        ctype, places = TYPES[out.dtype.name], list(range(len(texts)))
        if sum(are_known) > TABLE:
            table = self._table(
                out.dtype, [text if known else "0" for text, known in zip(texts, are_known, strict=True)]
            )
            out.scope.lines.append(f"memcpy({out.name}, {table}, {len(texts)}*sizeof({ctype}));")
            places = [n for n in places if not are_known[n]]
        out.scope.lines += [f"{out.name}[{n}] = {texts[n]};" for n in places]

    def packed(self, value: Value) -> Stored:
        """The numbers in an array one after the other, beginning with its first."""
        value = self.stored(value)
        if np.array_equal(value.index.ravel(), np.arange(value.index.size)):
            return value
        out = self.array(value.shape, value.dtype, self.scope_of([value]))
        with self.at(out.scope):
            self.copy(out, value)
        return out

    def written(self, value: Value) -> Written:
        """Number by number."""
        if isinstance(value, Stored):
            self.settle(value.name)
        return written(value)

    def copy(self, to: Stored, value: Value) -> None:
        """Write numbers into an array, in the present scope."""
        if value.shape == () or int(np.prod(value.shape)) == 0:
            if value.shape == ():
                atom = self.written(value).atoms[()]
                self.here.lines.append(f"{to.name}[{int(to.index[()])}] = {self.text(atom, value.dtype)};")
            return
        if isinstance(value, Written):
            self.here.lines += self._copied(to, value)
            return
        names = [f"i{axis}" for axis in range(len(value.shape))]
        if isinstance(value, Known) and value.array.size > TABLE and np.all(value.array == value.array.flat[0]):
            number = literal(value.array.flat[0], value.dtype)
            self.here.lines += self.nest(value.shape, [f"{self.at_index(to, names)} = {number};"])
            return
        source = self.stored(value)
        self.here.lines += self.nest(value.shape, [f"{self.at_index(to, names)} = {self.at_index(source, names)};"])

    def _copied(self, to: Stored, value: Written) -> list[str]:
        """Statement by statement; in a loop along an axis where the same numbers stand again and again."""
        axes = [axis for axis, length in enumerate(value.shape) if length > TABLE and repeats(value.atoms, axis)]
        names, lines = [f"i{axis}" for axis in range(len(value.shape))], []
        once = value.atoms[tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(len(value.shape)))]
        for place in np.ndindex(once.shape):
            part = tuple(slice(None) if axis in axes else slice(at, at + 1) for axis, at in enumerate(place))
            text = self.text(once[place], value.dtype)
            lines.append(f"{self.at_index(to.moved(lambda index, part=part: index[part]), names)} = {text};")
        return self.over({f"i{axis}": value.shape[axis] for axis in axes}, lines)

    def nest(self, shape: Sequence[int], lines: list[str]) -> list[str]:
        """Loops around lines, over the axes i0, i1, ... that are longer than one."""
        return self.over({f"i{axis}": length for axis, length in enumerate(shape)}, lines)

    def over(self, lengths: Mapping[str, int], lines: list[str]) -> list[str]:
        """Loops around lines, the first outermost."""
        for name, length in reversed(list(lengths.items())):
            if length > 1:
                head = f"for (int {name} = 0; {name} < {length}; {name}++) {{"
                lines = [head, *(f"  {line}" for line in lines), "}"]
        return lines

    def at_index(self, value: Stored, names: Sequence[str]) -> str:
        """The element at indices with those names."""
        even = affine(value.index)
        if even is None:
            table, flat = self.table(value.index.astype(np.int32)), np.arange(value.index.size).reshape(value.shape)
            return f"{value.name}[{table}[{_sum(affine(flat), names)}]]"
        return f"{value.name}[{_sum(even, names)}]"

    def loop(self, value: Any, shape: tuple[int, ...], operands: Sequence[Value], dtype: Any) -> Stored:
        """An array whose numbers a function gives of those of the operands; arrays of one shape share a loop.

        Args:
            value: from atoms, one of each operand, to one.
            shape: of the array.
            operands: broadcast against it.
            dtype: of the array.
        """
        operands = [broadcast(self._ready(operand), shape) for operand in operands]
        operands = [self._in_order(operand) for operand in operands]
        outer = self.scope_of(scoped(operands))
        for operand in operands:  # one that the same loop writes is there already
            if isinstance(operand, Stored) and not self._is_there(operand, outer.loops.get(shape)):
                self.settle(operand.name)
        body = outer.loops.get(shape)
        if body is None:
            body = outer.loops.setdefault(shape, outer.inner())
            body.is_along = True
        names = [f"i{axis}" for axis in range(len(shape))]
        atoms = [self._element(operand, names, body) for operand in operands]
        out = self.array(shape, dtype, outer)
        with self.at(body):
            atom = value(*atoms)
        body.lines.append(f"{self.at_index(out, names)} = {self.text(atom, dtype)};")
        text = self.text(atom, dtype)
        self._pending[out.name] = (body, Name(text, np.dtype(dtype), body))
        return out

    def _is_there(self, operand: Stored, body: Scope | None) -> bool:
        """Whether a loop writes just these numbers in this order."""
        pending = self._pending.get(operand.name)
        is_in_order = np.array_equal(operand.index.ravel(), np.arange(operand.index.size))
        return pending is not None and pending[0] is body and is_in_order

    def _ready(self, operand: Value) -> Value:
        """In an array, where it is not one number again and again."""
        if isinstance(operand, Known) and np.all(operand.array == operand.array.flat[0]):
            return operand
        if isinstance(operand, Written):
            first = operand.atoms.flat[0]
            if all(atom is first for atom in operand.atoms.flat):
                return operand
        if isinstance(operand, Stored):
            return operand
        return self.stored(operand)

    def _in_order(self, operand: Value) -> Value:
        """Evenly spaced in an array: where numbers come from all over, compilers make no vectors of a loop."""
        if not isinstance(operand, Stored) or operand.scope.is_once or affine(operand.index) is not None:
            return operand
        key, scope = ("in order", operand.name, operand.index.tobytes()), self.scope_of([operand])
        name = scope.find(key)
        if name is None:
            packed = self.packed(operand)
            name = scope.values[key] = Name(packed.name, packed.dtype, packed.scope)
        return Stored(name.text, np.arange(operand.index.size).reshape(operand.shape), name.dtype, name.scope)

    def _element(self, operand: Value, names: Sequence[str], body: Scope) -> Atom:
        if isinstance(operand, Known):
            return operand.array.flat[0]
        if isinstance(operand, Written):
            return operand.atoms.flat[0]
        if operand.name in self._pending:
            return self._pending[operand.name][1]
        return Name(self.at_index(operand, names), operand.dtype, body)

    def settle(self, name: str) -> None:
        """End the loop that writes an array."""
        name = array_name(name)
        if name in self._pending:
            self._end(self._pending[name][0])

    def settle_all(self, scope: Scope) -> None:
        """End all loops of a scope."""
        for body in list(scope.loops.values()):
            self._end(body)

    def _end(self, body: Scope) -> None:
        outer = body.outer
        assert outer is not None
        for shape, loop in list(outer.loops.items()):
            if loop is body:
                del outer.loops[shape]
                outer.lines += self.nest(shape, body.lines)
        self._pending = {name: pending for name, pending in self._pending.items() if pending[0] is not body}


def repeats(atoms: np.ndarray, axis: int) -> bool:
    """Whether the same numbers stand at all places along an axis."""
    first = np.broadcast_to(np.take(atoms, [0], axis), atoms.shape)
    return all(here is there for here, there in zip(atoms.flat, first.flat, strict=True))


def array_name(text: str) -> str:
    """The array that an element or a part of it belongs to."""
    return text.split("[")[0].strip("(").split(" ")[0]


def _sum(even: tuple[int, tuple[int, ...]] | None, names: Sequence[str]) -> str:
    assert even is not None
    offset, strides = even
    terms = [name if stride == 1 else f"{stride}*{name}" for name, stride in zip(names, strides, strict=True) if stride]
    return " + ".join(([str(offset)] if offset or not terms else []) + terms)

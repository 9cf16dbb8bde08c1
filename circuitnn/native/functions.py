"""Functions of C made of what a `Writer` has written."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, final

import numpy as np

from circuitnn.native.atoms import TYPES, Name, Scope, member_type
from circuitnn.native.values import Stored, Value, Written
from circuitnn.native.writer import NUMBERS, Writer

_WORD = re.compile(r"[A-Za-z_]\w*")


@final
class Member(NamedTuple):
    """Numbers in a struct: their type in C, their name, and how many."""

    ctype: str
    name: str
    size: int


@final
class Input(NamedTuple):
    """What a function takes from outside: its name inside, its type, where it comes from, and how many numbers.

    An array is used where it lies; a number is loaded.
    """

    name: str
    ctype: str
    source: str
    size: int | None = None

    def loaded(self, *, is_constant: bool = True) -> str:
        constant = "const " if is_constant else ""
        return f"{constant}{self.ctype} {'*const ' if self.size else ''}{self.name} = {self.source};"


def struct(name: str, members: Iterable[Member]) -> str:
    """The type; C has none without members."""
    lines = [f"  {member.ctype} {member.name}[{member.size}];" for member in members] or ["  char nothing;"]
    return "\n".join(["typedef struct {", *lines, f"}} {name};"])


_CONSTANT = re.compile(r" *const \w+ (?:\*const )?(\w+) = ")
_ARRAY = re.compile(r" *\w+ (\w+)\[\d+\];$")
_ELEMENT = re.compile(r" *(\w+)(\[[^=]*\] \+?= .*;)$")


def function(api: str, head: str, lines: Sequence[str]) -> str:
    """A function, without what nothing reads."""
    count, lines = -1, [f"  {line}" for line in lines]
    while count != len(lines):
        count, lines = len(lines), _read(lines)
    return "\n".join([f"{api} void {head} {{", *lines, "}"])


def _read(lines: Sequence[str]) -> list[str]:
    """The lines that define something that another one reads, and loops that do something."""
    arrays = {match[1] for line in lines if (match := _ARRAY.match(line))}
    elements = [match for line in lines if (match := _ELEMENT.match(line)) and match[1] in arrays]
    written = {match.string for match in elements}
    read = words([line for line in lines if line not in written and not _ARRAY.match(line)])
    read |= words([match[2] for match in elements])
    used: set[str] = set()
    out: list[str] = []
    for line in reversed(lines):
        defines = _CONSTANT.match(line)
        if defines and defines[1] not in used:
            continue
        place = _ARRAY.match(line) or (_ELEMENT.match(line) if line in written else None)
        if place and place[1] not in read:
            continue
        if line.lstrip().startswith("for (int ") and out and out[-1].strip() == "}":
            out.pop()  # nothing is left inside of it
            continue
        used |= words([line])
        out.append(line)
    return out[::-1]


def words(lines: Iterable[str]) -> set[str]:
    """All names in lines."""
    return {word for line in lines for word in _WORD.findall(line)}


def taken(member: str, shape: tuple[int, ...], dtype: np.dtype, scope: Scope) -> tuple[Value, list[Input]]:
    """An argument that is a member of a struct, and what has to be loaded of it.

    Args:
        member: ``state->s0``, from which the names inside are made.
        shape: of the argument.
        dtype: of its numbers.
        scope: that sees it.
    """
    name, size = _WORD.findall(member)[-1], int(np.prod(shape))
    if size > NUMBERS[scope.is_once]:
        return Stored(name, np.arange(size).reshape(shape), dtype, scope), [
            Input(name, member_type(dtype), member, size)
        ]
    atoms, inputs = np.empty(shape, object), []
    for n, place in enumerate(np.ndindex(shape)):
        atoms[place] = Name(f"{name}_{n}", dtype, scope)
        inputs.append(Input(f"{name}_{n}", TYPES[dtype.name], f"{member}[{n}]"))
    return Written(atoms, dtype), inputs


@final
class Prepared:
    """What the first function leaves for the second: one array of each type, in the order in which it is met."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def place(self, ctype: str, size: int) -> str:
        """Where numbers go."""
        start = self.sizes.get(ctype, 0)
        self.sizes[ctype] = start + size
        return f"prepared->{_member(ctype)} + {start}"

    @property
    def members(self) -> list[Member]:
        return [Member(ctype, _member(ctype), size) for ctype, size in self.sizes.items()]


def _member(ctype: str) -> str:
    return {"double": "reals", "float": "reals", "int": "flags"}.get(ctype, f"{ctype}s")


def handed_on(w: Writer, inputs: Sequence[Input]) -> tuple[list[str], list[str], Prepared]:
    """The lines that prepare, the lines at the beginning of each block, and what is between them.

    Args:
        w: with what follows from the knobs in `knobs` and the rest in `sample`.
        inputs: of both; those from the state are there in both.
    """
    used, prepared = words(w.sample.lines), Prepared()
    first, last, begin, lines = [], [], [], list(w.knobs.lines)
    for name, (ctype, size) in w.arrays.items():
        if name in used:
            place = prepared.place(ctype, size)
            first.append(f"{ctype} *const {name} = {place};")
            begin.append(f"const {ctype} *const {name} = {place};")
            lines.remove(f"{ctype} {name}[{size}];")
    for name, ctype in w.numbers.items():
        if name in used:
            place = prepared.place(ctype, 1)
            last.append(f"*({place}) = {name};")
            begin.append(f"const {ctype} {name} = *({place});")
    mine = words([*lines, *last])
    for item in inputs:
        if item.name in used and not item.source.startswith("state->"):
            size = item.size or 1
            place = prepared.place(item.ctype, size)
            copied = (
                f"memcpy({place}, {item.name}, {size}*sizeof({item.ctype}));"
                if item.size
                else f"*({place}) = {item.name};"
            )
            last.append(copied)
            sign = "*const " if item.size else ""
            begin.append(f"const {item.ctype} {sign}{item.name} = {place if item.size else f'*({place})'};")
            mine.add(item.name)
    loads = [item.loaded() for item in inputs if item.name in mine]
    begin += [item.loaded() for item in inputs if item.name in used and item.source.startswith("state->")]
    return [*loads, *first, *lines, *last], begin, prepared

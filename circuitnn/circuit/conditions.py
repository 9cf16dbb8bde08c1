"""``.if`` to ``.endif``, and blocks of lines that are for other programs' ears."""

import re
from collections.abc import Callable, Iterable, Iterator

from circuitnn.circuit.journal import Journal
from circuitnn.circuit.lines import Line
from circuitnn.circuit.values import parse_parameter
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.tree import Expression, Name, number, substitute
from circuitnn.expressions.values import Value, folded

MAX_STEPS = 50  # from parameter to parameter

# The control language of ngspice, state machines of LTspice, names and tables of PSpice and HSPICE.
_PASSED_OVER = {
    ".control": ".endc", ".machine": ".endmachine", ".aliases": ".endaliases", ".data": ".enddata", ".text": ".endtext",
}  # fmt: skip
_CONDITION = re.compile(r"\.(?:else)?if\s*(.*)", re.IGNORECASE | re.DOTALL)

Lookup = Callable[[str], Value | None]


def to_be_read(lines: Iterable[Line], lookup: Lookup, journal: Journal) -> Iterator[Line]:
    """The lines that count: those in the branches that are taken, and none of blocks that say nothing of the circuit.

    Args:
        lines: of a block; what is inside its subcircuits is left as it is.
        lookup: the value of a parameter by its name, None where there is none.
        journal: hears of what is taken and what is at fault.
    """
    branches: list[bool | None] = []  # of each .if around: is read, is not read yet, or was read
    depth, until = 0, ""
    for line in lines:
        word = line.word
        if until:
            until = "" if word == until else until
            continue
        depth = max(0, depth + (word == ".subckt") - (word == ".ends" and depth > 0))
        if depth or word == ".ends":
            if all(branches):
                yield line
            continue
        with journal.gathering():
            if word in _PASSED_OVER:
                until = _PASSED_OVER[word]
            elif word == ".if":
                is_reached = all(branches)
                branches.append(None)  # nothing is read where the condition is at fault
                branches[-1] = holds(line, lookup, journal) if is_reached else None
            elif word in (".elseif", ".elif", ".else", ".endif"):
                _next_branch(line, word, branches, lookup, journal)
            elif all(branches):
                yield line


def _next_branch(line: Line, word: str, branches: list[bool | None], lookup: Lookup, journal: Journal) -> None:
    if not branches:
        raise line.error(f"{word} without .if")
    latest = branches.pop()
    if word == ".endif":
        return
    is_next = latest is False and all(branches)
    branches.append(None)
    if is_next:
        branches[-1] = True if word == ".else" else holds(line, lookup, journal)


def holds(line: Line, lookup: Lookup, journal: Journal) -> bool:
    """Whether the condition of a line holds, with the parameters at their defaults.

    Raises:
        NetlistError: where it is no condition, or depends on what is not known.
    """
    match = _CONDITION.fullmatch(line.text)
    text = match[1].strip() if match else ""
    try:
        value = at_defaults(parse_parameter(text, Functions(dialect=line.dialect)), lookup)
    except NetlistError as error:
        raise line.error(f"{line.word} {text}: {error}") from None
    is_taken = value != 0.0
    journal.note(line, f"{text} {'holds' if is_taken else 'does not hold'} at the defaults of the parameters")
    return is_taken


def at_defaults(value: Value, lookup: Lookup) -> float:
    """The number that a value has with what a function says of its parameters.

    Raises:
        NetlistError: where it depends on what is not known, or parameters refer to each other in a circle.
    """
    for _ in range(MAX_STEPS):
        if isinstance(value, float):
            return value
        value = folded(substitute(value, lambda leaf: _with_value(leaf, lookup)))
    raise NetlistError("parameters that refer to each other in a circle")


def _with_value(leaf: Expression, lookup: Lookup) -> Expression:
    if not isinstance(leaf, Name):
        raise NetlistError(f"{leaf} is not known before the circuit is")
    value = lookup(leaf.name.lower())
    if value is None:
        raise NetlistError(f"unknown parameter {leaf.name}")
    return number(value) if isinstance(value, float) else value

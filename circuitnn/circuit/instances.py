"""X lines, and PSpice's headings in them and in ``.subckt`` lines."""

from collections.abc import Callable
from dataclasses import dataclass

from circuitnn.circuit.elements import megohms_of, node, words_of
from circuitnn.circuit.lines import Line
from circuitnn.circuit.values import assignments, parse_parameter
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.values import Value


@dataclass(frozen=True)
class Instance:
    """An X line."""

    name: str
    nodes: tuple[str, ...]
    subcircuit: str
    assigned: dict[str, Value]
    line: Line


def instance(line: Line, functions: Functions, note: Callable[[Line, str], None]) -> Instance:
    """What an X line says.

    Raises:
        NetlistError: naming the line, where it is none.
    """
    try:
        name, rest = words_of(line)
        under = headed(rest)
        if under["text:"]:
            note(line, f"{name}: TEXT: {' '.join(under['text:'])} passed over")
        words, assigned = assignments(under["params:"], lambda message: note(line, f"{name}: {message}"))
        words = [word for word in words if word != "/"]  # some write it before the name
        if not words:
            raise NetlistError(f"{name} needs its nodes, then the name of a .subckt")
        values = {key: parse_parameter(text, functions) for key, text in assigned.items()}
        for message in (message for key, text in assigned.items() for message in megohms_of(key, text)):
            note(line, message)
        return Instance(name, tuple(node(word) for word in words[:-1]), words[-1], values, line)
    except NetlistError as error:
        raise error.at(line.number, line.text, line.file) from None


def headed(words: list[str]) -> dict[str, list[str]]:
    """The words of a .subckt or X line by PSpice's headings; what stands before any is among the parameters."""
    under: dict[str, list[str]] = {"params:": [], "optional:": [], "text:": []}
    section = under["params:"]
    for word in words:
        heading = word.lower()
        if heading in under or heading == "params":
            section = under["params:" if heading == "params" else heading]
        else:
            section.append(word)
    return under

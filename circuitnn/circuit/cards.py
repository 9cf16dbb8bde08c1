"""Dot lines: ``.param``, ``.model``, and those that say nothing about the circuit."""

import logging
import re
from dataclasses import dataclass

from circuitnn.circuit.components import DIODE_DEFAULTS
from circuitnn.circuit.elements import Value, assignments, parse_value, tokens
from circuitnn.circuit.errors import NetlistError
from circuitnn.circuit.expression import constant, names_in
from circuitnn.circuit.expression_parser import parse_expression
from circuitnn.circuit.lines import Line
from circuitnn.circuit.numbers import parse_number

_log = logging.getLogger(__name__)

_ANALYSES = {
    ".tran", ".ac", ".op", ".dc", ".noise", ".tf", ".four", ".fourier", ".backanno", ".wav", ".wave", ".save", ".print",
    ".plot", ".probe", ".meas", ".measure", ".width", ".sens", ".pz", ".disto", ".step", ".net",
}  # fmt: skip
_UNSUPPORTED = {
    ".include": "included files", ".inc": "included files", ".lib": "library files", ".subckt": "subcircuits",
    ".ends": "subcircuits", ".func": "user functions", ".ic": "initial conditions", ".nodeset": "initial guesses",
    ".global": "global nodes", ".if": "conditions",
}  # fmt: skip

# Parameters of a .model D that change nothing at 27 C while the ones of _MUST_BE_ZERO are zero.
_MUST_BE_ZERO = {"cjo", "cj0", "cjp", "tt", "isr"}
_WITHOUT_EFFECT = {"m", "mj", "vj", "pb", "fc", "eg", "xti", "kf", "af", "ibv", "nbv", "nr", "level", "tnom", "tref"}
_DATA_SHEET = {"mfg", "type", "iave", "vpk", "irms"}  # LTspice's notes, not all of them numbers


@dataclass(frozen=True)
class ModelCard:
    """A ``.model`` as written; what its parameters mean is checked once a component uses it."""

    name: str
    kind: str
    assigned: tuple[tuple[str, str], ...]
    line: Line


def parse_parameters(line: Line) -> list[tuple[str, Value]]:
    """The ``name=value`` pairs of a ``.param`` line; values are numbers or expressions, with braces or without."""
    body = re.sub(r"^\S+\s*", "", line.text)
    starts = list(re.finditer(r"([^\W\d]\w*)\s*=", _blank_braces(line, body)))
    if not starts or body[: starts[0].start()].strip(" ,"):
        raise line.error(".param needs name=value pairs; names are letters, digits and _")
    pairs = []
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        text = body[match.end() : following.start() if following else None].strip(" \t,")
        try:
            pairs.append((match.group(1), _parameter_value(text)))
        except NetlistError as error:
            raise NetlistError(f".param {match.group(1)}: {error}", line.number, line.text) from None
    return pairs


def _parameter_value(text: str) -> Value:
    text = text.strip("'\"").strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    try:
        return parse_number(text.strip())
    except NetlistError:
        expression = parse_expression(text)
    if any(True for _ in names_in(expression)):
        return expression
    number = constant(expression)
    if number != number or abs(number) == float("inf"):
        raise NetlistError(f"{text} has no finite value")
    return number


def _blank_braces(line: Line, text: str) -> str:
    """The text with what is in braces blanked out, so that positions stay."""
    if text.count("{") != text.count("}"):
        raise line.error("unbalanced braces")
    return re.sub(r"\{[^{}]*\}", lambda match: " " * len(match.group()), text)


def parse_model(line: Line) -> ModelCard:
    """A ``.model NAME KIND(NAME=VALUE ...)`` line."""
    try:
        words, assigned = assignments(tokens(line.text)[1:])
    except NetlistError as error:
        raise error.at(line.number, line.text) from None
    if len(words) < 2:
        raise line.error(".model needs a name and a kind: .model NAME D(IS=... N=...)")
    name, kind, *extra = words
    if extra and kind.upper() == "D":
        raise line.error(f".model {name}: unknown parameter {extra[0]!r}")
    return ModelCard(name, kind.upper(), tuple(assigned.items()), line)


def diode_parameters(card: ModelCard) -> dict[str, Value]:
    """IS, N and, where it is given and not zero, RS of a diode's ``.model``.

    Raises:
        NetlistError: for a parameter that would change the answer and that this library does not model.
    """
    found: dict[str, Value] = dict(DIODE_DEFAULTS)
    for name, text in card.assigned:
        where = f".model {card.name}: {name.upper()}"
        if name in _DATA_SHEET:
            continue
        try:
            value = parse_value(text)
        except NetlistError as error:
            raise NetlistError(f"{where}: {error}", card.line.number, card.line.text) from None
        if name in ("is", "n", "rs", "js"):
            if isinstance(value, float) and not (value > 0 or (name == "rs" and value == 0)):
                raise card.line.error(f"{where} must be positive, got {value:g}")
            if name == "rs" and value == 0:
                continue
            found["IS" if name == "js" else name.upper()] = value
        elif name not in _WITHOUT_EFFECT | _MUST_BE_ZERO:
            raise card.line.error(f"{where} is not supported; diodes here have IS, N and RS")
        elif name in _MUST_BE_ZERO and value != 0:
            raise card.line.error(f"{where} is not supported: leave it out or make it zero")
        elif name == "level" and value != 1:
            raise card.line.error(f"{where} must be 1")
        elif name in ("tnom", "tref") and value != 27:
            raise card.line.error(f"{where} must be 27 (degrees Celsius)")
    return found


def skip_directive(line: Line) -> None:
    """Note a line that says nothing about the circuit itself; refuse what would change the answer unheard."""
    directive, *words = line.text.lower().replace("=", " ").split()
    if directive in _UNSUPPORTED:
        raise line.error(f"{directive}: {_UNSUPPORTED[directive]} are not supported yet")
    if directive == ".temp":
        _check_temperatures(line, words)
    elif directive in (".option", ".options"):
        for name, value in zip(words, words[1:], strict=False):
            if name in ("temp", "tnom"):
                _check_temperatures(line, [value])
    elif directive not in _ANALYSES:
        raise line.error(f"unknown directive {directive}")
    _log.info("line %d: %s has no part in the circuit and is ignored", line.number, directive)


def _check_temperatures(line: Line, words: list[str]) -> None:
    for word in words:
        try:
            value = parse_number(word)
        except NetlistError as error:
            raise line.error(f"temperature: {error}") from None
        if value != 27:
            raise line.error(f"the temperature is 27 C here, got {word}")

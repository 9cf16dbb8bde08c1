"""Dot lines: ``.param``, ``.func``, and those that say nothing about the circuit."""

import difflib
import logging
import re
from collections.abc import Callable

from circuitnn.circuit.lines import Line
from circuitnn.expressions.parser import Macro

_log = logging.getLogger(__name__)

_ANALYSES = {
    ".tran", ".ac", ".op", ".dc", ".noise", ".tf", ".four", ".fourier", ".backanno", ".wav", ".wave", ".save", ".print",
    ".plot", ".probe", ".probe64", ".meas", ".measure", ".width", ".sens", ".pz", ".disto", ".step", ".net",
    ".option", ".options", ".opt", ".csparam", ".savebias", ".loadbias", ".ferret", ".output", ".watch", ".view",
    ".autoconverge", ".distribution", ".mc", ".wcase", ".stimulus", ".stmlib", ".vector", ".external", ".alter",
    ".protect", ".unprotect", ".prot", ".unprot", ".noisepar", ".checkpoint", ".optimize", ".graph", ".machine",
    ".endmachine", ".text", ".autoplot", ".scope", ".aliases", ".endaliases", ".alias", ".hb", ".sp", ".acmodel",
}  # fmt: skip
# Of programs that make plug-ins of netlists: what may be turned, what it is driven by. The values stand in the parts.
_CONTROLS = {".pot", ".wiper", ".switch", ".gang", ".runtime", ".input", ".input_impedance", ".linearize"}
_ALL = (
    ".param", ".func", ".model", ".subckt", ".ends", ".include", ".lib", ".global", ".temp", ".options", ".ic",
    ".nodeset", ".title", ".control", ".endc", ".end", ".if", ".endif", *sorted(_ANALYSES),
)  # fmt: skip
_STEPPED = re.compile(
    r"\.step\s+(?:(?:oct|dec|lin)\s+)?param\s+([^\W\d]\w*)\s*=?\s*(?:list\s+)?([^\s,]+).*", re.IGNORECASE | re.DOTALL
)
_FUNCTION = re.compile(
    r"\.(?:func(?:tion)?|params?)\s+([^\W\d]\w*)\s*\(([^()]*)\)\s*=?\s*(.*)", re.IGNORECASE | re.DOTALL
)
_BARE = re.compile(r"([^\W\d]\w*)\s+(\S.*)", re.DOTALL)  # as LTspice takes it: .param x 2k
_ASSIGNED = re.compile(r"([^\W\d]\w*)\s*=(?!=)")


def parse_parameters(line: Line) -> list[tuple[str, str]]:
    """The ``name=value`` pairs of a ``.param`` line; values are the texts of numbers or expressions."""
    body = re.sub(r"^\S+\s*", "", line.text)
    blanked = _blank_groups(line, body)
    if "=" not in blanked and (bare := _BARE.fullmatch(body)):
        return [(bare[1], bare[2])]
    starts = list(_ASSIGNED.finditer(blanked))
    if not starts or body[: starts[0].start()].strip(" ,"):
        raise line.error(".param needs name=value pairs; names are letters, digits and _")
    pairs = []
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        pairs.append((match.group(1), body[match.end() : following.start() if following else None].strip(" \t,")))
    return pairs


def _blank_groups(line: Line, text: str) -> str:
    """The text with what is in braces or quotes blanked out, so that positions stay."""
    if text.count("{") != text.count("}"):
        raise line.error("unbalanced braces")
    return re.sub(r"\{[^{}]*\}|'[^']*'", lambda match: " " * len(match.group()), text)


def is_function(line: Line) -> bool:
    """Whether a ``.param`` line has a function, as ngspice takes it: .param f(a,b)={a*b}."""
    return re.match(r"\.params?\s+\w+\s*\([^()]*\)\s*=", line.text, re.IGNORECASE) is not None


def parse_function(line: Line) -> tuple[str, Macro]:
    """A ``.func name(a,b) {body}`` line; an ``=`` before the body is optional."""
    match = _FUNCTION.fullmatch(line.text)
    if match is None:
        raise line.error(".func needs a name, its parameters and a body: .func f(a,b) {a*b}")
    name, listed, body = match.groups()
    parameters = tuple(word.strip().lower() for word in listed.split(",")) if listed.strip() else ()
    if not all(re.fullmatch(r"[^\W\d]\w*", word) for word in parameters) or len(set(parameters)) < len(parameters):
        raise line.error(f".func {name}: parameters are different names of letters, digits and _")
    body = body.strip()
    if body[:1] in ("{", "'") and body[-1:] in ("}", "'"):
        body = body[1:-1]
    return name, Macro(parameters, body.replace("{", "(").replace("}", ")"), line.dialect)


def stepped_parameters(line: Line) -> list[tuple[str, str, Line]]:
    """The parameter that a ``.step`` line runs over and its first value, the default where no other is said."""
    match = _STEPPED.fullmatch(line.text)
    return [] if match is None or match[2].lower().startswith("file") else [(match[1], match[2], line)]


def skip_directive(line: Line, note: Callable[[Line, str], None]) -> None:
    """Pass over a line that says nothing about the circuit itself; refuse what would change the answer unheard."""
    directive = line.text.lower().replace("=", " ").split()[0]
    if directive in _CONTROLS:
        note(line, f"{directive} is of another program's controls and passed over: the parts keep their values")
        return
    if directive not in _ANALYSES:
        near = difflib.get_close_matches(directive, _ALL, 1)
        hint = f": is {near[0]} meant?" if near else ""
        raise line.error(f"unknown directive {directive}{hint}")
    _log.info("line %d: %s has no part in the circuit and is ignored", line.number, directive)

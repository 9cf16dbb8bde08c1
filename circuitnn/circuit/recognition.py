"""Which program a netlist is written for, by what is in it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, final

from circuitnn.circuit.controlled import parse_elements
from circuitnn.circuit.journal import Journal
from circuitnn.circuit.lines import Line, physical_lines
from circuitnn.expressions.dialect import DIALECTS, KICAD, LTSPICE, NGSPICE, PSPICE, UNTOLD, Dialect
from circuitnn.expressions.parser import Functions, Macro
from circuitnn.expressions.powers import unsigned

_SURE, _LIKELY, _HINT = 8, 3, 1
_LTSPICES_OWN = r"standard\.\w+|universalopamps?\d?\.(?:sub|lib)|(?:ltc|adi)\d*\.lib|opamp\.sub"

# (weight, dialect, what a line has in it). What several programs read alike is no sign.
_SIGNS = [
    (weight, dialect, re.compile(sign, re.IGNORECASE))
    for weight, dialect, sign in (
        (_SURE, LTSPICE, r"^\* .*[\\/].*\.asc$"),
        (_SURE, LTSPICE, r"^\.backanno\b"),
        (_SURE, LTSPICE, rf"^\.(?:lib|inc)\w*\s.*\b(?:{_LTSPICES_OWN})\b|^\.(?:lib|inc)\w*\s.*\bltspice"),
        (_SURE, LTSPICE, "^[a-z]§"),
        (_LIKELY, LTSPICE, r"^\.wave\b|\bwavefile\s*="),
        (_LIKELY, LTSPICE, r"^[rclvi]\S*\s.*\b(?:rser|lser|rpar|cpar)\s*="),
        (_LIKELY, LTSPICE, r"\b(?:uplim|dnlim|idtmod|buf|inv|flat|mc)\s*\(|\b(?:i[bcdegs]|ix)\(\w"),
        (_HINT, LTSPICE, r"\b(?:mfg|iave|vpk|irms|icrating)\s*=|^\.function\b"),
        (_HINT, LTSPICE, r"[\w)]\s*\*\*\s*[\w(.+-]"),
        (
            _SURE,
            PSPICE,
            r"^\.lib\s+\"?(?:.*[\\/])?nom\.lib|\boptional:|\btext:|^\.(?:stimulus|aliases|stmlib|vector)\b",
        ),
        (_LIKELY, PSPICE, r"(?:^|\s)\$[ng]_\w+|\bpwrs\s*\(|\b(?:dev|lot)\s*=\s*[\d.]+\s*%|^\.probe(?:/csdf)?\s*$"),
        (_HINT, PSPICE, r"\b(?:if|stp|limit)\s*\("),
        (3 * _SURE, NGSPICE, r"^\.control\b"),  # whatever the text was before, no other program takes it
        (_SURE, NGSPICE, r"^\.csparam\b|\bngbehavior\b|\bternary_fcn\s*\("),
        (_LIKELY, NGSPICE, r"\b(?:agauss|aunif)\s*\(|^a\S*\s.*[\[\]%]"),
        (3 * _SURE, NGSPICE, r"^\* with the powers of ngspice$"),
        (_SURE, KICAD, r"^\.title kicad\b"),
        (_LIKELY, KICAD, r"(?:^|\s)/\w+|\bnet-_\w+|^\.probe alli\b|^\.model\s+\S+\s+potentiometer\b"),
    )
]
_MIL = re.compile(r"(?<![\w.])[\d.]+mil\w*", re.IGNORECASE)
_BRACES = re.compile(r"\{[^{}]*\}|'[^']*'")
_NOISE = re.compile(r"\b(?:rand|random|white)\s*\(", re.IGNORECASE)
_DEPENDENT = re.compile(r"\b(?:pwr|pow)\s*\(|\^|\*\*", re.IGNORECASE)


@final
class Recognised(NamedTuple):
    """A dialect, and the line that tells; None where nothing does."""

    dialect: Dialect
    line: Line | None = None

    def note(self, journal: Journal) -> None:
        """Say it where it is not what this library takes everything for."""
        if self.line is not None and self.dialect.is_sure and self.dialect != NGSPICE:
            message = f"read as {self.dialect} does, by {self.line.text[:60]!r}; dialect= names another program"
            journal.note(self.line, message)


def by_name(dialect: str) -> Recognised | None:
    """The dialect that the user says; None for "auto".

    Raises:
        ValueError: for a name that is none.
    """
    if dialect != "auto" and dialect not in DIALECTS:
        raise ValueError(f"dialect: {dialect!r} is none of auto, {', '.join(DIALECTS)}")
    return None if dialect == "auto" else Recognised(DIALECTS[dialect])


def recognised(text: str) -> Recognised:
    """The dialect of a netlist by its signs; of two that are as likely the one that is first in the list."""
    sums = _signs(text, "")
    if not sums:
        return Recognised(UNTOLD)
    dialect = max(sums, key=lambda dialect: sums[dialect][0])
    total, line = sums[dialect]
    is_sure = total >= (_LIKELY if dialect is NGSPICE else _SURE)
    return Recognised(dialect if is_sure else _guessed(dialect), line)


def recognised_inside(text: str, file: str, outer: Dialect) -> Recognised:
    """The dialect of an included file: LTspice and PSpice read all as their own, others are to read those of others."""
    sums = _signs(text, file) if outer not in (LTSPICE, PSPICE) else {}
    sums = {dialect: told for dialect, told in sums.items() if told[0] >= _LIKELY}
    if not sums:
        return Recognised(outer)
    dialect = max(sums, key=lambda dialect: sums[dialect][0])
    return Recognised(dialect, sums[dialect][1])


def guess(line: Line, macros: Mapping[str, Macro]) -> str:
    """What to say of an element that another program would give another value, which may be meant."""
    if _NOISE.search(line.text):
        return "rand, random and white are noise in LTspice: their means, 0.5, 0.5 and 0, are in their place"
    if said := mil_in_braces(line):
        return said
    if "laplace" in line.text.lower():  # powers of s are the same everywhere
        return ""
    if line.dialect.caret == "xor" and "^" in line.text:
        return "a^b is the exclusive or of two truths in LTspice; a power is a**b"
    if line.dialect.is_sure or not _DEPENDENT.search(line.text):
        return ""
    ngspice, others = (
        [
            element.component.value and unsigned(element.component.value)
            for element in parse_elements(line, Functions(macros, dialect))
            if element.component.is_behavioural
        ]
        for dialect in (NGSPICE, PSPICE)
    )
    if ngspice == others:
        return ""
    x3, pwr = ("sgn(x) abs(x)**3", "abs(x)**y") if line.dialect.keeps_sign else ("abs(x)**3", "sgn(x) abs(x)**y")
    return f"powers as in {line.dialect}: x**3 is {x3}, pwr(x,y) is {pwr}; dialect= names another program"


def mil_in_braces(line: Line) -> str:
    """What to say of an element or a ``.param`` in which ngspice takes 1mil for 1m; nothing where there is none."""
    if line.dialect.mil or line.text[0] in "bBeEgG" or "mil" not in line.text.lower():
        return ""
    match = _MIL.search(line.text if line.text[0] == "." else " ".join(_BRACES.findall(line.text)))
    meaning = "mil is a milli in ngspice's braces and .param, a thousandth of an inch elsewhere"
    return f"{match[0]}: {meaning}" if match else ""


def _guessed(dialect: Dialect) -> Dialect:
    """A dialect by hints alone, without what would surprise where it is not the one."""
    caret = "both" if dialect.caret == "xor" else dialect.caret
    return replace(dialect, caret=caret, compact=False, is_sure=False)


def _signs(text: str, file: str) -> dict[Dialect, tuple[int, Line]]:
    """Of each dialect the sum of its signs, and the line with the greatest of them."""
    comments: dict[str, int] = {}  # each once, with the number of the first that is the same
    statements: dict[str, int] = {}
    for number, raw in enumerate(physical_lines(text), start=1):
        stripped = raw.strip()
        (comments if stripped.startswith("*") else statements).setdefault(stripped, number)
    sums: dict[Dialect, tuple[int, Line]] = {}
    for weight, dialect, sign in sorted(_SIGNS, key=lambda sign: -sign[0]):
        lines = comments if sign.pattern.startswith(r"^\*") else statements
        first = next((stripped for stripped in lines if sign.search(stripped)), None)
        if first is not None:
            total, line = sums.get(dialect, (0, Line(lines[first], first, file)))
            sums[dialect] = (total + weight, line)
    return sums

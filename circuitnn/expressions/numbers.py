"""Numbers as SPICE writes them: engineering suffixes, then letters that say the unit and mean nothing."""

import math
import re

from circuitnn.expressions.errors import NetlistError

# Longest first: "meg" and "mil" start with an "m" of their own.
_SUFFIXES = (
    ("meg", "e6"), ("mil", "e-6"), ("t", "e12"), ("g", "e9"), ("k", "e3"), ("m", "e-3"),
    ("u", "e-6"), ("\N{GREEK SMALL LETTER MU}", "e-6"), ("n", "e-9"), ("p", "e-12"), ("f", "e-15"),
)  # fmt: skip
_MIL = 25.4  # micrometres
_UNITS = frozenset({
    "", "ohm", "ohms", "r", "\N{GREEK SMALL LETTER OMEGA}", "f", "farad", "farads", "h", "henry", "henries", "v",
    "volt", "volts", "a", "amp", "amps", "ampere", "s", "sec", "hz", "w", "c", "degc",
})  # fmt: skip

UNSIGNED = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[^\W\d_]*"
# 4k7, and its parts; R stands for the point alone.
COMPACT = r"[0-9]+(?i:meg|mil|[tgkmunpfr\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}])[0-9]+(?![\w.])"
_COMPACT = re.compile(r"([+-]?[0-9]+)([^\W\d_]+)([0-9]+)")
_PARTS = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,6}))?([^\W\d_]*)")


def parse_number(text: str, *, compact: bool = False, mil: bool = True) -> float:
    """The value of a SPICE number such as ``2.2k``, ``10nF``, ``1meg`` or ``-3e-2``, in SI units.

    Letters may follow the suffix and are ignored. As in SPICE, ``M`` is milli (mega is ``meg``) and ``F`` is femto,
    never farad: ``1F`` is 1e-15.

    Args:
        text: the number.
        compact: whether ``4k7`` is 4.7k, as LTspice reads it. It is an error otherwise, because SPICE reads it as 4k.
        mil: whether ``1mil`` is a thousandth of an inch and not 1m.

    Raises:
        NetlistError: when the text is no finite number.
    """
    split = _COMPACT.fullmatch(text) if compact and re.fullmatch(r"[+-]?" + COMPACT, text) else None
    if split is not None:
        whole, suffix, fraction = split.groups()
        text = f"{whole}.{fraction}{'' if suffix in 'rR' else suffix}"
    match = _PARTS.fullmatch(text)
    if match is None:
        hint = ""
        if split := _COMPACT.fullmatch(text):
            whole, suffix, fraction = split.groups()
            suffix = {"M": "Meg", "R": "", "r": ""}.get(suffix, suffix)
            hint = f": write {whole}.{fraction}{suffix} instead of {text}" if len(text) <= 40 else ""
        raise NetlistError(f"{_short(text)} is not a number{hint}")
    sign, digits, exponent, letters = match.groups()
    letters = letters.casefold()  # the micro sign becomes the Greek letter
    name, power = next(((name, power) for name, power in _SUFFIXES if letters.startswith(name)), ("", "e0"))
    # One conversion from decimal: 0.47u is the float nearest to 4.7e-7, which 0.47 * 1e-6 is not.
    value = float(f"{sign}{digits}e{int(exponent or 0) + int(power[1:])}")
    if name == "mil":
        value *= _MIL if mil else 1e3
    if not math.isfinite(value):
        raise NetlistError(f"{_short(text)} is too large")
    return value


def check_letters(text: str) -> None:
    """Refuse letters behind a number that SPICE would skip or read as others than were meant, where nobody has to
    follow SPICE: in what is typed, and not in a netlist.

    Raises:
        NetlistError: for ``22q``, which SPICE reads as 22, and for ``1M`` and ``1F``, its milli and femto.
    """
    match = _PARTS.fullmatch(text)
    letters = match[4] if match else ""
    if letters in ("M", "F", "MOhm", "Mohm", "M\N{GREEK CAPITAL LETTER OMEGA}"):
        number = text.removesuffix(letters)
        name, others = ("milli", ("Meg", "m")) if letters[0] == "M" else ("femto", ("", "f"))
        write = " or ".join(number + other for other in others)
        raise NetlistError(f"{_short(text)}: {letters[0]} is {name} in SPICE: write {write}")
    folded = letters.casefold()
    suffix = next((name for name, _ in _SUFFIXES if folded.startswith(name)), "")
    if folded not in _UNITS and folded.removeprefix(suffix) not in _UNITS:
        raise NetlistError(
            f"{_short(text)}: {letters} is neither a suffix (T, G, Meg, k, m, u, n, p, f) nor a unit behind one"
        )


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")

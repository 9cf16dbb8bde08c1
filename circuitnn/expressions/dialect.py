"""What programs read otherwise than each other: powers, comments, truth, numbers."""

import re
from dataclasses import dataclass, replace
from typing import final


@final
@dataclass(frozen=True)
class Dialect:
    """How a program reads a netlist.

    Attributes:
        name: of the program.
        keeps_sign: whether x**y and pow(x,y) are the real part of the power, so that x**3 keeps the sign of x; else
            they are the power of abs(x).
        caret: what ``a^b`` is: "power" as ``**``; "xor" of two truths; or "both", the latter of two relations.
        signs_pwr: whether pwr(x,y) of a B source is sgn(x) abs(x)**y; else it is abs(x)**y, as in PSpice.
        truth: number above which ``if``, ``&``, ``|`` and ``~`` take something for true; None where all but 0 is.
        at_zero: what the step u(0) is.
        compact: whether 4k7 is 4.7k.
        mil: whether 1mil in braces and of a ``.param`` is a thousandth of an inch, as it is elsewhere; else it is 1m.
        comment: what starts a comment in a line.
        is_sure: whether that it is this one was told; where it is guessed, what depends on it is said.
    """

    name: str
    keeps_sign: bool
    caret: str
    signs_pwr: bool
    truth: float | None
    at_zero: float
    compact: bool
    mil: bool
    comment: re.Pattern[str]
    is_sure: bool = True

    def __str__(self) -> str:
        return self.name


_HASH_DOLLAR_SLASHES = re.compile(r";|(?:^|(?<=\s))\$|//")
_SEMICOLON = re.compile(r";|(?:^|(?<=\s))(?://|\$(?=\s))")  # $N_1 is a node

# LTspice: its help, "B. Arbitrary Behavioral Voltage or Current Sources" and ".PARAM". PSpice: Cadence, PSpice User
# Guide 17.4, tables 3-3 and 3-4. ngspice: its manual 39, 5.1 and 2.8.5, and runs of it; KiCad's simulator is ngspice
# made to read PSpice and LTspice.
NGSPICE = Dialect("ngspice", False, "power", True, None, 0.5, False, False, _HASH_DOLLAR_SLASHES)
KICAD = Dialect("KiCad", True, "power", False, None, 0.5, False, False, _HASH_DOLLAR_SLASHES)
PSPICE = Dialect("PSpice", True, "both", False, None, 0.0, False, True, _SEMICOLON)
LTSPICE = Dialect("LTspice", True, "xor", False, 0.5, 0.0, True, True, _SEMICOLON)
UNTOLD = replace(NGSPICE, is_sure=False)
DIALECTS = {dialect.name.lower(): dialect for dialect in (LTSPICE, PSPICE, NGSPICE, KICAD)}

"""Elementary functions as C that an exported file carries itself: short chains, no branches, no library.

A loop over an array that calls them becomes vector instructions (gcc and clang at -O3; on x86, doubles need SSE 4.2),
and the same text makes functions of vector types, whose lanes are streams. They need <math.h> (INFINITY, NAN, sqrt) and
<stdint.h> only. Signs, infinities and NaN are as IEEE 754 has them; errno and flags are not. Bits are read through
unions: C99; in C++, gcc, clang and MSVC allow it.

They are right with fused multiply-adds and without, but not where arithmetic has more precision than the type (x87 of
32-bit x86), and with the order of sums as it is written. With -ffast-math, clang and MSVC are told so in the text; gcc
cannot be, and is then off by up to 70 units (and by 10^-16 of the argument in sin and cos), and knows no NaN.

One Zen 4 core, gcc 12, -O3 -march=native, ns: a double that is waited for takes 9.5 in exp, 11.9 in log, 21 in tanh
(glibc's, called: 8.9, 12.2, 32), one of an array of 64 0.9, 1.1, 0.9 (4.9, 4.1, 9.5), a float of it 0.34, 0.34, 0.34
(3.0, 3.3, 10.9).
"""

import re
from collections.abc import Iterable
from string import Template

from circuitnn.native import elementary_tables
from circuitnn.native.elementary import ALONE, FUNCTIONS, LOOPS, VECTORS
from circuitnn.native.elementary_numbers import Real, numbers

# Units of rounding that results are off by at the most, with fused multiply-adds or without; what is below four times
# the smallest normal number may be zero. Of float: every third number there is for exp and log, every 7th for tanh and
# sigmoid, every 97th for the others; of double: nine million, of all sizes and about where the arguments are cut.
ERRORS: dict[str, dict[Real, float]] = {
    "exp": {"float": 0.87, "double": 0.83},
    "expm1": {"float": 1.33, "double": 1.38},
    "log": {"float": 0.95, "double": 1.01},
    "log1p": {"float": 1.03, "double": 1.06},
    "tanh": {"float": 2.6, "double": 2.6},
    "sigmoid": {"float": 2.35, "double": 2.3},
    "sin": {"float": 0.93, "double": 0.87},  # for |x| < 10^5
    "cos": {"float": 0.95, "double": 0.87},  # for |x| < 10^5
    "sinh": {"float": 1.9, "double": 2.25},
    "cosh": {"float": 1.8, "double": 1.6},
    "omega": {"float": 1.5, "double": 1.5},
    "sqrt": {"float": 0.501, "double": 0.501},
}

# pow(x, y) of one number alone is that of <math.h>; in loops and lanes it is off by 2 + 2 |y ln x| units at the most.
AVAILABLE = tuple(sorted((*ERRORS, "pow")))
EXACT = ("larger", "smaller")  # of two numbers, without a branch
# clang and MSVC can be told to leave the order of sums as it is, whatever their flags; for gcc see `whole_number`.
_FAST = "#if (defined(__clang__) && defined(__FAST_MATH__)) || defined(_M_FP_FAST)"
_PRECISE = (_FAST, "#pragma float_control(precise, on, push)", "#endif")
_AS_BEFORE = (_FAST, "#pragma float_control(pop)", "#endif")


def definitions(names: Iterable[str], real: Real = "double", *, lanes: int = 0, prefix: str = "cn_") -> str:
    """C of the functions with those names and of all that they call, each `static inline`.

    Args:
        names: of `AVAILABLE`; with lanes also others of <math.h>, which are called for lane after lane.
        real: the type of argument and result.
        lanes: 0 for functions of one number, whose result is waited for; 1 for functions of one number that loops over
            arrays call, which gcc and clang make vector instructions of at -O3; 2, 4, 8 or 16 for functions of vectors
            of so many numbers (vector_size of gcc and clang).
        prefix: of every name in the text, so that two such texts can stand in one translation unit.

    Returns:
        the text; empty where there are no names. What a function is called, `function_name` says.

    Raises:
        KeyError: for a name that is not available.
    """
    templates = FUNCTIONS | (ALONE if lanes == 0 else LOOPS if lanes == 1 else VECTORS)
    if lanes == 0 and real == "double":
        templates |= elementary_tables.FUNCTIONS
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        for other in re.findall(r"\$(\w+)", templates[name]):
            if other in templates and other != name:
                visit(other)
        order.append(name)

    for name in sorted(names):
        if name not in templates:
            raise KeyError(f"no C for a function {name!r}: there are {', '.join(AVAILABLE)}")
        visit(name)
    if not order:
        return ""
    words = numbers(real) | elementary_tables.numbers() | _types(real, lanes, prefix)
    words |= {name: function_name(name, real, lanes=lanes, prefix=prefix) for name in templates}
    head = [_typedefs(real, lanes, words)] if lanes > 1 else []
    texts = (Template(templates[name].strip("\n")).substitute(words) for name in order)
    return "\n".join([*_PRECISE, *head, *texts, *_AS_BEFORE]) + "\n"


def function_name(name: str, real: Real = "double", *, lanes: int = 0, prefix: str = "cn_") -> str:
    """What a function is called in C: as in <math.h>, with a prefix, and the number of lanes behind."""
    return f"{prefix}{name}{'f' if real == 'float' else ''}{f'_{lanes}' if lanes else ''}"


def _types(real: Real, lanes: int, prefix: str) -> dict[str, str]:
    integer = "int32_t" if real == "float" else "int64_t"
    if lanes < 2:
        return {"R": real, "U": f"u{integer}", "M": "int"}
    return {letter: f"{prefix}{real}{lanes}{kind}" for letter, kind in (("R", ""), ("U", "_bits"), ("M", "_mask"))}


def _typedefs(real: Real, lanes: int, words: dict[str, str]) -> str:
    integer, size = ("int32_t", 4 * lanes) if real == "float" else ("int64_t", 8 * lanes)
    kinds = ((real, words["R"]), (f"u{integer}", words["U"]), (integer, words["M"]))
    return "\n".join(f"typedef {kind} {name} __attribute__((vector_size({size})));" for kind, name in kinds)

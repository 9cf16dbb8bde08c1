"""Elementary functions as C that an exported file carries itself: short chains, no branches, no tables, no library.

A loop over an array that calls them becomes vector instructions (gcc and clang at -O3, with or without -march), and the
same text makes functions of vector types, whose lanes are streams. They need <math.h> (INFINITY, NAN, sqrt) and
<stdint.h> only. Signs, infinities and NaN are as IEEE 754 has them; errno and flags are not. They are right with fused
multiply-adds (-ffp-contract=fast) and without; -ffast-math (-fassociative-math) breaks them, and so does arithmetic in
more than the precision of the type (x87 of 32-bit x86). Bits are read through unions: C99; in C++, gcc, clang and MSVC
allow it.
"""

import re
from collections.abc import Iterable
from string import Template

from circuitnn.native import elementary_tables
from circuitnn.native.elementary import ALONE, FUNCTIONS, LOOPS, VECTORS
from circuitnn.native.elementary_numbers import Real, numbers


def definitions(names: Iterable[str], real: Real = "double", *, lanes: int = 0, prefix: str = "cn_") -> str:
    """C of the functions with those names and of all that they call, each `static inline`.

    Args:
        names: of `AVAILABLE`.
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
        if name not in AVAILABLE:
            raise KeyError(f"no C for a function {name!r}: there are {', '.join(AVAILABLE)}")
        visit(name)
    if not order:
        return ""
    words = numbers(real) | elementary_tables.numbers() | _types(real, lanes, prefix)
    words |= {name: function_name(name, real, lanes=lanes, prefix=prefix) for name in templates}
    head = [_typedefs(real, lanes, words)] if lanes > 1 else []
    return "\n".join([*head, *(Template(templates[name].strip("\n")).substitute(words) for name in order)]) + "\n"


def function_name(name: str, real: Real = "double", *, lanes: int = 0, prefix: str = "cn_") -> str:
    """What a function is called in C: as in <math.h>, with a prefix, and the number of lanes behind."""
    return f"{prefix}{name}{'f' if real == 'float' else ''}{f'_{lanes}' if lanes else ''}"


AVAILABLE = tuple(sorted((*FUNCTIONS, "sqrt")))


def _types(real: Real, lanes: int, prefix: str) -> dict[str, str]:
    integer = "int32_t" if real == "float" else "int64_t"
    if lanes < 2:
        return {"R": real, "U": f"u{integer}", "M": "int"}
    return {letter: f"{prefix}{real}{lanes}{kind}" for letter, kind in (("R", ""), ("U", "_bits"), ("M", "_mask"))}


def _typedefs(real: Real, lanes: int, words: dict[str, str]) -> str:
    integer, size = ("int32_t", 4 * lanes) if real == "float" else ("int64_t", 8 * lanes)
    kinds = ((real, words["R"]), (f"u{integer}", words["U"]), (integer, words["M"]))
    return "\n".join(f"typedef {kind} {name} __attribute__((vector_size({size})));" for kind, name in kinds)

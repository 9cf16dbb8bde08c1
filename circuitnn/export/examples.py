"""A program around an exported header: plays a sound file."""

import re
from importlib import resources
from string import Template

from circuitnn.native import safe_name


def example(name: str, header: str | None = None) -> str:
    """A main program in C99 that plays a wav file through an exported header, with knobs and block size as arguments.

    Args:
        name: of the exported model, see `c`.
        header: file name of the header, for the `#include`; `name` with the ending .h when None.

    Raises:
        ValueError: for a file name that cannot stand in an `#include`.
    """
    p = safe_name(name)
    header = f"{p}.h" if header is None else header
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_. +-]*", header):
        raise ValueError(f"header {header!r}: letters, digits and _ . + - can stand in an #include; name it otherwise")
    text = Template(resources.files(__package__).joinpath("example_main.c").read_text(encoding="utf-8"))
    return text.substitute(p=p, P=p.upper(), header=header)

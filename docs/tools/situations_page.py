"""Writes docs/situations.md from what the library says in each situation: python -m docs.tools.situations_page."""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from docs.tools.generated import keep
from docs.tools.situations import SITUATIONS

INTRODUCTION = """\
# When something is wrong

What happens in everyday life, and what the library says to it. The right column is no promise made by hand: each
situation is played through when this page is written, and a check in continuous integration holds the page against the
code. An `...Error` stops, a `...Warning` goes on; where neither stands there, it is what is printed; `⏎` is a new line.

"""
LONGEST = 600  # characters


def page() -> str:
    """The whole page; every situation is played in an empty folder."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return INTRODUCTION + "\n".join(_lines())


def _lines() -> Iterator[str]:
    for group, situations in SITUATIONS.items():
        yield f"## {group}\n"
        yield "| situation | what is said |"
        yield "|---|---|"
        for situation, play in situations.items():
            yield f"| {situation} | {_code(said(play))} |"
        yield ""


def said(play: Callable[[], object]) -> str:
    """The error, the first warning, or what comes back, as text."""
    with warnings.catch_warnings(record=True) as caught, Path(os.devnull).open("w") as nowhere:
        warnings.simplefilter("always")
        try:
            with contextlib.redirect_stderr(nowhere):
                answer = str(play())
        except Exception as error:  # whatever comes is what is printed
            answer = f"{type(error).__name__}: {error}"
        else:
            if caught:
                answer = f"{caught[0].category.__name__}: {caught[0].message}"
    return answer if len(answer) <= LONGEST else answer[:LONGEST] + " ..."


def _code(text: str) -> str:
    """One line of code in a cell of a table, with a sign between what were lines."""
    line = " ⏎ ".join(" ".join(line.split()) for line in text.splitlines() if line.strip()).replace("|", "\\|")
    return f"`{line}`" if "`" not in line else f"`` {line} ``"


if __name__ == "__main__":
    sys.exit(keep("situations", page(), sys.argv[1:]))

"""What strangers wrote, made harmless for C: comments, texts in quotes, and names."""

import re
import textwrap
import unicodedata

from circuitnn.native import safe_name

WIDTH = 116
LONGEST_TEXT = 300


def plain_text(text: str) -> str:
    """On one line, in ASCII, not endless; whatever is a sign of control is a space."""
    letters = unicodedata.normalize("NFKD", str(text)[: 4 * LONGEST_TEXT]).encode("ascii", "ignore").decode()
    words = " ".join(re.sub(r"[^\x20-\x7e]", " ", letters).split())
    return words if len(words) <= LONGEST_TEXT else f"{words[: LONGEST_TEXT - 4]} ..."


def comment_text(text: str) -> str:
    """Such that it neither ends a comment nor begins one, is no trigraph, and does not go on to the next line."""
    apart = re.sub(r"(?<=\*)(?=/)|(?<=/)(?=[*/])|(?<=\?)(?=\?)", " ", plain_text(text).replace("\\", "|"))
    return re.sub(r"(?<=/)(?=[*/])|(?<=\?)(?=\?)", " ", apart)


def comment(*lines: str) -> str:
    """A comment of several lines, each folded where it is long; `lines` are made harmless here."""
    folded = [
        part for line in lines for part in (textwrap.wrap(comment_text(line), WIDTH, subsequent_indent="  ") or [""])
    ]
    return "\n".join(["/*", *(f" * {line}".rstrip() for line in folded), " */"])


def quoted(text: str) -> str:
    """A text of C in quotes: letters, digits and what means nothing to C, to printf, or to whoever shows it."""
    return '"' + re.sub(r"[^A-Za-z0-9 _.,:;()+\-/]", "_", plain_text(text)) + '"'


def identifiers(texts: tuple[str, ...]) -> list[str]:
    """Names of C made of texts, each another one."""
    names: list[str] = []
    for text in texts:
        name, count = safe_name(text), 2
        while name in names:
            name, count = f"{safe_name(text)}_{count}", count + 1
        names.append(name)
    return names

"""From a file or a string to logical lines: encoding, title, comments, continuation lines."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from circuitnn.expressions.dialect import NGSPICE, Dialect
from circuitnn.expressions.errors import MissingNetlistError, NetlistError
from circuitnn.opening import content, reason

MAX_CHARACTERS = 1_000_000
MAX_LINES = 20_000  # that say something
MAX_LIBRARY_LINES = 100_000  # of included files, and with them
MAX_LINE = 20_000  # characters of one logical line, its continuations included

# What steers a terminal or a printer and says nothing: Ctrl-Z, with which DOS ended texts, marks of byte order in the
# middle of joined files and marks without width are nothing; what Python takes for a space is one; others are shown.
_UNSEEN = {
    **{code: 0x2400 + code for code in range(0x20)},
    **dict.fromkeys(
        (*range(0x7F, 0xA0), *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD
    ),
    **dict.fromkeys((0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x1F, 0x85, 0x2028, 0x2029), " "),
    **dict.fromkeys((0x1A, 0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060), None),
    **{code: code for code in (0x09, 0x0A, 0x0D)},
}

_OTHERS = {  # by what they begin with
    "(export": "KiCad's netlist for boards: File, Export, Netlist has a page for SPICE",
    "(kicad_": "a file of KiCad's own: File, Export, Netlist writes a netlist for SPICE",
    "EESchema ": "a schematic of KiCad: it writes a netlist for SPICE",
    "<Qucs ": "a schematic of Qucs: it writes a netlist for SPICE",
    "<?xml": "XML, a schematic of LiveSPICE perhaps: the circuit has to be written as a netlist",
    "<!DOCTYPE": "a page of the web: the file behind it is what to fetch",
    "<html": "a page of the web: the file behind it is what to fetch",
}

_KICAD_NODE = re.compile(r"\b(net|unconnected)-\(([^()\s]+)\)", re.IGNORECASE)  # it writes Net-_C1-Pad1_ itself now
_DIRECTIVE = re.compile(r"\.[A-Za-z]+")
_NESTED = re.compile(r"\{[^{}]*\{")


@dataclass(frozen=True)
class Line:
    """A logical line without comments, and the number of the physical line where it starts."""

    number: int
    text: str
    file: str = ""  # the included file that it is of
    dialect: Dialect = NGSPICE  # that it is written in

    @cached_property
    def word(self) -> str:
        """The first word in lower case; of a directive the letters alone (``.ENDS* of the amplifier``)."""
        match = _DIRECTIVE.match(self.text)
        return (match.group() if match else self.text.split(maxsplit=1)[0]).lower()

    def error(self, message: str) -> NetlistError:
        return NetlistError(message, self.number, self.text, self.file)


def load(source: str | Path) -> tuple[str, bool]:
    """The text of a netlist, and whether it came from a file (whose first line is then the title).

    A string with a line break is the text itself; any other string, and a `Path`, names a file in UTF-8, UTF-16 or
    Latin-1 (LTspice writes all three).

    Raises:
        MissingNetlistError: when there is no such file.
        NetlistError: when it cannot be read, is no file, or is too large or binary.
    """
    if isinstance(source, str) and ("\n" in source or "\r" in source):
        return _checked(source), False
    if not isinstance(source, (str, Path)):
        raise TypeError(f"a netlist is a path or a text, got {type(source).__name__}")
    try:
        return load_file(Path(source)), True
    except OSError as error:
        shown = f"{str(source)[:200]!r}"
        # A text without a line break lands here as a name that no file can have.
        if reason(error).startswith("no such file"):
            message = f"no such netlist file: {shown} (a netlist given as text has at least one line break)"
            raise MissingNetlistError(message) from None
        raise NetlistError(f"{shown}: {reason(error)}") from None


def load_file(path: Path) -> str:
    """The text of a file.

    Raises:
        OSError: when it cannot be read, is no file, or is too large.
        NetlistError: when it is too large or binary.
    """
    return _checked(_decoded(content(path, 4 * MAX_CHARACTERS)))


def _checked(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        raise NetlistError(f"the netlist has more than {MAX_CHARACTERS} characters")
    if "\0" in text:
        raise NetlistError("the netlist holds NUL characters: is it a binary file?")
    for start, what in _OTHERS.items():
        if text[:100].lstrip().lower().startswith(start.lower()):
            raise NetlistError(f"no SPICE netlist, but {what}")
    return text.translate(_UNSEEN)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if data[1:200:2].count(0) > len(data[1:200:2]) // 2:  # LTspice leaves the byte-order mark out
        return data.decode("utf-16-le", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def physical_lines(text: str) -> list[str]:
    """The lines as an editor counts them."""
    return re.split(r"\r\n|\r|\n", text)


def logical_lines(text: str, file: str = "", dialect: Dialect = NGSPICE, *, most: int = MAX_LINES) -> list[Line]:
    """The lines that say something, comments removed and continuation lines (``+``) joined on.

    A line keeps its number; the first line of the list may be the title, which the caller decides.

    Raises:
        NetlistError: for a continuation of nothing, a line that grows too long, or too many of them.
    """
    lines: list[Line] = []
    for number, raw in enumerate(physical_lines(text), start=1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("*"):
            continue
        stripped = _KICAD_NODE.sub(r"\1-_\2_", without_comment(stripped, dialect))
        if not stripped.strip(" )"):  # the end of what continues above
            continue
        if stripped.startswith("+"):
            if not lines:
                raise NetlistError("a continuation line with nothing before it", number, stripped, file)
            stripped = f"{lines[-1].text} {stripped[1:].strip()}"
            number = lines.pop().number
        if len(stripped) > MAX_LINE:
            message = f"a line of more than {MAX_LINE} characters, continuations included"
            raise NetlistError(message, number, stripped, file)
        lines.append(Line(number, stripped, file, dialect))
        if len(lines) > most:
            raise NetlistError(f"more than {most} lines", number, stripped, file)
    return [replace(line, text=_with_one_level(line.text)) if _NESTED.search(line.text) else line for line in lines]


def _with_one_level(text: str) -> str:
    """A line whose braces inside of braces are parentheses, which is what LTspice takes them for."""
    depth, kept = 0, []
    for character in text:
        depth -= character == "}"
        kept.append({"{": "(", "}": ")"}.get(character, character) if depth > 0 else character)
        depth += character == "{"
    return "".join(kept) if depth == 0 else text


def without_comment(text: str, dialect: Dialect) -> str:
    """The text before ``;``, and what else starts a comment in a line."""
    match = dialect.comment.search(text)
    return text[: match.start()].strip() if match else text.strip()

"""``.include`` and ``.lib``: the lines of other files in or below one folder, and of no other place."""

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath

from circuitnn.circuit.controlled import parse_elements
from circuitnn.circuit.journal import Journal
from circuitnn.circuit.lines import MAX_CHARACTERS, MAX_LIBRARY_LINES, Line, load_file, logical_lines
from circuitnn.circuit.recognition import Recognised, recognised_inside
from circuitnn.circuit.standard import is_brought_along
from circuitnn.circuit.values import is_value
from circuitnn.devices.registry import letters
from circuitnn.expressions.composed import MAX_TERMS
from circuitnn.expressions.errors import NetlistError
from circuitnn.opening import reason

MAX_FILES = 100
MAX_NESTING = 16  # of files
MAX_ABOVE = 8  # folders between a netlist and the root
_NESTED = 100  # subcircuits that one without .ends may have in it

_DIRECTIVE = re.compile(r"\.(include|inc|incl|lib)\b\s*(.*)", re.IGNORECASE | re.DOTALL)
_POINTS = re.compile(r"\bPWL\s*\(?\s*file\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s()]+)\s*\)?", re.IGNORECASE)
_ELSEWHERE = "only files within the netlist's folder are included"


def with_included(
    lines: list[Line], folder: Path | None, root: Path | None, journal: Journal, *, recognise: bool
) -> list[Line]:
    """The lines, those of included files in the place of the lines that name them.

    Args:
        lines: of the netlist.
        folder: that it is in, or is read as if it were in; None for a text that can include nothing.
        root: files in or below it may be read; None for the folder.
        journal: hears of files that cannot be had, and of those that are taken from another place than is said.
        recognise: whether an included file may be of another dialect.

    Raises:
        NetlistError: for too many files or lines, or files that include each other.
    """
    if folder is None:
        reading = _Reading(None, None, journal, recognise)
    else:
        reading = _Reading(folder.resolve(), (root or folder).resolve(), journal, recognise)
    expanded = list(itertools.islice(reading.expand(lines, reading.folder, 0), MAX_LIBRARY_LINES + 1))
    if len(expanded) > MAX_LIBRARY_LINES:
        raise expanded[-1].error(f"more than {MAX_LIBRARY_LINES} lines, those of included files among them")
    return expanded


class _AbsentError(Exception):
    """A file that is nowhere, of which parts by name may do without; its argument is the error."""


@dataclass
class _Reading:
    folder: Path | None
    root: Path | None
    journal: Journal
    recognise: bool
    files: int = 0
    characters: int = 0
    texts: dict[Path, str] = field(default_factory=dict)

    def expand(self, lines: list[Line], folder: Path | None, depth: int) -> Iterator[Line]:
        for line in lines:
            match = _DIRECTIVE.match(line.text)
            if match is None:
                yield self.with_points(line, folder) if _POINTS.search(line.text) else line
                continue
            if depth >= MAX_NESTING:
                raise line.error(f"files that include each other more than {MAX_NESTING} deep")
            if self.stands_in(line, match[2], folder):
                continue
            self.files += 1  # one that is missing was looked for, too
            with self.journal.gathering():
                try:
                    path, inner = self.included(line, match[1].lower(), match[2], folder)
                except _AbsentError as absent:
                    self.journal.absent(absent.args[0])
                else:
                    self.characters += len(self.texts[path])
                    if self.files <= MAX_FILES and self.characters <= MAX_CHARACTERS:
                        yield from self.expand(inner, path.parent, depth + 1)
            if self.files > MAX_FILES or self.characters > MAX_CHARACTERS:
                raise line.error(f"more than {MAX_FILES} included files or {MAX_CHARACTERS} characters in them")

    def with_points(self, line: Line, folder: Path | None) -> Line:
        """The line with the points that are in a file in its place; as it stands where they can not be had."""
        match = _POINTS.search(line.text)
        if match is None or folder is None or self.root is None:
            return line
        try:
            numbers = re.split(r"[\s,]+", self.text(line, self.path(line, folder, match[1].strip("\"'"))).strip())
        except (NetlistError, _AbsentError):
            return line
        if len(numbers) > 2 * MAX_TERMS or not all(map(is_value, numbers)):
            return line
        return replace(line, text=f"{line.text[: match.start()]} PWL({' '.join(numbers)}) {line.text[match.end() :]}")

    def stands_in(self, line: Line, names: str, folder: Path | None) -> bool:
        """Whether a file that is not beside the netlist is another program's library, which parts/ stands in for."""
        path = names.strip().strip("\"'")
        name = PureWindowsPath(path).name
        if not is_brought_along(name):
            return False
        if self.root is not None and folder is not None:
            with suppress(NetlistError, _AbsentError):
                self.path(line, folder, path)
                return False
        self.journal.note(line, f"{name} is another program's own: parts of it that are missing are this library's own")
        return True

    def included(self, line: Line, directive: str, names: str, folder: Path | None) -> tuple[Path, list[Line]]:
        """The file that a line names, and the lines of it that are meant."""
        words = [word.strip("\"'") for word in re.findall(r"\"[^\"]*\"|'[^']*'|\S+", names)]
        if len(words) > 1 and (directive != "lib" or len(words) > 2 or re.search(r"[\\/]", words[1])):
            words = [names.strip()]  # LTspice writes names with spaces as they are
        if not words or not words[0]:
            raise line.error(f".{directive} needs the name of a file")
        if self.root is None or self.folder is None or folder is None:
            raise line.error(
                f".{directive}: a netlist given as text has no folder to include files from; name one, root='folder'"
            )
        path = self.path(line, folder, words[0])
        text, file = self.text(line, path), os.path.relpath(path, self.folder)
        program = recognised_inside(text, file, line.dialect) if self.recognise else Recognised(line.dialect)
        program.note(self.journal)
        inner = logical_lines(text, file, program.dialect, most=MAX_LIBRARY_LINES)
        if len(words) > 1:
            return path, _section(line, inner, words[1])
        inner = _closed(_without_title(_until_end(inner), self.journal), self.journal)
        return path, self.definitions(inner) if directive == "lib" else inner

    def definitions(self, lines: list[Line]) -> list[Line]:
        """A library without the elements that stand in it by themselves, which .lib leaves in LTspice and PSpice."""
        kept, depth = [], 0
        if not any(line.word == ".subckt" for line in lines):
            return lines
        for line in lines:
            depth = max(0, depth + (line.word == ".subckt") - (line.word == ".ends"))
            if depth or line.text.startswith("."):
                kept.append(line)
            else:
                self.journal.note(
                    line, "an element of a library, outside of its subcircuits: passed over, as .lib does"
                )
        return kept

    def path(self, line: Line, folder: Path, name: str) -> Path:
        """The file of a name, which may be one of Windows; of an absolute one from elsewhere the one beside."""
        pure = PureWindowsPath(name)
        if name.startswith("~") or ":" in name[len(pure.drive) :] or not pure.name:
            raise line.error(f"{name!r}: {_ELSEWHERE}")
        if not pure.root and not pure.drive:
            return self.inside(line, folder, pure.parts, name)
        exact = Path(os.path.normpath(name))
        if self.root is not None and exact.is_absolute() and exact.is_relative_to(self.root):
            return self.inside(line, self.root, exact.relative_to(self.root).parts, name)
        path = self.beside_or_above(line, folder, pure, name)
        place = "the folder of the netlist" if path.parent == folder else os.path.relpath(path.parent, folder)
        self.journal.note(line, f"{pure.name} is taken from {place}, and not from {pure.parent}")
        return path

    def beside_or_above(self, line: Line, folder: Path, pure: PureWindowsPath, name: str) -> Path:
        """The file beside the netlist that an absolute path elsewhere names, or the end of that below the root."""
        parts = [part for part in pure.parts if part != pure.anchor]
        places: list[tuple[Path, tuple[str, ...]]] = [(folder, (pure.name,))]
        if self.root is not None:
            above = [above for above in (folder, *folder.parents) if above.is_relative_to(self.root)][:MAX_ABOVE]
            places += [(start, tuple(parts[-count:])) for count in range(len(parts), 1, -1) for start in above]
        for start, ending in places:
            with suppress(NetlistError, _AbsentError):
                return self.inside(line, start, ending, name)
        below = "/".join(parts[-2:])
        raise _AbsentError(
            line.error(
                f"{name!r}: {_ELSEWHERE}; put a copy of {pure.name} into the folder of the netlist, or say root= with "
                f"a folder above it that has {below}"
            )
        )

    def inside(self, line: Line, folder: Path, parts: tuple[str, ...], name: str) -> Path:
        """The path without links; nothing outside of the root is even looked at."""
        path = Path(os.path.normpath(folder.joinpath(*parts)))
        if self.root is None or not path.is_relative_to(self.root):
            raise line.error(f"{name!r}: {_ELSEWHERE}; root= names a folder that may be read")
        try:
            path = as_spelled(self.root, path.relative_to(self.root).parts).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            raise _AbsentError(line.error(f"there is no file {name!r} in the folder of the netlist")) from None
        if not path.is_relative_to(self.root):
            raise line.error(
                f"{name!r} is a link to another place: {_ELSEWHERE}; root= names a folder that may be read"
            )
        return path

    def text(self, line: Line, path: Path) -> str:
        if path not in self.texts:
            try:
                self.texts[path] = load_file(path)
            except OSError as error:
                raise line.error(f"{path.name!r}: {reason(error)}") from None
            except NetlistError as error:
                raise line.error(f"{path.name!r}: {error}") from None
        return self.texts[path]


def as_spelled(folder: Path, parts: tuple[str, ...]) -> Path:
    """The path of the parts, each in the case that is there, as Windows looks for it."""
    path = folder
    for part in parts:
        if not os.path.lexists(path / part) and path.is_dir():
            same = (other.name for other in sorted(path.iterdir()) if other.name.casefold() == part.casefold())
            part = next(same, part)
        path = path / part
    return path


def _until_end(lines: list[Line]) -> list[Line]:
    """The lines before an ``.end``, which closes the included file only."""
    end = next((number for number, line in enumerate(lines) if line.word == ".end"), len(lines))
    return lines[:end]


def _without_title(lines: list[Line], journal: Journal) -> list[Line]:
    """The lines without a first one that is a title, as of a file that could be a netlist itself."""
    first = lines[0] if lines and lines[0].number == 1 else None
    if (
        first is None
        or first.text[0] in ".+xX"
        or (first.text[0].upper() in letters() and re.match(r"\w*\d", first.text))
    ):
        return lines
    try:
        parse_elements(first)
    except NetlistError:
        journal.note(first, "the first line is no element, and taken for the title of the file")
        return lines[1:]
    return lines


def _closed(lines: list[Line], journal: Journal) -> list[Line]:
    """The lines with the ``.ends`` that a library lacks: before the next ``.subckt`` that it does not use, or last."""
    unclosed: list[int] = []
    after: dict[int, int] = {}  # by the place of a .subckt, where what follows it begins
    bounds: dict[int, int] = {}  # of those without .ends, where they must have ended
    for place, line in enumerate(lines):
        if line.word == ".subckt":
            unclosed.append(place)
        elif line.word == ".ends" and unclosed:
            name, near = _second_word(line), reversed(unclosed[-_NESTED:])
            meant = next((start for start in near if _second_word(lines[start]) == name), unclosed[-1])
            while unclosed[-1] != meant:
                bounds[unclosed.pop()] = place
            after[unclosed.pop()] = place + 1
    bounds |= dict.fromkeys(unclosed, len(lines))
    complete = list(lines)
    for place in sorted(bounds, reverse=True):
        after[place] = _end_of_unclosed(lines, place, bounds[place], after)
        journal.note(
            lines[place], ".subckt without .ends: it ends before the next one that is not its own, or at the end"
        )
    for end, place in sorted(((after[place], place) for place in bounds), reverse=True):
        complete.insert(end, replace(lines[place], text=".ends"))
    _note_emptied(complete, [lines[place] for place in bounds], journal)
    return complete


def _note_emptied(lines: list[Line], unclosed: list[Line], journal: Journal) -> None:
    """Say of a subcircuit that it has no elements because it, or one inside of it, lacked its ``.ends``."""
    nesting: list[tuple[Line, list[Line]]] = []  # each with those in doubt that are inside of it, itself among them
    elements: list[int] = []
    for line in lines:
        if line.word == ".subckt":
            for _, doubtful in nesting:
                doubtful += [line] if line in unclosed else []
            nesting.append((line, [line] if line in unclosed else []))
            elements.append(0)
        elif line.word == ".ends" and nesting:
            header, doubtful = nesting.pop()
            if not elements.pop() and doubtful and len(header.text.split()) > 2:
                name = _second_word(header)
                journal.note(doubtful[-1], f".subckt without .ends: that leaves {name} without elements; close it")
        elif nesting and not line.text.startswith("."):
            elements[-1] += 1


def _end_of_unclosed(lines: list[Line], place: int, bound: int, after: dict[int, int]) -> int:
    """Where a ``.subckt`` at a place ends: before an instance of itself, or the first of others that it has none of."""
    end, position, itself = bound, place + 1, _second_word(lines[place])
    others: set[str] = set()
    while position < bound and len(others) < _NESTED:
        line = lines[position]
        if line.word == ".subckt":
            end = end if others else position
            others.add(_second_word(line))
            position = after[position]
            continue
        if line.word.startswith("x"):
            words = line.text.lower().split()
            if itself in words:
                return min(end, position)
            if not others.isdisjoint(words):
                end, others = bound, set()
        position += 1
    return end


def _second_word(line: Line) -> str:
    return " ".join(line.text.lower().split()[1:2])


def _section(line: Line, lines: list[Line], name: str) -> list[Line]:
    """The lines between ``.lib name`` and ``.endl``."""
    section: list[Line] | None = None
    for inner in lines:
        words = inner.text.lower().split()
        if section is None and words[0] == ".lib" and words[1:] == [name.lower()]:
            section = []
        elif section is not None and words[0] == ".endl":
            return section
        elif section is not None:
            section.append(inner)
    raise line.error(f"the library has no section {name!r} that ends in .endl")

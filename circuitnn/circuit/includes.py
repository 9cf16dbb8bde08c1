"""``.include`` and ``.lib``: the lines of other files in the netlist's folder, and of no other place."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from circuitnn.circuit.lines import MAX_CHARACTERS, MAX_LINES, Line, load_file, logical_lines
from circuitnn.expressions.errors import NetlistError
from circuitnn.opening import reason

MAX_FILES = 100
MAX_NESTING = 16  # of files

_DIRECTIVE = re.compile(r"\.(include|inc|incl|lib)\b\s*(.*)", re.IGNORECASE | re.DOTALL)


def with_included(lines: list[Line], folder: Path | None) -> list[Line]:
    """The lines, those of included files in the place of the lines that name them.

    Args:
        lines: of the netlist.
        folder: that it is in; None for a text, which can include nothing.

    Raises:
        NetlistError: for a file outside of the folder, a missing one, too many, or files that include each other.
    """
    root = None if folder is None else folder.resolve()
    expanded = list(itertools.islice(_Reading(root).expand(lines, root, 0), MAX_LINES + 1))
    if len(expanded) > MAX_LINES:
        raise expanded[-1].error(f"more than {MAX_LINES} lines, those of included files among them")
    return expanded


@dataclass
class _Reading:
    root: Path | None
    files: int = 0
    characters: int = 0
    texts: dict[Path, str] = field(default_factory=dict)

    def expand(self, lines: list[Line], folder: Path | None, depth: int) -> Iterator[Line]:
        for line in lines:
            match = _DIRECTIVE.match(line.text)
            if match is None:
                yield line
                continue
            words = [word.strip("\"'") for word in re.findall(r"\"[^\"]*\"|'[^']*'|\S+", match[2])]
            is_library = match[1].lower() == "lib"
            if not 1 <= len(words) <= 1 + is_library:
                raise line.error(f".{match[1].lower()} needs the name of a file")
            if self.root is None or folder is None:
                raise line.error(f".{match[1].lower()}: a netlist given as text has no folder to include files from")
            if depth >= MAX_NESTING:
                raise line.error(f"files that include each other more than {MAX_NESTING} deep")
            path = self.path(line, folder, words[0])
            inner = logical_lines(self.text(line, path), str(path.relative_to(self.root)))
            if len(words) == 2:
                inner = _section(line, inner, words[1])
            yield from self.expand(_until_end(inner), path.parent, depth + 1)

    def path(self, line: Line, folder: Path, name: str) -> Path:
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts or "\\" in name or name.startswith("~") or ":" in name:
            raise line.error(f"{name!r}: only files within the netlist's folder are included")
        try:
            path = (folder / relative).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            raise line.error(f"there is no file {name!r} in the folder of the netlist") from None
        if self.root is None or not path.is_relative_to(self.root):
            raise line.error(
                f"{name!r} is a link to another place: only files within the netlist's folder are included"
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
        self.files += 1
        self.characters += len(self.texts[path])
        if self.files > MAX_FILES or self.characters > MAX_CHARACTERS:
            raise line.error(f"more than {MAX_FILES} included files or {MAX_CHARACTERS} characters in them")
        return self.texts[path]


def _until_end(lines: list[Line]) -> list[Line]:
    """The lines before an ``.end``, which closes the included file only."""
    end = next((number for number, line in enumerate(lines) if line.text.split()[0].lower() == ".end"), len(lines))
    return lines[:end]


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

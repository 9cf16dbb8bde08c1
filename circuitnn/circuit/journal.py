"""What is to be told about the reading of a netlist: notes of what was passed over, and all of its faults at once."""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, final

from circuitnn.circuit.lines import Line
from circuitnn.expressions.errors import MAX_SHOWN, NetlistError, NetlistWarning

MAX_FAULTS = 1_000  # that are kept; a file that is no netlist has one in each line

_WORD = re.compile(r"[^\s,(){}='\"]+")
_INSTANCE = re.compile(r"\b(?:[A-Za-z]\.)?(?:[xX][^\s.,]*\.)+")  # the "C.X1.X2." of C.X1.X2.C1
_LIBRARY = re.compile(r"\.(inc|lib)", re.IGNORECASE)
_INCOMPLETE = re.compile(r"\.(inc|lib|subckt)", re.IGNORECASE)


@final
class Note(NamedTuple):
    """What was done about a line that is not taken as it stands.

    Attributes:
        message: in words.
        line: number of the line in its file, from 1.
        text: that line.
        file: the included file that it is of; empty for the netlist itself.
    """

    message: str
    line: int
    text: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file + ', ' if self.file else ''}line {self.line}: {self.message}"


@final
class Notes(tuple[Note, ...]):
    """Notes by line. What was said in reading does not make another circuit: any are equal to any others."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Notes) or tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return 0


@final
class Journal:
    """Notes and faults in the order in which they came up, each once."""

    def __init__(self) -> None:
        self._notes: dict[Note, None] = {}
        self._faults: dict[tuple[str, int | None, str], NetlistError] = {}
        self._absent: set[NetlistError] = set()
        self.is_answered = False  # whether this library's own parts stood in for some that are missing

    @property
    def faults(self) -> tuple[NetlistError, ...]:
        """All faults, as they were found."""
        return tuple(self._faults.values())

    @property
    def is_full(self) -> bool:
        """Whether as many faults are kept as ever will be: the rest of the file need not be read."""
        return len(self._faults) >= MAX_FAULTS

    @property
    def notes(self) -> Notes:
        """All notes, by line."""
        return Notes(sorted(self._notes, key=lambda note: (note.file, note.line)))

    def note(self, line: Line, message: str) -> None:
        self._notes[Note(message, line.number, line.text, line.file)] = None

    def fault(self, error: NetlistError) -> None:
        """Keep a fault, once; that of a subcircuit's line is one, however many instances have it."""
        if not self.is_full:
            self._faults.setdefault((error.file, error.line, _INSTANCE.sub("", error.message)), error)

    def absent(self, error: NetlistError) -> None:
        """Keep the fault that a file is nowhere; parts of it may be this library's own ones."""
        self.fault(error)
        self._absent.add(error)

    @property
    def is_unread(self) -> bool:
        """Whether there may be a file that cannot be read, and that parts would have to come from."""
        return any(_LIBRARY.match(fault.text or "") and fault not in self._absent for fault in self.faults)

    def settle(self) -> None:
        """Make notes of files that are nowhere, where own parts stood in for all that is missing."""
        if self.is_answered and all(fault in self._absent for fault in self.faults):
            for fault in self.faults:
                message = f"{fault.message}: what is missing is this library's own"
                self._notes[Note(message, fault.line or 0, fault.text or "", fault.file)] = None
            self._faults.clear()

    def repeated(self, elements: Sequence[Line]) -> set[Line]:
        """The lines of names that lines before them have, each a fault, also where a line before is at fault itself."""
        first: dict[str, Line] = {}
        lines = {line for line in elements if first.setdefault(line.text.split()[0].lower(), line) is not line}
        for line in lines:
            self.fault(line.error(f"duplicate component {line.text.split()[0]}"))
        return lines

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Go on after a fault in the block."""
        try:
            yield
        except NetlistError as error:
            self.fault(error)

    def cause(self, name: str) -> NetlistError | None:
        """The fault because of which a name is missing: of a line that has it."""
        return next((fault for fault in self.faults if name.lower() in words_in(fault.text or "")), None)

    @property
    def hint(self) -> str:
        """What else may have to do with a name that is missing: a file that is."""
        is_missing = any(_LIBRARY.match(fault.text or "") for fault in self.faults)
        return " (or it is in the file that is missing, too)" if is_missing else ""

    @property
    def is_incomplete(self) -> bool:
        """Whether a file or a subcircuit is missing, and with it nobody knows what."""
        return any(_INCOMPLETE.match(fault.text or "") for fault in self.faults)

    @property
    def words(self) -> set[str]:
        """Every word in the lines at fault, in lower case."""
        return {word for fault in self.faults for word in words_in(fault.text or "")}

    def check(self) -> None:
        """Raise the faults, in the order of the lines."""
        if self.faults:
            lineless = [fault for fault in self.faults if fault.line is None]
            placed = [fault for fault in self.faults if fault.line is not None]
            raise NetlistError.of([*sorted(placed, key=lambda fault: (fault.file, fault.line)), *lineless])

    def warn(self, title: str, stacklevel: int) -> None:
        """Say the notes in one warning."""
        notes = self.notes
        if not notes:
            return
        told = "\n".join(f"  {note}" for note in notes[:MAX_SHOWN])
        more = "" if len(notes) <= MAX_SHOWN else f"\n  and {len(notes) - MAX_SHOWN} more, in the notes of the circuit"
        name = repr(title) if title else "the netlist"
        warnings.warn(f"{name} is read with these notes:\n{told}{more}", NetlistWarning, stacklevel + 1)


def words_in(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def listing(names: Iterable[str]) -> str:
    """Names for a message, the first of many."""
    names = list(names)
    return (", ".join(names[:20]) + (", ..." if len(names) > 20 else "")) or "none"

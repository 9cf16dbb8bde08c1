"""What goes wrong with a circuit, with the place in the netlist where it does."""

from collections.abc import Sequence
from typing import final

MAX_SHOWN = 20  # faults of one message


class CircuitError(ValueError):
    """A circuit that cannot be read, or that cannot be solved."""


@final
class MissingNetlistError(CircuitError, FileNotFoundError):
    """There is no netlist file of that name."""


@final
class NetlistError(CircuitError):
    """A netlist that cannot be read, or that describes no circuit with a unique solution.

    Attributes:
        message: what is wrong, without the place.
        line: number of the line in the text, counted from 1; None when the circuit as a whole is at fault.
        text: that line.
        file: the included file that the line is of; empty for the netlist itself.
        faults: every fault of a netlist with several, each an error of its own; the fields above are of the first.
    """

    def __init__(self, message: str, line: int | None = None, text: str | None = None, file: str = ""):
        self.message = message
        self.line = line
        self.text = text
        self.file = file
        self.faults: tuple[NetlistError, ...] = (self,)
        shown = "" if not text else "\n    " + (text if len(text) <= 200 else text[:197] + "...")
        place = f"{file}, line {line}" if file else f"line {line}"
        super().__init__(message if line is None else f"{place}: {message}{shown}")

    def at(self, line: int, text: str, file: str = "") -> "NetlistError":
        """The same error with its place, unless it has one already."""
        return self if self.line is not None else NetlistError(self.message, line, text, file)

    @classmethod
    def of(cls, faults: "Sequence[NetlistError]") -> "NetlistError":
        """One error that tells of all faults (at least one), of the first 20 in full."""
        if len(faults) == 1:
            return faults[0]
        more = "" if len(faults) <= MAX_SHOWN else f"; the first {MAX_SHOWN}"
        told = "\n".join(str(fault) for fault in faults[:MAX_SHOWN])
        error = cls(f"{len(faults)} faults{more}:\n{told}")
        error.faults = tuple(faults)
        error.line, error.text, error.file = faults[0].line, faults[0].text, faults[0].file
        return error


@final
class NetlistWarning(UserWarning):
    """What was passed over in reading a netlist, or taken in a way that may not be meant; see `Circuit.notes`."""

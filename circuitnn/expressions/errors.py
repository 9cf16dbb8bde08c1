"""What goes wrong with a circuit, with the place in the netlist where it does."""

from typing import final


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
    """

    def __init__(self, message: str, line: int | None = None, text: str | None = None, file: str = ""):
        self.message = message
        self.line = line
        self.text = text
        self.file = file
        shown = "" if not text else "\n    " + (text if len(text) <= 200 else text[:197] + "...")
        place = f"{file}, line {line}" if file else f"line {line}"
        super().__init__(message if line is None else f"{place}: {message}{shown}")

    def at(self, line: int, text: str, file: str = "") -> "NetlistError":
        """The same error with its place, unless it has one already."""
        return self if self.line is not None else NetlistError(self.message, line, text, file)

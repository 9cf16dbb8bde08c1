"""What goes wrong in a netlist, with the place where it does."""

from typing import final


@final
class NetlistError(ValueError):
    """A netlist that cannot be read, or that describes no circuit with a unique solution.

    Attributes:
        message: what is wrong, without the place.
        line: number of the line in the text, counted from 1; None when the circuit as a whole is at fault.
        text: that line.
    """

    def __init__(self, message: str, line: int | None = None, text: str | None = None):
        self.message = message
        self.line = line
        self.text = text
        shown = "" if not text else "\n    " + (text if len(text) <= 200 else text[:197] + "...")
        super().__init__(message if line is None else f"line {line}: {message}{shown}")

    def at(self, line: int, text: str) -> "NetlistError":
        """The same error with its place, unless it has one already."""
        return self if self.line is not None else NetlistError(self.message, line, text)

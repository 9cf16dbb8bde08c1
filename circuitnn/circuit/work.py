"""How much may be read of a netlist whose subcircuits multiply."""

from typing import NoReturn, final

from circuitnn.circuit.clamps import ClampLine
from circuitnn.circuit.lines import Line
from circuitnn.expressions.composed import Draws
from circuitnn.expressions.errors import NetlistError

MAX_WORK = 1_000_000  # nodes of expressions, and lines, over all instances


@final
class Work:
    """What reading may still do: subcircuits in subcircuits multiply."""

    def __init__(self, draws: Draws | None = None) -> None:
        self.draws = draws  # of tolerances; nominal without
        self.left = MAX_WORK
        self.clamps: list[ClampLine] = []
        self.ended: NetlistError | None = None

    def spend(self, line: Line, amount: int = 1) -> None:
        self.left -= amount
        if self.left < 0:
            self.end(line, "the subcircuits are too large: their instances have more lines than can be read")

    def end(self, line: Line, message: str) -> NoReturn:
        """Go no further: whatever is tried afterwards has the same fault."""
        self.left, self.ended = -1, self.ended or line.error(message)
        raise self.ended

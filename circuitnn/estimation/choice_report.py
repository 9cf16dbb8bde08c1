"""How several netlists compare as models of one recording."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jax.typing import ArrayLike
from numpy.typing import NDArray

from circuitnn.composition import Chain
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.paired import Difference
from circuitnn.estimation.tabular import lines_of


@final
@dataclass(frozen=True)
class Row:
    """One netlist.

    Attributes:
        name: of the circuit.
        report: of its identification; None where there is none.
        unknowns: how many values and numbers of the recorder were fitted.
        components: of the circuit.
        esr_held_out: error-to-signal ratio over the seconds that none has seen.
        difference: of that to the smallest one.
        problem: why there is no report.
    """

    name: str
    report: IdentificationReport | None
    unknowns: int
    components: int
    esr_held_out: float | None
    difference: Difference | None
    problem: str = ""


@final
@dataclass(frozen=True)
class ChoiceReport:
    """What `identify` has found with several netlists; print it.

    Attributes:
        rows: one for each, in the order given.
        chosen: name of the simplest of those that cannot be told from the best one.
        best: name of the one with the smallest error.
        held_out: seconds at the end of the recording that they are compared on.
    """

    rows: tuple[Row, ...]
    chosen: str
    best: str
    held_out: float

    def __getitem__(self, name: str) -> IdentificationReport:
        """The report of the circuit of that name."""
        row = next((row for row in self.rows if row.name == name), None)
        if row is None or row.report is None:
            there = ", ".join(row.name for row in self.rows if row.report is not None)
            raise KeyError(f"{name!r} was not identified{row.problem and f': {row.problem}' if row else ''}; {there}")
        return row.report

    @property
    def report(self) -> IdentificationReport:
        """That of the chosen circuit."""
        return self[self.chosen]

    @property
    def model(self) -> Chain:
        """That of the chosen circuit, see `IdentificationReport.model`."""
        return self.report.model

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """What the chosen circuit makes of x (time,), as it would have been recorded."""
        return self.report.predict(x)

    @property
    def alike(self) -> tuple[str, ...]:
        """Names of those that cannot be told from the best one, itself among them."""
        return tuple(row.name for row in self.rows if row.difference is not None and not row.difference.is_told)

    @property
    def verdict(self) -> str:
        """Which one it is, and how sure that is."""
        others = [name for name in self.alike if name != self.chosen]
        if not others:
            count = sum(row.report is not None for row in self.rows)
            return f"{self.chosen} is the best" + (", beyond chance." if count > 1 else ": there is no other.")
        return (
            f"{', '.join(others)} and {self.chosen} cannot be told apart by this recording; {self.chosen} is the "
            "simplest of them."
        )

    def to_dict(self) -> dict[str, Any]:
        """The table and the verdict as plain data, for JSON; each circuit's own report is `rows[k].report`."""
        rows = [
            {
                "name": row.name,
                "unknowns": row.unknowns,
                "components": row.components,
                "esr": row.report and row.report.esr,
                "esr_held_out": row.esr_held_out,
                "difference": row.difference and row.difference._asdict(),
                "values": row.report and {value.name: float(value.fitted) for value in row.report.values},
                "problem": row.problem,
            }
            for row in self.rows
        ]
        return {
            "chosen": self.chosen,
            "best": self.best,
            "held_out": self.held_out,
            "verdict": self.verdict,
            "rows": rows,
        }

    def __str__(self) -> str:
        table = [
            ("", "fitted", "components", "ESR fitted", f"ESR of {self.held_out:.3g} s unseen", "over the best", "")
        ]
        for row in self.rows:
            if row.report is None or row.difference is None:
                continue
            value, low, high = row.difference
            apart = "" if row.name == self.best else f"{value:.2g} ({low:.2g} to {high:.2g})"
            flag = "chosen" if row.name == self.chosen else ""
            numbers = (str(row.unknowns), str(row.components), f"{row.report.esr:.3g}", f"{row.esr_held_out:.3g}")
            table.append((row.name, *numbers, apart, flag))
        lines = [*lines_of(table), "", self.verdict]
        lines += [f"{row.name} was not identified: {row.problem}" for row in self.rows if row.problem]
        lines += ["", f"{self.chosen}:", str(self.report)]
        return "\n".join(lines)

    __repr__ = __str__

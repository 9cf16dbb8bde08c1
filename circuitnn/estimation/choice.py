"""Several netlists on one recording: each is identified, and they are compared on seconds that none has seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

from circuitnn.audio.alignment import channel
from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.estimation.choice_report import ChoiceReport, Row
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.learnt import patterns_of
from circuitnn.estimation.paired import preferred

HELD_OUT = 0.25  # of the recording
Identify = Callable[..., tuple[dict[str, float], IdentificationReport]]


def chosen(
    identify: Identify,
    circuits: Mapping[str, Circuit] | Sequence[Circuit],
    x: ArrayLike,
    y: ArrayLike,
    *,
    fs: float,
    fit: Any,
    tolerance: float | None,
    held_out: float,
    **options: Any,
) -> tuple[dict[str, float], ChoiceReport]:
    """The values of the best of several circuits, and how they compare.

    Args:
        identify: what finds the values of one.
        circuits: by name, or in a row.
        x: (time,) or (time, 1).
        y: likewise.
        fs: Hz.
        fit: patterns, which count in the circuits that they fit; or a mapping from the circuits' names to their own.
        tolerance: as for one circuit.
        held_out: seconds at the end to compare on; a quarter of the recording where it is 0.
        options: others of `identify`.

    Raises:
        ValueError: as for one circuit; for no circuit, and for patterns that fit none. What goes wrong with one circuit
            alone is told in its row; with all of them it is an error.
    """
    named = _named(circuits)
    patterns = patterns_of(named, fit, tolerance)
    played, heard = channel(x, "identify: x"), channel(y, "identify: y")
    seconds = held_out or HELD_OUT * len(heard) / fs
    reports: dict[str, IdentificationReport] = {}
    values: dict[str, dict[str, float]] = {}
    problems: dict[str, str] = {}
    for name, circuit in named.items():
        try:
            values[name], reports[name] = identify(
                circuit, played, heard, fs=fs, fit=patterns[name], tolerance=tolerance, held_out=seconds, **options
            )
        except ValueError as problem:
            problems[name] = str(problem)
    if not reports:
        raise ValueError("identify: none of the circuits: " + "; ".join(f"{k}: {text}" for k, text in problems.items()))
    report = _compared(named, reports, problems, played, heard, fs, seconds)
    return values[report.chosen], report


def _compared(
    named: Mapping[str, Circuit],
    reports: Mapping[str, IdentificationReport],
    problems: Mapping[str, str],
    x: NDArray,
    y: NDArray,
    fs: float,
    seconds: float,
) -> ChoiceReport:
    unseen = slice(len(y) - round(seconds * fs), None)
    errors = [report.predict(x)[unseen] - y[unseen] for report in reports.values()]
    energy = float(y[unseen] @ y[unseen])
    unknowns = {name: len(report.values) + len(report.recorder) for name, report in reports.items()}
    simplicity = [(unknowns[name], len(named[name].components)) for name in reports]
    place, best, differences = preferred(errors, energy, fs, simplicity)
    told = dict(zip(reports, differences, strict=True))
    squares = dict(zip(reports, (float(error @ error) / energy for error in errors), strict=True))
    rows = tuple(
        Row(
            name,
            report=reports.get(name),
            unknowns=unknowns.get(name, 0),
            components=len(circuit.components),
            esr_held_out=squares.get(name),
            difference=told.get(name),
            problem=problems.get(name, ""),
        )
        for name, circuit in named.items()
    )
    names = tuple(reports)
    return ChoiceReport(rows, names[place], names[best], seconds)


def _named(circuits: Mapping[str, Circuit] | Sequence[Circuit]) -> dict[str, Circuit]:
    """By name; those in a row by their number, from 1 on."""
    if isinstance(circuits, Mapping):
        named = {str(name): checked_circuit(circuit) for name, circuit in circuits.items()}
    else:
        named = {f"netlist {k}": checked_circuit(circuit) for k, circuit in enumerate(circuits, 1)}
    if not named:
        raise ValueError("identify: no circuit to choose from")
    return named

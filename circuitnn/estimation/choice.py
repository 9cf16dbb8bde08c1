"""Several netlists on one recording: each is identified, and they are compared on seconds that none has seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

from circuitnn.audio.alignment import channel
from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.estimation.choice_report import ChoiceReport, Row
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.paired import preferred
from circuitnn.estimation.unknowns import learnt_values, sources_of

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
    patterns = _patterns(named, fit, tolerance)
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


def _patterns(named: Mapping[str, Circuit], fit: Any, tolerance: float | None) -> dict[str, Any]:
    """What is fitted of each circuit."""
    if fit is None:
        return dict.fromkeys(named)
    if isinstance(fit, Mapping) and set(fit) == set(named):
        return {name: _checked(name, named[name], fit[name], tolerance) for name in named}
    if isinstance(fit, Mapping) and set(fit) & set(named):
        missing = ", ".join(sorted(set(named) - set(fit)))
        raise ValueError(
            f"fit: a mapping from circuits to their patterns has to name all of them; {missing} is missing"
        )
    asked: dict[str, float | None] = (
        dict(fit) if isinstance(fit, Mapping) else dict.fromkeys((fit,) if isinstance(fit, str) else fit, tolerance)
    )
    fitting = {
        name: {pattern: bound for pattern, bound in asked.items() if _fits(circuit, pattern)}
        for name, circuit in named.items()
    }
    idle = [pattern for pattern in asked if not any(pattern in patterns for patterns in fitting.values())]
    if idle:
        raise ValueError(f"fit: {', '.join(map(repr, idle))} fits nothing in any of the circuits")
    for name, patterns in fitting.items():
        if not patterns:
            raise ValueError(f"fit: nothing of it is in {name}: give a mapping from circuits to their own patterns")
    return {name: _checked(name, named[name], patterns, tolerance) for name, patterns in fitting.items()}


def _fits(circuit: Circuit, pattern: str) -> bool:
    try:
        return bool(learnt_values(circuit, set(), {pattern: None}, None, sources_of(circuit)))
    except ValueError:
        return False


def _checked(name: str, circuit: Circuit, patterns: Any, tolerance: float | None) -> Any:
    """The patterns; what is wrong with them is an error before the first circuit is fitted."""
    try:
        learnt_values(circuit, set(), patterns, tolerance, sources_of(circuit))
    except ValueError as problem:
        raise ValueError(f"fit: {name}: {problem}") from None
    return patterns

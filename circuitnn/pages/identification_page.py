"""The page of an identification: verdict, values, what is missing, and pictures of what is left."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuitnn.estimation.component_report import left_open
from circuitnn.estimation.converter import step_of
from circuitnn.estimation.fitted_value import LINEAR, FittedValue, si
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.pages import templates

TEMPLATE = "identification.html.j2"
MEANING = {
    "x_gain": "volts at the device where x is 1",
    "x_offset": "added at the device's input",
    "input": "corner of the coupling before the device",
    "output": "corner of the coupling behind it",
    "drift": "of the recorder's clock against the player's",
    "y_offset": "zero of the recorder",
    "y_gain": "y where the circuit's output is 1 V",
}
HUGE = 1e6  # of a standard error on a linear scale


def identification(
    report: IdentificationReport,
    x: ArrayLike,
    y: ArrayLike,
    path: str | os.PathLike,
    *,
    title: str = "Component values from a recording",
    unit: str = "V",
    facts: Mapping[str, str] | None = None,
    netlist: str = "",
) -> Path:
    """Write what `circuitnn.train.identify` has found as a page: one file of HTML that needs nothing but itself.

    Args:
        report: of the fit.
        x: what was played, (time,) or (time, 1), as `identify` was given it.
        y: what was recorded, likewise.
        path: ends in .html; written whole or not at all, and folders on the way are made.
        title: of the page.
        unit: of y, for the axes: "V", or "full scale" where its scale is the recorder's.
        facts: what else to list under "What was done": name to text.
        netlist: to show at the end, with the values that were found.

    Returns:
        The path.

    Raises:
        ModuleNotFoundError: without matplotlib or jinja2.
        OSError: when the file cannot be written.
    """
    templates.check_packages()
    played, recorded = (np.asarray(signal, float).reshape(-1) for signal in (x, y))
    return templates.write(
        path,
        Path(__file__).with_name(TEMPLATE),
        {"si": si, "change": change, "error": error, "interval": interval, "db": _decibels, "meaning": MEANING.get},
        report=report,
        verdict=_verdict(report),
        open=_open(report),
        title=title,
        pictures=_drawn(report, played, recorded, unit),
        facts=[*_facts(report, len(recorded)), *(facts or {}).items()],
        netlist=netlist,
    )


def change(row: FittedValue) -> str:
    """From the nominal value: in percent, of a position in percent of the way, of what may be zero in its unit."""
    if row.kind == "position":
        return f"{100 * (row.fitted - row.nominal):+.2f} % of the way"
    if row.kind in LINEAR:
        return f"{row.fitted - row.nominal:+.3g} {row.unit}".rstrip()
    return f"{100 * (row.fitted / row.nominal - 1):+.2f} %"


def error(row: FittedValue) -> str:
    """The standard error, likewise."""
    if row.kind == "position" or row.kind not in LINEAR:
        return percent(row.standard_error)
    return f"{row.standard_error:.2g} {row.unit}".rstrip() if row.standard_error < HUGE else "huge"


def interval(row: FittedValue) -> str:
    low, high = row.interval
    return f"{si(low)} to {si(high)}"


def percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else "over 100 %"


def _drawn(report: IdentificationReport, played: NDArray, recorded: NDArray, unit: str) -> dict[str, Any]:
    from circuitnn.pages import identification_pictures as pictures
    from circuitnn.plot import style

    predicted = np.asarray(report.predict(played), float).reshape(-1)
    fs = report.alignment.fs
    step = step_of(recorded)
    with style.context():
        return {
            "values": pictures.values(report.values),
            "waveforms": pictures.waveforms(recorded, predicted, fs, unit),
            "spectrum": pictures.spectrum(recorded, predicted, fs, unit, None if step is None else step / np.sqrt(12)),
            "levels": pictures.against_level(recorded, predicted, fs, unit),
        }


def _verdict(report: IdentificationReport) -> str:
    left = f"{100 * report.esr:.2g} % of the recording's energy ({_decibels(report.esr)})"
    unseen = report.esr_held_out
    more = "" if unseen is None else f", and {100 * unseen:.2g} % ({_decibels(unseen)}) on seconds that it has not seen"
    return f"{report.verdict} The circuit with the values that were found leaves {left}{more}."


def _open(report: IdentificationReport) -> list[str]:
    """What the recording leaves open, and what it tells all the same, a sentence each."""
    rows = (*report.values, *report.recorder)
    lines = left_open(rows, report.precision, report.combinations, report.to_measure)
    known = [f"Known is {each.label} = {si(each.value)} to {percent(each.standard_error)}." for each in report.known]
    profiles = [f"{report.profiles}."] if report.profiles else []
    return [*(line.removeprefix("- ") for line in lines if line), *known, *profiles]


def _facts(report: IdentificationReport, samples: int) -> Sequence[tuple[str, str]]:
    seconds = samples / report.alignment.fs
    return (
        ("Recording", f"{seconds:.2f} s at {report.alignment.fs:g} Hz; {report.alignment}"),
        (
            "Fit",
            f"{len(report.excerpts)} excerpts; {len(report.starts)} searches, "
            f"{100 * report.agreement:.0f} % of them to the same error",
        ),
    )


def _decibels(ratio: float) -> str:
    return f"{10 * np.log10(max(ratio, 1e-300)):.1f} dB"

"""Rows of a report: the circuit's values that were found, and what was found of the recorder."""

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment
from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.determination import Determination
from circuitnn.estimation.fitted_value import FittedValue, fitted_values
from circuitnn.estimation.recorder import KINDS, Recorder


def rows_of(
    problem: AudioProblem, unknowns: NDArray, alignment: Alignment, known: Determination, at_bound: NDArray
) -> tuple[FittedValue, ...]:
    """Those of the values, then those of the recorder.

    Args:
        problem: what was fitted.
        unknowns: where the fit has ended, (p,).
        alignment: as the excerpts were cut.
        known: how well each unknown but the delay is known.
        at_bound: (p - 1,), without the delay.
    """
    count = len(problem.names)
    values = fitted_values(
        problem.circuit,
        problem.names,
        np.array([float(each) for each in problem.values(unknowns).values()]),
        known,
        at_bound[:count],
        {name: "position" if name in problem.circuit.controls else "source" for name in problem.positions},
    )
    found = problem.recorder_at(unknowns)
    return values + _of_recorder(problem.recorder, found, known, at_bound[count:], alignment)


def _of_recorder(
    start: Recorder, found: Recorder, known: Determination, at_bound: NDArray, alignment: Alignment
) -> tuple[FittedValue, ...]:
    """Rows of what was found of the recorder; the drift is that of the whole, not what the fit has added."""
    before = alignment.drift.ppm if alignment.corrects_drift and alignment.drift else 0.0
    is_turned, is_paced = {"y_offset": alignment.polarity}, {"drift": before}
    first = known.standard_errors.size - len(found.free)
    return tuple(
        FittedValue(
            name=name,
            kind="recorder" if KINDS[name].is_log else "offset",
            unit=KINDS[name].unit,
            nominal=getattr(start, name),
            fitted=getattr(found, name) * is_turned.get(name, 1) + is_paced.get(name, 0.0),
            standard_error=float(known.standard_errors[first + k]),
            is_determined=bool(known.is_determined[first + k] and not at_bound[k]),
            at_bound=bool(at_bound[k]),
        )
        for k, name in enumerate(found.free)
    )

"""What a fit to recordings tells: figures at its minimum."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment
from circuitnn.audio.clock_drift import Drift
from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.component_report import FittedValue, fitted_values, named
from circuitnn.estimation.determination import Determination, determination, errors_given
from circuitnn.estimation.excerpts import Excerpts
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.information import block_starts, information
from circuitnn.estimation.known_combinations import known_combinations, pivots_of
from circuitnn.estimation.missing import missing
from circuitnn.estimation.playback import BAND, PPM, REACH
from circuitnn.estimation.posterior import linearised
from circuitnn.estimation.recorder import KINDS, Recorder
from circuitnn.estimation.unknowns import Prior
from circuitnn.numerics.levenberg_marquardt import Minimum

DEGREE_OF_OFFSET = 0.1  # of a linear unknown's prior: up to which it counts as determined


def reported(
    problem: AudioProblem,
    best: Minimum,
    prior: Prior,
    alignment: Alignment,
    noise: float,
    precision: float,
    step: float | None = None,
) -> IdentificationReport:
    """All but what was found out before the fit, which is `starts` and `clipped`.

    Args:
        problem: circuit and excerpts.
        best: the minimum.
        prior: bounds of the unknowns.
        alignment: in whole samples, as the excerpts were cut.
        noise: standard deviation of what is left, volts.
        precision: relative, that was asked for.
        step: of y's converter, in the unit of y, where it can be seen.
    """
    count, unknowns, pieces = len(problem.names), best.at, problem.excerpts
    rest, slopes = linearised(problem, unknowns)
    slopes = slopes / prior.spread
    values = [k for k in range(prior.spread.size) if k != count]  # all but the delay
    of_delay = slopes[:, [count]] * (prior.high[count] > 0)
    pieces_long = problem.y.shape[1]
    blocks = block_starts(len(problem.y), pieces_long, alignment.fs)
    # What is left has no more than the band that is looked at: as many samples tell less.
    spread = noise / BAND**0.5
    told = information(slopes[:, values], of_delay, rest, spread, blocks)
    seen = told.root
    recorder = problem.recorder_at(unknowns)
    limits = np.minimum(prior.spread[values], precision) / 3
    for k, name in enumerate(problem.free, start=count):
        if not KINDS[name].is_log:
            limits[k] = DEGREE_OF_OFFSET * prior.spread[k + 1] / 3
    known = determination(seen, limits)
    at_bound = ((best.at <= prior.low) | (best.at >= prior.high))[values]
    rows = fitted_values(
        problem.circuit,
        problem.names,
        np.array([float(each) for each in problem.values(unknowns).values()]),
        known,
        at_bound[:count],
        {name: "position" if name in problem.circuit.controls else "source" for name in problem.positions},
    )
    rows += _of_recorder(problem.recorder, recorder, known, at_bound[count:], alignment)
    rows = tuple(dataclasses.replace(row, reach=told.reach) for row in rows)
    combinations = named(known.combinations, rows)
    several = [each for each in combinations if len(each) > 1]
    pivots = pivots_of(several, rows)
    held = [k for k, row in enumerate(rows) if row.label in pivots]
    delay, error = _delay(problem, unknowns, slopes, (rest, spread, blocks))
    recorded = problem.observed(problem.y).ravel()
    out, failed = problem.solved(unknowns)
    before = problem.residual(np.zeros(prior.spread.size))
    return IdentificationReport(
        values=rows[:count],
        recorder=rows[count:],
        alignment=dataclasses.replace(
            alignment,
            delay_samples=alignment.delay_samples + delay - PPM * recorder.drift * pieces.middle,
            standard_error=error,
            gain=recorder.y_gain,
        ),
        combinations=combinations,
        to_measure=tuple(rows[k].label for k in known.to_measure),
        known=known_combinations(rows, several, pivots, errors_given(seen, limits, held)),
        per_gain={} if "y_gain" in problem.free else _per_gain(rows, slopes * prior.spread, recorded, prior, noise),
        precision=precision,
        noise=noise,
        coloured=told.coloured,
        correlation=_alike(rest.reshape(problem.y.shape)),
        esr_before=float(before @ before / (recorded @ recorded)),
        esr=float(rest @ rest / (recorded @ recorded)),
        starts=(1.0,),
        drift=_drift(of_delay, rest, pieces, alignment.fs, (alignment.delay_samples + delay, noise * told.coloured)),
        excerpts=tuple(float(each) / alignment.fs for each in pieces.start),
        clipped=(0, 0),
        failed=failed,
        converged=best.converged and abs(delay) < REACH,
        missing=missing(problem, unknowns, out, step or 0.0),
        step=step,
    )


def _alike(rest: NDArray) -> float:
    """Correlation of neighbours along the last axis."""
    return float(np.sum(rest[:, 1:] * rest[:, :-1]) / max(float(np.sum(rest**2)), 1e-300))


def _delay(problem: AudioProblem, unknowns: NDArray, slopes: NDArray, left: tuple) -> tuple[float, float]:
    """What the fit has added to the delay, and its standard error; samples."""
    count = len(problem.names)
    if not slopes[:, count].any():
        return 0.0, 0.0
    own = information(slopes[:, [count]], np.delete(slopes, count, axis=1), *left).root
    return problem.delay(unknowns), float(1 / np.maximum(np.abs(own[0, 0]), 1e-300))


def _per_gain(
    rows: Sequence[FittedValue], slopes: NDArray, recorded: NDArray, prior: Prior, noise: float
) -> dict[str, float]:
    """How the most probable values move with y, percent for 1 %."""
    gram = slopes.T @ slopes / noise**2 + np.eye(prior.spread.size)
    moves = np.linalg.solve(gram, slopes.T @ recorded / noise**2) * prior.spread
    return {row.label: float(move) for row, move in zip(rows, moves, strict=False) if row.is_determined}


def _drift(of_delay: NDArray, rest: NDArray, pieces: Excerpts, fs: float, known: tuple[float, float]) -> Drift:
    """A line through the delays of the excerpts, each a Newton step from the common one."""
    delay, noise = known
    slope, left = of_delay.reshape(pieces.y.shape), rest.reshape(pieces.y.shape)
    weight = np.sum(slope**2, axis=1)
    if len(weight) < 2 or not weight.any():
        return Drift(0.0, np.inf, delay, delay)
    own = -np.sum(slope * left, axis=1) / np.maximum(weight, 1e-9 * weight.max())
    time = pieces.start / fs
    center = np.average(time, weights=weight)
    spread = np.sum(weight * (time - center) ** 2)
    rate = np.sum(weight * (time - center) * own) / spread
    ends = delay + np.average(own, weights=weight) + rate * (time[[0, -1]] - center)
    return Drift(float(1e6 * rate / fs), float(1e6 / fs * noise / np.sqrt(spread)), float(ends[0]), float(ends[1]))


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

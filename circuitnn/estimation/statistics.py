"""What a fit to recordings tells: figures at its minimum."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment
from circuitnn.audio.clock_drift import Drift
from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.determination import determination, errors_given
from circuitnn.estimation.excerpts import Excerpts
from circuitnn.estimation.fitted_value import FittedValue, named
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.identified_rows import rows_of
from circuitnn.estimation.information import block_starts, information
from circuitnn.estimation.known_combinations import known_combinations, pivots_of
from circuitnn.estimation.misfit import misfit
from circuitnn.estimation.missing import missing
from circuitnn.estimation.playback import BAND, PPM, REACH
from circuitnn.estimation.posterior import linearised
from circuitnn.estimation.profiles import profiled
from circuitnn.estimation.recorder import KINDS
from circuitnn.estimation.resampling import resampled
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
    profile: Sequence[str] | str = (),
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
        profile: names of what has its likelihood profiled, or `DOUBTFUL`.
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
    limits = _limits(problem, prior, precision)[values]
    known = determination(seen, limits)
    at_bound = ((best.at <= prior.low) | (best.at >= prior.high))[values]
    out, failed = problem.solved(unknowns)
    lack = missing(problem, unknowns, out, step or 0.0)
    drawn = resampled(slopes * prior.spread, rest, unknowns, noise, blocks[-1]) * prior.spread
    polarity = np.array([alignment.polarity if name == "y_offset" else 1 for name in (*problem.names, *problem.free)])
    moves = (lack.moves * prior.spread)[values] * polarity
    tails = zip(drawn[values], moves, prior.spread[values], strict=True)
    rows = tuple(
        dataclasses.replace(
            row, reach=told.reach, resampled=float(again) if row.standard_error < widest else math.nan, move=float(move)
        )
        for row, (again, move, widest) in zip(
            rows_of(problem, unknowns, alignment, known, at_bound), tails, strict=True
        )
    )
    rows = tuple(
        _profiled(row, problem, best.at, prior, noise, k) if _is_asked(row, profile) else row
        for row, k in zip(rows, values, strict=True)
    )
    combinations = named(known.combinations, rows)
    several = [each for each in combinations if len(each) > 1]
    pivots = pivots_of(several, rows)
    held = [k for k, row in enumerate(rows) if row.label in pivots]
    delay, error = _delay(problem, unknowns, slopes, (rest, spread, blocks))
    recorded = problem.observed(problem.y)
    left = rest.reshape(recorded.shape)
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
        per_gain=_per_gain(problem, rows, slopes * prior.spread, prior, noise),
        precision=precision,
        noise=noise,
        coloured=told.coloured,
        correlation=_alike(left),
        esr_before=float(before @ before / np.sum(recorded**2)),
        esr=float(rest @ rest / np.sum(recorded**2)),
        starts=(1.0,),
        drift=_drift(of_delay, rest, pieces, alignment.fs, (alignment.delay_samples + delay, noise * told.coloured)),
        excerpts=tuple(float(each) / alignment.fs for each in pieces.start),
        clipped=(0, 0),
        failed=failed,
        converged=best.converged and abs(delay) < REACH,
        missing=lack.findings,
        misfit=misfit(recorded, left, alignment.fs, 0.5 * BAND * alignment.fs),
        step=step,
    )


def _is_asked(row: FittedValue, profile: Sequence[str] | str) -> bool:
    """Whether its likelihood is to be profiled."""
    if isinstance(profile, str):
        return not row.is_determined
    return row.label.lower() in {name.lower() for name in profile}


def _profiled(
    row: FittedValue, problem: AudioProblem, best: NDArray, prior: Prior, noise: float, k: int
) -> FittedValue:
    found = profiled(problem, best, prior, noise, k, row.standard_error / prior.spread[k], row.reach)
    ends = (float((each - best[k]) * prior.spread[k]) for each in found)
    return dataclasses.replace(row, profile=row.after(*ends))


def _limits(problem: AudioProblem, prior: Prior, precision: float) -> NDArray:
    """Standard errors (p,) up to which the unknowns count as determined."""
    limits = np.minimum(prior.spread, precision) / 3
    for k, name in enumerate(problem.free, start=len(problem.names) + 1):
        if not KINDS[name].is_log:
            limits[k] = DEGREE_OF_OFFSET * prior.spread[k] / 3
    return limits


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
    problem: AudioProblem, rows: Sequence[FittedValue], slopes: NDArray, prior: Prior, noise: float
) -> dict[str, float]:
    """How the most probable values move with y, percent for 1 %, where its scale is taken as true."""
    if "y_gain" in problem.free:
        return {}
    recorded = problem.observed(problem.y).ravel()
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

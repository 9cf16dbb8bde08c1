"""What a fit to recordings tells: figures at its minimum."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment
from circuitnn.audio.clock_drift import Drift
from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.component_report import FittedValue, fitted_values, named
from circuitnn.estimation.determination import determination, errors_given, information
from circuitnn.estimation.excerpts import REACH, Excerpts
from circuitnn.estimation.identification_report import IdentificationReport, known_combinations
from circuitnn.estimation.posterior import linearised, residual
from circuitnn.estimation.unknowns import Prior
from circuitnn.numerics.levenberg_marquardt import Minimum

BLOCK = 0.01  # seconds after which what is left of a recording counts as independent
GAIN = "gain of y"


def reported(
    problem: AudioProblem,
    best: Minimum,
    prior: Prior,
    alignment: Alignment,
    pieces: Excerpts,
    noise: float,
    precision: float,
) -> IdentificationReport:
    """All but what was found out before the fit, which is `starts` and `clipped`.

    Args:
        problem: circuit and excerpts.
        best: the minimum.
        prior: bounds of the unknowns.
        alignment: in whole samples, as the excerpts were cut.
        pieces: the excerpts.
        noise: standard deviation of what is left, volts.
        precision: relative, that was asked for.
    """
    count, unknowns = len(problem.names), jnp.asarray(best.at)
    rest, slopes = (np.asarray(each) for each in linearised(problem, unknowns))
    slopes = slopes / prior.spread
    values = [*range(count), *([count + 1] if problem.has_gain else [])]
    of_delay = slopes[:, [count]] * (prior.high[count] > 0)
    pieces_long = problem.y.shape[1]
    inside = np.arange(0, pieces_long - pieces_long // 10, max(round(BLOCK * alignment.fs), 1))
    blocks = (np.arange(0, rest.size, pieces_long)[:, None] + inside).ravel()
    seen, coloured = information(slopes[:, values], of_delay, rest, noise, blocks)
    limits = np.minimum(prior.spread[values], precision) / 3
    known = determination(seen, limits)
    fitted = [*(float(each) for each in problem.values(unknowns).values()), float(problem.level(unknowns))]
    rows = fitted_values(
        problem.circuit,
        [*problem.names, *([GAIN] if problem.has_gain else [])],
        np.array(fitted[: len(values)]),
        known,
        ((best.at <= prior.low) | (best.at >= prior.high))[values],
        dict.fromkeys(problem.positions, "position") | {GAIN: "gain"},
    )
    combinations = named(known.combinations, rows)
    several = [each for each in combinations if len(each) > 1]
    pivots = [_pivot(each, rows) for each in several]
    held = [k for k, row in enumerate(rows) if row.label in pivots]
    delay, error = _delay(problem, unknowns, slopes, (rest, noise, blocks))
    recorded = np.asarray(_recorded(problem))
    before = np.asarray(residual(problem, jnp.zeros(prior.spread.size)))
    return IdentificationReport(
        values=rows[:count],
        gain=rows[count] if problem.has_gain else None,
        alignment=dataclasses.replace(
            alignment, delay_samples=alignment.delay_samples + delay, standard_error=error, gain=fitted[-1]
        ),
        combinations=combinations,
        to_measure=tuple(rows[k].label for k in known.to_measure),
        known=known_combinations(rows, several, pivots, errors_given(seen, limits, held)),
        per_gain={} if problem.has_gain else _per_gain(rows, slopes * prior.spread, recorded, prior, noise),
        precision=precision,
        noise=noise,
        coloured=coloured,
        correlation=_alike(rest.reshape(problem.y.shape)),
        esr_before=float(before @ before / (recorded @ recorded)),
        esr=float(rest @ rest / (recorded @ recorded)),
        starts=(1.0,),
        drift=_drift(of_delay, rest, pieces, alignment.fs, (alignment.delay_samples + delay, noise * coloured)),
        excerpts=tuple(float(each) / alignment.fs for each in pieces.start),
        clipped=(0, 0),
        failed=int(_failed(problem, unknowns)),
        converged=best.converged and abs(delay) < REACH,
    )


def _alike(rest: NDArray) -> float:
    """Correlation of neighbours along the last axis."""
    return float(np.sum(rest[:, 1:] * rest[:, :-1]) / max(float(np.sum(rest**2)), 1e-300))


def _pivot(shares: Mapping[str, float], rows: Sequence[FittedValue]) -> str:
    """What the other values of a combination are multiplied with: a resistance where there is one."""
    kinds = {row.label: row.kind for row in rows}
    return max(shares, key=lambda label: (kinds[label] == "R", abs(shares[label])))


def _delay(problem: AudioProblem, unknowns: Array, slopes: NDArray, left: tuple) -> tuple[float, float]:
    """What the fit has added to the delay, and its standard error; samples."""
    count = len(problem.names)
    if not slopes[:, count].any():
        return 0.0, 0.0
    own, _ = information(slopes[:, [count]], np.delete(slopes, count, axis=1), *left)
    return float(problem.delay(unknowns)), float(1 / np.maximum(np.abs(own[0, 0]), 1e-300))


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


@jax.jit
def _recorded(problem: AudioProblem) -> Array:
    """The recording as the residual sees it, (pieces time,)."""
    return problem.observed(problem.y).ravel()


@jax.jit
def _failed(problem: AudioProblem, unknowns: Array) -> Array:
    """Samples whose equations were not solved."""
    return jnp.sum(problem.solved(unknowns)[1].failed)

"""The way to the values: searches from several starts on few excerpts, then a descent on many, then a finer rate."""

import dataclasses
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, final

import jax
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.missing import FAINT
from circuitnn.estimation.posterior import NEAR, descended, left_over, linearised, settled
from circuitnn.estimation.unknowns import Prior
from circuitnn.nodal.model import NodalModel
from circuitnn.numerics.levenberg_marquardt import Minimum, descend

SEARCHES = 3  # starts that a descent follows from, besides the nominal values
SEARCH_STEPS = 50
MOST_AT_ONCE = 4  # searches side by side
ROUGHLY = 1e-3  # a step that ends a search, over the prior's standard deviation; the best one goes on
LEAST_NOISE = 1e-7  # of y's standard deviation
FINER = 4  # times the rate of the model that is fitted
CORRECTIONS = 3  # at most
SETTLED = 0.1  # standard errors, a change that ends the corrections
ENOUGH, FEW = 0.01, 8  # standard errors of a step, and steps, that end one correction


@final
class Found(NamedTuple):
    """The best values.

    Attributes:
        problem: with what the model lacks because of its rate.
        best: the minimum.
        noise: standard deviation of what is left, in the unit of y.
        refined: (p,), by how much the correction to a finer rate has moved the unknowns.
    """

    problem: AudioProblem
    best: Minimum
    noise: float
    refined: NDArray


def searched(problem: AudioProblem, prior: Prior, starts: int, seed: int, bar: tqdm) -> list[Minimum]:
    """Where searches from the nominal values and from the best of the others end, the lowest first; told on the bar."""
    bar.set_description("compiling")
    rng = np.random.default_rng(seed)
    nominal = np.zeros(prior.spread.size)
    guesses = [nominal, *(prior.anywhere(rng) for _ in range(starts - 1))]
    errors = []
    for guess in guesses:
        errors.append(left(problem, guess))
        bar.set_description("trying values", refresh=False)
        bar.update()
    if not np.isfinite(errors[0]):
        raise ValueError("identify: the output of the circuit with its nominal values is not finite")
    others = [int(k) for k in np.argsort(errors) if k and np.isfinite(errors[k])][:SEARCHES]
    noise = min(error for error in errors if np.isfinite(error))
    bar.set_description("compiling")
    linearised(problem, nominal)  # compiled once, before several want it

    def search(k: int) -> Minimum:
        with jax.enable_x64(True):  # which is each thread's own affair
            own = dataclasses.replace(problem)
            return descended(own, guesses[k], noise, prior, steps=SEARCH_STEPS, enough=ROUGHLY)

    chosen = [0, *others]
    with ThreadPoolExecutor(min(len(chosen), os.cpu_count() or 1, MOST_AT_ONCE)) as pool:
        running = pool.map(search, chosen)
        bar.set_description("searching")
        found = []
        for each in running:
            found.append(each)
            bar.update()
    return sorted(found, key=lambda each: each.error)


def left(problem: AudioProblem, unknowns: NDArray) -> float:
    """Standard deviation of what is left, in the unit of y."""
    rest = problem.residual(unknowns)
    return float(np.sqrt(rest @ rest / np.sum(problem.excerpts.keep)))


def beside_the_best(problem: AudioProblem, found: Sequence[Minimum]) -> tuple[float, ...]:
    """What each search leaves over what the best one does; what lies far below the recording counts as nothing."""
    least = FAINT * float(np.var(problem.y))
    powers = [left(problem, each.at) ** 2 + least for each in found]
    return tuple(power / powers[0] for power in powers)


def refined(problem: AudioProblem, start: NDArray, prior: Prior, fine: NodalModel | None) -> Found:
    """The descent to the end, and its correction to the model at a finer rate, where there is one.

    The finer model is simulated where the descent has ended, what it puts out beside the coarse one is added to the
    coarse one, and the values move to where its slopes, which are as good as they were, say (a defect correction:
    Stetter 1978).
    """
    least = LEAST_NOISE * float(np.std(problem.y))
    noise = max(left(problem, start), least)
    best = descended(problem, start, noise, prior)
    best, _, noise = settled(problem, best, noise, prior, least=least, is_known=False)
    first = best.at
    for _ in range(CORRECTIONS):
        if fine is None:
            break
        slopes = linearised(problem, best.at)[1] / noise
        problem = dataclasses.replace(problem, defect=_defect(problem, fine, best.at))
        errors = _errors(slopes)
        before, best = best, _moved(problem, best, slopes, noise, prior, enough=ENOUGH * errors.min())
        noise = left_over(problem, best.at, noise, least)
        if np.abs((best.at - before.at) / errors).max() < SETTLED:
            break
    return Found(problem, best, noise, best.at - first)


def _defect(problem: AudioProblem, fine: NodalModel, unknowns: NDArray) -> NDArray:
    """What the coarse model lacks, extrapolated from the finer one: errors go with the square of the step."""
    coarse, _ = dataclasses.replace(problem, defect=0.0).solved(unknowns)
    excerpts = problem.excerpts.with_latency(fine.latency - problem.model.latency)
    finer, _ = dataclasses.replace(problem, model=fine, excerpts=excerpts, defect=0.0).solved(unknowns)
    return (finer - coarse) / (1 - 1 / FINER**2)


def _moved(
    problem: AudioProblem, best: Minimum, slopes: NDArray, noise: float, prior: Prior, *, enough: float
) -> Minimum:
    """The minimum near the last one, with its slopes: simulations alone, without their derivatives."""
    gram = slopes.T @ slopes + np.eye(slopes.shape[1])

    def normal(at: NDArray) -> tuple[NDArray, NDArray, float]:
        rest = problem.residual(at) / noise
        return gram, slopes.T @ rest + at, float(rest @ rest + at @ at)

    found = descend(normal, best.at, steps=FEW, low=prior.low, high=prior.high, enough=enough, damping=NEAR)
    return found._replace(converged=best.converged)


def _errors(slopes: NDArray) -> NDArray:
    """Standard deviations of the unknowns, with the prior, for white noise of 1."""
    return np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes + np.eye(slopes.shape[1]))))

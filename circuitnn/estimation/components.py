"""Component values fitted to measured frequency responses: the circuit itself is the model."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jax import numpy as jnp
from tqdm import tqdm

from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.component_report import ComponentReport
from circuitnn.estimation.determination import determination
from circuitnn.estimation.fitted_value import fitted_values, named
from circuitnn.estimation.learnt import learnt_values
from circuitnn.estimation.posterior import best_of, descended, linearised, settled
from circuitnn.estimation.response_problem import ResponseProblem, decibels
from circuitnn.estimation.unknowns import Prior, target_knobs
from circuitnn.knobs import spelling
from circuitnn.numerics.levenberg_marquardt import Minimum
from circuitnn.train.response_data import Responses
from circuitnn.train.response_error import ResponseError

TAPER_PRECISION = 0.3  # moves the middle of a pot's way by 4 % of its track at most
FIRST_NOISE, LEAST_NOISE = 0.1, 1e-3  # dB


def fit_components(
    circuit: Circuit,
    target: Responses,
    *,
    trainable: Sequence[str] | Mapping[str, float | None] | None = None,
    tolerance: float | None = 0.2,
    tapers: Sequence[str] = (),
    noise_db: float | None = None,
    precision: float = 0.01,
    starts: int = 2,
    seed: int = 0,
    progress: bool = True,
) -> tuple[dict[str, float], ComponentReport]:
    """Fit the component values of a netlist to measured frequency responses, and say how well each is determined.

    The values are those of largest posterior probability: noise of `noise_db` in the responses, and values around the
    nominal ones with the tolerance as relative standard deviation, never beyond it. What the data do not determine
    stays near nominal, and the report says so. Double precision whatever JAX is set to; Levenberg and Marquardt's
    method with the exact Jacobian.

    Args:
        circuit: with nominal values.
        target: measured or computed responses (see `responses`). Its knobs are the circuit's; the circuit's other
            ``.param`` stay as they are.
        trainable: patterns of value names, or a mapping from patterns to tolerances (None for no bounds), as for
            `NodalModel`; when None all resistors, capacitors and inductors that have a value of their own. A ``.param``
            that is no knob of the target, such as the resistance of a pot's track, is learnt where its full name is
            given.
        tolerance: of values whose pattern has none of its own, from 0 to 1; None for no bounds.
        tapers: knobs whose `taper` is learnt, on top of what the netlist makes of them.
        noise_db: standard deviation of the responses' noise, dB (and of their phase, 1 dB for 0.115 rad); estimated
            from what the fit leaves when None, so that what the netlist cannot follow counts as noise.
        precision: relative; a value counts as determined where three standard errors are within it, and within the
            tolerance.
        starts: how many values to start from: the nominal ones, and others from within the tolerances.
        seed: of the other starts.
        progress: whether to show a progress bar.

    Returns:
        The fitted values, SI, for `Circuit.replace`; and the report, to be printed.

    Raises:
        ValueError: for unknown knobs, patterns and tapers, tolerances out of range, nominal values of 0, responses that
            are zero or not finite, a circuit with several inputs or outputs.

    Source: Esqueda, Kuznetsov and Parker 2021 (values of circuits by gradients); Marquardt 1963; MacKay 1992 (noise).
    """
    knobs = target_knobs(circuit, target)
    learnt = learnt_values(circuit, set(knobs), trainable, tolerance)
    turned = [spelling(name, knobs) for name in tapers]
    if not learnt and not turned:
        raise ValueError("there is nothing to learn: neither a value nor a taper")
    if noise_db is not None and not (np.isfinite(noise_db) and noise_db > 0):
        raise ValueError(f"noise_db has to be positive, got {noise_db}")
    if not 0 < precision < 1:
        raise ValueError(f"precision has to be between 0 and 1, got {precision}")
    if starts < 1:
        raise ValueError(f"starts has to be at least 1, got {starts}")
    prior = Prior.of(circuit, learnt, len(turned))
    with jax.enable_x64(True):
        problem = ResponseProblem(
            circuit.astype(np.float64),
            jnp.asarray(target.freqs, jnp.float64),
            {name: jnp.asarray(position, jnp.float64) for name, position in knobs.items()},
            jnp.asarray(target.response, jnp.complex128),
            jnp.asarray(prior.spread, jnp.float64),
            tuple(learnt),
            tuple(turned),
            target.has_phase,
        )
        _check_response(problem, target)
        rng = np.random.default_rng(seed)
        guesses = [np.zeros(prior.spread.size), *(prior.anywhere(rng) for _ in range(starts - 1))]
        noise = FIRST_NOISE if noise_db is None else noise_db
        shown = tqdm(guesses, unit="start", disable=not progress, dynamic_ncols=True)
        best = best_of([descended(problem, guess, noise, prior) for guess in shown])
        best, noise, left = settled(problem, best, noise, prior, least=LEAST_NOISE, is_known=noise_db is not None)
        report = _report(problem, best, prior, (noise, left), precision)
    return {each.name: each.fitted for each in report.values}, report


def _report(
    problem: ResponseProblem, best: Minimum, prior: Prior, noise: tuple[float, float], precision: float
) -> ComponentReport:
    unknowns = jnp.asarray(best.at)
    # J is per spread; the report is in logarithms of values and shapes of tapers.
    slopes = np.asarray(linearised(problem, unknowns)[1]) / noise[0] / prior.spread
    count = len(problem.names)
    wanted = np.array([*np.minimum(prior.spread[:count], precision), *[TAPER_PRECISION] * len(problem.tapers)])
    known = determination(slopes, wanted / 3)
    names = [*problem.names, *problem.tapers]
    fitted = (*problem.values(unknowns).values(), *problem.shapes(unknowns).values())
    at_bound = (best.at <= prior.low) | (best.at >= prior.high)
    kinds = dict.fromkeys(problem.tapers, "taper")
    rows = fitted_values(problem.circuit, names, np.array(fitted), known, at_bound, kinds)
    return ComponentReport(
        values=tuple(rows[:count]),
        tapers=tuple(rows[count:]),
        combinations=named(known.combinations, rows),
        to_measure=tuple(rows[k].label for k in known.to_measure),
        precision=precision,
        noise_db=noise[0],
        residual_db=noise[1],
        before=ResponseError.of(decibels(problem, np.zeros(len(names)))),
        after=ResponseError.of(decibels(problem, best.at)),
        converged=best.converged,
    )


def _check_response(problem: ResponseProblem, target: Responses) -> None:
    """Decibels exist of both."""
    start = np.zeros(problem.spread.size)
    for wrong, what in (
        (
            ~np.isfinite(np.log(np.abs(np.where(target.response == 0, np.nan, target.response)))),
            "the target's response",
        ),
        (~np.isfinite(decibels(problem, start)), "the response of the circuit with its nominal values"),
    ):
        if wrong.any():
            setting, k = np.argwhere(wrong)[0]
            at = ", ".join(
                [*(f"{name}={x[setting]:g}" for name, x in target.controls.items()), f"{target.freqs[k]:g} Hz"]
            )
            raise ValueError(f"{what} at {at} is zero or not finite: it has no decibels")

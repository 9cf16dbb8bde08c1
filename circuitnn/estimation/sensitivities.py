"""What a capture at each knob position and level would tell of a circuit's values, before any is made."""

import dataclasses
from typing import NamedTuple, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray
from tqdm import tqdm

from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.captures import Candidates
from circuitnn.estimation.planned_audio import PlannedAudio, sensitive
from circuitnn.estimation.response_problem import ResponseProblem
from circuitnn.estimation.unknowns import DECADE, Prior
from circuitnn.knobs import is_knob
from circuitnn.nodal.frequency import frequency_response
from circuitnn.nodal.model import NodalModel

NOISE = 1e-3  # of the loudest output: 60 dB below
MOST_NUMBERS = 2**24  # of Jacobians at a time: 128 MB
QUIET = 1e-12  # of the power of the loudest candidate: nothing comes out


@final
class Sensitivities(NamedTuple):
    """Of c captures to p unknowns, each over the standard deviation of its prior.

    Attributes:
        information: (c, 2, p, p), statistics of a capture as `circuitnn.estimation.design.covariance` takes them: for
            noise, and for knobs that are not quite where they are said to be.
        prediction: (c, p, p): its product with a covariance of the unknowns has as trace the mean square of the error
            of what is predicted there; dB^2 of a response, of a waveform relative to its power.
        spread: (p,), standard deviations of the prior.
        is_usable: (c,), whether anything comes out.
        noise: standard deviation; dB, or volts.
    """

    information: NDArray
    prediction: NDArray
    spread: NDArray
    is_usable: NDArray
    noise: float


def of_responses(
    circuit: Circuit,
    learnt: dict[str, float | None],
    freqs: NDArray,
    candidates: Candidates,
    noise: float,
    *,
    has_phase: bool,
    knob_error: float,
) -> Sensitivities:
    """Of frequency responses.

    Args:
        circuit: with nominal values, in double precision.
        learnt: values with their tolerances.
        freqs: (f,) Hz.
        candidates: knob positions.
        noise: dB.
        has_phase: whether phases are measured too.
        knob_error: of positions but for the ends, standard deviation.
    """
    spread = Prior.of(circuit, learnt).spread
    shape = (candidates.count, len(freqs))
    at = {name: position[:, None] for name, position in candidates.controls.items()}
    exact = jnp.broadcast_to(frequency_response(circuit, freqs, controls=at), shape)
    problem = ResponseProblem(
        circuit,
        jnp.asarray(freqs),
        {name: jnp.asarray(position) for name, position in candidates.controls.items()},
        exact,
        jnp.asarray(spread),
        tuple(learnt),
        (),
        True,
    )
    slopes = np.asarray(_sensitive(problem, spread.size)).reshape(2, *shape, -1)
    is_usable = np.isfinite(slopes).all(axis=(0, 2, 3)) & np.asarray(exact != 0).all(axis=1)
    decibels, phases = np.where(is_usable[:, None, None], slopes, 0.0)
    count = spread.size
    for part in (decibels, phases):
        part[..., count:] *= candidates.loose
    gram = _gram(decibels) + (_gram(phases) if has_phase else 0.0)
    prediction = _gram(decibels)[:, :count, :count] / len(freqs)
    return Sensitivities(_statistics(gram, count, noise, knob_error), prediction, spread, is_usable, noise)


def of_recordings(
    model: NodalModel,
    learnt: dict[str, float | None],
    pieces: NDArray,
    before: int,
    candidates: Candidates,
    noise: float | None,
    *,
    repeated: float,
    y_gain: float | str,
    knob_error: float,
    progress: bool,
) -> Sensitivities:
    """Of recordings, each with an offset and a delay of its own, which are found along with the values.

    Args:
        model: of the circuit with nominal values, in double precision.
        learnt: values with their tolerances.
        pieces: of the signal, (n, before + time), in full scale.
        before: samples of warm-up.
        repeated: of how many such pieces each of them stands for.
        candidates: knob positions and levels.
        noise: volts; None for `NOISE` of the loudest output.
        y_gain: a number, or "fit": one more unknown, the last one.
        knob_error: of positions but for the ends, standard deviation.
        progress: whether to show a progress bar.
    """
    circuit = model.circuit
    positions = tuple(name for name in circuit.controls if name in learnt and is_knob(circuit.values[name]))
    spread = Prior.of(circuit, learnt, positions=positions).spread
    has_gain = y_gain == "fit"
    samples, width = pieces.shape[0] * (pieces.shape[1] - before), len(learnt) + len(candidates.controls) + 3
    at_once = min(max(MOST_NUMBERS // (samples * width), 1), candidates.count)
    told = []
    blocks = range(0, candidates.count, at_once)
    for first in tqdm(blocks, unit="block", desc="sensitivities", disable=not progress, dynamic_ncols=True):
        # All blocks have one length, so that one program serves them all.
        block = np.minimum(np.arange(first, first + at_once), candidates.count - 1)
        played = PlannedAudio(
            model,
            jnp.asarray((candidates.volts[block, None, None] * pieces).reshape(-1, pieces.shape[1])),
            {name: jnp.asarray(np.repeat(at[block], len(pieces))[:, None]) for name, at in candidates.controls.items()},
            jnp.asarray(spread),
            tuple(learnt),
            positions,
            before,
        )
        y, slopes, turns = (np.asarray(each) for each in sensitive(played))
        power = np.mean(y.reshape(at_once, -1) ** 2, axis=1)
        # Values, gain, knobs, delay: the last column is taken out of the others.
        columns = [slopes, y[..., None] * DECADE] * has_gain or [slopes]
        columns += [turns, np.gradient(y, axis=1)[..., None]]
        whole = np.concatenate(columns, axis=-1) * (1.0 if isinstance(y_gain, str) else y_gain)
        whole = (whole - whole.mean(axis=1, keepdims=True)).reshape(at_once, samples, -1)
        whole[..., slopes.shape[-1] + has_gain : -1] *= candidates.loose[block]
        told.append((_gram(whole), power))
    gram, power = (np.concatenate(each)[: candidates.count] for each in zip(*told, strict=True))
    is_usable = np.isfinite(gram).all(axis=(1, 2)) & (power > QUIET * np.nanmax(power))
    gram = np.where(is_usable[:, None, None], gram, 0.0)
    sigma = NOISE * float(np.sqrt(np.nanmax(power))) if noise is None else noise
    count = len(learnt) + has_gain
    of_circuit = np.arange(count) < len(learnt)
    prediction = gram[:, :count, :count] * of_circuit * of_circuit[:, None]
    prediction = prediction / np.where(is_usable, samples * power, 1.0)[:, None, None]
    statistics = _statistics(_without_last(gram), count, max(sigma, 1e-300), knob_error) * repeated
    return Sensitivities(statistics, prediction, np.append(spread, [DECADE] * has_gain), is_usable, sigma)


def _without_last(gram: NDArray) -> NDArray:
    """Of all columns but the last, after what that one explains of them is taken out."""
    along, own = gram[:, :-1, -1], np.maximum(gram[:, -1, -1], 1e-300)
    return gram[:, :-1, :-1] - along[:, :, None] * along[:, None, :] / own[:, None, None]


@jax.jit(static_argnums=1)
def _sensitive(problem: ResponseProblem, count: int) -> Array:
    """Slopes of the residual with the unknowns and with each knob, in the order of names, (m, p + knobs)."""

    def moved(by: Array) -> Array:
        controls = {name: problem.controls[name] + by[count + k] for k, name in enumerate(sorted(problem.controls))}
        return dataclasses.replace(problem, controls=controls).residual(by[:count])

    # One pass for both: solvers of two would wait for the same few threads.
    return jax.jacfwd(moved)(jnp.zeros(count + len(problem.controls)))


def _statistics(gram: NDArray, count: int, noise: float, knob_error: float) -> NDArray:
    """(c, 2, p, p), from the Gram matrices (c, p + knobs, p + knobs) of slopes with values and knobs."""
    along = gram[:, :count, count:] * knob_error / noise**2
    return np.stack([gram[:, :count, :count] / noise**2, along @ np.swapaxes(along, 1, 2)], axis=1)


def _gram(slopes: NDArray) -> NDArray:
    return np.einsum("ctp,ctq->cpq", slopes, slopes, optimize=True)

"""Fitting a small neural filter to a tone stack: quasi-random settings of its knobs, Adam, then least squares."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, final

import jax
import numpy as np
import optax
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray
from tqdm import tqdm

from circuitnn.arguments import checked_rate
from circuitnn.circuit.circuit import Circuit
from circuitnn.filters.form import RADIUS
from circuitnn.filters.neural import NeuralToneStack
from circuitnn.knobs import MID_POSITION, matched
from circuitnn.numerics.least_squares import levenberg_marquardt_step
from circuitnn.tone.objective import ToneObjective, weights_of
from circuitnn.tone.report import assess
from circuitnn.tone.target import Reference, Target, random_settings, spread_settings
from circuitnn.train.interruption import Interrupted, Interruption
from circuitnn.train.measured import read_responses
from circuitnn.train.response_data import Responses

BATCH, RATE = 128, 5e-3  # settings in an update of Adam, and its largest rate
EVERY = 500  # updates of Adam in one program
ENOUGH, PATIENCE = 0.01, 10  # least squares ends where that many steps gain less than that share
FREQS = 96
HELD_OUT = 0.15  # of measured settings, where there are at least MANY
MANY, UNSEEN = 20, 1000
SETTINGS = {1: 256, 2: 512}  # by the number of knobs
MORE = 1024


@final
class Schedule(NamedTuple):
    """How long is trained.

    Attributes:
        adam: updates.
        least_squares: steps of Levenberg's and Marquardt's method at most.
    """

    adam: int = 4000
    least_squares: int = 60


SCHEDULE = Schedule()


def fit_tone_stack(
    target: Circuit | Responses | str | os.PathLike | Callable[[NDArray, dict[str, NDArray]], NDArray],
    *,
    fs: float = 48_000,
    seed: int | Sequence[int] = 0,
    order: int = 8,
    hidden: tuple[int, ...] = (32, 32),
    form: str = "coupled",
    radius: float = RADIUS,
    frame: int = 1,
    controls: Mapping[str, float] | None = None,
    reference: str = "nodal",
    settings: int | None = None,
    schedule: Schedule | tuple[int, int] = SCHEDULE,
    progress: bool = True,
) -> tuple[Any, Any]:
    """Fit a neural filter that follows the knobs of a tone stack.

    Magnitudes are fitted in decibels, phases below a fifth of the sample rate with a small weight. Adam goes to the
    neighbourhood of a minimum, with a complex error that has few others; Levenberg's and Marquardt's method goes into
    it: for some thousand weights it gets ten times further than gradients in the same time.

    Args:
        target: a circuit with knobs; a folder of measured responses (`read_responses`); `responses`; or a function of
            (freqs (f,) in Hz, controls {name: (n,)}) that gives complex responses (n, f).
        fs: sample rate of the filter, Hz.
        seed: of the weights and of the unseen settings; several for as many models, fitted in one program.
        order: number of poles. The circuit's own is the least; with more the response can also be right near fs/2.
        hidden: units of the network's hidden layers.
        form: "coupled" or "biquads".
        radius: of the poles at most.
        frame: samples for which the model holds its knobs when it runs.
        controls: names and default positions of the knobs; needed for a function, and else taken from the target.
        reference: for a circuit, "nodal" (its frequency response, exact) or "ngspice".
        settings: how many positions of the knobs are used for fitting; 256 for one knob, 512 for two, else 1024.
        schedule: updates of Adam and steps of least squares.
        progress: whether to show a progress bar.

    Returns:
        The model, and a `ToneStackReport` on settings that were not fitted; lists of them for several seeds.

    Raises:
        ValueError: for a target without knobs, measured responses that are not complete, or arguments out of range.
        Interrupted: after Ctrl-C, at the end of a step: a KeyboardInterrupt with the model so far.
    """
    began = time.monotonic()
    schedule, fs = Schedule(*schedule), checked_rate(fs)
    if schedule.adam < 1 or schedule.least_squares < 0:
        raise ValueError(f"schedule: expected one update of Adam at least, got {tuple(schedule)}")
    seeds = [seed] if isinstance(seed, int) else list(seed)
    data, unseen, reference_of, positions = _data(target, fs, controls, reference, settings, seeds[0])
    make = partial(
        NeuralToneStack, positions, fs=fs, order=order, hidden=tuple(hidden), form=form, radius=radius, frame=frame
    )
    models = [make(seed=each) for each in seeds]
    objective = ToneObjective(models[0], data)
    starts = jnp.stack([weights_of(model) for model in models])
    is_one = isinstance(seed, int)
    with Interruption(saves=False) as interruption:
        found, history = _optimised(objective, starts, schedule, np.asarray(seeds), interruption, progress=progress)
        fitted = [objective.model(flat) for flat in found]
        if interruption.noted is not None:
            text = f"stopped after {len(history)} steps; the filter so far is .model of this exception"
            interruption.leave(Interrupted(text, fitted[0] if is_one else fitted, history))
    seconds = time.monotonic() - began
    reports = [
        assess(model, unseen, reference_of, seconds=seconds, history=history[:, k], fitted=len(data.response))
        for k, model in enumerate(fitted)
    ]
    return (fitted[0], reports[0]) if is_one else (fitted, reports)


def _data(
    target: Any, fs: float, controls: Mapping[str, float] | None, reference: str, settings: int | None, seed: int
) -> tuple[Responses, Responses, Target | None, dict[str, float]]:
    """What is fitted, what is not seen, where more can be had, and the knobs with their defaults."""
    if isinstance(target, str | os.PathLike):
        target = read_responses(Path(target))
    if isinstance(target, Responses):
        if not target.controls:
            raise ValueError("responses without a knob: there is nothing to follow")
        defaults = dict.fromkeys(target.controls, MID_POSITION)
        positions = defaults | {name: float(np.asarray(value)) for name, value in matched(controls, defaults).items()}
        fitted, unseen = _divided(_below(target, fs), seed)
        return fitted, unseen, None, positions
    if isinstance(target, Circuit):
        source = Reference.of_circuit(target, reference)
    elif callable(target):
        if not controls:
            raise ValueError("a function as a target needs controls={name: default} for its knobs")
        source = Reference(target, controls)
    else:
        raise ValueError(f"a target is a circuit, a folder, responses or a function, not {type(target).__name__}")
    highest = min(20e3, 0.46 * fs)
    freqs = np.geomspace(20.0, highest, FREQS)
    count = SETTINGS.get(len(source.controls), MORE) if settings is None else settings
    if count < 1:
        raise ValueError(f"settings: expected a positive number, got {settings}")
    fitted = source(freqs, spread_settings(source.controls, count))
    unseen = source(np.geomspace(20.0, highest, 2 * FREQS), random_settings(source.controls, UNSEEN, seed + 1))
    return fitted, unseen, source, dict(source.controls)


def _below(data: Responses, fs: float) -> Responses:
    """Without the frequencies that a filter at that sample rate does not have."""
    heard = data.freqs < 0.49 * fs
    if heard.sum() < 2:
        raise ValueError(f"fewer than two of the frequencies are below half of fs = {fs:g} Hz")
    return Responses(data.freqs[heard], data.controls, data.response[:, heard], data.has_phase)


def _divided(data: Responses, seed: int) -> tuple[Responses, Responses]:
    """Settings to fit and others to assess; of few, all for both."""
    count = len(data.response)
    if count < MANY:
        return data, data
    order = np.random.default_rng(seed).permutation(count)
    apart = max(1, round(HELD_OUT * count))
    return _chosen(data, np.sort(order[apart:])), _chosen(data, np.sort(order[:apart]))


def _chosen(data: Responses, which: NDArray) -> Responses:
    controls = {name: value[which] for name, value in data.controls.items()}
    return Responses(data.freqs, controls, data.response[which], data.has_phase)


def _optimised(
    objective: ToneObjective,
    starts: Array,
    schedule: Schedule,
    seeds: NDArray,
    interruption: Interruption,
    *,
    progress: bool,
) -> tuple[Array, NDArray]:
    """The weights (seeds, n), and their errors along the way (stages, seeds), decibels squared."""
    rate = optax.warmup_cosine_decay_schedule(0.0, RATE, 100, max(schedule.adam, 101), RATE / 500)
    # Near a notch decibels change as steeply as one likes: no single batch may throw the weights away.
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))
    batch = min(BATCH, len(objective.knobs))
    knobs, target = objective.knobs, objective.target

    @partial(jax.jit, static_argnums=3)
    @partial(jax.vmap, in_axes=(0, 0, 0, None))
    def adam(flat, state, key, updates):
        def update(carry, key):
            flat, state = carry
            chosen = jax.random.randint(key, (batch,), 0, len(knobs))
            loss, slope = jax.value_and_grad(objective.approach)(flat, knobs[chosen], target[chosen])
            change, state = optimizer.update(slope, state)
            return (optax.apply_updates(flat, change), state), loss

        (flat, state), losses = jax.lax.scan(update, (flat, state), jax.random.split(key, updates))
        return flat, state, jnp.mean(losses)

    @jax.jit
    def least_squares(flats, dampings):
        def one(given):
            return levenberg_marquardt_step(
                lambda flat: objective.normal(flat, knobs, target),
                lambda flat: objective.error(flat, knobs, target),
                *given,
            )

        return jax.lax.map(one, (flats, dampings))

    history = []
    state = jax.vmap(optimizer.init)(starts)
    flats = starts
    keys = jax.vmap(lambda seed: jax.random.key(seed))(jnp.asarray(seeds, jnp.uint32))
    pieces = [EVERY] * (schedule.adam // EVERY) + [schedule.adam % EVERY] * (schedule.adam % EVERY > 0)
    with tqdm(total=len(pieces) + schedule.least_squares, desc="compiling", disable=not progress, unit="step") as bar:
        for number, updates in enumerate(pieces):
            own = jax.vmap(lambda key, number=number: jax.random.fold_in(key, number))(keys)
            flats, state, losses = adam(flats, state, own, updates)
            history.append(np.asarray(losses))
            bar.set_description("Adam")
            bar.set_postfix_str(f"{np.sqrt(np.median(history[-1])):.4f} dB")
            bar.update()
            if interruption.noted is not None:
                return flats, np.stack(history)
        dampings = jnp.full(len(starts), 1e-2, starts.dtype)
        first = len(history)
        for _ in range(schedule.least_squares):
            flats, dampings, losses = least_squares(flats, dampings)
            history.append(np.asarray(losses))
            bar.set_description("least squares")
            bar.set_postfix_str(f"{np.sqrt(np.median(history[-1])):.4f} dB")
            bar.update()
            if not np.isfinite(history[-1]).all():
                raise FloatingPointError("the fit is not finite any more: the responses may hold values out of range")
            gone = len(history) - first
            if interruption.noted is not None:
                break
            if gone > PATIENCE and np.all(history[-1] > (1 - ENOUGH) * history[-1 - PATIENCE]):
                break
    return flats, np.stack(history)

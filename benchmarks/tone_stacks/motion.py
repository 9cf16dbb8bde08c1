"""Filters whose numbers move as fast as the sound: whether they stay in bounds, and what a sample costs."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray

from benchmarks.tone_stacks.fits import FORMS, FS
from circuitnn.filters import Biquads, Form, NeuralToneStack
from circuitnn.study.rounds import Step, best_of

BLOCK = 100_000
STREAMS = 10
TAIL = 48_000  # samples of an impulse response: a pole at 1 Hz has died away
SETTINGS = 128

BATCH, BATCH_SECONDS = 256, 0.2
ORDERS = (3, 4, 6, 8)

# (streams, samples, knobs) from a generator and the number of the first sample.
Movement = Callable[[np.random.Generator, tuple[int, ...], int], NDArray]


def random(rng: np.random.Generator, shape: tuple[int, ...], _: int) -> NDArray:
    """Another position at each sample."""
    return rng.random(shape)


def random_walk(rng: np.random.Generator, shape: tuple[int, ...], _: int) -> NDArray:
    """Steps of up to a tenth, reflected at the ends."""
    walk = np.cumsum(rng.uniform(-0.1, 0.1, shape), axis=-2) + rng.random((shape[0], 1, shape[-1]))
    return np.abs((walk + 1) % 2 - 1)


def square(rng: np.random.Generator, shape: tuple[int, ...], start: int) -> NDArray:
    """From end to end, each knob at another rate from 0.5 to 12 kHz."""
    n = start + np.arange(shape[-2])[:, None]
    half = np.maximum(2, (FS / rng.uniform(1e3, 24e3, (shape[0], 1, shape[-1]))).astype(int))
    return ((n // half) % 2).astype(float)


def sine(rng: np.random.Generator, shape: tuple[int, ...], start: int) -> NDArray:
    """At 1 kHz, from end to end, each knob at another phase."""
    n = start + np.arange(shape[-2])[:, None]
    return 0.5 + 0.5 * np.sin(2 * np.pi * (1000 * n / FS + rng.random((shape[0], 1, shape[-1]))))


MOVEMENTS: dict[str, Movement] = {
    "random": random,
    "random walk": random_walk,
    "square waves": square,
    "1 kHz sine": sine,
}


def stability(name: str, model: NeuralToneStack, samples: int, seed: int = 0) -> list[dict[str, Any]]:
    """A row for each movement and, of a cascade, each structure: peaks for noise of at most one, in float32."""
    structures = ("direct", "state variable") if model.kind == "biquads" else ("coupled",)
    rows = []
    for structure in structures:
        bound = constant_bound(model)
        for movement, move in MOVEMENTS.items():
            peak, is_finite = played(model, structure, move, samples, seed)
            rows.append(
                {
                    "circuit": name,
                    "order": model.order,
                    "structure": structure,
                    "movement": movement,
                    "samples": samples,
                    "peak": peak,
                    "constant_bound": bound,
                    "is_finite": is_finite,
                }
            )
    return rows


def constant_bound(model: NeuralToneStack) -> float:
    """The largest peak that the filter can have for an input of one while its knobs stay: max over settings sum|h|."""
    knobs = np.random.default_rng(0).random((SETTINGS, len(model.controls)))
    ends = np.stack(np.meshgrid(*[[0.0, 1.0]] * knobs.shape[1]), -1).reshape(-1, knobs.shape[1])
    knobs[: len(ends)] = ends
    form = model.form(jnp.asarray(knobs, jnp.float32)[:, None])
    impulse = jnp.zeros((SETTINGS, TAIL), jnp.float32).at[:, 0].set(1)
    _, h = jax.jit(lambda form, x: form.filtered(form.at_rest((SETTINGS,)), x))(form, impulse)
    return float(np.max(np.sum(np.abs(np.asarray(h, float)), axis=-1)))


def played(model: NeuralToneStack, structure: str, move: Movement, samples: int, seed: int) -> tuple[float, bool]:
    """The peak of the output over all samples, in blocks, and whether it stayed finite."""
    rng = np.random.default_rng(seed)
    run = jax.jit(partial(_block, model, structure))
    state: Array = jnp.zeros((STREAMS, _structured(model.form(jnp.zeros(len(model.controls))), structure).memory))
    peak = 0.0
    block = min(BLOCK, samples // STREAMS)
    for start in range(0, samples // STREAMS, block):
        knobs = move(rng, (STREAMS, block, len(model.controls)), start)
        x = rng.uniform(-1, 1, (STREAMS, block))
        state, highest = run(state, jnp.asarray(knobs, jnp.float32), jnp.asarray(x, jnp.float32))
        peak = max(peak, float(highest))
        if not np.isfinite(float(highest)):
            return float("inf"), False
    return peak, True


def _block(model: NeuralToneStack, structure: str, state: Array, knobs: Array, x: Array) -> tuple[Array, Array]:
    state, y = _structured(model.form(knobs), structure).filtered(state, x)
    return state, jnp.max(jnp.where(jnp.isnan(y), jnp.inf, jnp.abs(y)))


def _structured(form: Form, structure: str) -> Form:
    return dataclasses.replace(form, structure=structure) if isinstance(form, Biquads) else form


def costs(rounds: int) -> list[dict[str, Any]]:
    """A row for each form and order: million samples a second, one stream and a batch that moves together."""
    found: dict[tuple[str, int, str], Step] = {}
    for kind in FORMS:
        for order in ORDERS:
            found[kind, order, "one"] = _step(kind, order, FS, ())
            found[kind, order, "batch"] = _step(kind, order, round(BATCH_SECONDS * FS), (BATCH,))
    for step in found.values():
        jax.block_until_ready(step.run())
    best = best_of(found, rounds)
    return [
        {
            "form": kind,
            "order": order,
            **{
                what: found[kind, order, what].audio_seconds * FS / best[kind, order, what] for what in ("one", "batch")
            },
        }
        for kind in FORMS
        for order in ORDERS
    ]


def _step(kind: str, order: int, samples: int, batch: tuple[int, ...]) -> Step:
    rng = np.random.default_rng(0)
    form_of = FORMS[kind]
    free = form_of.initial(order, FS) + 0.1 * np.sin(np.linspace(0, 300, samples))[:, None]
    form: Form = form_of.unpacked(jnp.asarray(free, jnp.float32), order, 1 - 1e-5)
    form, x = jax.device_put((form, jnp.asarray(rng.uniform(-1, 1, (*batch, samples)), jnp.float32)))
    state = jnp.zeros((*batch, form.memory), jnp.float32)
    run = jax.jit(lambda form, state, x: form.filtered(state, x))
    return Step(lambda: run(form, state, x), max(1, int(np.prod(batch))) * samples / FS)

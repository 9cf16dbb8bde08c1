"""What is timed of one circuit: the same computation as a user would run it, in several sizes."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from numpy.typing import NDArray

from benchmarks.catalogue import FS, loudest, with_all_inputs
from circuitnn import circuits
from circuitnn.circuit import Circuit
from circuitnn.model import controls, run
from circuitnn.nodal import NodalModel

ONE, BATCH_ONE, BATCH_TWO, THREADS, MOVING, GRADIENT = (
    "one stream",
    "batch, one device",
    "batch, two devices",
    "batch, two threads",
    "moving knobs",
    "gradient",
)
GRADIENT_BATCH, GRADIENT_TIME = 40, 2048


@dataclass(frozen=True)
class Sizes:
    """How much is computed: seconds of one stream, streams of the batch, and its seconds."""

    seconds: float = 1.0
    batch: int = 256
    batch_seconds: float = 0.2


@dataclass(frozen=True)
class Step:
    """One thing to time, and how many seconds of audio it is, over all streams together."""

    run: Callable[[], Any]
    audio_seconds: float


def steps(name: str, recording: NDArray, sizes: Sizes, dtype: Any, *, gradient: bool = True) -> dict[str, Step]:
    """All steps of a circuit; nothing is computed yet but the operating point, nor compiled."""
    circuit = circuits.CATALOGUE[name]()
    model = NodalModel(circuit, FS, dtype=dtype)
    peak = circuits.NOMINAL_PEAK[name]
    one = jnp.asarray(with_all_inputs(circuit, peak * loudest(recording, round(sizes.seconds * FS)), FS), dtype)
    many = _windows(circuit, peak, recording, sizes.batch, round(sizes.batch_seconds * FS), dtype)
    rest, rests = model.init_carry(), model.init_carry((sizes.batch,))
    total = sizes.batch * sizes.batch_seconds
    found = {
        ONE: Step(lambda: run(model, one, rest), sizes.seconds),
        BATCH_ONE: Step(lambda: run(model, many, rests), total),
    }
    if len(jax.devices()) > 1 and sizes.batch % 2 == 0:
        found[BATCH_TWO] = Step(_on_two_devices(model, many, rests), total)
    if sizes.batch % 2 == 0:
        found[THREADS] = Step(_in_two_threads(model, many, rests), total)
    if circuit.controls:
        knobs = _moving(circuit, len(one), dtype)
        start = model.init_carry((), {key: value[0] for key, value in knobs.items()})
        found[MOVING] = Step(lambda: run(model, one, start, controls=knobs), sizes.seconds)
    if gradient:
        some = _windows(circuit, peak, recording, GRADIENT_BATCH, GRADIENT_TIME, dtype)
        found[GRADIENT] = Step(_gradient(circuit, some, dtype), GRADIENT_BATCH * GRADIENT_TIME / FS)
    return found


def seconds(step: Step) -> float:
    """How long it takes, until the result is there."""
    began = time.perf_counter()
    jax.block_until_ready(step.run())
    return time.perf_counter() - began


def best_of(found: Mapping[str, Step], rounds: int) -> dict[str, float]:
    """The least time of each step, in rounds over all of them, so that a busy machine slows all alike."""
    best = dict.fromkeys(found, float("inf"))
    for _ in range(rounds):
        for name, step in found.items():
            best[name] = min(best[name], seconds(step))
    return best


def _windows(circuit: Circuit, peak: float, recording: NDArray, batch: int, samples: int, dtype: Any) -> Array:
    """(batch, samples, inputs): pieces of the recording, evenly spread over it."""
    scale = peak / max(float(np.max(np.abs(recording))), 1e-12)
    starts = np.linspace(0, len(recording), batch, endpoint=False).astype(int)
    pieces = np.stack([np.take(recording, np.arange(at, at + samples), mode="wrap") for at in starts])
    return jnp.asarray(with_all_inputs(circuit, scale * pieces, FS), dtype)


def _moving(circuit: Circuit, samples: int, dtype: Any) -> dict[str, Array]:
    """Every knob between 0.1 and 0.9, each at another rate of some hertz, with another value at each sample."""
    t = np.arange(samples) / FS
    return {
        name: jnp.asarray(0.5 + 0.4 * np.sin(2 * np.pi * (3 + 2 * index) * t), dtype)
        for index, name in enumerate(circuit.controls)
    }


def _on_two_devices(model: NodalModel, x: Array, carry: Any) -> Callable[[], Any]:
    mesh = Mesh(np.array(jax.devices()[:2]), ("batch",))
    graph, variables = nnx.split(model)

    def play(variables, carry, x, knobs):
        return nnx.merge(graph, variables)(carry, x, knobs)

    spec = (P(), P("batch"), P("batch"), P())
    shared = jax.jit(jax.shard_map(play, mesh=mesh, in_specs=spec, out_specs=P("batch"), check_vma=False))
    placed = [
        jax.device_put(each, NamedSharding(mesh, where))
        for each, where in zip((variables, carry, x, controls(model)), spec, strict=True)
    ]
    return lambda: shared(*placed)


def _in_two_threads(model: NodalModel, x: Array, carry: Any) -> Callable[[], Any]:
    """Halves of the batch on one device, each in a Python thread of its own."""
    half = len(x) // 2
    halves = [jax.tree.map(lambda leaf, part=part: leaf[part], (x, carry)) for part in (np.s_[:half], np.s_[half:])]
    pool = ThreadPoolExecutor(2)

    def play(x, carry):
        return jax.block_until_ready(run(model, x, carry))

    return lambda: [each.result() for each in [pool.submit(play, *half) for half in halves]]


def _gradient(circuit: Circuit, x: Array, dtype: Any) -> Callable[[], Any]:
    """Of the output's energy, with respect to every value of the circuit."""
    model = NodalModel(circuit, FS, trainable="*", dtype=dtype)
    graph, params, *fixed = nnx.split(model, nnx.Param, ...)
    rest = model.init_carry((len(x),))

    @jax.jit
    def forward_and_gradient(params, fixed, rest, x):
        return jax.value_and_grad(lambda p: jnp.sum(nnx.merge(graph, p, *fixed)(rest, x)[1] ** 2))(params)

    return lambda: forward_and_gradient(params, fixed, rest, x)

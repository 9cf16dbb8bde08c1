"""What is timed of one model: the same computation as a user would run it, in several sizes."""

import argparse
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from numpy.typing import NDArray

from benchmarks.catalogue import FS, loudest, with_all_inputs
from circuitnn.circuit import Circuit
from circuitnn.model import controls, run
from circuitnn.transient.model import CircuitModel

ONE, BATCH_ONE, BATCH_TWO, THREADS, MOVING, GRADIENT = (
    "one stream",
    "batch, one device",
    "batch, two devices",
    "batch, two threads",
    "moving knobs",
    "gradient",
)
BATCHES = (BATCH_ONE, BATCH_TWO, THREADS)
GRADIENT_BATCH, GRADIENT_TIME = 40, 2048
IN_A_ROW = 0.02  # seconds

Name = TypeVar("Name")


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


@dataclass(frozen=True)
class Subject:
    """A model to be timed.

    Attributes:
        make: the model, from the keywords `dtype` and `trainable`.
        peak: of the signal, volts.
        trainable: values that the gradient is taken with respect to.
        hold: samples between two positions of a moving knob.
    """

    make: Callable[..., CircuitModel]
    peak: float
    trainable: tuple[str, ...] = ("*",)
    hold: int = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that benchmarks of speed have."""
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each; the least counts")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one stream; default: %(default)s")
    parser.add_argument("--batch", type=int, default=256, help="streams of the batch; default: %(default)s")
    parser.add_argument("--batch-seconds", type=float, default=0.2, help="of each of them; default: %(default)s")
    parser.add_argument("--no-gradient", action="store_true", help="forward only")


def set_up(*, x64: bool) -> None:
    """Two devices, which has an effect before the first computation only; and compilation that is not remembered."""
    flags = os.environ.get("XLA_FLAGS", "")  # circuitnn, imported above, has put its own there
    if "xla_force_host_platform_device_count" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count=2".strip()
    jax.config.update("jax_enable_compilation_cache", False)
    if x64:
        jax.config.update("jax_enable_x64", True)


def header(options: argparse.Namespace) -> dict[str, Any]:
    """What the figures depend on, of the options."""
    return {
        "batch": options.batch,
        "rounds": options.rounds,
        "devices": len(jax.devices()),
        "seconds": options.seconds,
        "signal": "built-in excitation" if options.input is None else "a recording",
    }


def steps(subject: Subject, recording: NDArray, sizes: Sizes, dtype: Any, *, gradient: bool = True) -> dict[str, Step]:
    """All steps of a model; nothing is computed yet but the operating point, nor compiled."""
    model = subject.make(dtype=dtype)
    circuit, peak = model.circuit, subject.peak
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
        knobs = moving(circuit, len(one), subject.hold, dtype)
        start = model.init_carry((), {key: value[0] for key, value in knobs.items()})
        found[MOVING] = Step(lambda: run(model, one, start, controls=knobs), sizes.seconds)
    if gradient:
        some = _windows(circuit, peak, recording, GRADIENT_BATCH, GRADIENT_TIME, dtype)
        found[GRADIENT] = Step(_gradient(subject, some, dtype), GRADIENT_BATCH * GRADIENT_TIME / FS)
    return found


def seconds(step: Step) -> float:
    """How long it takes, until the result is there."""
    began = time.perf_counter()
    jax.block_until_ready(step.run())
    return time.perf_counter() - began


def best_of(found: Mapping[Name, Step], rounds: int) -> dict[Name, float]:
    """The least time of each step, in rounds over all of them, so that a busy machine slows all alike.

    A short step is repeated within a round, as blocks of audio follow each other: the step before it was another one,
    and has left nothing of this one in the caches.
    """
    best = dict.fromkeys(found, float("inf"))
    for _ in range(rounds):
        for name, step in found.items():
            spent, count = 0.0, 0
            while count == 0 or (spent < IN_A_ROW and count < 10):
                took = seconds(step)
                spent, count = spent + took, count + 1
                best[name] = min(best[name], took)
    return best


def _windows(circuit: Circuit, peak: float, recording: NDArray, batch: int, samples: int, dtype: Any) -> Array:
    """(batch, samples, inputs): pieces of the recording, evenly spread over it."""
    scale = peak / max(float(np.max(np.abs(recording))), 1e-12)
    starts = np.linspace(0, len(recording), batch, endpoint=False).astype(int)
    pieces = np.stack([np.take(recording, np.arange(at, at + samples), mode="wrap") for at in starts])
    return jnp.asarray(with_all_inputs(circuit, scale * pieces, FS), dtype)


def moving(circuit: Circuit, samples: int, hold: int, dtype: Any) -> dict[str, Array]:
    """Every knob between 0.1 and 0.9, each at another rate of some hertz, with another value every `hold` samples."""
    t = (np.arange(samples) // hold * hold) / FS
    return {
        name: jnp.asarray(0.5 + 0.4 * np.sin(2 * np.pi * (3 + 2 * index) * t), dtype)
        for index, name in enumerate(circuit.controls)
    }


def _on_two_devices(model: CircuitModel, x: Array, carry: Any) -> Callable[[], Any]:
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


def _in_two_threads(model: CircuitModel, x: Array, carry: Any) -> Callable[[], Any]:
    """Halves of the batch on one device, each in a Python thread of its own."""
    half = len(x) // 2
    halves = [jax.tree.map(lambda leaf, part=part: leaf[part], (x, carry)) for part in (np.s_[:half], np.s_[half:])]
    pool = ThreadPoolExecutor(2)

    def play(x, carry):
        return jax.block_until_ready(run(model, x, carry))

    return lambda: [each.result() for each in [pool.submit(play, *half) for half in halves]]


def _gradient(subject: Subject, x: Array, dtype: Any) -> Callable[[], Any]:
    """Of the output's energy, with respect to the subject's values."""
    model = subject.make(trainable=subject.trainable, dtype=dtype)
    graph, params, *fixed = nnx.split(model, nnx.Param, ...)
    rest = model.init_carry((len(x),))

    @jax.jit
    def forward_and_gradient(params, fixed, rest, x):
        return jax.value_and_grad(lambda p: jnp.sum(nnx.merge(graph, p, *fixed)(rest, x)[1] ** 2))(params)

    return lambda: forward_and_gradient(params, fixed, rest, x)

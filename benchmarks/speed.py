"""What is timed of one model, as a user would run it, in several sizes; and its figures in a report."""

import argparse
import os
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

from benchmarks import circuits
from benchmarks.circuits import FS, loudest, with_all_inputs
from circuitnn.circuit import Circuit
from circuitnn.model import controls, run
from circuitnn.native import compiled, compiler
from circuitnn.study.rounds import Step
from circuitnn.study.tables import Cell, Row, target, times
from circuitnn.transient.model import CircuitModel

ONE, BATCH_ONE, BATCH_TWO, THREADS, MOVING, GRADIENT, NATIVE, NATIVE_BATCH = (
    "one stream",
    "batch, one device",
    "batch, two devices",
    "batch, two threads",
    "moving knobs",
    "gradient",
    "one stream, native",
    "batch, native",
)
BATCHES = (BATCH_ONE, BATCH_TWO, THREADS)
GRADIENT_BATCH, GRADIENT_TIME = 40, 2048


@dataclass(frozen=True)
class Sizes:
    """How much is computed: seconds of one stream, streams of the batch, and its seconds."""

    seconds: float = 1.0
    batch: int = 256
    batch_seconds: float = 0.2


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


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that benchmarks of circuits' speed have."""
    circuits.add_input(parser)
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


def prepared(options: argparse.Namespace, **more: Any) -> tuple[dict[str, Any], NDArray, Sizes]:
    """The head of the report, the recording and the sizes that the options ask for."""
    sizes = Sizes(options.seconds, options.batch, options.batch_seconds)
    recording = circuits.recording(options.input, max(sizes.seconds, sizes.batch_seconds))
    head = circuits.header(
        **more,
        batch=options.batch,
        rounds=options.rounds,
        devices=len(jax.devices()),
        seconds=options.seconds,
        signal=circuits.source(options.input),
    )
    return head, recording, sizes


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
    if compiler() is not None:
        native = compiled(model)
        found[NATIVE] = Step(lambda: run(native, one, rest), sizes.seconds)
        found[NATIVE_BATCH] = Step(lambda: run(native, many, rests), total)
    if circuit.controls:
        knobs = moving(circuit, len(one), subject.hold, dtype)
        start = model.init_carry((), {key: value[0] for key, value in knobs.items()})
        found[MOVING] = Step(lambda: run(model, one, start, controls=knobs), sizes.seconds)
    if gradient:
        some = _windows(circuit, peak, recording, GRADIENT_BATCH, GRADIENT_TIME, dtype)
        found[GRADIENT] = Step(_gradient(subject, some, dtype), GRADIENT_BATCH * GRADIENT_TIME / FS)
    return found


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


def figures(found: Mapping[str, Step], best: Mapping[str, float], first: Mapping[str, float]) -> dict[str, Any]:
    """What is reported of a model, from the seconds that its steps took at best and at first."""
    cost = {name: 1e3 * best[name] / step.audio_seconds for name, step in found.items()}
    return {
        "one_stream_ms": cost[ONE],
        "batch_ms_per_stream": {name: cost[name] for name in BATCHES if name in cost},
        "native_ms": cost.get(NATIVE),
        "native_batch_ms_per_stream": cost.get(NATIVE_BATCH),
        "gradient_samples_per_second": found[GRADIENT].audio_seconds * FS / best[GRADIENT]
        if GRADIENT in found
        else None,
        "moving_knobs_ms": cost.get(MOVING),
        "moving_knobs_cost": best[MOVING] / best[ONE] if MOVING in found else None,
        "first_call_seconds": {name: first[name] for name in found},
    }


def cells(row: Row) -> tuple[Cell, ...]:
    """The cells of a table with what `figures` reports."""
    first, rate = row["first_call_seconds"], row["gradient_samples_per_second"]
    return (
        row["one_stream_ms"],
        row["native_ms"],
        *(row["batch_ms_per_stream"].get(kind) for kind in BATCHES),
        row["native_batch_ms_per_stream"],
        None if rate is None else rate / 1e6,
        times(row["moving_knobs_cost"]),
        first[ONE],
        first.get(GRADIENT),
    )


def heads(batch: int) -> tuple[str, ...]:
    """Those of `cells`."""
    return (
        "one stream, ms", "native, ms", f"batch {batch}, ms per stream: one device", "two devices", "two threads",
        "native", "gradient, Msamples/s", "moving knobs", "first call, s", "gradient first call, s",
    )  # fmt: skip


def first_calls(calls: Mapping[str, Mapping[str, float]], aim: float) -> list[dict[str, Any]]:
    """A target for the longest first call of each kind, from the seconds of each model."""
    targets = []
    for kind in (ONE, BATCH_ONE, BATCH_TWO, MOVING, GRADIENT):
        some = [(seconds[kind], name) for name, seconds in calls.items() if kind in seconds]
        if some:
            longest, name = max(some)
            targets.append(target(f"first call, {kind}, s, the worst: {name}", aim, longest))
    return targets

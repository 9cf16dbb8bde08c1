"""`python -m benchmarks.training_speed`: a training step of the networks against PyTorch.

A step is forward, error-to-signal ratio, backward and Adam on 40 segments of 2048 samples in single precision. PyTorch
runs on one thread; circuitnn on one device, and with the segments shared between as many devices as there are cores.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from benchmarks.circuits import header
from circuitnn.convolutional import TCN, WaveNet
from circuitnn.recurrent import GRU, LRU, LSTM, S4D, S6, STN
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.rounds import Step, best_of
from circuitnn.study.tables import Row, markdown, target, target_table

BATCH, TIME, SEEDS = 40, 2048, 5
# Units of each layer; an STN's those of its hidden layers.
TARGETS = {
    "GRU-8": 15.0,
    "GRU-32": 6.0,
    "GRU-64": 4.5,
    "LSTM-32": 2.0,
    "GRU-32-32": None,
    "LSTM-32-32": None,
    "STN-8-8": None,
    "LRU-16-16": None,
    "S4D-16-16": None,
    "S6-16-16": None,
    "WaveNet nano": None,
    "A2 Lite": None,
    "TCN": None,
}
STATES = 16  # of the linear recurrences
MOST_FOR_SEEDS = 3.5
DEVICES = ("one_device", "all_devices")
LINEAR: dict[str, Any] = {"LRU": LRU, "S4D": S4D, "S6": S6}
CONVOLUTIONAL: dict[str, Callable[[nnx.Rngs], Any]] = {
    "WaveNet nano": lambda rngs: WaveNet.nam("nano", rngs=rngs),
    "A2 Lite": lambda rngs: WaveNet.a2("lite", rngs=rngs),
    "TCN": lambda rngs: TCN.micro(100, rngs=rngs),
}
SETTINGS = {
    # Large blocks of memory on huge pages, and kept by the process: page faults cost more than the arithmetic.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296"
    ":glibc.malloc.trim_threshold=8589934592",
    "OMP_NUM_THREADS": "1",
}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--devices", type=int, default=min(4, os.cpu_count() or 1), help="default: the cores, up to 4")
    parser.add_argument("--no-torch", dest="torch", action="store_false", help="without the comparison with PyTorch")


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    _with_settings(options.devices)
    if options.torch:
        try:
            import torch
        except ImportError:
            raise ValueError("PyTorch is missing: make setup-bench, or leave it out with --no-torch") from None
        torch.set_num_threads(1)
    head = header(devices=options.devices, batch=BATCH, time=TIME, rounds=options.rounds)
    packages = ("jax", "flax", "optax", *(("torch",) if options.torch else ()))
    head["versions"] = {name: metadata.version(name) for name in packages}
    return head, _rows(names, options)


def line(row: Row) -> str:
    if "devices" in row:
        return f"five GRU-8 by vmap cost {row['ratio']:.2f} times one, {row['devices']} device(s)"
    ratios = ", ".join(f"x {row[key]['ratio']:.1f}" for key in DEVICES if row[key]["ratio"])
    return f"{row['model']:8s} {row['all_devices']['samples_per_second'] / 1e6:.2f} million samples a second {ratios}"


def parts(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows of models, and what several seeds cost by number of devices."""
    return {
        "rows": [row for row in rows if "model" in row],
        "five_seeds_over_one": {str(row["devices"]): row["ratio"] for row in rows if "devices" in row},
        "five_seeds_target": MOST_FOR_SEEDS,
    }


def targets(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured for it."""
    speeds = [
        target(f"{row['model']}: all devices over PyTorch", row["target"], row["all_devices"]["ratio"], at_least=True)
        for row in report["rows"]
        if row["target"] is not None and row["all_devices"]["ratio"] is not None
    ]
    return speeds + [
        target(f"five GRU-8 by vmap over one, devices: {count}", MOST_FOR_SEEDS, ratio)
        for count, ratio in report["five_seeds_over_one"].items()
    ]


def tables(report: Mapping[str, Any]) -> str:
    """Both tables in Markdown."""
    head = report["header"]
    lines = [
        (
            row["model"],
            row["torch_seconds"] and BATCH * TIME / row["torch_seconds"] / 1e6,
            *(value for key in DEVICES for value in (row[key]["samples_per_second"] / 1e6, row[key]["ratio"])),
        )
        for row in report["rows"]
    ]
    return "\n\n".join(
        [
            "Millions of samples a second in a training step, and the ratio to PyTorch on one thread. Minima of "
            f"{head['rounds']} interleaved rounds; {head['cores']} cores.",
            markdown(("model", "PyTorch", "1 device", "ratio", f"{head['devices']} devices", "ratio"), lines),
            target_table(report["targets"]),
        ]
    )


def _rows(names: tuple[str, ...], options: argparse.Namespace) -> Iterator[Row]:
    """All are measured in the same rounds."""
    devices = options.devices
    steps: dict[str, Callable[[], Any]] = {}
    for name in names:
        if options.torch and not name.startswith("STN"):
            steps[f"{name} torch"] = _torch_step(name)
        for count in {1, devices}:
            steps[f"{name} {count}"] = _step(name, count)
            if name == "GRU-8":
                steps[f"{name} seeds {count}"] = _step(name, count, SEEDS)
    for step in steps.values():
        jax.block_until_ready(step())
    best = best_of({name: Step(step, BATCH * TIME / 48_000) for name, step in steps.items()}, options.rounds)
    for name in names:
        torch_seconds = best.get(f"{name} torch")
        row: dict[str, Any] = {"model": name, "target": TARGETS[name], "torch_seconds": torch_seconds}
        for key, count in zip(DEVICES, (1, devices), strict=True):
            seconds = best[f"{name} {count}"]
            row[key] = {"seconds": seconds, "samples_per_second": BATCH * TIME / seconds}
            row[key]["ratio"] = None if torch_seconds is None else torch_seconds / seconds
        yield row
    if "GRU-8" in names:
        for count in sorted({1, devices}):
            yield {"devices": count, "ratio": best[f"GRU-8 seeds {count}"] / best[f"GRU-8 {count}"]}


def _with_settings(devices: int) -> None:
    """Start anew with the settings that only work before Python starts; a library cannot do this, a program can."""
    if BATCH % devices:
        raise ValueError(f"--devices must divide the batch of {BATCH}, got {devices}")
    if os.environ.get("CIRCUITNN_TRAINING_SPEED") == "set" or sys.platform != "linux":
        return
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}".strip()
    environment = SETTINGS | dict(os.environ) | {"XLA_FLAGS": flags, "CIRCUITNN_TRAINING_SPEED": "set"}
    environment.setdefault("JAX_PLATFORMS", "cpu")
    os.execve(sys.executable, [sys.executable, "-m", "benchmarks.training_speed", *sys.argv[1:]], environment)


def _step(name: str, devices: int, seeds: int = 1) -> Callable[[], Any]:
    """One compiled training step; with several seeds, of that many models at once by vmap."""
    models = [_model(name, seed) for seed in range(seeds)]
    graph, *variables = nnx.split(models[0], nnx.Param, ...)
    fixed = variables[1]
    params = jax.tree.map(lambda *a: jnp.stack(a), *(nnx.state(model, nnx.Param) for model in models))
    optimizer = optax.adam(5e-4)
    x = jax.random.normal(jax.random.key(1), (seeds, BATCH, TIME, 1))
    mesh = Mesh(np.array(jax.devices()[:devices]), ("batch",))

    def gradient(params, rest, x):
        energy = jax.lax.psum(jnp.sum(jnp.square(0.5 * x)), "batch")

        def loss(params):
            model = nnx.merge(graph, params, fixed)
            _, y = model(rest, x)
            return jnp.sum(jnp.square(y - 0.5 * x)) / energy

        return jax.lax.psum(jax.grad(loss)(params), "batch")

    def one(params, state, rest, x):
        shared = jax.shard_map(gradient, mesh=mesh, in_specs=(P(), P(), P("batch")), out_specs=P(), check_vma=False)
        steps, state = optimizer.update(shared(params, rest, x), state, params)
        return optax.apply_updates(params, steps), state

    state = jax.vmap(optimizer.init)(params)
    # At rest once for many steps, as in training.
    rest = jax.tree.map(lambda *a: jnp.stack(a), *(model.init_carry((BATCH // devices,)) for model in models))
    if seeds == 1:
        params, state, rest, x = jax.tree.map(lambda a: a[0], (params, state, rest, x))
        step, spec = jax.jit(one), P("batch")
    else:
        step, spec = jax.jit(jax.vmap(one)), P(None, "batch")
    x = jax.device_put(x, NamedSharding(mesh, spec))
    params, state, rest = jax.device_put((params, state, rest), NamedSharding(mesh, P()))
    return lambda: step(params, state, rest, x)


def _model(name: str, seed: int):
    if name in CONVOLUTIONAL:
        return CONVOLUTIONAL[name](nnx.Rngs(seed))
    kind, *widths = name.split("-")
    if kind == "STN":
        return STN(("C1",), hidden=tuple(map(int, widths)), output="C1", rngs=nnx.Rngs(seed))
    if kind in LINEAR:
        return LINEAR[kind](int(widths[0]), len(widths), states=STATES, rngs=nnx.Rngs(seed))
    return {"GRU": GRU, "LSTM": LSTM}[kind](int(widths[0]), layers=len(widths), rngs=nnx.Rngs(seed))


def _torch_step(name: str) -> Callable[[], Any]:
    import torch

    from benchmarks import torch_networks

    kind, *widths = name.split("-")
    if name in CONVOLUTIONAL:
        model = torch_networks.convolutional(CONVOLUTIONAL[name](nnx.Rngs(0)))
        parameters = list(model.parameters())
    elif kind in LINEAR:
        model = torch_networks.network(kind, int(widths[0]), layers=len(widths), states=STATES)
        parameters = list(model.parameters())
    else:
        hidden, *others = widths
        layer = getattr(torch.nn, kind)(1, int(hidden), 1 + len(others), batch_first=True)
        readout = torch.nn.Linear(int(hidden), 1)
        parameters = [*layer.parameters(), *readout.parameters()]

        def model(x):
            return readout(layer(x)[0])

    optimizer = torch.optim.Adam(parameters, 5e-4)
    x = torch.randn(BATCH, TIME, 1)
    y = 0.5 * x

    def step():
        optimizer.zero_grad()
        loss = torch.sum((model(x) - y) ** 2) / torch.sum(y**2)
        loss.backward()
        optimizer.step()

    return step


BENCHMARK = Benchmark(
    module="benchmarks.training_speed",
    about="A training step of the networks against PyTorch.",
    items=tuple(TARGETS),
    rounds=8,
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
    parts=parts,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

"""`python -m benchmarks.training_speed`: a training step of the recurrent models against PyTorch.

A step is forward, error-to-signal ratio, backward and Adam on 40 segments of 2048 samples in single precision. PyTorch
runs on one thread; circuitnn on one device, and with the segments shared between as many devices as there are cores.
Times are minima of interleaved rounds, so that a busy machine slows all of them alike.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

BATCH, TIME, SEEDS = 40, 2048, 5
TARGETS = {"GRU-8": 15.0, "GRU-32": 6.0, "GRU-64": 4.5, "LSTM-32": 2.0, "STN-8-8": None}
MOST_FOR_SEEDS = 3.5
SETTINGS = {
    # Large blocks of memory on huge pages, and kept by the process: page faults cost more than the arithmetic.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296"
    ":glibc.malloc.trim_threshold=8589934592",
    "OMP_NUM_THREADS": "1",
}


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    _with_settings(options.devices)
    try:
        import torch
    except ImportError:
        print("error: the comparison needs PyTorch: make setup-bench, or pip install circuitnn[bench]", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    names = options.only or list(TARGETS)
    print(f"training speed: {', '.join(names)}; batch {BATCH} x {TIME}, {options.rounds} rounds", flush=True)
    steps: dict[str, Callable[[], Any]] = {}
    for name in names:
        if not name.startswith("STN"):
            steps[f"{name} torch"] = _torch_step(name)
        steps[f"{name} 1"] = _step(name, 1, 1)
        steps[f"{name} {options.devices}"] = _step(name, options.devices, 1)
    if "GRU-8" in names:
        for devices in {1, options.devices}:
            steps[f"GRU-8 seeds {devices}"] = _step("GRU-8", devices, SEEDS)
    seconds = _interleaved(steps, options.rounds)
    report = _report(names, seconds, options.devices)
    _print_table(report)
    path = Path(options.output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\n{path}")
    return 0


def _options() -> argparse.ArgumentParser:
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_speed", description=description)
    parser.add_argument("--only", nargs="+", choices=TARGETS, metavar="MODEL", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--rounds", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--devices", type=int, default=min(4, os.cpu_count() or 1), help="default: the cores, up to 4")
    parser.add_argument("--output", default="results/training-speed.json", metavar="FILE", help="default: %(default)s")
    return parser


def _with_settings(devices: int) -> None:
    """Start anew with the settings that only work before Python starts; a library cannot do this, a program can."""
    if BATCH % devices:
        sys.exit(f"error: --devices must divide the batch of {BATCH}, got {devices}")
    if os.environ.get("CIRCUITNN_TRAINING_SPEED") == "set" or sys.platform != "linux":
        return
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}".strip()
    environment = SETTINGS | dict(os.environ) | {"XLA_FLAGS": flags, "CIRCUITNN_TRAINING_SPEED": "set"}
    environment.setdefault("JAX_PLATFORMS", "cpu")
    os.execve(sys.executable, [sys.executable, "-m", "benchmarks.training_speed", *sys.argv[1:]], environment)


def _step(name: str, devices: int, seeds: int) -> Callable[[], Any]:
    """One compiled training step; with several seeds, of that many models at once by vmap."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax
    from flax import nnx
    from jax.sharding import Mesh, NamedSharding
    from jax.sharding import PartitionSpec as P

    models = [_model(name, seed) for seed in range(seeds)]
    graph, *variables = nnx.split(models[0], nnx.Param, ...)
    fixed = variables[1]
    params = jax.tree.map(lambda *a: jnp.stack(a), *(nnx.state(model, nnx.Param) for model in models))
    optimizer = optax.adam(5e-4)
    x = jax.random.normal(jax.random.key(1), (seeds, BATCH, TIME, 1))
    mesh = Mesh(np.array(jax.devices()[:devices]), ("batch",))

    def gradient(params, x):
        energy = jax.lax.psum(jnp.sum(jnp.square(0.5 * x)), "batch")

        def loss(params):
            model = nnx.merge(graph, params, fixed)
            _, y = model(model.init_carry(x.shape[:1]), x)
            return jnp.sum(jnp.square(y - 0.5 * x)) / energy

        return jax.lax.psum(jax.grad(loss)(params), "batch")

    def one(params, state, x):
        shared = jax.shard_map(gradient, mesh=mesh, in_specs=(P(), P("batch")), out_specs=P(), check_vma=False)
        steps, state = optimizer.update(shared(params, x), state, params)
        return optax.apply_updates(params, steps), state

    state = jax.vmap(optimizer.init)(params)
    if seeds == 1:
        params, state, x = jax.tree.map(lambda a: a[0], (params, state, x))
        step, spec = jax.jit(one), P("batch")
    else:
        step, spec = jax.jit(jax.vmap(one)), P(None, "batch")
    x = jax.device_put(x, NamedSharding(mesh, spec))
    params, state = jax.device_put((params, state), NamedSharding(mesh, P()))
    return lambda: jax.block_until_ready(step(params, state, x))


def _model(name: str, seed: int):
    from flax import nnx

    from circuitnn.recurrent import GRU, LSTM, STN

    kind, *widths = name.split("-")
    if kind == "STN":
        return STN(("C1",), hidden=tuple(map(int, widths)), output="C1", rngs=nnx.Rngs(seed))
    return {"GRU": GRU, "LSTM": LSTM}[kind](int(widths[0]), rngs=nnx.Rngs(seed))


def _torch_step(name: str) -> Callable[[], Any]:
    import torch

    kind, hidden = name.split("-")
    layer = getattr(torch.nn, kind)(1, int(hidden), batch_first=True)
    readout = torch.nn.Linear(int(hidden), 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *readout.parameters()], 5e-4)
    x = torch.randn(BATCH, TIME, 1)
    y = 0.5 * x

    def step():
        optimizer.zero_grad()
        loss = torch.sum((readout(layer(x)[0]) - y) ** 2) / torch.sum(y**2)
        loss.backward()
        optimizer.step()

    return step


def _interleaved(steps: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    for step in steps.values():
        step()
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def _report(names: list[str], seconds: dict[str, float], devices: int) -> dict[str, Any]:
    rows = []
    for name in names:
        torch_seconds = seconds.get(f"{name} torch")
        row: dict[str, Any] = {"model": name, "target": TARGETS[name], "torch_seconds": torch_seconds}
        for key, count in (("one_device", 1), ("all_devices", devices)):
            own = seconds[f"{name} {count}"]
            row[key] = {"seconds": own, "samples_per_second": BATCH * TIME / own}
            row[key]["ratio"] = None if torch_seconds is None else torch_seconds / own
        rows.append(row)
    header = {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "devices": devices,
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in ("jax", "flax", "optax", "torch")},
        "batch": BATCH,
        "time": TIME,
    }
    many = {
        str(count): seconds[f"GRU-8 seeds {count}"] / seconds[f"GRU-8 {count}"]
        for count in sorted({1, devices})
        if f"GRU-8 seeds {count}" in seconds
    }
    return {"header": header, "rows": rows, "five_seeds_over_one": many, "five_seeds_target": MOST_FOR_SEEDS}


def _print_table(report: dict[str, Any]) -> None:
    devices = report["header"]["devices"]
    print("\nmillions of samples a second, and the ratio to PyTorch on one thread")
    heads = ("PyTorch", 10), ("1 device", 12), ("ratio", 8), (f"{devices} devices", 12), ("ratio", 8), ("target", 8)
    print(" " * 10 + "".join(f"{head:>{width}}" for head, width in heads))
    for row in report["rows"]:
        torch_speed = "" if row["torch_seconds"] is None else f"{BATCH * TIME / row['torch_seconds'] / 1e6:.2f}"
        cells = [f"{row['model']:10}", f"{torch_speed:>10}"]
        for key in ("one_device", "all_devices"):
            ratio = row[key]["ratio"]
            cells += [f"{row[key]['samples_per_second'] / 1e6:12.2f}", f"{'' if ratio is None else f'{ratio:.1f}':>8}"]
        print("".join(cells) + f"{row['target'] or '':>8}")
    for count, ratio in report["five_seeds_over_one"].items():
        print(f"five GRU-8 by vmap cost {ratio:.2f} times one, {count} device(s) (at most {MOST_FOR_SEEDS})")


if __name__ == "__main__":
    sys.exit(main())

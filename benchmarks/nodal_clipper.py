"""`python -m benchmarks.nodal_clipper`: speed of the nodal model on the first-order diode clipper, beside ngspice.

Millions of samples a second: one stream, a batch of 256, and a gradient with respect to all component values at a
batch of 40 x 2048; minima of interleaved rounds after compilation. ngspice runs the same netlist on one second of it.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from circuitnn import audio, circuits, spice
from circuitnn.files import replacing
from circuitnn.model import run
from circuitnn.nodal import NodalModel

FS = 48_000
TARGETS = {"one stream": 8.0, "batch 256": 50.0, "gradient, batch 40": 5.0}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nodal_clipper", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each; the least counts")
    parser.add_argument("--output", default="results/nodal-clipper.json", metavar="FILE", help="default: %(default)s")
    options = parser.parse_args(argv)
    jax.config.update("jax_enable_x64", True)
    x = 4.5 * audio.excitation(10, FS, seed=0)
    work = {
        f"{kind}, {jnp.dtype(dtype).name}": step
        for dtype in (jnp.float32, jnp.float64)
        for kind, step in _work(x, dtype)
    }
    compile_seconds = {name: _seconds(step) for name, (step, _) in work.items()}
    best = dict.fromkeys(work, np.inf)
    for _ in range(options.rounds):
        for name, (step, _) in work.items():
            best[name] = min(best[name], _seconds(step))
    rows = {name: work[name][1] / best[name] / 1e6 for name in work}
    reference = None
    if spice.version() is not None:
        began = time.perf_counter()
        spice.transient(circuits.diode_clipper(), x[:FS], FS)
        reference = FS / (time.perf_counter() - began) / 1e6
    _print(rows, compile_seconds, reference)
    with replacing(options.output) as file:
        figures = {"million_samples_per_second": rows, "first_call_seconds": compile_seconds, "ngspice": reference}
        file.write(json.dumps(figures, indent=1).encode())
    print(f"\n{Path(options.output)}")
    return 0


def _work(x: np.ndarray, dtype: Any) -> list[tuple[str, tuple[Callable[[], Any], int]]]:
    """Name, what to run, and how many samples that are."""
    circuit = circuits.diode_clipper()
    model = NodalModel(circuit, FS, dtype=dtype)
    one = jnp.asarray(x, dtype)[:, None]
    many = jnp.asarray(np.stack([x[i * 1500 : i * 1500 + 24_000] for i in range(256)]), dtype)[..., None]
    some = jnp.asarray(np.stack([x[i * 9000 : i * 9000 + 2048] for i in range(40)]), dtype)[..., None]
    rest_one, rest_many, rest_some = model.init_carry(), model.init_carry((256,)), model.init_carry((40,))
    graph, params, *fixed = nnx.split(NodalModel(circuit, FS, trainable="*", dtype=dtype), nnx.Param, ...)

    @jax.jit
    def gradient(params):
        return jax.grad(lambda p: jnp.sum(nnx.merge(graph, p, *fixed)(rest_some, some)[1] ** 2))(params)

    return [
        ("one stream", (lambda: run(model, one, rest_one), one.size)),
        ("batch 256", (lambda: run(model, many, rest_many), many.size)),
        ("gradient, batch 40", (lambda: gradient(params), some.size)),
    ]


def _seconds(step: Callable[[], Any]) -> float:
    began = time.perf_counter()
    jax.block_until_ready(step())
    return time.perf_counter() - began


def _print(rows: dict[str, float], compile_seconds: dict[str, float], reference: float | None) -> None:
    print(
        f"{'first-order clipper, 48 kHz':30s} {'Msamples/s':>10s} {'target':>7s} {'first call, s':>14s}"
        f" {'x ngspice':>10s}"
    )
    for name, value in rows.items():
        target = TARGETS[name.rsplit(",", 1)[0]]
        ratio = "" if reference is None else f"{value / reference:10.0f}"
        print(f"{name:30s} {value:10.1f} {target:7.0f} {compile_seconds[name]:14.2f} {ratio}")
    if reference is None:
        print("ngspice is not installed: no comparison")
    else:
        print(f"{'ngspice, transient':30s} {reference:10.4f}")


if __name__ == "__main__":
    raise SystemExit(main())

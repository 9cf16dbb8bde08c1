"""`python -m benchmarks.nodal_speed`: speed of the nodal model on the circuits of the catalogue, beside ngspice.

Each row is measured in interleaved rounds after a first call of everything, and the least time counts.
"""

import argparse
import time
import warnings
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from benchmarks import speed
from benchmarks.circuits import ALL, FS, QUICK, loudest, with_all_inputs
from circuitnn import circuits, spice
from circuitnn.circuit import Circuit
from circuitnn.mna.topology import topology
from circuitnn.nodal import NodalModel
from circuitnn.numerics.report import SolveWarning
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.rounds import best_of, seconds
from circuitnn.study.tables import Row, markdown, target, target_table

# ngspice as it comes, with steps no longer than a sample: the least that it can do to play the same signal.
AS_IT_COMES = spice.Tolerances(reltol=1e-3, abstol=1e-12, vntol=1e-6, gmin=1e-12, chgtol=1e-14)

# Milliseconds of computing for a second of audio: one stream, and each stream of a batch of 256.
TARGETS = {
    "diode_clipper": (5.0, 0.8),
    "tube_screamer_clipping": (10.0, 1.2),
    "common_emitter": (25.0, 2.0),
    "triode_koren": (50.0, 4.0),
    "triode_dempwolf": (50.0, 4.0),
}
REAL_TIME = "sd1"  # must be faster than real time
FIRST_CALL, MOVING_COST = 8.0, 2.0


def options(parser: argparse.ArgumentParser) -> None:
    speed.add_options(parser)
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64", help="default: %(default)s")
    parser.add_argument(
        "--ngspice-timeout", type=float, default=30.0, help="seconds, then its cell stays empty; 0: without ngspice"
    )


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterable[Row]]:
    speed.set_up(x64=options.dtype == "float64")
    head, recording, sizes = speed.prepared(options, dtype=options.dtype)
    return head, (_row(name, recording, sizes, options) for name in names)


def line(row: Row) -> str:
    best = min(row["batch_ms_per_stream"].values())
    return f"{row['circuit']:26s} {row['one_stream_ms']:8.1f} ms, in the batch {best:7.2f} ms a stream"


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured for it."""
    rows, reached = parts["rows"], []
    for row in rows:
        name = row["circuit"]
        if name in TARGETS:
            one, batch = TARGETS[name]
            reached.append(target(f"{name}: one stream, ms", one, row["one_stream_ms"]))
            reached.append(target(f"{name}: batch, ms per stream", batch, min(row["batch_ms_per_stream"].values())))
        if name == REAL_TIME:
            reached.append(target(f"{name}: one stream, ms", 1000.0, row["one_stream_ms"]))
    moving = [(row["moving_knobs_cost"], row["circuit"]) for row in rows if row["moving_knobs_cost"] is not None]
    if moving:
        worst, name = max(moving)
        what = f"knobs moved at every sample over constant ones, the worst: {name}"
        reached.append(target(what, MOVING_COST, worst))
    return reached + speed.first_calls({row["circuit"]: row["first_call_seconds"] for row in rows}, FIRST_CALL)


def tables(report: Mapping[str, Any]) -> str:
    """Both tables in Markdown."""
    head, rows = report["header"], report["rows"]
    sizes = "nodes", "states", "ports"
    lines = ((row["circuit"], *(row[size] for size in sizes), *speed.cells(row), row["ngspice_ms"]) for row in rows)
    return "\n\n".join(
        [
            f"Milliseconds of computing for one second of audio at 48 kHz, {head['dtype']}; forward and gradient with "
            f"respect to all values at a batch of {speed.GRADIENT_BATCH} x {speed.GRADIENT_TIME}; cost of knobs "
            f"moved at every sample over constant ones. Minima of {head['rounds']} rounds; {head['signal']}; "
            f"{head['cores']} cores.",
            markdown(("circuit", *sizes, *speed.heads(head["batch"]), "ngspice, ms"), lines),
            target_table(report["targets"]),
        ]
    )


def _row(name: str, recording: np.ndarray, sizes: speed.Sizes, options: argparse.Namespace) -> dict[str, Any]:
    circuit = circuits.CATALOGUE[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolveWarning)  # the accuracy benchmark counts them
        began = time.perf_counter()
        subject = speed.Subject(partial(NodalModel, circuit, FS), circuits.NOMINAL_PEAK[name])
        steps = speed.steps(subject, recording, sizes, options.dtype, gradient=not options.no_gradient)
        built = time.perf_counter() - began
        first = {kind: seconds(step) for kind, step in steps.items()}
        best = best_of(steps, options.rounds)
    return {
        "circuit": name,
        "nodes": len(circuit.nodes),
        "states": len(circuit.state_names),
        "ports": len(topology(circuit).ports),
        **speed.figures(steps, best, first),
        "models_and_rests_seconds": built,
        "ngspice_ms": _ngspice_ms(circuit, name, recording, sizes.seconds, options.ngspice_timeout),
    }


def _ngspice_ms(circuit: Circuit, name: str, recording: np.ndarray, length: float, timeout: float) -> float | None:
    """For a second of audio; None where there is no ngspice, it fails or it takes longer than the timeout."""
    if timeout <= 0 or spice.version() is None:
        return None
    x = circuits.NOMINAL_PEAK[name] * loudest(recording, round(length * FS))
    signal = with_all_inputs(circuit, x, FS)
    began = time.perf_counter()
    try:
        spice.transient(circuit, signal, FS, max_step=1 / FS, tolerances=AS_IT_COMES, timeout=timeout)
    except spice.SpiceError:
        return None
    return 1e3 * (time.perf_counter() - began) / length


BENCHMARK = Benchmark(
    module="benchmarks.nodal_speed",
    about="Speed of the nodal model on the circuits of the catalogue, beside ngspice.",
    items=ALL,
    quick=QUICK,
    kind="circuits",
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

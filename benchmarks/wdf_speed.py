"""`python -m benchmarks.wdf_speed`: speed of wave digital filters, beside the nodal model of the same circuits.

All engines of a circuit are measured in the same interleaved rounds, after a first call of everything, and the least
time counts.
"""

import argparse
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from benchmarks import speed
from benchmarks.circuits import FS
from circuitnn import circuits
from circuitnn.nodal import NodalModel
from circuitnn.numerics.report import SolveWarning
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.rounds import best_of, seconds
from circuitnn.study.tables import Row, markdown, target, target_table, times
from circuitnn.wdf import Capacitor, DiodePair, Parallel, ResistiveVoltageSource, WDFModel, derive

CIRCUITS = ("diode_clipper", "bassman", "klon_feed_forward_2", "tube_screamer_clipping")
PRECISIONS = ("float32", "float64")
NODAL = "nodal"
HOLD = 32  # samples between two positions of a knob
AREAS = ("D1", "D2")  # of antiparallel diodes: explicit laws are for equal ones, and do not learn these apart

# Milliseconds of computing for a second of audio, in the better precision: one stream, each stream of a batch of 256.
TARGETS = {"diode_clipper": ("wdf, exact", 3.0, 0.5), "bassman": ("wdf", 2.0, 0.2)}
GRADIENT, FIRST_CALL = 2e6, 5.0


def clipper(law: str, **keywords: Any) -> WDFModel:
    """The first-order diode clipper, built by hand."""
    tree = Parallel(ResistiveVoltageSource(2.2e3, "Vin"), Capacitor(10e-9))
    return WDFModel(tree, root=DiodePair(law=law), fs=FS, **keywords)


def subjects(name: str) -> dict[str, speed.Subject]:
    """All engines of a circuit, by name: the default one first, the nodal model of the same circuit last."""
    circuit = circuits.CATALOGUE[name]()
    makes: dict[str, Callable[..., Any]]
    match name:
        case "diode_clipper":
            makes = {f"wdf, {law}": partial(clipper, law) for law in ("exact", "better", "simple", "newton")}
            circuit = clipper("newton").circuit
        case "tube_screamer_clipping":
            makes = {f"wdf, {law}": partial(derive, circuit, FS, diodes=law) for law in ("exact", "newton")}
        case _:
            makes = {"wdf": partial(derive, circuit, FS)}
    makes[NODAL] = partial(NodalModel, circuit, FS)
    trainable = tuple(value for value in circuit.values if value not in AREAS)
    peak = circuits.NOMINAL_PEAK[name]
    return {engine: speed.Subject(make, peak, trainable, HOLD) for engine, make in makes.items()}


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterable[Row]]:
    speed.set_up(x64=True)
    head, recording, sizes = speed.prepared(options)
    rows = (row for name in names for dtype in PRECISIONS for row in _rows(name, dtype, recording, sizes, options))
    return head, rows


def line(row: Row) -> str:
    name = f"{row['circuit']}, {row['engine']}, {row['dtype']}"
    return f"{name:46s} {row['one_stream_ms']:6.2f} ms, in the batch {_batch(row):6.3f} ms a stream"


def against_nodal(row: Row, nodal: Row) -> dict[str, float | None]:
    """How many times as fast as the nodal model: one stream, the batch at its best, the gradient."""
    rate, nodal_rate = row["gradient_samples_per_second"], nodal["gradient_samples_per_second"]
    return {
        speed.ONE: nodal["one_stream_ms"] / row["one_stream_ms"],
        "batch": _batch(nodal) / _batch(row),
        speed.GRADIENT: None if rate is None or nodal_rate is None else rate / nodal_rate,
    }


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured for it."""
    rows, reached = parts["rows"], []
    for name, (engine, one, batch) in TARGETS.items():
        both = [row for row in rows if (row["circuit"], row["engine"]) == (name, engine)]
        if both:
            best = min(row["one_stream_ms"] for row in both)
            reached.append(target(f"{name}: one stream, ms, the better precision", one, best))
            best = min(_batch(row) for row in both)
            reached.append(target(f"{name}: batch, ms per stream, the better precision", batch, best))
    filters = {f"{row['circuit']} ({row['engine']}, {row['dtype']})": row for row in rows if row["engine"] != NODAL}
    rates = [(row["gradient_samples_per_second"], name) for name, row in filters.items()]
    measured = [(rate / 1e6, name) for rate, name in rates if rate is not None]
    if measured:
        slowest, name = min(measured)
        what = f"gradient, Msamples/s at least, the worst: {name}"
        reached.append(target(what, GRADIENT / 1e6, slowest, at_least=True))
    return reached + speed.first_calls({name: row["first_call_seconds"] for name, row in filters.items()}, FIRST_CALL)


def tables(report: Mapping[str, Any]) -> str:
    """Both tables in Markdown."""
    head, rows = report["header"], report["rows"]
    names = ("circuit", "engine", "precision", *speed.heads(head["batch"]))
    faster = ("against nodal: one stream", "batch", "gradient")
    lines = ((row["circuit"], row["engine"], row["dtype"], *speed.cells(row), *_faster(row)) for row in rows)
    return "\n\n".join(
        [
            "Milliseconds of computing for one second of audio at 48 kHz; forward and gradient with respect to all "
            "values (but the areas of paired diodes) at a batch of "
            f"{speed.GRADIENT_BATCH} x {speed.GRADIENT_TIME}; cost of knobs moved every {HOLD} "
            "samples over constant ones; how many times as fast as the nodal model of the same circuit. Minima of "
            f"{head['rounds']} interleaved rounds; {head['signal']}; {head['cores']} cores.",
            markdown((*names, *faster), lines),
            target_table(report["targets"]),
        ]
    )


def _rows(
    name: str, dtype: str, recording: np.ndarray, sizes: speed.Sizes, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """One for each engine of a circuit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolveWarning)
        by_engine = {
            engine: speed.steps(subject, recording, sizes, dtype, gradient=not options.no_gradient)
            for engine, subject in subjects(name).items()
        }
        flat = {(engine, kind): step for engine, steps in by_engine.items() for kind, step in steps.items()}
        first = {key: seconds(step) for key, step in flat.items()}
        best = best_of(flat, options.rounds)
    rows = {
        engine: speed.figures(
            steps, {kind: best[engine, kind] for kind in steps}, {kind: first[engine, kind] for kind in steps}
        )
        for engine, steps in by_engine.items()
    }
    for engine, row in rows.items():
        ratios = None if engine == NODAL else against_nodal(row, rows[NODAL])
        yield {"circuit": name, "engine": engine, "dtype": dtype, **row, "against_nodal": ratios}


def _batch(row: Row) -> float:
    return min(row["batch_ms_per_stream"].values())


def _faster(row: Row) -> list[str | None]:
    ratios = row["against_nodal"]
    return [times(None if ratios is None else ratios[kind]) for kind in (speed.ONE, "batch", speed.GRADIENT)]


BENCHMARK = Benchmark(
    module="benchmarks.wdf_speed",
    about="Speed of wave digital filters, beside the nodal model of the same circuits.",
    items=CIRCUITS,
    quick=CIRCUITS[:2],
    kind="circuits",
    options=speed.add_options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

"""`python -m benchmarks.nodal_accuracy`: the nodal model against ngspice on the circuits of the catalogue."""

import argparse
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import jax
from numpy.typing import NDArray

from benchmarks.circuits import ALL, QUICK, add_input, header, recording, source
from benchmarks.nodal_accuracy import measure, report
from circuitnn import circuits, spice
from circuitnn.numerics.report import SolveWarning
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.tables import Row


def options(parser: argparse.ArgumentParser) -> None:
    add_input(parser)
    parser.add_argument("--seconds", type=float, default=0.05, help="of each signal; default: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="circuits at a time; default: %(default)s")
    parser.add_argument("--no-order", action="store_true", help="leave the orders of the rules out")
    parser.add_argument("--ngspice-timeout", type=float, default=300.0, help="seconds, for each signal")


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    jax.config.update("jax_enable_x64", True)
    if spice.version() is None:
        raise ValueError("the comparison needs ngspice on the PATH; on Debian: apt-get install ngspice")
    bases = measure.signals(recording(options.input, options.seconds), options.seconds)
    head = header(seconds=options.seconds, signal=source(options.input))
    return head, _rows(names, bases, options)


def line(row: Row) -> str:
    esr = report.worst(row["transient"]["8"]["esr"])
    return (
        f"{row['circuit']:26s} response {row['response_error']:.1e}, ESR at 8x {esr:.1e}, "
        f"failed {row['failed']}   ({row['seconds']:.0f} s)"
    )


def _rows(names: tuple[str, ...], bases: dict[str, NDArray], options: argparse.Namespace) -> Iterator[Row]:
    with warnings.catch_warnings(), ThreadPoolExecutor(options.jobs) as pool:
        warnings.simplefilter("ignore", SolveWarning)  # failures are counted, and stand in the table
        yield from pool.map(lambda name: _row(name, bases, options), names)


def _row(name: str, bases: dict[str, NDArray], options: argparse.Namespace) -> dict[str, Any]:
    began = time.perf_counter()
    transients: dict[str, measure.Transient] = {}
    for factor in (1, 8, 16, 32):
        if factor > 8 and report.worst(transients["8"].esr) <= report.ESR_TARGET:
            break
        transients[str(factor)] = measure.transient(name, bases, factor, timeout=options.ngspice_timeout)
        if factor > 8 and report.worst(transients[str(factor)].esr) <= report.ESR_TARGET:
            break
    rules = () if options.no_order else measure.RULES
    orders = {rule: measure.order_where_it_shows(name, bases["sine"], rule) for rule in rules}
    failed = sum(found.failed for found in transients.values()) + sum(found["failed"] for found in orders.values())
    response_error = measure.response_error(circuits.CATALOGUE[name]())
    jax.clear_caches()  # a process may map only so many pieces of memory, and each compiled program takes some
    return {
        "circuit": name,
        "response_error": response_error,
        "transient": {factor: asdict(each) for factor, each in transients.items()},
        "order": orders,
        "failed": failed,
        "seconds": time.perf_counter() - began,
    }


BENCHMARK = Benchmark(
    module="benchmarks.nodal_accuracy",
    about="The nodal model against ngspice on the circuits of the catalogue.",
    items=ALL,
    quick=QUICK,
    kind="circuits",
    rounds=None,
    options=options,
    prepare=prepare,
    line=line,
    targets=report.targets,
    tables=report.tables,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

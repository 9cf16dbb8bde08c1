"""`python -m benchmarks.nodal_accuracy`: the nodal model against ngspice on the circuits of the catalogue.

The report is written anew after each circuit, so that a run that is stopped leaves what it has.
"""

import argparse
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import jax
from numpy.typing import NDArray

from benchmarks import catalogue
from benchmarks.nodal_accuracy import measure, report
from circuitnn import audio, circuits, spice
from circuitnn.numerics.report import SolveWarning


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    jax.config.update("jax_enable_x64", True)
    if spice.version() is None:
        print("error: the comparison needs ngspice on the PATH; on Debian: apt-get install ngspice", file=sys.stderr)
        return 2
    try:
        names = catalogue.chosen(options)
        bases = measure.signals(catalogue.recording(options.input, options.seconds), options.seconds)
    except (ValueError, audio.AudioError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    signal = "built-in excitation" if options.input is None else "a recording"
    head = catalogue.header(seconds=options.seconds, signal=signal)
    print(f"nodal accuracy: {len(names)} circuit(s), {1e3 * options.seconds:.0f} ms", flush=True)
    with warnings.catch_warnings(), ThreadPoolExecutor(options.jobs) as pool:
        warnings.simplefilter("ignore", SolveWarning)  # failures are counted, and stand in the table
        catalogue.report_each(
            pool.map(lambda name: _row(name, bases, options), names),
            head,
            options.output,
            targets=report.targets,
            tables=report.tables,
            line=_line,
        )
    return 0


def _options() -> argparse.ArgumentParser:
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nodal_accuracy", description=description)
    catalogue.add_arguments(parser, "results/nodal-accuracy.json")
    parser.add_argument("--seconds", type=float, default=0.05, help="of each signal; default: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="circuits at a time; default: %(default)s")
    parser.add_argument("--no-order", action="store_true", help="leave the orders of the rules out")
    parser.add_argument("--ngspice-timeout", type=float, default=300.0, help="seconds, for each signal")
    return parser


def _line(row: catalogue.Row) -> str:
    esr = report.worst(row["transient"]["8"]["esr"])
    return (
        f"{row['circuit']:26s} response {row['response_error']:.1e}, ESR at 8x {esr:.1e}, "
        f"failed {row['failed']}   ({row['seconds']:.0f} s)"
    )


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
    failed = sum(each.failed for each in transients.values()) + sum(each["failed"] for each in orders.values())
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


if __name__ == "__main__":
    raise SystemExit(main())

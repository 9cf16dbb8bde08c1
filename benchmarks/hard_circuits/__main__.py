"""`python -m benchmarks.hard_circuits`: circuits that solvers lose, 20 dB too loud, knobs at 0, at 1 and moving."""

import argparse
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from benchmarks.circuits import FS, header
from benchmarks.hard_circuits import measure
from circuitnn import audio, spice
from circuitnn.numerics.report import SolveWarning
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.tables import Cell, Row, markdown


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", metavar="FILE", help="a recording (wav, flac, aiff); default: a synthetic guitar")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the signal; default: %(default)s")
    about = "compare the loudest second with ngspice, both at so many times 48 kHz (minutes a circuit)"
    parser.add_argument("--ngspice", type=int, metavar="FACTOR", help=about)


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    jax.config.update("jax_enable_x64", True)
    if not options.seconds > 0:
        raise ValueError("--seconds must be above 0")
    if options.ngspice is not None and options.ngspice < 1:
        raise ValueError(f"--ngspice takes a factor of at least 1, got {options.ngspice}")
    if options.ngspice and spice.version() is None:
        raise ValueError("--ngspice needs ngspice on the PATH; on Debian: apt-get install ngspice")
    signal = "a synthetic guitar" if options.input is None else "a recording"
    head = header(seconds=options.seconds, signal=signal, factor=options.ngspice)
    return head, _rows(names, guitar(options.input, options.seconds), options.ngspice)


def guitar(path: str | None, seconds: float) -> NDArray[np.float64]:
    """(time,) at 48 kHz with a peak of one."""
    samples = round(seconds * FS)
    x = audio.guitar(seconds, FS, seed=2) if path is None else audio.read(path, fs=FS)[0]
    x = np.resize(x if x.ndim == 1 else x[:, 0], samples)
    return x / max(float(np.abs(x).max()), 1e-12)


def line(row: Row) -> str:
    compared = f", ESR {row['esr']:.1e}" if "esr" in row else ""
    return (
        f"{row['circuit']:26s} failed {row['failed']}, peak {max(row['peak']):.3g} V{compared}   "
        f"({row['seconds']:.0f} s)"
    )


def _rows(names: tuple[str, ...], base: NDArray[np.float64], factor: int | None) -> Iterator[Row]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolveWarning)  # failures are counted, and stand in the table
        for name in names:
            row = measure.played(name, base)
            yield row | {"esr": measure.esr(name, base, factor)} if factor else row
            jax.clear_caches()  # a process may map only so many pieces of memory


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How many circuits lose no sample, and which do."""
    rows = parts["rows"]
    missed = [row["circuit"] for row in rows if any(row["failed"]) or not row["is_finite"]]
    return [{"what": "no sample failed", "met": len(rows) - len(missed), "of": len(rows), "missed": missed}]


def tables(report: Mapping[str, Any]) -> str:
    """In Markdown."""
    head = report["header"]
    factor = head.get("factor")
    heads = ["circuit", "why it is hard", "failed samples", "peak in V", "computing in s"]
    cells: list[list[Cell]] = [
        [row["circuit"], row["why"], ", ".join(map(str, row["failed"])), max(row["peak"]), row["seconds"]]
        for row in report["rows"]
    ]
    if factor:
        heads.append(f"ESR, loudest second, {factor} x")
        cells = [[*cell, f"{row['esr']:.1e}"] for cell, row in zip(cells, report["rows"], strict=True)]
    aims = [(each["what"], f"{each['met']} of {each['of']}", ", ".join(each["missed"])) for each in report["targets"]]
    return "\n\n".join(
        [
            f"{head['seconds']:g} s of {head['signal']} at {FS // 1000} kHz, {measure.LOUD:g} times the nominal peak; "
            "knobs at 0, at 1 and moving, all three at once; failed samples of each.",
            markdown(heads, cells),
            markdown(("target", "met", "missed by"), aims),
        ]
    )


BENCHMARK = Benchmark(
    module="benchmarks.hard_circuits",
    about="Circuits that solvers lose, 20 dB louder than is sensible, with the knobs at their ends and moving.",
    items=tuple(measure.HARD),
    quick=("rangemaster", "precision_rectifier"),
    kind="circuits",
    rounds=None,
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

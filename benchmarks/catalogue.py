"""What the benchmarks of circuit models share: circuits by name, signals, tables, files."""

import argparse
import json
import math
import os
import platform
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuitnn import audio, circuits, spice
from circuitnn.circuit import Circuit
from circuitnn.files import replacing

FS = 48_000
QUICK = ("diode_clipper", "tube_screamer_clipping", "common_emitter", "triode_koren")
LFO_DEPTH, LFO_RATE = 0.05, 2.0  # volts, hertz: how the further inputs (the phasers' gates) swing around their DC value

Cell = str | float | int | None
Row = Mapping[str, Any]  # what is reported of one circuit


def add_arguments(parser: argparse.ArgumentParser, output: str, quick: Sequence[str] = QUICK) -> None:
    """The options that all of these benchmarks have."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--circuits", nargs="+", metavar="NAME", help="by name; default: all")
    which.add_argument("--quick", dest="circuits", action="store_const", const=quick, help=f"only {', '.join(quick)}")
    parser.add_argument("--input", metavar="FILE", help="a recording (wav, flac, aiff); default: built-in excitation")
    parser.add_argument(
        "--output", default=output, metavar="FILE", help="JSON; a table goes to FILE with .md at its end"
    )


def chosen(options: argparse.Namespace, known: Collection[str] = circuits.CATALOGUE) -> tuple[str, ...]:
    """The names of the circuits.

    Raises:
        ValueError: for a name that is not known.
    """
    names = tuple(options.circuits or known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no circuit named {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def recording(path: str | None, seconds: float) -> NDArray[np.float64]:
    """At least `seconds` at 48 kHz: a recording, repeated where it is shorter, or the built-in excitation.

    Raises:
        audio.AudioError: for a file that cannot be used.
    """
    if path is None:
        return audio.excitation(max(seconds, 10.0), FS, seed=0)
    x, _ = audio.read(path, fs=FS)
    return np.resize(x, max(len(x), round(seconds * FS)))


def loudest(x: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """The window of `samples` samples with the most energy, with a peak of one."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(x))])
    start = int(np.argmax(energy[samples:] - energy[:-samples]))
    window = x[start : start + samples]
    return window / max(float(np.max(np.abs(window))), 1e-12)


def with_all_inputs(circuit: Circuit, x: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """x (..., time) in volts as (..., time, inputs): inputs after the first swing slowly around their DC values."""
    swing = LFO_DEPTH * np.sin(2 * np.pi * LFO_RATE * np.arange(1, x.shape[-1] + 1) / fs)
    rests = [float(circuit.values[name]) for name in circuit.inputs[1:]]
    return np.stack([x, *(np.broadcast_to(rest + swing, x.shape) for rest in rests)], axis=-1)


def header(**more: Any) -> dict[str, Any]:
    """Where and with what the figures were measured."""
    return {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in ("jax", "flax", "numpy")},
        "ngspice": spice.version(),
        **more,
    }


def markdown(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A Markdown table with aligned columns."""
    lines = [list(heads), *([text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def text(cell: Cell) -> str:
    """A number with the digits that mean something."""
    if cell is None:
        return ""
    if isinstance(cell, str | int):
        return str(cell)
    if not math.isfinite(cell):
        return str(cell)
    if cell == 0:
        return "0"
    size = abs(cell)
    if size < 1e-3:
        return f"{cell:.1e}"
    return f"{cell:.{max(0, 2 - math.floor(math.log10(size)))}f}" if size < 1000 else f"{cell:.0f}"


def report_each(
    rows: Iterable[Row],
    head: dict[str, Any],
    output: str,
    *,
    targets: Callable[[Sequence[Row]], list[dict[str, Any]]],
    tables: Callable[[dict[str, Any]], str],
    line: Callable[[Row], str],
) -> None:
    """Show a line of each row as it comes, and the tables at the end.

    The report is written anew after each row, so that a run that is stopped leaves what it has.
    """
    found: list[Row] = []
    shown = ""
    for row in rows:
        found.append(row)
        report = {"header": head, "rows": found, "targets": targets(found)}
        shown = tables(report)
        write(output, report, shown)
        print(f"  {line(row)}", flush=True)
    print(f"\n{shown}\n\n{output}")


def write(path: str, report: dict[str, Any], tables: str) -> None:
    """The report as JSON, and its tables beside it as Markdown, each whole or not at all."""
    with replacing(path) as file:
        file.write((json.dumps(_plain(report), indent=1) + "\n").encode())
    with replacing(Path(path).with_suffix(".md")) as file:
        file.write((tables + "\n").encode())


def _plain(value: Any) -> Any:
    """What JSON can hold: numbers that are not finite become text."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value

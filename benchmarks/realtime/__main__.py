"""`python -m benchmarks.realtime`: what a second of sound costs in blocks, in Python and in C."""

import argparse
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from benchmarks.circuits import FS, header, loudest, source, with_all_inputs
from benchmarks.realtime.engines import BY_HAND, EXPORTED, JAX, NATIVE, measured
from benchmarks.realtime.subjects import IN_BLOCKS, SUBJECTS
from circuitnn import audio
from circuitnn.native import compiler
from circuitnn.native.toolchain import FLAGS
from circuitnn.numerics.report import SolveWarning
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.tables import Cell, Row, markdown, target, target_table
from circuitnn.transient.model import CircuitModel

RATES = (44_100, 96_000, 192_000)
SIZES = tuple(8 << k for k in range(10))
LONG = 512  # samples, of a block of C at 48 kHz; in Python there it is the whole sound
ENGINES = (JAX, NATIVE, EXPORTED, BY_HAND)

# Milliseconds for a second of sound at 48 kHz in C.
TARGETS = {
    "diode_clipper": 2.0, "tube_screamer_clipping": 2.5, "common_emitter": 4.0, "triode_koren": 6.0, "sd1": 12.0,
    "phase90": 12.0, "moog_ladder": 60.0, "bassman": 0.7, "GRU-8": 2.5, "GRU-32": 5.0, "GRU-64": 20.0, "LSTM-32": 6.0,
}  # fmt: skip
# Chowdhury (2020): the Klon's circuit and network in C++, seconds for a second of sound over sizes of blocks.
PUBLISHED = {"klon": 0.061, "klon-wdf": 0.061, "klon-GRU-8": 0.047}

# Published seconds of computing for a second of sound, on other machines.
ELSEWHERE = (
    ("Klon, circuit", "Chowdhury 2020", "0.061 to 0.072"),
    ("Klon, GRU-8", "Chowdhury 2020", "0.047 to 0.053"),
    ("GRU-32", "Wright et al. 2019", 0.097),
    ("LSTM-32", "Wright et al. 2019", 0.12),
    ("LSTM-64", "Wright et al. 2019", 0.24),
    ("LSTM-96", "Wright et al. 2019", 0.41),
    ("WaveNet", "Wright et al. 2019", "0.53 to 0.91"),
    ("LSTM-32", "Vanhatalo et al. 2022 (review)", 0.51),
    ("WaveNet, 12 channels, depth 10", "Vanhatalo et al. 2022 (review)", 0.35),
    ("convolutional LSTM, 35 channels", "Vanhatalo et al. 2022 (review)", 3.25),
    ("shallow TCN, 32 channels", "Vanhatalo et al. 2022 (review)", 0.14),
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", metavar="FILE", help="a recording (wav, flac, aiff); default: built-in excitation")
    parser.add_argument("--seconds", type=float, default=1.0, help="of sound; default: %(default)s")
    parser.add_argument("--rates", type=int, nargs="*", default=RATES, metavar="HZ", help="default: %(default)s")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="SAMPLES", help="default: %(default)s")
    parser.add_argument(
        *("--python-sizes",), type=int, nargs="+", metavar="SAMPLES", help="of blocks in Python; default: the same"
    )


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    if compiler() is None:
        raise ValueError("this benchmark needs a compiler of C: see circuitnn.native.compiler")
    if min([*options.rates, *options.sizes, *(options.python_sizes or [1]), options.seconds * FS]) < 1:
        raise ValueError("rates, sizes and seconds must be positive")
    jax.config.update("jax_enable_x64", True)
    head = header(
        rounds=options.rounds,
        seconds=options.seconds,
        signal=source(options.input),
        compiler=compiler(),
        flags=" ".join(FLAGS),
    )
    return head, _rows(names, options)


def line(row: Row) -> str:
    best = {engine: 1e3 * min(costs.values()) for engine, costs in row["costs"].items()}
    return f"{row['model']:24s} {row['fs']:7d} Hz " + ", ".join(f"{name} {ms:.2f} ms" for name, ms in best.items())


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured for it."""
    reached = []
    for row in parts["rows"]:
        name, costs = row["model"], row["costs"][EXPORTED]
        if not row["in_blocks"] and name in TARGETS:
            reached.append(target(f"{name}: exported C, ms", TARGETS[name], 1e3 * min(costs.values())))
        if row["in_blocks"] and name in PUBLISHED:
            what = f"{name}, {row['fs']} Hz: exported C, seconds, the worst size of block"
            reached.append(target(what, PUBLISHED[name], max(costs.values())))
    return reached


def tables(report: Mapping[str, Any]) -> str:
    """All tables in Markdown."""
    head, rows = report["header"], report["rows"]
    whole = [row for row in rows if not row["in_blocks"]]
    heads = ("model", "precision", *(f"{name}, ms" for name in ENGINES), "JAX : C", "by hand : C", "C against JAX")
    parts = [
        f"Milliseconds of computing for one second of sound at 48 kHz, one stream on one core; in Python in "
        f"one block, in C in blocks of {LONG} samples. Minima of "
        f"{head['rounds']} interleaved rounds; {head['signal']}; {head['compiler']}, {head['flags']}.",
        markdown(heads, map(_whole_cells, whole)),
    ]
    blocks = [row for row in rows if row["in_blocks"]]
    if blocks:
        sizes = sorted({int(size) for row in blocks for costs in row["costs"].values() for size in costs})
        lines = (
            (row["model"], row["fs"] / 1e3, engine, *(costs.get(size) for size in sizes))
            for row in blocks
            for engine, costs in row["costs"].items()
        )
        parts += [
            "Seconds of computing for one second of sound, by samples of a block:",
            markdown(("model", "kHz", "engine", *map(str, sizes)), lines),
        ]
    parts += ["Published:", markdown(("model", "source", "seconds for a second"), ELSEWHERE)]
    return "\n\n".join([*parts, target_table(report["targets"])])


def _whole_cells(row: Row) -> tuple[Cell, ...]:
    costs = {engine: 1e3 * min(by_size.values()) for engine, by_size in row["costs"].items()}
    c, hand = costs[EXPORTED], costs.get(BY_HAND)
    ratios = (f"{costs[JAX] / c:.2f}", None if hand is None else f"{hand / c:.2f}")
    return (row["model"], row["dtype"], *map(costs.get, ENGINES), *ratios, row["difference"][EXPORTED])


def _rows(names: tuple[str, ...], options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for name in names:
        yield _row(name, FS, (LONG,), (round(options.seconds * FS),), options, in_blocks=False)
        for fs in options.rates if name in IN_BLOCKS else ():
            yield _row(name, fs, options.sizes, options.python_sizes or options.sizes, options, in_blocks=True)


def _row(
    name: str, fs: int, sizes: Any, python_sizes: Any, options: argparse.Namespace, *, in_blocks: bool
) -> dict[str, Any]:
    subject = SUBJECTS[name]
    model = subject.make(fs)
    x = subject.peak * _sound(options.input, options.seconds, fs)
    signal = with_all_inputs(model.circuit, x, fs) if isinstance(model, CircuitModel) else x[:, None]
    head = {"model": name, "fs": fs, "dtype": np.dtype(model.dtype).name, "in_blocks": in_blocks}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolveWarning)  # the accuracy benchmark counts them
        return head | measured(subject, signal, fs, sizes, python_sizes, options.rounds)


def _sound(path: str | None, seconds: float, fs: int) -> NDArray[np.float64]:
    x = audio.excitation(max(seconds, 10.0), fs, seed=0) if path is None else audio.read(path, fs=fs)[0]
    samples = round(seconds * fs)
    return loudest(np.resize(x, max(len(x), samples)), samples)


BENCHMARK = Benchmark(
    module="benchmarks.realtime",
    about="What a second of sound costs in blocks, in Python and in C.",
    items=tuple(SUBJECTS),
    quick=("diode_clipper", "GRU-8"),
    kind="models",
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
    rounds=3,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

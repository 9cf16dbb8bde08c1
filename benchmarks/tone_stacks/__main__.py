"""`python -m benchmarks.tone_stacks`: neural filters that follow three tone stacks.

Coupled form against biquad cascade, at the circuit's order and above, with equally many weights and the same training;
stability under knobs that move at audio rate; cost of a sample.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from benchmarks.circuits import header
from benchmarks.tone_stacks import report
from benchmarks.tone_stacks.fits import CIRCUITS, Setting, as_it_comes, fits
from benchmarks.tone_stacks.motion import costs, stability
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.tables import Row
from circuitnn.train import Schedule

MODULATED = 2  # times the circuit's order: the fits whose stability is tried


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--weights", type=int, default=500, help="of each network, about; default: %(default)s")
    parser.add_argument("--adam", type=int, default=2000, help="updates; default: %(default)s")
    parser.add_argument("--least-squares", type=int, default=30, help="steps at most; default: %(default)s")
    parser.add_argument(
        "--samples", type=int, default=10_000_000, help="with knobs that move at each of them; default: %(default)s"
    )
    parser.add_argument(
        "--no-defaults", dest="defaults", action="store_false", help="without the fits with default arguments"
    )


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    setting = Setting(tuple(range(options.seeds)), options.weights, Schedule(options.adam, options.least_squares))
    head = header(
        seeds=list(setting.seeds), weights=setting.weights, schedule=list(setting.schedule), samples=options.samples
    )
    return head, _rows(names, setting, options)


def line(row: Row) -> str:
    match row["part"]:
        case "costs":
            return f"{row['form']}, order {row['order']}: {row['one'] / 1e6:.1f} million samples a second"
        case "stability":
            return f"{row['circuit']}, {row['structure']}, {row['movement']}: peak {row['peak']:.3g}"
        case part:
            form = row["form"] if part == "rows" else "default arguments"
            name, error = f"{row['circuit']}, {form}, order {row['order']}", row["error_db"]
            return f"{name:36s} mean {error['mean']:.4f}  95 % {error['p95']:.4f}  largest {error['max']:.3f} dB"


def _rows(names: tuple[str, ...], setting: Setting, options: argparse.Namespace) -> Iterator[Row]:
    """Each says which part of the report it belongs to."""
    yield from ({"part": "costs", **row} for row in costs(options.rounds))
    for name in names if options.defaults else ():
        yield {"part": "defaults", **as_it_comes(name)}
    for name in names:
        for row, model in fits(name, setting):
            yield {"part": "rows", **row}
            if row["times"] == MODULATED:
                yield from ({"part": "stability", **row} for row in stability(name, model, options.samples))


BENCHMARK = Benchmark(
    module="benchmarks.tone_stacks",
    about="Neural filters that follow three tone stacks.",
    items=CIRCUITS,
    kind="circuits",
    options=options,
    prepare=prepare,
    line=line,
    targets=report.targets,
    tables=report.tables,
    parts=report.parts,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

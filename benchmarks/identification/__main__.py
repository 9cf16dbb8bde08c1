"""`python -m benchmarks.identification`: simulated units through `identify`: coverage, and wrong netlists found."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.circuits import header
from benchmarks.identification import report
from benchmarks.identification.devices import DEVICES
from benchmarks.identification.fits import jobs
from benchmarks.identification.lines import rows
from circuitnn import audio
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.tables import Row


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--units", type=int, default=200, help="of each circuit; default: %(default)s")
    parser.add_argument("--wrong", type=int, default=40, help="wrong ones of each circuit; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=8.0, help="of sound; default: %(default)s")
    parser.add_argument("--starts", type=int, default=4, help="of the search; default: %(default)s")
    parser.add_argument("--excerpts", type=int, help="that are fitted; what identify takes when left out")
    parser.add_argument("--input", nargs="+", metavar="FILE_OR_FOLDER", help="recordings instead of the guitar")
    parser.add_argument("--jobs", type=int, default=1, help="processes; default: %(default)s")
    parser.add_argument(
        "--lines",
        default="results/identification.jsonl",
        metavar="FILE",
        help="a line for each unit, default: %(default)s; what is there already is not done again",
    )


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    counts = (options.units, options.jobs, options.starts, options.excerpts or 1)
    if min(counts) < 1 or options.wrong < 0 or options.seconds < 2:
        raise ValueError("units, jobs, starts and excerpts must be positive, wrong not negative, seconds at least 2")
    sounds = [str(path) for path in audio.find(options.input)] if options.input else []
    head = header(
        units=options.units,
        wrong=options.wrong,
        seconds=options.seconds,
        starts=options.starts,
        excerpts=options.excerpts,
        signal=f"{len(sounds)} recordings" if sounds else "built-in guitar",
        files=[Path(path).name for path in sounds],
    )
    asked = {"starts": options.starts} | ({"excerpts": options.excerpts} if options.excerpts else {})
    more = {"seconds": options.seconds, "sounds": tuple(sounds), "options": asked}
    wanted = jobs(names, options.units, options.wrong, **more)
    return head, rows(wanted, Path(options.lines), options.jobs)


def line(row: Row) -> str:
    said = row["error"] if "error" in row else "called wrong" if report.is_called_wrong(row) else "called right"
    device = row["change"] or "as the netlist says"
    covered = [value["is_covered"] for value in {**row.get("values", {}), **row.get("recorder", {})}.values()]
    return (
        f"{row['circuit']} {row['number']}, {device}, {row['kind']}: {said}; {sum(covered)} of {len(covered)} covered, "
        f"{row['seconds']:.1f} s"
    )


BENCHMARK = Benchmark(
    module="benchmarks.identification",
    about="Simulated units through identify: how often its intervals hold, and whether wrong netlists are found.",
    items=tuple(DEVICES),
    options=options,
    prepare=prepare,
    line=line,
    targets=report.targets,
    tables=report.tables,
    kind="circuits",
    rounds=None,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

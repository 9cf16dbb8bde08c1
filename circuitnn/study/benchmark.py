"""The command of a benchmark: items are measured one after the other, into a JSON file and tables of Markdown."""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from circuitnn.files import replacing
from circuitnn.study.tables import Row

Rows = Sequence[Row]


def _only_rows(rows: Rows) -> dict[str, Any]:
    return {"rows": rows}


def _whatever_they_are(rows: Rows) -> bool:
    del rows
    return True


@final
@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Items to measure, and how their figures are shown.

    Attributes:
        module: that `python -m` runs.
        about: in a sentence.
        items: names of all that can be measured.
        options: adds the options that only this benchmark has.
        prepare: from the names of the items and the options, the head of the report and its rows, which are measured
            while they are gone through. Raises ValueError or OSError for what cannot be measured.
        line: a row on the screen.
        tables: the report in Markdown.
        targets: what was aimed at and what the rows have of it, from the parts of the report.
        parts: what the report has besides head and targets, from the rows.
        holds: whether the rows are what they have to be; the command fails where they are not.
        kind: of items; the option --only also goes by this name.
        quick: the items of the option --quick, if there is one.
        rounds: default number of measurements of each time; None for benchmarks that do not measure time.
    """

    module: str
    about: str
    items: Sequence[str]
    options: Callable[[argparse.ArgumentParser], None]
    prepare: Callable[[tuple[str, ...], argparse.Namespace], tuple[dict[str, Any], Iterable[Row]]]
    line: Callable[[Row], str]
    tables: Callable[[Mapping[str, Any]], str]
    targets: Callable[[Mapping[str, Any]], list[dict[str, Any]]]
    parts: Callable[[Rows], dict[str, Any]] = _only_rows
    holds: Callable[[Rows], bool] = _whatever_they_are
    kind: str | None = None
    quick: Sequence[str] = ()
    rounds: int | None = 5

    @property
    def name(self) -> str:
        """Of the command and its report: "nodal-speed"."""
        return self.module.rpartition(".")[2].replace("_", "-")


def main(benchmark: Benchmark, argv: list[str] | None = None) -> int:
    """Measure what a command line asks for; the exit code, 1 where the rows do not hold.

    The report is written anew after each row, so that a run that is stopped leaves what it has.
    """
    options = _parser(benchmark).parse_args(argv)
    try:
        names = _chosen(benchmark, options.only)
        head, rows = benchmark.prepare(names, options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{benchmark.name}: {', '.join(names)}", flush=True)
    measured: list[Row] = []
    shown = ""
    try:
        for row in rows:
            measured.append(row)
            parts = benchmark.parts(measured)
            report = {"header": head, **parts, "targets": benchmark.targets(parts)}
            shown = benchmark.tables(report)
            write(options.output, report, shown)
            print(f"  {benchmark.line(row)}", flush=True)
    except KeyboardInterrupt:
        print(f"\nstopped; {options.output} has the rows up to here" if shown else "\nstopped", file=sys.stderr)
        return 130
    print(f"\n{shown}\n\n{options.output}")
    return 0 if benchmark.holds(measured) else 1


def add_keeping_options(parser: argparse.ArgumentParser) -> None:
    """To keep trained models, and the rows of an earlier run."""
    parser.add_argument("--keep", metavar="FOLDER", help="keep the trained models there")
    parser.add_argument("--resume", action="store_true", help="keep the rows of the same size that the file has")


def rows_before(
    options: argparse.Namespace, head: Mapping[str, Any], *, same: Sequence[str], name: str
) -> dict[str, Row]:
    """Rows that an earlier run has left in its report, by their item; none where --resume is not given.

    Args:
        options: of the command, with `output` and `resume`.
        head: of this run.
        same: what both heads have alike.
        name: of the column with the item.

    Raises:
        ValueError: when the report is of another run.
    """
    path = Path(options.output)
    if not (options.resume and path.exists()):
        return {}
    before = json.loads(path.read_text())
    if any(before["header"].get(each) != head[each] for each in same):
        raise ValueError(f"{path} is of a run of another size or other recordings; give another --output")
    return {row[name]: row for row in before["rows"]}


def write(path: str, report: Mapping[str, Any], tables: str) -> None:
    """The report as JSON, and its tables beside it as Markdown, each whole or not at all."""
    with replacing(path) as file:
        file.write((json.dumps(_plain(report), indent=1) + "\n").encode())
    with replacing(Path(path).with_suffix(".md")) as file:
        file.write((tables + "\n").encode())


def _parser(benchmark: Benchmark) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {benchmark.module}", description=benchmark.about)
    which = parser.add_mutually_exclusive_group()
    names = ["--only"] + ([f"--{benchmark.kind}"] if benchmark.kind else [])
    which.add_argument(*names, nargs="+", metavar="NAME", help=f"of {_listed(benchmark.items)}; default: all")
    if benchmark.quick:
        about = f"only {_listed(benchmark.quick)}"
        which.add_argument("--quick", dest="only", action="store_const", const=benchmark.quick, help=about)
    if benchmark.rounds:
        about = "measurements of each time; the least counts; default: %(default)s"
        parser.add_argument("--rounds", type=int, default=benchmark.rounds, help=about)
    parser.add_argument(
        *("--output", "--json"),
        default=f"results/{benchmark.name}.json",
        metavar="FILE",
        help="JSON, default: %(default)s; tables go to FILE with .md at its end",
    )
    benchmark.options(parser)
    return parser


def _listed(names: Sequence[str]) -> str:
    """For a text of help, in which argparse replaces what begins with a percent sign."""
    return ", ".join(names).replace("%", "%%")


def _chosen(benchmark: Benchmark, names: Sequence[str] | None) -> tuple[str, ...]:
    unknown = [name for name in names or () if name not in benchmark.items]
    if unknown:
        kind = benchmark.kind.removesuffix("s") if benchmark.kind else "item"
        raise ValueError(f"no {kind} named {', '.join(unknown)}; there are {', '.join(benchmark.items)}")
    return tuple(names or benchmark.items)


def _plain(value: Any) -> Any:
    """What JSON can hold: numbers that are not finite become text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value

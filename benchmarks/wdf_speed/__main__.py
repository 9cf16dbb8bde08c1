"""`python -m benchmarks.wdf_speed`: speed of wave digital filters, beside the nodal model of the same circuits.

All engines of a circuit are measured in the same interleaved rounds, after a first call of everything, and the least
time counts.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from benchmarks import catalogue, speed_report, timing
from benchmarks.wdf_speed import report
from benchmarks.wdf_speed.subjects import CIRCUITS, NODAL, QUICK, subjects
from circuitnn import audio
from circuitnn.numerics.report import SolveWarning

PRECISIONS = ("float32", "float64")


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    timing.set_up(x64=True)
    sizes = timing.Sizes(options.seconds, options.batch, options.batch_seconds)
    try:
        names = catalogue.chosen(options, CIRCUITS)
        recording = catalogue.recording(options.input, max(sizes.seconds, sizes.batch_seconds))
    except (ValueError, audio.AudioError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"wdf speed: {len(names)} circuit(s), {', '.join(PRECISIONS)}, {options.rounds} rounds", flush=True)
    catalogue.report_each(
        (row for name in names for dtype in PRECISIONS for row in _rows(name, dtype, recording, sizes, options)),
        catalogue.header(**timing.header(options)),
        options.output,
        targets=report.targets,
        tables=report.tables,
        line=_line,
    )
    return 0


def _options() -> argparse.ArgumentParser:
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wdf_speed", description=description)
    catalogue.add_arguments(parser, "results/wdf-speed.json", QUICK)
    timing.add_arguments(parser)
    return parser


def _rows(
    name: str, dtype: str, recording: Any, sizes: timing.Sizes, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """One for each engine of a circuit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolveWarning)
        found = {
            engine: timing.steps(subject, recording, sizes, dtype, gradient=not options.no_gradient)
            for engine, subject in subjects(name).items()
        }
        flat = {(engine, kind): step for engine, own in found.items() for kind, step in own.items()}
        first = {each: timing.seconds(step) for each, step in flat.items()}
        best = timing.best_of(flat, options.rounds)
    rows = {
        engine: speed_report.figures(
            own, {kind: best[engine, kind] for kind in own}, {kind: first[engine, kind] for kind in own}
        )
        for engine, own in found.items()
    }
    for engine, row in rows.items():
        ratios = None if engine == NODAL else report.against_nodal(row, rows[NODAL])
        yield {"circuit": name, "engine": engine, "dtype": dtype, **row, "against_nodal": ratios}


def _line(row: catalogue.Row) -> str:
    each = min(row["batch_ms_per_stream"].values())
    name = f"{row['circuit']}, {row['engine']}, {row['dtype']}"
    return f"{name:46s} {row['one_stream_ms']:6.2f} ms, in the batch {each:6.3f} ms a stream"


if __name__ == "__main__":
    raise SystemExit(main())

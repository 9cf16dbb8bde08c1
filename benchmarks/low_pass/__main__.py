"""`python -m benchmarks.low_pass`: gray and black boxes of a resonant low pass, at knob positions they never saw."""

import argparse
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.circuits import header
from benchmarks.low_pass import material
from benchmarks.low_pass.material import EASY, LOUDER, Size
from benchmarks.low_pass.recipes import (
    BLACK,
    GRAY,
    ITEMS,
    MOST_WEIGHTS,
    RECIPES,
    errors,
    learnt_shape,
    trained,
    weights_of,
)
from circuitnn.study.benchmark import Benchmark, add_keeping_options, main, rows_before
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.signals import Signals
from circuitnn.study.tables import Row, markdown, target
from circuitnn.train import Dataset, save

AIMS = {GRAY: 0.01, BLACK: 0.1}  # mean error-to-signal ratio of the unseen positions
OWN = ("updates", "seeds")
SIZE = tuple(field.name for field in dataclasses.fields(Size) if field.name != "cache")
HELP = {
    "cutoffs": "of the grid to learn from",
    "resonances": "of the grid to learn from",
    "seconds": "of each training recording",
    "test_seconds": "of each test recording",
    "volts": "of full scale",
    "louder": "times that in a second test; 0 for none",
    "oversampling": "of the truth",
    "cache": "a folder that keeps what was simulated",
}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--updates", type=int, default=1000, help="of each training; default: %(default)s")
    parser.add_argument("--seeds", type=int, default=1, help="trained together; default: %(default)s")
    for field in dataclasses.fields(Size):
        kind = str if field.name == "cache" else type(field.default)
        about = f"{HELP[field.name]}; default: %(default)s"
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default, help=about)
    add_keeping_options(parser)
    add_sound_options(parser)


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    size = Size(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Size)})
    if min(options.updates, options.seeds, size.oversampling) < 1 or min(size.cutoffs, size.resonances) < 2:
        raise ValueError("updates, seeds and oversampling must be positive, the grid 2 by 2 at least")
    if min(size.seconds, size.test_seconds, size.volts) <= 0 or size.louder < 0:
        raise ValueError("seconds and volts must be positive")
    signals = sound(options, 24.0)
    head = header(
        **{name: getattr(options, name) for name in (*OWN, *SIZE)}, signal=signals.source, files=signals.files
    )
    known = rows_before(options, head, same=(*OWN, *SIZE, "files"), name="item")
    return head, _rows(names, options, size, signals, known)


def _rows(
    names: tuple[str, ...], options: argparse.Namespace, size: Size, signals: Signals, known: Mapping[str, Row]
) -> Iterator[Row]:
    yield from (row for name, row in known.items() if name not in names)
    data: dict[str, tuple[Dataset, dict[str, Dataset]]] = {}
    for name in names:
        version = name.rpartition(": ")[2]
        if name not in known and version not in data:
            data[version] = material.learnt_from(signals, version, size), material.tested_on(signals, version, size)
        yield known[name] if name in known else _row(name, options, *data[version])


def _row(name: str, options: argparse.Namespace, data: Dataset, tests: Mapping[str, Dataset]) -> dict[str, Any]:
    recipe = RECIPES[name.rpartition(": ")[0]]
    models, updates, seconds = trained(recipe, data, updates=options.updates, seeds=options.seeds)
    heard = learnt_shape(data, tests[EASY])
    learnt = [float(np.mean(errors(model, heard))) for model in models]
    found = {test: [errors(model, each) for model in models] for test, each in tests.items()}
    if options.keep is not None:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
        save(models[int(np.argmin(learnt))], Path(options.keep) / f"{name.replace(': ', ', ')}.npz")
    return {
        "item": name,
        "kind": recipe.kind,
        "weights": weights_of(models[0]),
        "updates": updates,
        "seconds": round(seconds, 1),
        "learnt": learnt,
        "errors": found,
    }


def chosen(row: Row) -> int:
    """The seed with the lowest error where it learnt: the test has no say in it."""
    return int(np.argmin(row["learnt"]))


def best(row: Row) -> float:
    """The mean over the unseen positions, of the chosen seed."""
    return float(np.mean(row["errors"][EASY][chosen(row)]))


def line(row: Row) -> str:
    worst = max(row["errors"][EASY][chosen(row)])
    return f"{row['item']}: {best(row):.1e} (worst {worst:.1e}), {row['updates']} updates, {row['seconds']:.0f} s"


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The best gray box with knobs that stand and that move; the best small black box with knobs that stand."""
    found = []
    for kind, version in ((GRAY, material.CONSTANT), (GRAY, material.MOVING), (BLACK, material.CONSTANT)):
        rows = [
            row
            for row in parts["rows"]
            if row["kind"] == kind
            and row["item"].endswith(f": {version}")
            and (kind != BLACK or row["weights"] <= MOST_WEIGHTS)
        ]
        if rows:
            row = min(rows, key=best)
            found.append(target(f"{kind}, {version} knobs ({row['item']})", AIMS[kind], best(row)))
    return found


def tables(report: Mapping[str, Any]) -> str:
    """Mean, worst position and loud sound, of the chosen seed; and the recordings that were learnt from."""
    heads = ("model", "weights", "learnt", "unseen: mean", "median", "worst", "louder", "updates", "s")
    lines = []
    for row in report["rows"]:
        seed = chosen(row)
        unseen = row["errors"][EASY][seed]
        loud = row["errors"].get(LOUDER)
        lines.append(
            (
                row["item"],
                row["weights"],
                row["learnt"][seed],
                float(np.mean(unseen)),
                float(np.median(unseen)),
                float(np.max(unseen)),
                "" if loud is None else float(np.mean(loud[seed])),
                row["updates"],
                row["seconds"],
            )
        )
    head = report["header"]
    size = (
        f"{head['cutoffs']} x {head['resonances']} positions x {head['seconds']:g} s, {head['updates']} updates, "
        f"{head['seeds']} seed(s), {head['volts']:g} V of full scale"
    )
    return f"ESR free running at positions between those that were learnt; {size}; {head['signal']}.\n\n" + markdown(
        heads, lines
    )


BENCHMARK = Benchmark(
    module="benchmarks.low_pass",
    about="A resonant low pass at knob positions and with music that models have not seen.",
    items=ITEMS,
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
    kind="recipes",
    rounds=None,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

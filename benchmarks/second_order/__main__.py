"""`python -m benchmarks.second_order`: which measures help models to learn the second-order diode clipper."""

import argparse
import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.circuits import header
from benchmarks.second_order import material
from benchmarks.second_order.recipes import RECIPES, errors, trained, weights_of
from circuitnn.circuit import Circuit
from circuitnn.study.benchmark import Benchmark, add_keeping_options, main, rows_before
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.signals import Signals
from circuitnn.study.tables import Row, markdown, target
from circuitnn.train import Dataset, save

AIM = 1e-3  # error-to-signal ratio on each recording
# Of the errors of all seeds, and of the seed that is best on the validation recordings.
STATISTICS: Mapping[str, Callable[[list[float], int], float]] = {
    "median": lambda values, best: float(np.median(values)),
    "chosen": lambda values, best: values[best],
}
Judges = list[dict[str, Dataset]]  # recordings for validation, and for the test
SIZE = ("updates", "seeds", "seconds", "oversampling")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--updates", type=int, default=1200, help="of each training; default: %(default)s")
    parser.add_argument("--seeds", type=int, default=3, help="trained together; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each training recording; default: %(default)s")
    parser.add_argument("--oversampling", type=int, default=4, help="of the truth; default: %(default)s")
    add_keeping_options(parser)
    add_sound_options(parser)


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    if min(options.updates, options.seeds, options.oversampling) < 1 or options.seconds <= 0:
        raise ValueError("updates, seeds, seconds and oversampling must be positive")
    signals = sound(options, 5 * options.seconds)
    size = {name: getattr(options, name) for name in SIZE}
    head = header(**size, signal=signals.source, files=signals.files)
    return head, _rows(names, options, signals, rows_before(options, head, same=(*SIZE, "files"), name="recipe"))


def _rows(
    names: tuple[str, ...], options: argparse.Namespace, signals: Signals, known: Mapping[str, Row]
) -> Iterator[Row]:
    @functools.cache
    def judges(circuit: Callable[[], Circuit]) -> Judges:
        return [
            material.judged_on(circuit, signals, part, oversampling=options.oversampling)
            for part in ("validation", "test")
        ]

    kept = [known[name] for name in known if name not in names]
    yield from kept
    for name in names:
        yield known[name] if name in known else _row(name, options, signals, judges(RECIPES[name].circuit))


def _row(name: str, options: argparse.Namespace, signals: Signals, judges: Judges) -> dict[str, Any]:
    recipe = RECIPES[name]
    data = material.learnt_from(
        recipe.circuit, signals, seconds=options.seconds, levels=recipe.levels, oversampling=options.oversampling
    )
    models, updates, seconds = trained(recipe, data, updates=options.updates, seeds=options.seeds)
    validation, found = ([errors(model, part) for model in models] for part in judges)
    best = int(np.argmin([max(error.values()) for error in validation]))
    if options.keep is not None:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
        save(models[best], Path(options.keep) / f"{name}.npz")
    return {
        "recipe": name,
        "weights": weights_of(models[0]),
        "updates": updates,
        "seconds": round(seconds, 1),
        "errors": {test: [error[test] for error in found] for test in found[0]},
        "validation": [max(error.values()) for error in validation],
        "best": best,
    }


def line(row: Row) -> str:
    middle = ", ".join(f"{name} {np.median(values):.1e}" for name, values in row["errors"].items())
    return f"{row['recipe']}: {middle} (median ESR), {row['updates']} updates, {row['seconds']:.0f} s"


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The recipe whose chosen seed has the best worst recording."""
    rows = parts["rows"]
    if not rows:
        return []
    row = min(rows, key=lambda row: max(values[row["best"]] for values in row["errors"].values()))
    return [target(f"{row['recipe']}, {name}", AIM, values[row["best"]]) for name, values in row["errors"].items()]


def tables(report: Mapping[str, Any]) -> str:
    """Median over the seeds, and the seed chosen on the validation recordings, on each recording of the test."""
    rows = report["rows"]
    names = list(rows[0]["errors"]) if rows else []
    heads = ("recipe", "weights", "updates", "seconds", *(f"{name}: {which}" for name in names for which in STATISTICS))
    lines = [
        (
            row["recipe"],
            row["weights"],
            row["updates"],
            row["seconds"],
            *(figure(row["errors"][name], row["best"]) for name in names for figure in STATISTICS.values()),
        )
        for row in rows
    ]
    head = report["header"]
    size = f"{head['updates']} updates, {head['seeds']} seeds, {head['seconds']:g} s of each recording"
    return f"ESR free running on whole recordings; {size}; {head['signal']}.\n\n{markdown(heads, lines)}"


BENCHMARK = Benchmark(
    module="benchmarks.second_order",
    about="Which measures help models to learn the second-order diode clipper, on each recording by itself.",
    items=tuple(RECIPES),
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

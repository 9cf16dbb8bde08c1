"""`python -m benchmarks.recipes`: what each network reaches on two pedals in a given time, by its recipe."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.circuits import header
from benchmarks.recipes.devices import DEVICES
from benchmarks.recipes.recipes import RECIPES, curve, error, trained
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.signals import PARTS, Signals
from circuitnn.study.tables import Row, markdown, target, target_table
from circuitnn.train import Dataset, save

GOOD = 0.01  # error-to-signal ratio below which a capture counts as good
SEARCHED = 0.2  # of the time, for each candidate of a search
EXCITATION = 120.0  # seconds, where there are no recordings
MINUTES = (0.5, 1, 2, 5, 10)  # shown of a training


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=10.0, help="of each training; default: %(default)s")
    parser.add_argument("--devices", nargs="+", choices=list(DEVICES), default=list(DEVICES), help="default: all")
    parser.add_argument("--search", action="store_true", help="try the candidates of each recipe first, for a while")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each; default: %(default)s")
    parser.add_argument("--keep", metavar="FOLDER", help="keep the trained networks there")
    add_sound_options(parser)


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    if options.minutes <= 0 or options.seeds < 1:
        raise ValueError("minutes and seeds must be positive")
    signals = sound(options, EXCITATION)
    head = header(
        minutes=options.minutes,
        signal=signals.source,
        files=signals.files,
        search=options.search,
    )
    return head, _rows(names, options, signals)


def line(row: Row) -> str:
    return (
        f"{row['device']}, {row['model']}, seed {row['seed']}: test ESR {row['test']:.2e}, rate {row['rate']:g}, "
        f"{row['updates']} updates, {row['seconds'] / 60:.1f} min"
    )


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each network on each device: the worst of its seeds."""
    worst: dict[tuple[str, str], float] = {}
    for row in parts["rows"]:
        key = row["device"], row["model"]
        worst[key] = max(worst.get(key, 0.0), row["test"])
    return [target(f"{model}, {device}: test ESR", GOOD, value) for (device, model), value in worst.items()]


def tables(report: Mapping[str, Any]) -> str:
    """All tables in Markdown."""
    head, rows = report["header"], report["rows"]
    shown = [minutes for minutes in MINUTES if minutes <= head["minutes"]]
    heads = ("device", "network", "weights", "rate", "updates", *(f"{minutes:g} min" for minutes in shown), "test ESR")
    lines = (
        (
            *(row[key] for key in ("device", "model", "weights", "rate", "updates")),
            *(_best_by(row["curve"], 60 * minutes) for minutes in shown),
            row["test"],
        )
        for row in rows
    )
    parts = [
        f"Validation ESR (free running, the best so far) after minutes of training on {head['cores']} cores, and the "
        f"ESR of the weights that were kept on unseen sound; {head['signal']}.",
        markdown(heads, lines),
    ]
    searches = [row for row in rows if row["search"]]
    if searches:
        lines = (
            (row["device"], row["model"], rate, value) for row in searches for rate, value in row["search"].items()
        )
        parts += [
            f"Rates tried, for {SEARCHED * head['minutes']:g} minutes each:",
            markdown(("device", "network", "rate", "validation ESR"), lines),
        ]
    return "\n\n".join([*parts, target_table(report["targets"])])


def _best_by(points: list[tuple[float, float]], seconds: float) -> float | None:
    return min((value for at, value in points if at <= seconds), default=None)


def _rows(names: tuple[str, ...], options: argparse.Namespace, signals: Signals) -> Iterator[dict[str, Any]]:
    for device in options.devices:
        parts = {part: DEVICES[device](signals.parts[part]) for part in PARTS}
        for name in names:
            rate, search = _searched(name, parts, options)
            for seed in range(options.seeds):
                yield _row(name, device, parts, seed, rate, search, options)


def _searched(name: str, parts: Mapping[str, Dataset], options: argparse.Namespace) -> tuple[float, dict[str, float]]:
    recipe, found = RECIPES[name], {}
    for rate in sorted({recipe.rate, *recipe.candidates}) if options.search else ():
        seconds = 60 * SEARCHED * options.minutes
        outcome = trained(recipe, parts["train"], parts["validation"], seconds, rate=rate)
        found[f"{rate:g}"] = float(np.min(outcome.history.validation))
    return (float(min(found, key=lambda rate: found[rate])) if found else recipe.rate), found


def _row(
    name: str,
    device: str,
    parts: Mapping[str, Dataset],
    seed: int,
    rate: float,
    search: dict[str, float],
    options: argparse.Namespace,
) -> dict[str, Any]:
    outcome = trained(RECIPES[name], parts["train"], parts["validation"], 60 * options.minutes, rate=rate, seed=seed)
    if options.keep is not None:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
        save(outcome.model, Path(options.keep) / f"{device}-{name}-{seed}.npz")
    return {
        "device": device,
        "model": name,
        "seed": seed,
        "rate": rate,
        "search": search,
        "weights": outcome.model.count().weights,
        "updates": outcome.history.updates,
        "seconds": outcome.seconds,
        "curve": curve(outcome),
        "test": error(outcome.model, parts["test"]),
    }


BENCHMARK = Benchmark(
    module="benchmarks.recipes",
    about="What each network reaches on two pedals in a given time, by its recipe.",
    items=tuple(RECIPES),
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
    kind="networks",
    quick=("GRU-8",),
    rounds=None,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

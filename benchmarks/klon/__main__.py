"""`python -m benchmarks.klon`: the Klon Centaur whole, its speed, and networks in place of its gain stage."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.circuits import header
from benchmarks.klon import material, speed, training
from benchmarks.klon.training import GAINS, KNOWN, PRESETS, PUBLISHED, Trained
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.signals import PARTS, Signals
from circuitnn.study.tables import Cell, Row, markdown, target, target_table
from circuitnn.train import save

ONE_STREAM, AGGREGATE, MINUTES = 1.0, 20.0, 15.0
NETWORK_HEADS = (
    "gain", "network", "validation ESR, %", "published, %", "test ESR, %", "updates", "training, min",
)  # fmt: skip
TOLERANCE = 2.0  # of the conditioned network's error over the published one for a network of each gain


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="full", help="quick: under a minute; full: half an hour")
    add_sound_options(parser)
    parser.add_argument("--models", metavar="FOLDER", help="keep the trained networks there")


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    signals = sound(options, PRESETS[options.preset].seconds)
    head = header(
        preset=options.preset,
        rounds=options.rounds,
        signal=signals.source,
        files=signals.files,
        seconds={part: len(x) / material.FS for part, x in signals.parts.items()},
        oversampling=material.OVERSAMPLING,
    )
    return head, _rows(names, options, signals)


def line(row: Row) -> str:
    if row["kind"] == "speed":
        return f"{row['version']}: {row['one_stream']:.1f} x real time, a batch of 64 {row['batch_aggregate']:.0f} x"
    name = "one for all" if row["is_conditioned"] else "own network"
    return f"gain {row['gain']:g}, {name}: ESR {row['validation_esr']:.2f} %, {row['seconds']:.0f} s"


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured for it: what, aim, measured, is_met."""
    rows, found = parts["rows"], []
    speeds = [row for row in rows if row["kind"] == "speed"]
    for key, aim, what in (
        ("one_stream", ONE_STREAM, "one stream"),
        ("batch_aggregate", AGGREGATE, "batch of 64, aggregate"),
    ):
        if speeds:
            slowest = min(speeds, key=lambda row: row[key])
            name = f"{what}, times real time, the slowest: {slowest['version']}"
            found.append(target(name, aim, slowest[key], at_least=True))
    for row in rows:
        if row["kind"] == "network":
            published = PUBLISHED[GAINS.index(row["gain"])]
            factor = TOLERANCE if row["is_conditioned"] else 1.0
            name = f"{_network(row)}, gain {row['gain']:g}: validation ESR, %"
            found.append(target(name, factor * published, row["validation_esr"]))
    minutes = {_network(row): row["seconds"] / 60 for row in rows if row["kind"] == "network"}
    if minutes:
        name = max(minutes, key=lambda each: minutes[each])
        found.append(target(f"training, minutes, the longest: {name}", MINUTES, minutes[name]))
    return found


def tables(report: Mapping[str, Any]) -> str:
    """All tables in Markdown."""
    head, rows = report["header"], report["rows"]
    parts = []
    speeds = [row for row in rows if row["kind"] == "speed"]
    if speeds:
        heads = ("whole pedal", "one stream", f"batch of {speeds[0]['batch']}, aggregate", "each of its streams")
        lines = ((row["version"], row["one_stream"], row["batch_aggregate"], row["batch_each"]) for row in speeds)
        parts += [
            f"Seconds of audio at 48 kHz for a second of computing, single precision; minima of {head['rounds']} "
            f"interleaved rounds; {head['cores']} cores.",
            markdown(heads, lines),
        ]
    networks = [row for row in rows if row["kind"] == "network"]
    if networks:
        parts += [
            f"GRU-8 and dense layer in place of the gain stage; {head['signal']}.",
            markdown(NETWORK_HEADS, map(_network_cells, networks)),
        ]
    return "\n\n".join([*parts, target_table(report["targets"])])


def _network_cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    published = PUBLISHED[GAINS.index(row["gain"])]
    errors = (row["validation_esr"], published, row["test_esr"])
    return (row["gain"], _network(row), *errors, row["updates"], row["seconds"] / 60)


def _network(row: Mapping[str, Any]) -> str:
    return "one for all gains" if row["is_conditioned"] else f"of gain {row['gain']:g}"


def _rows(names: tuple[str, ...], options: argparse.Namespace, signals: Signals) -> Iterator[dict[str, Any]]:
    preset = PRESETS[options.preset]
    if "speed" in names:
        yield from speed.rows(signals.parts["validation"], options.rounds)
    if "training" in names:
        known = sorted({*KNOWN, *(GAINS[index] for index in preset.gains)})
        parts = {name: material.played(signals.parts[name], known) for name in PARTS}
        for index in preset.gains:
            gain = GAINS[index]
            found = training.own(preset, parts["train"], parts["validation"], known, gain)
            yield _row(found, parts, known, gain, options.models)
        found = training.conditioned(preset, parts["train"], parts["validation"], known)
        for index in preset.gains:
            yield _row(found, parts, known, GAINS[index], options.models)


def _row(
    found: Trained, parts: dict[str, material.Played], known: list[float], gain: float, folder: str | None
) -> dict[str, Any]:
    is_conditioned = bool(found.model.controls)
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        save(found.model, Path(folder) / ("all_gains.npz" if is_conditioned else f"gain_{gain:g}.npz"))
    errors = {name: training.error(found.model, parts[name], known.index(gain), gain) for name in PARTS[1:]}
    return {
        "kind": "network",
        "is_conditioned": is_conditioned,
        "gain": gain,
        "validation_esr": errors["validation"],
        "test_esr": errors["test"],
        "seconds": found.seconds,
        "updates": found.updates,
    }


BENCHMARK = Benchmark(
    module="benchmarks.klon",
    about="The Klon Centaur whole, its speed, and networks in place of its gain stage.",
    items=("speed", "training"),
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

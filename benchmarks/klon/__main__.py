"""`python -m benchmarks.klon`: the Klon Centaur whole, its speed, and networks in place of its driven path."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.circuits import header
from benchmarks.klon import material, report, speed, training
from benchmarks.klon.training import GAINS, KNOWN, PRESETS, Trained
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.signals import PARTS, Signals
from circuitnn.study.tables import Row
from circuitnn.train import save


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
    about="The Klon Centaur whole, its speed, and networks in place of its driven path.",
    items=("speed", "training"),
    options=options,
    prepare=prepare,
    line=line,
    targets=report.targets,
    tables=report.tables,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

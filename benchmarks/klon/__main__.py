"""`python -m benchmarks.klon`: the Klon Centaur whole, its speed, and networks in place of its driven path."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import catalogue
from benchmarks.klon import material, report, speed, training
from benchmarks.klon.training import GAINS, KNOWN, PRESETS, Preset, Trained
from circuitnn.audio import AudioError
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.signals import PARTS, Signals
from circuitnn.train import save


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    preset = PRESETS[options.preset]
    try:
        signals = sound(options, preset.seconds)
    except (AudioError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"klon, preset {options.preset}: {signals.source}", flush=True)
    header = catalogue.header(
        preset=options.preset,
        rounds=options.rounds,
        signal=signals.source,
        files=signals.files,
        seconds={part: len(x) / material.FS for part, x in signals.parts.items()},
        oversampling=material.OVERSAMPLING,
    )
    catalogue.report_each(
        _rows(options, preset, signals),
        header,
        options.output,
        targets=report.targets,
        tables=report.tables,
        line=_line,
    )
    return 0


def _options() -> argparse.ArgumentParser:
    description = (__doc__ or "").partition(": ")[2]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.klon", description=description)
    parser.add_argument("--only", choices=("speed", "training"), help="default: both")
    parser.add_argument("--preset", choices=PRESETS, default="full", help="quick: under a minute; full: half an hour")
    add_sound_options(parser)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each speed; the least time counts")
    parser.add_argument(
        "--output", default="results/klon.json", metavar="FILE", help="JSON; a table goes to FILE with .md at its end"
    )
    parser.add_argument("--models", metavar="FOLDER", help="keep the trained networks there")
    return parser


def _rows(options: argparse.Namespace, preset: Preset, signals: Signals) -> Iterator[dict[str, Any]]:
    if options.only != "training":
        yield from speed.rows(signals.parts["validation"], options.rounds)
    if options.only != "speed":
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


def _line(row: catalogue.Row) -> str:
    if row["kind"] == "speed":
        return f"{row['version']}: {row['one_stream']:.1f} x real time, a batch of 64 {row['batch_aggregate']:.0f} x"
    name = "one for all" if row["is_conditioned"] else "own network"
    return f"gain {row['gain']:g}, {name}: ESR {row['validation_esr']:.2f} %, {row['seconds']:.0f} s"


if __name__ == "__main__":
    raise SystemExit(main())

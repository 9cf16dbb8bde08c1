"""`python -m benchmarks.hidden_modulation`: a phaser whose oscillator nobody sees, after a second of its sound."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from benchmarks.circuits import header
from benchmarks.hidden_modulation import contenders, measure
from benchmarks.hidden_modulation.contenders import CONDITIONS, MODULATION, MOVING, SWEPT, Contender
from benchmarks.hidden_modulation.material import MOVING as SPED_UP
from benchmarks.hidden_modulation.material import excerpts
from benchmarks.hidden_modulation.training import GIVEN, HIDDEN, KINDS, PRESETS, network
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.signals import Signals
from circuitnn.study.tables import Row, markdown, target, target_table

PIECE = 4.0  # seconds: one of context, three that follow
CIRCUIT, OTHER_UNIT = "circuit", "circuit, parts up to 5 % off"
ITEMS = (
    *(f"{kind}, {inputs}" for inputs in (HIDDEN, GIVEN) for kind in ("GRU", "SMGRU", "STN")),
    CIRCUIT,
    OTHER_UNIT,
)
AIM = 0.02  # ESR over three seconds


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="quick", help="quick: minutes; full: an hour and more")
    add_sound_options(parser)
    parser.add_argument("--models", metavar="FOLDER", help="keep the trained networks there, and take them from there")


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    jax.config.update("jax_enable_x64", True)
    preset = PRESETS[options.preset]
    signals = sound(options, preset.seconds)
    head = header(
        preset=options.preset,
        signal=signals.source,
        files=signals.files,
        epochs=preset.epochs,
        oversampling=preset.oversampling,
    )
    return head, _rows(names, options, signals)


def _rows(names: tuple[str, ...], options: argparse.Namespace, signals: Signals) -> Iterator[Row]:
    preset = PRESETS[options.preset]
    truth: dict[str, Any] = {"oversampling": preset.oversampling}
    train = excerpts(signals.parts["train"], preset.piece, seed=0, **truth).data
    validation = excerpts(signals.parts["validation"], PIECE, seed=1, **truth).data
    steady = excerpts(signals.parts["test"], PIECE, seed=2, draws=preset.draws, **truth)
    moving = excerpts(signals.parts["test"], PIECE, seed=3, draws=preset.draws, kind=SPED_UP, **truth)
    for name in names:
        one = _contender(name, lambda kind, inputs: network(kind, inputs, preset, train, validation, options.models))
        for condition in CONDITIONS:
            found = measure.row(name, one, condition, moving if condition in (MOVING, SWEPT) else steady)
            if found is not None:
                yield found


def _contender(name: str, trained: Any) -> Contender:
    if name in (CIRCUIT, OTHER_UNIT):
        off = contenders.TOLERANCE if name == OTHER_UNIT else 0.0
        return contenders.Synchronised(contenders.circuit(tolerance=off), {"steps": 24})
    kind, inputs = name.split(", ")
    assert kind in KINDS
    model = trained(kind, inputs)
    return contenders.Unaware(model) if inputs == HIDDEN else contenders.Synchronised(model)


def line(row: Row) -> str:
    return (
        f"{row['contender']:30s} {row['condition']:26s} ESR {row['esr']:.3g}, median {row['median']:.3g}, "
        f"sure {sum(row['sure'])} of {len(row['sure'])}, {row['seconds']:.0f} s"
    )


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The best model of each condition over three seconds."""
    found = []
    for condition in CONDITIONS:
        rows = [row for row in parts["rows"] if row["condition"] == condition]
        if condition != MODULATION and rows:
            best = min(rows, key=lambda row: row["esr"])
            found.append(target(f"{condition}: ESR over 3 s, {best['contender']}", AIM, best["esr"]))
    return found


def tables(report: Mapping[str, Any]) -> str:
    """In Markdown."""
    rows, head = report["rows"], report["header"]
    count = len(rows[0]["each"])
    heads = ("model, modulation in training", *CONDITIONS)
    names = dict.fromkeys(row["contender"] for row in rows)
    errors = {(row["contender"], row["condition"]): row for row in rows}
    cells = [(name, *(_error(errors.get((name, condition))) for condition in CONDITIONS)) for name in names]
    drifts = [
        (row["contender"], row["condition"], *_drift(row), sum(row["sure"]), row["esr"])
        for row in rows
        if row["drift"] is not None
    ]
    return "\n\n".join(
        [
            f"ESR over the 3 s after 1 s of context, median of {count} excerpts in brackets; {head['signal']}, preset "
            f"{head['preset']}, one seed.",
            markdown(heads, cells),
            "Phase of the oscillator: root mean square of its error over the excerpts, in radians.",
            markdown(("model", "condition", "after the context", "2.75 s later", "says it is sure", "ESR"), drifts),
            target_table(report["targets"]),
        ]
    )


def _error(row: Mapping[str, Any] | None) -> str:
    return "" if row is None else f"{row['esr']:.2g} ({row['median']:.2g})"


def _drift(row: Mapping[str, Any]) -> tuple[float, float]:
    away = np.sqrt(np.mean(np.square(row["drift"]), axis=0))
    return float(away[0]), float(away[-1])


BENCHMARK = Benchmark(
    module="benchmarks.hidden_modulation",
    about="Models of a phaser after a second of its sound, the oscillator given, hidden, or changing its rate.",
    items=ITEMS,
    rounds=None,
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

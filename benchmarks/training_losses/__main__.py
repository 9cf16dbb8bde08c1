"""`python -m benchmarks.training_losses`: a network trained with each loss, and what ViSQOL says of its sound."""

import argparse
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from flax import nnx

from benchmarks.circuits import header
from benchmarks.recipes.devices import DEVICES
from benchmarks.training_losses.ranks import MEASURES, VISQOL, figures, rank_correlations
from circuitnn import capture
from circuitnn.model import Model, run
from circuitnn.networks import Scaling
from circuitnn.recurrent import GRU
from circuitnn.study.benchmark import Benchmark, main
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.listening_sounds import Item, made_level, scores
from circuitnn.study.regimes import warmed_up_adam
from circuitnn.study.signals import FS
from circuitnn.study.tables import Row, markdown
from circuitnn.train import Dataset, TruncatedBPTT, fit

BATCH, RATE = 16, 5e-3
WINDOWS = TruncatedBPTT(2048, warmup=1000)
SIZE = ("devices", "updates", "seeds", "units", "seconds")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--devices", nargs="+", choices=DEVICES, default=list(DEVICES), help="default: all")
    parser.add_argument(
        "--updates", nargs="+", type=int, default=[40, 300], help="of trainings, about; default: 40 300"
    )
    parser.add_argument("--seeds", type=int, default=2, help="trained together; default: %(default)s")
    parser.add_argument("--units", type=int, default=16, help="of the GRU; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=6.0, help="of the test, which is heard; default: %(default)s")
    add_sound_options(parser)


def prepare(names: tuple[str, ...], options: argparse.Namespace) -> tuple[dict[str, Any], Iterator[Row]]:
    if min(*options.updates, options.seeds, options.units) < 1 or options.seconds < 1:
        raise ValueError("updates, seeds and units must be positive, and at least a second be heard")
    if importlib.util.find_spec("visqol") is None:
        raise ValueError("ViSQOL is what losses are held against: pip install 'circuitnn[listening]'")
    signals = sound(options, 10 * options.seconds)
    heard = signals.parts["test"][: round(options.seconds * FS)]
    if not np.any(heard):
        raise ValueError("there is nothing to hear at the beginning of the test")
    head = header(**{name: getattr(options, name) for name in SIZE}, signal=signals.source, files=signals.files)
    return head, _rows(names, options, signals.parts["train"], heard)


def _rows(names: Sequence[str], options: argparse.Namespace, learnt: np.ndarray, heard: np.ndarray) -> Iterator[Row]:
    for device in options.devices:
        train, test = DEVICES[device](learnt), DEVICES[device](heard)
        for name in names:
            for updates in options.updates:
                models, made = _trained(name, train, updates, options)
                yield {"loss": name, "device": device, "updates": made, "found": [_found(m, test) for m in models]}


def _trained(name: str, train: Dataset, updates: int, options: argparse.Namespace) -> tuple[list[Model], int]:
    scaling = Scaling.from_data(train.x, train.y)
    windows = (train.x.shape[1] - WINDOWS.warmup) // WINDOWS.length * len(train.x)
    models, history = fit(
        [GRU(options.units, scaling=scaling, fs=FS, rngs=nnx.Rngs(seed)) for seed in range(options.seeds)],
        train,
        WINDOWS,
        optimizer=warmed_up_adam(RATE),
        epochs=max(1, round(updates / max(1, windows // BATCH))),
        batch=min(BATCH, windows),
        loss=capture.loss(name, FS),
        progress=False,
    )
    return list(models), history.updates


def _found(model: Model, test: Dataset) -> dict[str, float]:
    y = np.asarray(jax.jit(lambda x: run(model, x)[1])(test.x[0, :, 0]), float)
    item = Item("test", test.y[0, :, 0], {"model": y})
    return scores(item, made_level(item, FS, anchors=False), FS)["model"]


def line(row: Row) -> str:
    middle = {name: np.median([one[name] for one in row["found"]]) for name in (VISQOL, "ESR")}
    return f"{row['loss']}, {row['device']}, {row['updates']} updates: " + ", ".join(
        f"{name} {value:.3g}" for name, value in middle.items()
    )


def parts(rows: Sequence[Row]) -> dict[str, Any]:
    most = max(row["updates"] for row in rows)
    longest = [row for row in rows if row["updates"] == most]
    return {"rows": list(rows), "correlations": {"all": rank_correlations(rows), "longest": rank_correlations(longest)}}


def targets(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Nothing is aimed at: it is a question."""
    del parts
    return []


def tables(report: Mapping[str, Any]) -> str:
    """What each loss gives, and how each measure goes with ViSQOL."""
    rows, head = report["rows"], report["header"]
    shown = [(row["loss"], row["device"], row["updates"], *figures(row)) for row in rows]
    size = f"GRU-{head['units']}, {head['seeds']} seeds, {head['seconds']:g} s heard; {head['signal']}."
    heads = ("trained with", "device", "updates", *MEASURES)
    devices = dict.fromkeys(row["device"] for row in rows)
    every, longest = report["correlations"].values()
    ranks = [(name, *np.column_stack([every[name], longest[name]]).ravel().tolist()) for name in every]
    columns = [f"{device}{which}" for device in devices for which in ("", ", longest trained")]
    return (
        f"Median over seeds; {size}\n\n{markdown(heads, shown)}\n\n"
        f"Spearman's rank correlation with ViSQOL over models of a device, turned where less is better:\n\n"
        f"{markdown(('measure', *columns), ranks)}"
    )


BENCHMARK = Benchmark(
    module="benchmarks.training_losses",
    about="Which loss to train with, by what a model of hearing says of the outcome.",
    items=capture.LOSSES,
    options=options,
    prepare=prepare,
    line=line,
    targets=targets,
    tables=tables,
    parts=parts,
    kind="losses",
    rounds=None,
)

if __name__ == "__main__":
    raise SystemExit(main(BENCHMARK))

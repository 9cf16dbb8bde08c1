"""`python -m benchmarks.exposure_bias.compute`: all regimes at equal updates and at equal time, first-order clipper.

Every regime first makes the same number of updates. What an epoch takes is the processor's time of the shortest of that
run (compiling is in none but the first), and the time of truncated BPTT is the budget: each regime is trained anew for
as many epochs as fit into it, with a schedule for that many.
"""

import argparse
import functools
import time
from collections.abc import Iterable
from typing import Any, NamedTuple, final

import numpy as np
from flax import nnx

from benchmarks.exposure_bias.__main__ import CONTENDERS
from circuitnn import audio, circuits
from circuitnn.recurrent import Scaling
from circuitnn.study import MORE_REGIMES, Contender, TrainingRegime
from circuitnn.study.definition import Task
from circuitnn.study.regimes import warmed_up_adam
from circuitnn.study.tables import markdown
from circuitnn.train import Dataset, ExposureBias, exposure_bias, fit, simulate_dataset

FS = 48_000
VOLTS = 4.5
LENGTH, WARMUP, BATCH = 512, 200, 40
HORIZONS = (1, 16, 256, 4096)
NAMES = ("STN 4-4-4", "SMGRU-8 read-out")


@final
class Trained(NamedTuple):
    """One regime, with one budget.

    Attributes:
        updates: of each seed.
        seconds: of the processor for all seeds together, as the shortest epoch has it.
        reports: one a seed.
    """

    updates: int
    seconds: float
    reports: list[ExposureBias]

    @property
    def bias(self) -> float:
        """Median over seeds, dB."""
        return float(np.median([np.inf if r.exposure_bias_db is None else r.exposure_bias_db for r in self.reports]))

    @property
    def free(self) -> float:
        """ESR free running, median over seeds, dB."""
        return float(np.median([10 * np.log10(r.esr_free_running) for r in self.reports]))

    def against(self, horizon: int) -> float:
        """State error after so many samples alone over that after one, median over seeds, dB."""
        errors = [np.asarray(r.error) for r in self.reports]
        return float(np.median([10 * np.log10(error[horizon - 1] / error[0]) for error in errors]))


def trained(
    contender: Contender, regime: TrainingRegime, *, data: Dataset, test: Dataset, epochs: int, seeds: int
) -> Trained:
    """All seeds at once, the last weights of each."""
    scaling = Scaling.from_data(data.x, data.y, data.states)
    task = Task(1, (), ("C1",), "C1", scaling, FS)
    clock = [time.process_time()]
    models, history = fit(
        [contender.build(task, nnx.Rngs(seed)) for seed in range(seeds)],
        data,
        regime.build(length=LENGTH, warmup=WARMUP),
        optimizer=warmed_up_adam(contender.learning_rate),
        epochs=epochs,
        batch=BATCH,
        callback=lambda end: clock.append(time.process_time()),
        progress=False,
    )
    seconds = epochs * float(np.min(np.diff(clock)))
    return Trained(history.updates, seconds, [exposure_bias(model, test) for model in models])


def compared(data: Dataset, test: Dataset, *, names: Iterable[str], epochs: int, seeds: int) -> list[dict[str, Any]]:
    """A row for each model and regime: at equal updates, and at the time that truncated BPTT has had."""
    rows = []
    for name in names:
        train = functools.partial(trained, CONTENDERS[name], data=data, test=test, seeds=seeds)
        equal = {key: train(regime, epochs=epochs) for key, regime in MORE_REGIMES.items()}
        budget = equal["TBPTT"].seconds
        for key, regime in MORE_REGIMES.items():
            fitting = max(1, round(epochs * budget / equal[key].seconds))
            again = equal[key] if key == "TBPTT" else train(regime, epochs=fitting)
            rows.append({"model": name, "regime": key, "updates": equal[key], "time": again})
            print(tables(rows[-1:]), flush=True)
    return rows


def tables(rows: list[dict[str, Any]]) -> str:
    """Free-running error and bias with each budget, and the error against the horizon, in Markdown."""
    heads = ("model", "regime", "updates", "s", "free dB", "bias dB", "updates", "s", "free dB", "bias dB")
    budgets = [
        (
            r["model"],
            r["regime"],
            *(c for b in (r["updates"], r["time"]) for c in (b.updates, b.seconds, b.free, b.bias)),
        )
        for r in rows
    ]
    horizons = [(r["model"], r["regime"], *(r["time"].against(h) for h in HORIZONS[1:])) for r in rows]
    return "\n\n".join(
        [
            "Equal updates, then equal time:",
            markdown(heads, budgets),
            "At equal time, state error after so many samples alone over that after one, dB:",
            markdown(("model", "regime", *map(str, HORIZONS[1:])), horizons),
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """With the arguments of a command line, those of the process when None; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exposure_bias.compute", description=__doc__)
    parser.add_argument("--epochs", type=int, default=8, help="of 18 updates, at equal updates (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--models", nargs="+", choices=NAMES, default=NAMES, help="default: both")
    options = parser.parse_args(argv)
    circuit = circuits.diode_clipper()
    data, test = (
        simulate_dataset(circuit, VOLTS * audio.excitation(seconds, FS, seed=seed), fs=FS)
        for seed, seconds in enumerate((8, 2))
    )
    print(tables(compared(data, test, names=options.models, epochs=options.epochs, seeds=options.seeds)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

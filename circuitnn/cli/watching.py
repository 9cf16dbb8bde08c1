"""How a training is watched: a bar on a terminal, lines elsewhere, all of it in a log; the best model on disk."""

import sys
import time
from pathlib import Path
from typing import Any, final

import numpy as np

from circuitnn import train as learning
from circuitnn.capture import Leg, Material, Recipe
from circuitnn.cli import told
from circuitnn.cli.problems import say

PREVIEWS = 30.0  # seconds between two of what a model makes of the validation part
LINES = 10.0  # seconds between two lines, where there is no terminal


@final
class Watch:
    """Called after each epoch of a training.

    Args:
        leg: what is trained.
        recipe: of it, which tells the rate.
        out: of the model: the best so far is written there.
        log: file that gets a line for each epoch; previews are beside it.
        material: that previews are made of.
    """

    def __init__(self, leg: Leg, recipe: Recipe, out: Path, log: Path, material: Material):
        self._leg, self._recipe, self._out, self._log, self._material = leg, recipe, out, log, material
        self._told, self._shown = -np.inf, -np.inf
        self._bar: Any = None

    def __enter__(self) -> "Watch":
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=self._leg.epochs, unit="epoch", dynamic_ncols=True)
            self._bar.set_postfix_str("compiling")
        else:
            say("compiling ...", err=True)
        self._file = self._log.open("a", encoding="utf-8")
        self._file.write(f"# {time.strftime('%Y-%m-%d %H:%M:%S')} {self._leg.epochs} epochs\n")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._bar is not None:
            self._bar.close()

    def __call__(self, end: learning.EpochEnd) -> None:
        """Log, show and keep."""
        history = end.history
        errors = [history.initial, *history.validation]
        is_new = bool(history.validation_epochs) and history.validation_epochs[-1] == end.epoch - 1
        if is_new and errors[-1] <= min(errors):
            model = end.model()
            learning.save(model, self._out)
            if time.monotonic() - self._shown > PREVIEWS:
                self._shown = time.monotonic()
                told.write_preview(self._log.parent, self._material.predicted(model, "validation"))
        line = self._line(end, errors)
        self._file.write(line + "\n")
        self._file.flush()
        if self._bar is not None:
            self._bar.n = end.epoch
            self._bar.set_postfix_str(line.partition(", ")[2].rpartition(", ")[0])
        elif is_new and time.monotonic() - self._told > LINES:
            self._told = time.monotonic()
            say(line, err=True)

    def _line(self, end: learning.EpochEnd, errors: list[float]) -> str:
        rate = self._recipe.rate_at(end.epoch / end.epochs) * self._leg.rate / self._recipe.rate
        recent = end.history.seconds[-10:] if end.epoch > 1 else end.history.seconds
        left = (end.epochs - end.epoch) * float(np.median(recent))
        return (
            f"epoch {end.epoch}/{end.epochs}, loss {np.mean(end.history.loss[-1]):.2e}, validation ESR "
            f"{errors[-1]:.2e}, best {min(errors):.2e}, rate {rate:.1e}, {_clock(left)} left"
        )


def logged(log: Path, line: str) -> None:
    """Another line for the log."""
    with log.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

"""A report of an identification that was never made, with all that a page shows."""

import dataclasses
from types import SimpleNamespace

import numpy as np

import circuitnn as cn
from circuitnn.audio import Alignment, Drift
from circuitnn.train import FittedValue, IdentificationReport

FS = 16_000


def signals(seconds=1.0):
    """What was played, a prediction, and a recording of eight bits that is a little more than that."""
    x = cn.audio.guitar(seconds, FS, seed=1)
    predicted = np.tanh(3 * x)
    noise = 0.002 * np.random.default_rng(0).standard_normal(len(x))
    return x, predicted, np.round(128 * (predicted + 0.02 * predicted**2 + noise)) / 128


def row(name, nominal, fitted, error, *, unit="F", kind="C", is_determined=True):
    return FittedValue(name, kind, unit, nominal, fitted, error, is_determined, at_bound=False)


def report(**changes):
    """All of it; `changes` to its fields."""
    _, predicted, _ = signals()
    found = IdentificationReport(
        values=(
            row("C1", 2.2e-9, 2.5e-9, 0.004),
            row("DX.IS", 2.5e-9, 7e-9, 3.0, unit="A", kind="model", is_determined=False),
        ),
        recorder=(row("x_offset", 0.0, -0.055, 0.0005, unit="V", kind="offset"),),
        alignment=Alignment(1.5, 1, 1.0, 0.01, 0.99, 2.0, FS),
        combinations=({"DX.IS": 1.0},),
        to_measure=("DX.IS",),
        known=(),
        per_gain={},
        precision=0.01,
        noise=2e-3,
        coloured=1.5,
        correlation=0.1,
        esr_before=1e-2,
        esr=1e-4,
        starts=(1.0, 1.0),
        drift=Drift(0.0, np.inf, 1.5, 1.5),
        excerpts=(0.1, 0.5),
        clipped=(3, 0),
        failed=0,
        converged=True,
        esr_held_out=2e-4,
        recording=SimpleNamespace(predict=lambda _: predicted),
    )
    return dataclasses.replace(found, **changes)

"""Errors by recording and by level of the input."""

import math

import numpy as np
import pytest

from circuitnn.metrics import esr
from circuitnn.study import Records
from circuitnn.study.breakdown import LEVELS, by_part, parts
from circuitnn.study.cells import pooled

FS = 1000.0


def signals():
    """Two recordings of 1.5 s in three pieces of one second: each quarter of a second 8 dB below the one before."""
    rng = np.random.default_rng(0)
    gain = np.repeat(10 ** (-8 * np.array([0, 1, 2, 3, 4, 5] * 2) / 20), 250).reshape(3, 1000)
    x = gain * np.sign(rng.standard_normal((3, 1000)))
    target = 2 * x[..., None]
    return x, target + 0.01 * rng.standard_normal(target.shape), target


def test_parts_are_those_of_the_recordings_and_pool_to_the_whole():
    x, y, target = signals()
    found = parts(x, y, target, recordings=[("a", 1500), ("b", 1500)], fs=FS, warmup=50)
    assert [part["recording"] for part in found] == ["a"] * 3 + ["b"] * 3
    assert [part["level"] for part in found] == [*LEVELS] * 2
    assert pooled(found) == pytest.approx(float(esr(y[:, 50:], target[:, 50:])))
    quiet, loud = (np.mean([part["esr"] for part in found if part["level"] == LEVELS[n]]) for n in (2, 0))
    assert quiet > 100 * loud  # the same noise beside less signal
    first = [part for part in found if part["recording"] == "a"]
    flat = [np.asarray(signal)[:, 50:].ravel() for signal in (y[..., 0], target[..., 0])]
    inside = (np.arange(3000).reshape(3, 1000)[:, 50:] < 1500).ravel()
    assert pooled(first) == pytest.approx(np.sum((flat[0] - flat[1])[inside] ** 2) / np.sum(flat[1][inside] ** 2))


def test_a_run_that_ran_away_has_no_error_where_it_did():
    x, y, target = signals()
    y[2, 900:] = np.nan
    found = parts(x, y, target, recordings=[("a", 1500), ("b", 1500)], fs=FS)
    assert all(part["esr"] is not None for part in found if part["recording"] == "a")
    assert pooled([part for part in found if part["recording"] == "b"]) is None
    assert parts(0 * x, y, 0 * target, recordings=[("a", 3000)], fs=FS) == []


def test_errors_over_seeds():
    def row(seed, **other):
        return {"circuit": "c", "model": "m", "regime": "TF", "seed": seed, "esr_free_running": 0.1, **other}

    part = {"recording": "a", "level": "loud", "energy": 1.0}
    rows = [row(0, parts=[{**part, "esr": 0.1}]), row(1, parts=[{**part, "esr": None}]), row(2, parts=[], diverged="x")]
    found = by_part(Records.of({"header": {}, "rows": rows}), "c", "m", "TF")
    assert found["recording"]["a"].values == (0.1, math.inf, math.inf)
    assert found["level"]["loud"].values == (0.1, math.inf, math.inf)
    assert by_part(Records.of({"header": {}, "rows": [row(0)]}), "c", "m", "TF") == {}

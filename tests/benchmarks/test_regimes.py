"""All regimes at equal updates and at equal time: that the budgets are equal, on a run of seconds."""

import dataclasses

import numpy as np
import pytest

from benchmarks.exposure_bias import compute
from circuitnn import audio, circuits
from circuitnn.train import simulate_dataset


@pytest.mark.slow
def test_equal_updates_then_equal_time(monkeypatch):
    monkeypatch.setattr(compute, "LENGTH", 64)
    monkeypatch.setattr(compute, "WARMUP", 16)
    monkeypatch.setattr(compute, "MORE_REGIMES", {key: compute.MORE_REGIMES[key] for key in ("TF", "TBPTT")})
    data = simulate_dataset(circuits.diode_clipper(), audio.excitation(0.4, compute.FS), fs=compute.FS, oversampling=1)
    rows = compute.compared(data, data, names=["STN 4-4-4"], epochs=3, seeds=2)
    forced, free = rows
    assert forced["updates"].updates == free["updates"].updates == free["time"].updates
    epoch = forced["updates"].seconds / 3
    fitting = max(1, round(free["updates"].seconds / epoch))
    assert forced["time"].updates == forced["updates"].updates / 3 * fitting
    better = dataclasses.replace(free["time"].reports[0], error=np.array([1.0, *[10.0] * 4095]))
    assert free["time"]._replace(reports=[better]).against(16) == 10
    text = compute.tables(rows)
    assert text.count("STN 4-4-4") == 4
    assert "TBPTT" in text

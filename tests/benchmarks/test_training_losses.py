"""The benchmark of training losses: what its tables say, and that it refuses what it cannot judge."""

import argparse
import math

import pytest

from benchmarks.training_losses import __main__ as command
from benchmarks.training_losses.ranks import MEASURES, VISQOL, rank_correlations


def row(device, *errors):
    """Models of whom ViSQOL says the less the greater the ESR; the loudness goes the other way round."""
    found = [
        dict.fromkeys(MEASURES, error) | {VISQOL: 5 - error, "loudness difference in LU": error - 1} for error in errors
    ]
    return {"loss": "esr", "device": device, "updates": 3, "found": found}


def test_ranks_are_of_each_device_and_agree_where_less_is_better():
    found = rank_correlations([row("a", 0.1, 0.2), row("a", 0.3, 0.4), row("b", 0.5)])
    assert found["ESR"][0] == pytest.approx(1)
    assert found["loudness difference in LU"][0] == pytest.approx(-1)  # its size falls towards 1
    assert math.isnan(found["ESR"][1])  # one model is no rank


def test_tables_have_a_line_for_each_training():
    rows = [row("a", 0.1, 0.3), row("a", 0.2, 0.4)]
    head = {"units": 8, "seeds": 2, "seconds": 3.0, "signal": "made up"}
    said = command.tables({"header": head, **command.parts(rows)})
    assert "| esr          | a      | 3       | 4.80   | 0.20" in said
    assert "| ESR                         | 1.00  |" in said


def test_without_visqol_there_is_one_line(monkeypatch):
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    options = argparse.Namespace(updates=[1], seeds=1, units=2, seconds=1.0)
    with pytest.raises(ValueError, match=r"circuitnn\[listening\]"):
        command.prepare(("esr",), options)
    options.updates = [0]
    with pytest.raises(ValueError, match="positive"):
        command.prepare(("esr",), options)

"""The tone-stack benchmark: what it counts, what it compares, and a small run of all of it."""

import json

import numpy as np
import pytest

from benchmarks.tone_stacks import motion, report
from benchmarks.tone_stacks.__main__ import BENCHMARK
from benchmarks.tone_stacks.fits import hidden_units
from circuitnn.filters import Biquads, Coupled, NeuralToneStack
from circuitnn.study.benchmark import main


@pytest.mark.parametrize(("form", "kind"), [("coupled", Coupled), ("biquads", Biquads)])
@pytest.mark.parametrize("order", [3, 6, 12])
def test_networks_have_about_as_many_weights_as_they_should(form, kind, order):
    units = hidden_units(2, kind.size(order), 1000)
    model = NeuralToneStack({"a": 0.5, "b": 0.5}, order=order, hidden=(units, units), form=form)
    count = sum(np.size(each[...]) for each in (*model.kernels, *model.biases, model.tapers))
    assert abs(count - 1000) < 60


def rows(coupled, biquads, times=1):
    return [
        {"circuit": "x", "times": times, "form": "coupled", "mean_db_of_seeds": coupled},
        {"circuit": "x", "times": times, "form": "biquads", "mean_db_of_seeds": biquads},
    ]


def test_comparison_of_forms():
    better, overall = report.comparisons(rows([0.01, 0.02, 0.03, 0.04, 0.05], [0.02, 0.04, 0.06, 0.08, 0.1]))
    assert better["wins"] == better["of"] == 5
    assert better["ratio"] == pytest.approx(2)
    assert better["p"] == pytest.approx(1 / 32)  # the least that five pairs can give
    assert overall["circuit"] == "all"
    worse, _ = report.comparisons(rows([0.02, 0.04], [0.01, 0.02]))
    assert worse["wins"] == 0
    assert worse["p"] == 1


@pytest.mark.parametrize("name", motion.MOVEMENTS)
def test_movements_stay_between_the_ends_and_move(name):
    found = motion.MOVEMENTS[name](np.random.default_rng(0), (3, 5000, 2), 0)
    assert found.shape == (3, 5000, 2)
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.all(np.ptp(found, axis=1) > 0.9)


@pytest.mark.slow
def test_the_bound_with_constant_knobs_is_a_peak_that_can_be():
    """A filter that only passes the input on has the bound that its gain has."""
    model = NeuralToneStack({"a": 0.5}, order=2, hidden=(2,))
    model.kernels[-1][...] = 0 * model.kernels[-1][...]
    model.biases[-1][...] = np.array([0, 0, 0, -0.1, -0.1, 0.4], np.float32)  # C = 0, D = 0.5
    assert motion.constant_bound(model) == pytest.approx(0.5, rel=1e-5)
    peak, is_finite = motion.played(model, "coupled", motion.random, 2000, 0)
    assert is_finite
    assert peak == pytest.approx(0.5, rel=1e-2)


@pytest.mark.slow
def test_a_small_run(tmp_path, capsys):
    output = tmp_path / "stacks.json"
    options = [
        "--no-defaults",
        "--circuits",
        "big_muff_tone",
        "--seeds",
        "1",
        "--weights",
        "150",
        "--adam",
        "20",
        "--rounds",
        "1",
    ]
    options += ["--least-squares", "1", "--samples", "20000", "--output", str(output)]
    assert main(BENCHMARK, options) == 0
    found = json.loads(output.read_text())
    assert len(found["rows"]) == 6
    assert len(found["stability"]) == 3 * len(motion.MOVEMENTS)
    assert {row["form"] for row in found["costs"]} == {"coupled", "biquads"}
    assert "big_muff_tone" in output.with_suffix(".md").read_text()
    assert "target" in capsys.readouterr().out


def test_an_unknown_circuit(capsys):
    assert main(BENCHMARK, ["--circuits", "nothing"]) == 2
    assert "no circuit named nothing" in capsys.readouterr().err

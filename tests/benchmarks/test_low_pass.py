"""The benchmark of the resonant low pass, at a size that a test can afford."""

import json

import numpy as np
import pytest
from flax import nnx
from scipy.signal import lfilter

from benchmarks.low_pass import material
from benchmarks.low_pass.__main__ import BENCHMARK, targets
from benchmarks.low_pass.material import CONSTANT, EASY, LOUDER, MOVING, RANGE, Size
from benchmarks.low_pass.recipes import BLACK, GRAY, MOST_WEIGHTS, RECIPES, errors, trained, weights_of
from circuitnn.networks import Scaling
from circuitnn.study.benchmark import main
from circuitnn.study.signals import built_in
from circuitnn.train import Dataset


def test_positions_of_the_test_are_between_those_that_are_learnt():
    size = Size()
    learnt, unseen = material.grid(size), material.between(size)
    assert len(learnt["cutoff"]) == 24
    assert len(unseen["cutoff"]) == 12
    for name, (lowest, highest) in RANGE.items():
        assert not set(np.round(learnt[name], 6)) & set(np.round(unseen[name], 6))
        assert lowest == learnt[name].min() < unseen[name].min()
        assert unseen[name].max() < learnt[name].max() == highest


def test_knobs_swing_within_the_range():
    for name, swing in material.swings(5, 48_000, 0).items():
        lowest, highest = RANGE[name]
        assert swing.shape == (5, 48_000)
        assert lowest <= swing.min() < swing.max() <= highest
        assert (np.ptp(swing, axis=1) > 0.1 * (highest - lowest)).all()


def test_excerpts_are_heard():
    sound = np.concatenate([np.zeros(48_000), np.sin(np.arange(48_000)), np.zeros(48_000)])
    pieces = material.excerpts(sound, 6, 0.5, seed=0)
    assert pieces.shape == (6, 24_000)
    assert (np.abs(pieces).max(axis=1) > 0.9).all()
    with pytest.raises(ValueError, match="less than a recording of 9 s"):
        material.excerpts(sound, 6, 9.0, seed=0)


def test_black_boxes_are_small_and_all_are_made():
    scaling = Scaling(np.ones(1), np.ones(1))
    for name, recipe in RECIPES.items():
        model = recipe.make(scaling, nnx.Rngs(0))
        assert set(model.controls) == {"cutoff", "resonance"}
        if recipe.kind == BLACK:
            assert weights_of(model) <= MOST_WEIGHTS, name


def test_the_seed_that_learnt_best_counts_whatever_the_test_says_of_it():
    tried = {EASY: [[0.0, 0.0], [0.004, 0.006], [0.2, 0.4]]}
    rows = [
        {"item": "one: constant", "kind": GRAY, "weights": 9, "learnt": [0.2, 0.1, 0.3], "errors": tried},
        {"item": "two: constant", "kind": BLACK, "weights": 900, "learnt": [0.1], "errors": {EASY: [[0.2, 0.4]]}},
        {"item": "three: constant", "kind": BLACK, "weights": 9000, "learnt": [0.1], "errors": {EASY: [[0.0, 0.0]]}},
        {"item": "two: moving", "kind": BLACK, "weights": 900, "learnt": [0.1], "errors": {EASY: [[0.01, 0.01]]}},
    ]
    found = targets({"rows": rows})
    assert [(round(each["measured"], 6), each["is_met"]) for each in found] == [(0.005, True), (0.3, False)]


@pytest.mark.slow
def test_the_gray_box_knows_positions_that_it_never_saw():
    """Learnt with knobs that move; a hundredth, with knobs that move and that stand, is the aim of the benchmark."""
    size = Size(cutoffs=4, resonances=3, seconds=0.7, test_seconds=0.7, oversampling=2, louder=0)
    signals = built_in(12.0)
    data = material.learnt_from(signals, MOVING, size)
    (model,), _, _ = trained(RECIPES["gray"], data, updates=160, seeds=1)
    for version in (MOVING, CONSTANT):
        found = errors(model, material.tested_on(signals, version, size)[EASY])
        assert np.mean(found) < 0.01, (version, found)


@pytest.mark.slow
def test_the_command_writes_its_report_and_goes_on(tmp_path, monkeypatch):
    def linear(x, knobs, size):
        x = size.volts * x
        y = lfilter([0.1], [1, -0.9], x)
        return Dataset(x[..., None], y[..., None], controls=knobs, fs=48_000, volts=(1.0, 1.0))

    monkeypatch.setattr(material, "through", linear)
    out = tmp_path / "low-pass.json"
    size = ["--updates", "2", "--cutoffs", "2", "--resonances", "2", "--seconds", "0.6", "--test-seconds", "0.1"]
    size += ["--output", str(out)]
    first, second = "gray, linear: constant", "gray, curve before: constant"
    assert main(BENCHMARK, [*size, "--only", first, "--keep", str(tmp_path)]) == 0
    (row,) = json.loads(out.read_text())["rows"]
    assert set(row["errors"]) == {EASY, LOUDER}
    assert all(0 < value < 10 for values in row["errors"][EASY] for value in values)
    np.testing.assert_allclose(row["errors"][EASY], row["errors"][LOUDER], rtol=1e-3)  # a linear model of a linear one
    assert (tmp_path / "gray, linear, constant.npz").exists()
    assert main(BENCHMARK, [*size, "--only", second, "--resume"]) == 0
    assert [row["item"] for row in json.loads(out.read_text())["rows"]] == [first, second]
    assert json.loads(out.read_text())["rows"][0] == row
    assert main(BENCHMARK, [*size, "--volts", "3", "--resume"]) == 2

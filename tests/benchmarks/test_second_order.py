"""The benchmark of the second-order clipper, at a size that a test can afford."""

import json

import pytest

from benchmarks.second_order.__main__ import BENCHMARK, targets
from benchmarks.second_order.material import through
from benchmarks.second_order.recipes import RECIPES, epochs_of, errors, trained
from circuitnn.audio import guitar
from circuitnn.study.benchmark import main
from circuitnn.study.signals import FS
from circuitnn.train import Dataset, InTurn


def test_every_recipe_has_a_size_and_as_many_epochs_as_updates_need():
    x = guitar(2.0, FS, seed=0).reshape(2, -1, 1)
    data = Dataset(x, x, fs=FS)
    for recipe in RECIPES.values():
        part = recipe.regime.parts[0][0] if isinstance(recipe.regime, InTurn) else recipe.regime
        windows = 2 * ((FS - part.warmup) // (part.length * part.blocks))
        assert windows > 0
        assert epochs_of(recipe, data, 1) == 1
    assert epochs_of(RECIPES["GRU-8"].but(batch=10), data, 90) == 5  # 186 windows, 18 batches


def test_the_worst_recording_of_the_best_model_counts():
    rows = [
        {"recipe": "one", "best": 1, "errors": {"loud": [1e-4, 2e-2], "soft": [1e-1, 3e-2]}},
        {"recipe": "other", "best": 0, "errors": {"loud": [4e-4, 1.0], "soft": [5e-3, 1.0]}},
    ]
    found = targets({"rows": rows})
    assert [(each["measured"], each["is_met"]) for each in found] == [(4e-4, True), (5e-3, False)]


@pytest.mark.slow
def test_a_gray_box_finds_the_diodes_from_wrong_ones():
    """Its windows begin in mid-signal: with the currents of silence there it would not."""
    data = through(RECIPES["gray: learnt diode"].circuit, guitar(1.0, FS, seed=0)[None], 1)
    (model,), _, _ = trained(RECIPES["gray: learnt diode"], data, updates=700, seeds=1)
    values = model.circuit.resolve()
    assert float(values["DCLIP.IS"]) == pytest.approx(2.52e-9, rel=0.02)
    assert float(values["DCLIP.N"]) == pytest.approx(1.752, rel=2e-3)
    assert errors(model, {"own": data})["own"] < 1e-8


@pytest.mark.slow
def test_the_command_writes_its_report_and_goes_on(tmp_path):
    out = tmp_path / "second-order.json"
    size = ["--updates", "4", "--seeds", "2", "--seconds", "1.5", "--oversampling", "1", "--output", str(out)]
    assert main(BENCHMARK, [*size, "--only", "GRU-8, per window", "--keep", str(tmp_path)]) == 0
    (first,) = json.loads(out.read_text())["rows"]
    assert first["weights"] == 273
    assert all(0 < value < 10 for values in first["errors"].values() for value in values)
    assert first["best"] == min(range(2), key=first["validation"].__getitem__)  # not chosen on the test
    assert (tmp_path / "GRU-8, per window.npz").exists()
    assert main(BENCHMARK, [*size, "--only", "GRU-8", "--resume"]) == 0
    assert [row["recipe"] for row in json.loads(out.read_text())["rows"]] == ["GRU-8, per window", "GRU-8"]
    assert json.loads(out.read_text())["rows"][0] == first
    assert main(BENCHMARK, [*size, "--seeds", "3", "--resume"]) == 2

import json

import numpy as np
import pytest

from benchmarks.recipes import __main__ as report
from benchmarks.recipes import recipes
from benchmarks.recipes.__main__ import BENCHMARK
from circuitnn.recurrent import GRU
from circuitnn.study.benchmark import main
from circuitnn.train import Dataset


def row(test, *, device="klon", seed=0, search=None):
    return {
        "device": device,
        "model": "GRU-8",
        "seed": seed,
        "rate": 0.01,
        "search": search or {},
        "weights": 273,
        "updates": 90,
        "seconds": 61.0,
        "curve": [(20.0, 0.5), (55.0, 0.2), (61.0, 0.1)],
        "test": test,
    }


def test_the_worst_seed_counts():
    found = report.targets({"rows": [row(0.005), row(0.02, seed=1), row(0.001, device="tube-screamer")]})
    assert [(each["measured"], each["is_met"]) for each in found] == [(0.02, False), (0.001, True)]


def test_the_table_has_what_was_reached_by_then():
    rows = [row(0.005, search={"0.01": 0.3, "0.001": 0.9})]
    head = {"minutes": 1.0, "cores": 2, "signal": "noise"}
    text = report.tables({"header": head, "rows": rows, "targets": report.targets({"rows": rows})})
    line = next(line for line in text.splitlines() if line.startswith("| klon"))
    assert [cell.strip() for cell in line.split("|")][6:9] == ["0.500", "0.200", "0.00500"]
    assert "0.001" in text


@pytest.mark.slow
def test_a_recipe_keeps_to_its_time_and_learns():
    x = np.random.default_rng(0).standard_normal((4, 128, 1)).astype(np.float32)
    part = Dataset(x, np.tanh(2 * x), fs=48_000)
    recipe = recipes.Recipe(lambda **more: GRU(4, **more), rate=1e-2, batch=4, length=32, warmup=0, blocks=4)
    outcome = recipes.trained(recipe, part, part, 15.0)
    assert outcome.seconds < 60
    reached = recipes.curve(outcome)
    assert reached[-1][1] == min(value for _, value in reached) < 0.1
    assert recipes.error(outcome.model, part) < 0.1


@pytest.mark.slow
def test_the_command_writes_its_report(tmp_path):
    out = tmp_path / "recipes.json"
    arguments = ["--quick", "--devices", "klon", "--minutes", "0.02", "--output", str(out), "--keep", str(tmp_path)]
    assert main(BENCHMARK, arguments) == 0
    (only,) = json.loads(out.read_text())["rows"]
    assert only["weights"] == 273
    assert np.isfinite(only["test"])
    assert (tmp_path / "klon-GRU-8-0.npz").exists()
    assert main(BENCHMARK, ["--minutes", "0", "--output", str(out)]) == 2

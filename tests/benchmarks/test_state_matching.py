"""State matching: contenders of equal size, what they are shown, the tests, and the path to the page."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.exposure_bias import material, processes, report
from benchmarks.exposure_bias.presets import Preset
from benchmarks.exposure_bias.records import Records
from benchmarks.state_matching import __main__ as command
from benchmarks.state_matching import matching, study
from benchmarks.state_matching.contenders import CONTENDERS, MATCHED, PLAIN, UNITS, Task, numbers_of
from benchmarks.state_matching.targets import HIDDEN, LFO_CENTRE, LFO_DEPTH, TARGETS, oscillator, shown
from circuitnn.recurrent import Scaling
from circuitnn.train import Dataset
from tests.benchmarks.test_study import _Inline


def task(target, model):
    states = study.states_of(target, model)
    ones = Scaling(np.ones(target.inputs), np.ones(1), np.ones(len(states)) if states else None)
    return Task(target.inputs, target.knobs, states, ones, 48_000)


@pytest.mark.parametrize("name", ["sd1", "phaser-given"])
@pytest.mark.parametrize("model", CONTENDERS)
def test_contenders_have_as_many_numbers_as_units_allow(name, model):
    target = TARGETS[name]
    numbers = numbers_of(CONTENDERS[PLAIN].shape(task(target, PLAIN), UNITS))
    found = CONTENDERS[model].of_size(task(target, model), numbers, 0)
    assert 0.85 * numbers < numbers_of(found) <= numbers
    assert found.in_features == target.inputs
    assert tuple(found.controls) == target.knobs


def test_models_see_what_their_target_shows():
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(2, 50, 2)), rng.normal(size=(2, 50, 1)), states=rng.normal(size=(2, 50, 4)))
    hidden, given = (shown(data, TARGETS[name], ("C2", "C4")) for name in (HIDDEN, "phaser-given"))
    assert hidden.x.shape == (2, 50, 1)
    np.testing.assert_array_equal(given.x, data.x)
    np.testing.assert_array_equal(hidden.states, data.states[..., [1, 3]])
    np.testing.assert_array_equal(hidden.initial, data.initial[..., [1, 3]])
    assert shown(data, TARGETS[HIDDEN], ()).states is None


def test_the_oscillator_keeps_to_its_range():
    gates = oscillator(np.random.default_rng(0), 5, 48_000 * 4)
    assert gates.shape == (5, 48_000 * 4)
    assert np.max(np.abs(gates - LFO_CENTRE)) <= LFO_DEPTH * (1 + 1e-9)
    assert np.all(np.ptp(gates, axis=1) > 1.9 * LFO_DEPTH)  # each passes most of it in four seconds
    turns = np.sum(np.diff(np.sign(np.diff(gates))) != 0, axis=1) / 2 / 4
    assert np.all((turns > 0.1) & (turns < 3.3))


def rows(seeds=10, matched=-0.4):
    """Records in which state matching changes log10 ESR by that much on the hidden oscillator only."""
    rng, found = np.random.default_rng(1), []
    for circuit in TARGETS:
        for model in CONTENDERS:
            for regime in ("TBPTT",) if CONTENDERS[model].shown == "none" else ("TBPTT", "TF+TBPTT"):
                for seed in range(seeds):
                    power = -1 + 0.05 * rng.standard_normal()
                    if model in MATCHED and circuit == HIDDEN:
                        power += matched
                    esr = 10**power
                    forced = None if CONTENDERS[model].shown == "none" else esr / 3
                    row = {"circuit": circuit, "model": model, "regime": regime, "seed": seed, "parameters": 900}
                    row |= {"esr_free_running": esr, "esr_teacher_forced": forced, "exposure_bias_db": forced and 4.8}
                    row |= {"validation_esr": esr * (2 if regime == "TBPTT" else 1), "train_seconds": 1.0}
                    row |= {"esr_high_pass": 2 * esr, "mae": 0.012, "rms_energy_error": 0.3}
                    row |= {"recovery_seconds": forced and 0.01, "recovered": forced and True, "diverged": None}
                    found.append(row)
    about = {name: {"title": t.title, "netlist": "", "state_names": []} for name, t in TARGETS.items()}
    return {"header": {"circuits": about, "preset": "full"}, "rows": found}


def test_the_tests_find_what_is_there_and_nothing_else():
    records = Records.of(rows())
    title = records.title(HIDDEN)
    family = matching.equal_regimes(records)
    assert len(family) == len(MATCHED) * len(TARGETS)
    assert {c.model for c in family if c.test.significant} == {title}
    assert all(c.ratio_db == pytest.approx(-4, abs=0.7) and c.lower == 10 for c in family if c.model == title)
    # The better regime on the validation data is the second one.
    assert all("TF+TBPTT" in c.first for c in matching.best_regimes(records))
    said = matching.headline(records)
    assert "dB lower, lower in 10 of 10 pairs" in said
    assert "shown to be higher: none" in said
    nothing = matching.headline(Records.of(rows(matched=0)))
    assert "no state-matched GRU was shown to differ" in nothing
    assert "dB higher" in matching.headline(Records.of(rows(matched=0.4)))


def test_friedman_is_scipys():
    records = Records.of(rows())
    errors = [[row["esr_free_running"] for row in records.select(HIDDEN, m, "TBPTT")] for m in CONTENDERS]
    expected = stats.friedmanchisquare(*errors).pvalue
    assert matching.friedman(records, HIDDEN) == pytest.approx(expected)
    assert expected < 1e-4
    assert matching.friedman(records, "sd1") > 1e-3
    away = rows()
    for row in away["rows"]:
        if row["model"] == "STN":
            row["esr_free_running"] = None  # ran away
    assert math.isfinite(matching.friedman(Records.of(away), HIDDEN))


def test_the_page_says_it(tmp_path):
    results = rows()
    (tmp_path / "results.json").write_text(json.dumps(results))
    np.savez(tmp_path / "curves.npz")
    page = report.write(tmp_path, matching.STUDY).read_text()
    for words in (
        "Does state matching help",
        "State matching at equal regime",
        "Friedman",
        "is lower",
        "RMS energy error",
    ):
        assert words in page
    assert "diode clipper" not in page
    assert "benchmarks.state_matching.report FOLDER" in page


@pytest.mark.slow
def test_the_command_from_sound_to_page(tmp_path, monkeypatch):
    training = Preset("quick", 2, 2, tuple(CONTENDERS), batch=2, length=128, warmup=32, excitation_seconds=2.0)
    monkeypatch.setitem(study.PLANS, "quick", study.Plan(training, ("TBPTT",), pieces=2, oversampling=1))
    for name in ("sd1", "phaser-fixed", "phaser-given"):
        monkeypatch.delitem(TARGETS, name)
    monkeypatch.setattr(processes, "pool", _Inline)
    assert command.main(["--output", str(tmp_path)]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert len(results["rows"]) == 2 * len(CONTENDERS)
    assert all(row["esr_free_running"] is None or row["esr_free_running"] > 0 for row in results["rows"])
    assert (tmp_path / "report.html").exists()
    assert not (tmp_path / "work").exists() or not list((tmp_path / "work").iterdir())


def test_too_little_sound_is_one_clear_error():
    short = material.Material({part: np.zeros(4000) for part in material.PARTS}, "nothing", {})
    with pytest.raises(ValueError, match="too short for 4 recordings"):
        command.datasets(TARGETS["sd1"], short, pieces=4, oversampling=1, cache=None)

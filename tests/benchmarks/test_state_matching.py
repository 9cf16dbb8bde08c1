"""State matching: contenders of equal size, the tests, and what the page says."""

import json

import numpy as np
import pytest
from flax import nnx

from benchmarks.state_matching import findings
from benchmarks.state_matching.__main__ import STUDY
from benchmarks.state_matching.contenders import CONTENDERS, MATCHED, PLAIN, UNITS
from benchmarks.state_matching.targets import HIDDEN, LFO_CENTRE, LFO_DEPTH, TARGETS, oscillator
from circuitnn.recurrent import Scaling
from circuitnn.study import Records, Task, judged, report
from circuitnn.study.contenders import numbers_of
from circuitnn.study.datasets import matched_states
from circuitnn.study.hypotheses import write_down


def model(target, contender):
    states = matched_states(CONTENDERS[contender], target)
    ones = Scaling(np.ones(target.inputs), np.ones(1), np.ones(len(states)) if states else None)
    task = Task(target.inputs, target.knobs, states, None, ones, 48_000)
    return nnx.eval_shape(lambda: CONTENDERS[contender].build(task, nnx.Rngs(0)))


def test_contenders_have_as_many_numbers_as_units_allow():
    target = TARGETS["sd1"]
    plain = model(target, PLAIN)
    assert plain.hidden == UNITS
    for contender in CONTENDERS:
        other = model(target, contender)
        assert 0.85 * numbers_of(plain) < numbers_of(other) <= numbers_of(plain), contender
        assert tuple(other.controls) == target.knobs
    assert model(TARGETS["phaser-given"], PLAIN).in_features == 2


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
        for contender in CONTENDERS:
            for regime in ("TBPTT",) if CONTENDERS[contender].matched == "none" else ("TBPTT", "TF+TBPTT"):
                for seed in range(seeds):
                    power = -1 + 0.05 * rng.standard_normal()
                    if contender in MATCHED and circuit == HIDDEN:
                        power += matched
                    esr = 10**power
                    forced = None if CONTENDERS[contender].matched == "none" else esr / 3
                    row = {"circuit": circuit, "model": contender, "regime": regime, "seed": seed, "parameters": 900}
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
    family = findings.equal_regimes(records)
    assert len(family) == len(MATCHED) * len(TARGETS)
    assert {c.where for c in family if c.test.significant} == {title}
    assert all(c.ratio_db == pytest.approx(-4, abs=0.7) and c.lower == 10 for c in family if c.where == title)
    assert all(c.over == "seed" for c in family)
    # The better regime on the validation data is the second one.
    assert all("TF+TBPTT" in c.first for c in findings.best_regimes(records))
    said = findings.headline(records)
    assert "lower for 10 of 10 seeds" in said
    assert "higher: none" in said
    nothing = findings.headline(Records.of(rows(matched=0)))
    assert "no state-matched GRU was shown to differ" in nothing
    assert "lower for 0 of 10 seeds" in findings.headline(Records.of(rows(matched=0.4)))


def test_whether_models_are_alike_on_a_target():
    records = Records.of(rows())
    assert findings.alike(records, HIDDEN) < 1e-4
    assert findings.alike(records, "sd1") > 1e-3
    away = rows()
    for row in away["rows"]:
        if row["model"] == "STN":
            row["esr_free_running"] = None  # ran away
    assert findings.alike(Records.of(away), HIDDEN) < 1e-4


def test_four_targets_cannot_show_what_is_claimed(tmp_path):
    results = rows(matched=-0.4)
    results["header"]["description"] = write_down(STUDY.hypotheses, tmp_path, "2026-01-01")
    found = judged(Records.of(results))
    assert [one.verdict for one in found] == ["not decided"] * 2
    assert all("4 cells cannot show it" in one.why for one in found)
    assert "Of 2 hypotheses written down before: shown: none" in findings.headline(Records.of(results))


def no_pictures(records):
    return {"error": [], "bias": [], "horizon": [], "spectra": [], "waveforms": []}


def test_the_page_says_it(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "drawn", no_pictures)
    results = rows()
    (tmp_path / "results.json").write_text(json.dumps(results))
    np.savez(tmp_path / "curves.npz")
    page = report.write(tmp_path, STUDY).read_text()
    for words in (
        "Does state matching help",
        "State matching at equal regime",
        "Friedman",
        "is lower",
        "RMS energy error",
    ):
        assert words in page
    assert "diode clipper" not in page
    assert "benchmarks.state_matching --render FOLDER" in page

"""Hypotheses: written down before, read back, and judged by cells, intervals and failures."""

import copy
import dataclasses
import json

import numpy as np
import pytest

from benchmarks.comparative.__main__ import PRESETS
from benchmarks.comparative.__main__ import STUDY as COMPARATIVE
from benchmarks.exposure_bias.__main__ import STUDY
from benchmarks.exposure_bias.hypotheses import HYPOTHESES
from circuitnn.study import Hypothesis, Records, ReportError, Runs, judged
from circuitnn.study.hypotheses import checked, stated, write_down
from tests.study import fake

CLAIM = Hypothesis("A helps", "A has a lower error than B.", Runs("A"), Runs("B"))


def records(effect, *, cells=8, seeds=5, spread=0.5, claims=(CLAIM,), failed=(0, 0), tmp_path):
    """Runs under A whose error is that many decibels from those under B, from cell to cell a little more or less."""
    rng, rows = np.random.default_rng(1), []
    for cell, shift in enumerate(np.linspace(-spread, spread, cells)):
        for seed in range(seeds):
            base = -20 + rng.standard_normal()
            for number, (regime, level) in enumerate((("A", base + effect + shift), ("B", base))):
                esr = None if cell == 0 and seed < failed[number] else 10 ** (level / 10)
                rows.append({"circuit": f"c{cell}", "model": "m", "regime": regime, "seed": seed, "states": 1})
                rows[-1]["esr_free_running"] = esr
    return Records.of({"header": {"description": write_down(claims, tmp_path, "2026-01-01")}, "rows": rows})


@pytest.mark.parametrize(
    ("options", "verdict", "why"),
    [
        ({"effect": -5}, "shown", "beyond 1 dB"),
        ({"effect": -5, "failed": (0, 1)}, "shown", "beyond 1 dB"),
        ({"effect": -5, "failed": (1, 0)}, "not decided", "failed more often"),
        ({"effect": 0}, "refuted", "no room for an effect of 1 dB"),
        ({"effect": 5}, "refuted", "no room"),
        ({"effect": 0, "failed": (0, 1)}, "not decided", "the other side failed more often"),
        ({"effect": -1}, "not decided", "on both sides of 1 dB"),
        ({"effect": -5, "spread": 20}, "not decided", "on both sides of 1 dB"),
        ({"effect": -5, "cells": 4}, "not decided", "4 cells cannot show it: at best p = 0.062"),
        ({"effect": -5, "cells": 1}, "not decided", "one cell cannot show it"),
    ],
)
def test_verdicts(options, verdict, why, tmp_path):
    (found,) = judged(records(**options, tmp_path=tmp_path))
    assert (found.verdict, why in found.why) == (verdict, True), found.why


def test_a_claim_that_no_run_speaks_of_counts_in_the_correction(tmp_path):
    claims = (CLAIM, Hypothesis("C helps", "C is lower than B.", Runs("C"), Runs("B")))
    first, second = judged(records(-5, cells=6, claims=claims, tmp_path=tmp_path))
    assert first.comparison.test.p_holm == pytest.approx(2 / 64)
    assert (second.comparison, second.verdict) == (None, "not decided")


@pytest.mark.parametrize(
    ("claim", "judged_by"),
    [
        (CLAIM, True),
        (Hypothesis("C helps", "", Runs("C"), Runs("B")), False),
        (Hypothesis("m before n", "", Runs(model="m"), Runs(model="n")), False),
        (dataclasses.replace(CLAIM, circuits=("c", "d")), True),
        (dataclasses.replace(CLAIM, circuits=("d",)), False),
        (dataclasses.replace(CLAIM, models=("n",)), False),
    ],
)
def test_a_run_claims_what_it_can_speak_of(claim, judged_by):
    assert claim.can_be_judged(["c", "e"], ["m"], ["A", "B"]) == judged_by


def test_presets_claim_what_they_compute():
    named = {name: [one.name for one in COMPARATIVE.hypotheses_of(preset)] for name, preset in PRESETS.items()}
    assert named["seed003"] == ["LSTM ahead of GRU"]
    assert named["review"] == []
    assert len(named["seed002"]) == 6
    assert not {*named["captures"]} & {*named["seed002"]}


def test_models_are_compared_by_circuits(tmp_path):
    found = records(-5, tmp_path=tmp_path)
    rows = [{**row, "model": row["regime"], "regime": "TBPTT"} for row in found.rows]
    claim = Hypothesis("model A", "", Runs("TBPTT", "A"), Runs("TBPTT", "B"), circuits=tuple(f"c{n}" for n in range(6)))
    (one,) = judged(Records.of({"header": {"description": write_down([claim], tmp_path / "b", "")}, "rows": rows}))
    assert len(one.comparison.cells) == 6
    assert one.verdict == "shown"


def test_what_was_written_down_is_read_back_and_cannot_be_changed(tmp_path):
    description = write_down(HYPOTHESES, tmp_path, "2026-01-01")
    assert write_down(HYPOTHESES, tmp_path, "2026-02-02") == description  # a run that goes on
    assert json.loads((tmp_path / "description.json").read_text()) == description
    assert stated({"description": description}) == list(HYPOTHESES)
    with pytest.raises(ValueError, match="begun with other hypotheses"):
        write_down(HYPOTHESES[:1], tmp_path, "2026-02-02")


def test_old_results_have_none_and_damaged_ones_are_one_clear_error(tmp_path):
    results, _ = fake.study(circuits=1, seeds=2)
    assert judged(Records.of(results)) == []
    description = write_down(HYPOTHESES, tmp_path, "")
    for place, value in (("lower", {"place": 1}), ("smallest_db", -3), ("lower", None)):
        broken = copy.deepcopy(description)
        broken["hypotheses"][0][place] = value
        with pytest.raises(ReportError, match="hypotheses of the results cannot be read"):
            stated({"description": broken})
    with pytest.raises(ReportError, match="cannot be read"):
        stated({"description": [1]})


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ([Hypothesis("h", "", Runs("TF"), Runs("none"))], "no regime named none"),
        ([Hypothesis("h", "", Runs("TF", "m"), Runs("SS"))], "no model named m"),
        ([Hypothesis("h", "", Runs("TF"), Runs("SS"), circuits=("x",))], "no circuit named x"),
        ([HYPOTHESES[0], HYPOTHESES[0]], "the same name"),
    ],
)
def test_hypotheses_are_about_what_a_study_has(claims, says):
    with pytest.raises(ValueError, match=says):
        checked(claims, STUDY.targets, STUDY.contenders, STUDY.regimes)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Hypothesis("h", "", Runs("TF"), Runs("TF")), "the same runs"),
        (lambda: Hypothesis("h", "", Runs("TF"), Runs("SS"), smallest_db=-1), "decibels from 0 on"),
        (lambda: Hypothesis("h", "", Runs("TF"), Runs("SS"), by=("model",)), "cells are made of"),
        (lambda: Runs("TF", error="any"), "error must be"),
    ],
)
def test_what_is_no_hypothesis(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_the_study_of_exposure_bias_can_show_what_it_claims(tmp_path):
    results, _ = fake.study(circuits=2, seeds=5, trouble=False)
    results["header"]["description"] = write_down(STUDY.hypotheses, tmp_path, "2026-01-01")
    found = {one.hypothesis.name: one.verdict for one in judged(Records.of(results))}
    assert found["exposure bias"] == found["TBPTT helps"] == "shown"
    assert judged(Records.of(results))[0].why.endswith("it speaks of these circuits")


def test_models_can_be_repeats_of_their_circuit(tmp_path):
    claim = Hypothesis("TBPTT helps", "", Runs("TBPTT"), Runs("TF"), by=("circuit",))
    results, _ = fake.study(circuits=2, seeds=5, trouble=False)
    results["header"]["description"] = write_down([claim], tmp_path, "2026-01-01")
    (one,) = judged(Records.of(results))
    assert [len(cell.pairs) for cell in one.comparison.cells] == [15, 15]
    assert (one.verdict, one.why) == ("not decided", "2 cells cannot show it: at best p = 0.25 after Holm's correction")

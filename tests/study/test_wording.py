import math

import pytest

from benchmarks.exposure_bias.findings import findings, headline
from circuitnn.study import Records, ReportError, Spread, terminal, wording
from tests.study import fake


def records(**options):
    return Records.of(fake.study(**options)[0])


def test_numbers():
    assert wording.esr(3.3e-5) == "3.3e−5"
    assert (wording.esr(0.0), wording.esr(math.inf)) == ("0", "ran away")
    assert wording.milliseconds(0.0031) == "3.1"
    assert wording.milliseconds(math.inf) == "never"
    assert wording.spread(Spread(()), wording.esr) == ("–", "")
    assert wording.spread(Spread((1e-3,)), wording.esr) == ("1.0e−3", "")
    assert wording.spread(Spread((1e-3, 2e-3, math.inf)), wording.esr) == ("2.0e−3", "1.0e−3 to ran away")


def test_headline_says_how_much_and_how_sure():
    text = headline(records())
    assert "(TF+TBPTT) gives a lower free-running error than teacher forcing (TF) alone" in text
    assert "lower in 30 of 30 pairs" in text
    assert "after Holm's correction for 6 comparisons" in text


def test_headline_claims_nothing_without_an_effect():
    text = headline(records(effect=0.0, trouble=False))
    assert text.startswith("No regime was shown")
    assert "more seeds are needed" not in text  # 30 pairs would have been enough


def test_headline_says_when_there_are_too_few_seeds():
    text = headline(records(circuits=1, seeds=1))
    assert text.startswith("No regime was shown")
    assert "With 3 pairs and 6 comparisons p could not have fallen below 1: more seeds are needed" in text


def test_headline_admits_that_a_regime_is_worse():
    text = headline(records(effect=-1.0, trouble=False))
    assert text.startswith("No regime was shown")
    assert "Higher than under TF: " in text
    assert "TF+TBPTT (" in text


def test_findings_name_the_best_model_the_floor_and_what_ran_away():
    text = " ".join(findings(records()))
    assert "First-order diode clipper: the lowest median free-running ESR is that of LSTM-8 under TBPTT" in text
    assert "above the 4.0e−7 of the nodal model" in text
    assert "2 of 142 runs ran away" in text


def test_troubles_name_the_seeds():
    found = {(one["model"], one["regime"], one["what"]): one["seeds"] for one in wording.troubles(records())}
    assert len(found) == 3
    assert found["STN 4-4-4", "SS", "training stopped: the loss became nan in update 17 (window <3>)"].startswith(
        "1 of 5"
    )
    assert found["STN 4-4-4", "TF", "did not find back from a wrong state within the horizon"] == "1 of 5 (seed 1)"
    assert wording.troubles(records(trouble=False)) == []


@pytest.mark.parametrize("options", [{}, {"seeds": 1, "circuits": 1}, {"seeds": 2, "trouble": False}])
def test_terminal_table(options):
    results, _ = fake.study(**options)
    text = terminal.table(results, headline)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= terminal.WIDTH
    for model in (*fake.STATE_MODELS, *fake.BLACK_BOXES, "nodal"):
        assert sum(line.startswith(f"| {model}") for line in text.splitlines()) >= options.get("circuits", 2)
    assert "nan" not in text


def test_results_that_are_none():
    with pytest.raises(ReportError, match="at least one row"):
        terminal.table({"header": {}, "rows": []}, headline)
    with pytest.raises(ReportError, match="row 0 of the results has no regime"):
        terminal.table({"header": {}, "rows": [{"circuit": "c", "model": "m", "esr_free_running": 1.0}]}, headline)

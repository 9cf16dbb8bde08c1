import math

import pytest

from benchmarks.exposure_bias.findings import findings, headline
from benchmarks.exposure_bias.hypotheses import HYPOTHESES
from circuitnn.study import Records, ReportError, Spread, cells_of, compare, corrected, terminal, wording
from circuitnn.study.hypotheses import write_down
from circuitnn.study.report import _facts
from tests.study import fake

_ROW = {"circuit": "c", "model": "m"}


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


def with_hypotheses(folder, **options):
    results, _ = fake.study(**options)
    results["header"]["description"] = write_down(HYPOTHESES, folder, "2026-01-01")
    return Records.of(results)


def test_headline_says_what_became_of_the_hypotheses(tmp_path):
    text = headline(with_hypotheses(tmp_path))
    assert text.startswith(
        "Of 3 hypotheses written down before: shown: exposure bias and TBPTT helps; "
        "not decided: scheduled sampling helps."
    )
    assert "(TF+TBPTT): −11.5 (−14.0 to −8.9) dB in the mean (95 % interval), by circuit" in text
    assert "lower in 6 of 6 cells on 2 circuits; 0 of 30 runs failed under TF+TBPTT, 1 under TF" in text


def test_headline_claims_nothing_without_an_effect(tmp_path):
    text = headline(with_hypotheses(tmp_path, effect=0.0, trouble=False))
    assert "shown: none; refuted: exposure bias and scheduled sampling helps" in text


def test_headline_claims_nothing_that_was_not_written_down():
    text = headline(records())
    assert text.startswith("No hypotheses were written down before this run: it describes, and confirms nothing.")


def test_too_few_cells_are_said_instead_of_a_p_alone(tmp_path):
    text = " ".join(findings(with_hypotheses(tmp_path, circuits=1, seeds=5)))
    assert "TBPTT helps: not decided" in text
    assert "3 cells cannot show it: at best p = 0.38 after Holm's correction" in text


def test_where_the_learning_rates_come_from():
    assert "is the best of 0.002 and 0.01 in short trainings" in wording.rates(records())
    assert "For 14 of 14 that is the lowest or the highest" in wording.rates(records(circuits=1))
    unsearched = Records.of({"header": {}, "rows": [_ROW | {"regime": "TBPTT", "esr_free_running": 1.0}]})
    assert wording.rates(unsearched) == ""
    rows = [dict(row, learning_rate=1e-2) for row in unsearched.rows]
    assert wording.rates(Records.of({"header": {}, "rows": rows})).startswith("Each model has one learning rate")


def test_how_much_a_training_is_of():
    assert "the same number of updates" in wording.amount(records())
    rows = [_ROW | {"regime": "TBPTT", "esr_free_running": 1.0, "updates": count} for count in (470, 890)]
    timed = Records.of({"header": {"compute": {"seconds": 12.0}}, "rows": rows})
    assert "12 s, which were 470 to 890 updates" in wording.amount(timed)
    assert dict(_facts({"compute": {"seconds": 12.0, "updates": 890, "batch": 8}}))["Training, every run"] == (
        "12.0 s, 8 windows in a batch"
    )


def test_readings_of_comparisons():
    ours, theirs = ([{**_ROW, "regime": r, "seed": n, "esr_free_running": e} for n in range(8)]
                    for r, e in (("A", 1e-3), ("B", 1e-2)))  # fmt: skip
    (found,) = corrected([compare("A", "B", cells_of(ours, theirs))])
    assert wording.verdict(found) == "A is lower"
    assert wording.effect(found) == "−10.0 (−10.0 to −10.0)"
    assert wording.effect(found, -1) == "10.0 (10.0 to 10.0)"
    assert (wording.effect(None), wording.failures(found)) == ("–", "none")
    ours[0]["esr_free_running"] = None
    (found,) = corrected([compare("A", "B", cells_of(ours, theirs))])
    assert wording.better(found) is None  # what fails more often is not the better one
    assert wording.failures(found) == "1; 0"
    assert wording.counted(found) == "8 seeds on 1 circuit"
    (found,) = corrected([compare("A", "B", cells_of(ours[:3], theirs[:3]))])
    assert wording.verdict(found) == "cannot tell: at best p = 0.25 with 3 seeds"


def test_findings_name_the_best_model_the_floor_and_what_ran_away():
    text = " ".join(findings(records()))
    assert "First-order diode clipper: the lowest median free-running ESR is that of LSTM-8 under TBPTT" in text
    assert "above the 4.0e−7 of the nodal model" in text
    assert "2 of 142 runs have no finite free-running error" in text


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

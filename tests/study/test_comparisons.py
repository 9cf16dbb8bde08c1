"""Cells, comparisons over them, and the families of the report."""

import math

import pytest

from circuitnn.study import Records, cells_of, compare, families
from circuitnn.study.rankings import ranked_models, ranked_regimes
from tests.study import fake


def row(regime, seed, esr, **other):
    return {"circuit": "c", "model": "m", "regime": regime, "seed": seed, "esr_free_running": esr, **other}


def kinds(ours, theirs):
    return [row("A", n, esr) for n, esr in enumerate(ours)], [row("B", n, esr) for n, esr in enumerate(theirs)]


def test_seeds_are_repeats_in_a_cell():
    (cell,) = cells_of(*kinds([1e-3, 1e-2], [1e-2, 1e-2]))
    assert cell.key == ("c", "m")
    assert cell.differences == pytest.approx((-10, 0))
    assert cell.score == pytest.approx(-5)
    assert cell.failures == (0, 0)


@pytest.mark.parametrize(
    ("ours", "theirs", "failures", "score"),
    [
        ([None, 1e-9], [1e-2, 1e-2], (1, 0), math.inf),  # a winner that fails does not win
        ([1.0, 1.0], [None, 1e-2], (0, 1), -math.inf),
        ([None, None], [None, None], (2, 2), 0.0),
        ([None, 1e-3], [1e-2, None], (1, 1), 0.0),  # no pair is left
        ([1e-3], [1e-3, 1e-3], (1, 0), math.inf),  # a run that is missing has failed
    ],
)
def test_failures_are_counted(ours, theirs, failures, score):
    (cell,) = cells_of(*kinds(ours, theirs))
    assert cell.failures == failures
    assert cell.score == score


def test_cells_are_of_what_both_kinds_share():
    ours, theirs = kinds([1e-3], [1e-2])
    other = [{**one, "model": "other"} for one in theirs]
    assert cells_of(ours, other, by=("circuit",))[0].key == ("c",)
    with pytest.raises(ValueError, match="no model in common"):
        cells_of(ours, other)
    with pytest.raises(ValueError, match="not of seed"):
        cells_of(ours, theirs, by=("seed",))
    with pytest.raises(ValueError, match="two runs of"):
        cells_of(ours * 2, theirs)
    with pytest.raises(ValueError, match="no errors by recording"):
        cells_of(ours, theirs, by=("circuit", "recording"))
    assert cells_of([], theirs) == []


def test_a_model_that_one_kind_never_had_is_no_failure():
    ours, theirs = kinds([1e-3, 1e-3], [1e-2])
    other = [{**one, "model": "black box"} for one in ours]
    (cell,) = cells_of([*ours, *other], theirs, by=("circuit",))
    assert (len(cell.pairs), cell.failures) == (2, (0, 1))  # the second seed of the model that both have is missing
    assert cells_of(other, [*theirs], by=("circuit",))[0].pairs == ((1e-3, 1e-2), (1e-3, float("inf")))


def test_cells_by_recording_pool_the_levels():
    def parts(*errors):
        places = [("a", "loud"), ("a", "quiet"), ("b", "loud")]
        return [
            {"recording": name, "level": level, "esr": esr, "energy": energy}
            for (name, level), esr, energy in zip(places, errors, (3.0, 1.0, 5.0), strict=True)
        ]

    ours = [row("A", 0, 0.1, parts=parts(0.1, 0.5, 0.2)), row("A", 1, None, parts=[], diverged="stopped")]
    theirs = [row("B", 0, 0.1, parts=parts(0.2, 0.2, None)), row("B", 1, 0.1, parts=parts(0.2, 0.2, 0.2))]
    a, b = cells_of(ours, theirs, by=("circuit", "model", "recording"))
    assert a.key == ("c", "m", "a")
    assert a.pairs[0] == pytest.approx(((0.1 * 3 + 0.5) / 4, 0.2))
    assert (a.failures, b.failures) == ((1, 0), (1, 1))
    assert len(cells_of(ours, theirs, by=("circuit", "recording", "level"))) == 3


def test_a_comparison_counts_cells_and_not_runs():
    results, _ = fake.study(circuits=2, seeds=4, trouble=False)
    errors = {}
    for one in results["rows"]:
        key = (one["circuit"], one["model"], one["seed"])
        if one["regime"] == "TF":
            errors[key] = one["esr_free_running"]
    for one in results["rows"]:
        if one["regime"] == "TBPTT" and one["model"] in fake.STATE_MODELS:
            one["esr_free_running"] = errors[one["circuit"], one["model"], one["seed"]] / 10
    found = {(c.first, c.second): c for c in families.between_regimes(Records.of(results))}
    against = found["TBPTT", "TF"]
    assert len(found) == 6
    assert (len(against.cells), against.pairs, against.lower, against.over) == (6, 24, 6, "cell")
    assert (against.effect.mean, against.effect.low, against.effect.high) == pytest.approx((-10, -10, -10))
    assert against.by_circuit == pytest.approx(dict.fromkeys(fake.CIRCUITS, -10))
    assert against.test.p == 2 / 64
    assert against.test.hopeless  # six two-sided tests are too many for six cells
    assert families.leading(Records.of(results)) in {"TBPTT", "TF+TBPTT"}


def test_a_comparison_on_one_cell_is_over_its_seeds():
    ours, theirs = kinds([1e-3] * 6, [1e-2] * 5 + [None])
    found = compare("A", "B", cells_of(ours, theirs))
    assert (found.over, found.lower, found.failures, found.test.p) == ("seed", 6, (0, 1), 2 / 64)
    assert found.effect.cells == 1
    none = compare("A", "B", cells_of(*kinds([None], [None])))
    assert (none.effect, math.isnan(none.ratio_db), none.test.p) == (None, True, 1.0)
    lost = compare("A", "B", cells_of(*kinds([None], [1.0])))
    assert (lost.ratio_db, math.isnan(lost.by_circuit["c"])) == (math.inf, True)
    assert compare("A", "B", []) is None


def test_one_circuit_is_one_cell_of_each_model():
    records = Records.of(fake.study(circuits=1, seeds=5)[0])
    within = {(c.first, c.where): c for c in families.within_models(records)}
    assert len(within) == 9
    assert all(c.over == "seed" and c.test.n <= 5 and c.test.hopeless for c in within.values())
    assert within["SS", "STN 4-4-4"].failures == (1, 1)


def test_bias_under_teacher_forcing():
    tests = {c.where: c for c in families.bias_under_teacher_forcing(Records.of(fake.study(circuits=2, seeds=5)[0]))}
    assert set(tests) == set(fake.STATE_MODELS)
    assert all(c.lower == 2 and c.test.hopeless for c in tests.values())
    assert all(-c.effect.mean == pytest.approx(11, abs=1) for c in tests.values())
    assert tests["STN 4-4-4"].failures == (0, 1)  # it ran away on its own, and was fine one step ahead


def test_black_boxes_are_compared_under_the_regime_that_both_have():
    found = families.against_black_boxes(Records.of(fake.study(circuits=2, seeds=3, trouble=False)[0]))
    assert {(c.first, c.second) for c in found} == {(model, "GRU-8") for model in fake.STATE_MODELS}
    assert all(len(c.cells) == 2 and c.ratio_db > 0 for c in found)  # the fake GRU is better


def test_rankings_of_regimes_and_models():
    records = Records.of(fake.study(circuits=2, seeds=5)[0])
    regimes, models = ranked_regimes(records), ranked_models(records)
    assert regimes.contenders == ("TF+TBPTT", "TBPTT", "SS", "TF")
    assert ("TF+TBPTT", "TF") in regimes.apart
    assert models.contenders[0] == "LSTM-8"
    assert models.test.cells == 2

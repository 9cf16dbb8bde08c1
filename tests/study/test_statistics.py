import itertools
import math

import numpy as np
import pytest
from scipy import stats

from circuitnn.study import Records, families, statistics
from tests.study import fake


def counted(differences, alternative):
    """p by going through all patterns of signs: what an exact signed-rank test is by definition."""
    ranks = stats.rankdata(np.abs(differences))
    seen = np.sum(ranks[np.asarray(differences) > 0])
    sums = [np.dot(ranks, signs) for signs in itertools.product((0, 1), repeat=len(ranks))]
    above, below = np.mean(np.array(sums) >= seen - 1e-9), np.mean(np.array(sums) <= seen + 1e-9)
    return above if alternative == "greater" else min(1.0, 2 * min(above, below))


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
@pytest.mark.parametrize("ties", [False, True])
def test_signed_rank_counts_patterns_of_signs(alternative, ties):
    random = np.random.default_rng(3)
    for _ in range(5):
        d = random.standard_normal(8) + 0.5
        d = np.where(np.abs(d) < 1, np.sign(d) * 0.5, d) if ties else d
        test = statistics.signed_rank(list(d), alternative=alternative)
        assert test.exact
        assert test.p == pytest.approx(counted(d, alternative), rel=1e-9)


def test_five_pairs_cannot_reach_the_level():
    test = statistics.signed_rank([1.0, 2.0, 3.0, 4.0, 5.0])
    assert test.p == test.best == 0.0625
    assert statistics.signed_rank([1.0, 2.0, 3.0, 4.0, 5.0], alternative="greater").p == 1 / 32


def test_runs_that_ran_away_rank_above_all_others():
    assert statistics.signed_rank([-1.0, -2.0, math.inf]).p == statistics.signed_rank([-1.0, -2.0, 9.0]).p
    assert statistics.signed_rank([math.inf] * 6).p == 2 / 64
    assert statistics.signed_rank([math.inf, -math.inf]).p == 1


def test_ties_are_left_out():
    test = statistics.signed_rank([0.0, 0.0, 1.0, math.nan])
    assert (test.n, test.p) == (1, 1.0)
    assert statistics.signed_rank([0.0, 0.0]).n == 0


def test_holm_on_a_worked_example():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.6, 0.7]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_best_attainable_p_is_corrected_like_the_others():
    records = Records.of(fake.study(circuits=1, seeds=5, trouble=False)[0])
    within = families.within_models(records)
    assert len(within) == 9
    assert all(c.test.n == 5 and c.test.best_holm == pytest.approx(9 * 0.0625) for c in within if c.test.best_holm < 1)
    assert all(c.test.hopeless and not c.test.significant for c in within)


def test_pooled_comparison_recovers_a_known_ratio():
    results, _ = fake.study(circuits=2, seeds=4, trouble=False)
    errors = {}
    for row in results["rows"]:
        key = (row["circuit"], row["model"], row["seed"])
        if row["regime"] == "TF":
            errors[key] = row["esr_free_running"]
    for row in results["rows"]:
        if row["regime"] == "TBPTT" and row["model"] in fake.STATE_MODELS:
            row["esr_free_running"] = errors[row["circuit"], row["model"], row["seed"]] / 10
    found = {(c.first, c.second): c for c in families.between_regimes(Records.of(results))}
    against = found["TBPTT", "TF"]
    assert len(found) == 6
    assert (against.pairs, against.lower) == (24, 24)
    assert against.ratio_db == pytest.approx(-10)
    assert against.by_circuit == pytest.approx(dict.fromkeys(fake.CIRCUITS, -10))
    assert against.test.significant


def test_two_runs_that_ran_away_are_a_tie_and_one_is_a_loss():
    results, _ = fake.study(circuits=1, seeds=3, trouble=False)
    stn = [row for row in results["rows"] if row["model"] == "STN 4-4-4" and row["seed"] == 0]
    for row in stn:
        if row["regime"] in ("TF", "SS"):
            row["esr_free_running"] = row["exposure_bias_db"] = None
    within = {(c.first, c.model): c for c in families.within_models(Records.of(results))}
    assert within["SS", "STN 4-4-4"].test.n == 2
    assert within["TBPTT", "STN 4-4-4"].lower == 3
    assert within["TBPTT", "STN 4-4-4"].test.n == 3


def test_bias_under_teacher_forcing():
    records = Records.of(fake.study(circuits=2, seeds=5)[0])
    tests = {one.model: one for one in families.bias_under_teacher_forcing(records)}
    assert set(tests) == set(fake.STATE_MODELS)
    assert all(one.positive == 10 and one.test.p == 2**-10 and one.test.significant for one in tests.values())
    none = Records.of(fake.study(circuits=2, seeds=5, effect=0.0, trouble=False)[0])
    assert not any(one.test.significant for one in families.bias_under_teacher_forcing(none))


def test_black_boxes_are_compared_under_the_regime_that_both_have():
    found = families.against_black_boxes(Records.of(fake.study(circuits=1, seeds=3, trouble=False)[0]))
    assert {(c.first, c.second) for c in found} == {(model, "GRU-8") for model in fake.STATE_MODELS}
    assert all(c.pairs == 3 and c.ratio_db > 0 for c in found)  # the fake GRU is better

"""Rank tests, held against their definitions, SciPy and published examples."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from circuitnn.study import critical_difference, friedman, holm, ranking, signed_rank
from circuitnn.study.ranks import adjusted

# Demšar (2006), table 6: areas under curves of C4.5, with m tuned, with cf tuned, with both, on 14 data sets. The last
# digit of 0.9751 is not printed there; the ranks are those of before rounding.
AUC = """
    0.763 0.768 0.771 0.798   0.599 0.591 0.590 0.569   0.954 0.971 0.968 0.967   0.628 0.661 0.654 0.657
    0.882 0.888 0.886 0.898   0.936 0.931 0.916 0.931   0.661 0.668 0.609 0.685   0.583 0.583 0.563 0.625
    0.775 0.838 0.866 0.875   1.000 1.000 1.000 1.000   0.940 0.962 0.965 0.962   0.619 0.666 0.614 0.669
    0.972 0.981 0.9751 0.975  0.957 0.978 0.946 0.970"""
# Hollander and Wolfe (1973), table 7.1: seconds to round first base, three ways, 22 players.
ROUNDING = """
    5.40 5.50 5.55  5.85 5.70 5.75  5.20 5.60 5.50  5.55 5.50 5.40  5.90 5.85 5.70  5.45 5.55 5.60
    5.40 5.40 5.35  5.45 5.50 5.35  5.25 5.15 5.00  5.85 5.80 5.70  5.25 5.20 5.10  5.65 5.55 5.45
    5.60 5.35 5.45  5.05 5.00 4.95  5.50 5.50 5.40  5.45 5.55 5.50  5.55 5.55 5.35  5.45 5.50 5.55
    5.50 5.45 5.25  5.65 5.60 5.40  5.70 5.65 5.55  6.30 6.30 6.25"""
ERRORS = st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=2, max_size=9)
DIFFERENCES = st.lists(st.integers(-9, 9).map(float) | st.sampled_from([math.inf, -math.inf]), max_size=6)


def table(text, columns):
    return np.array(text.split(), float).reshape(-1, columns)


def counted(differences, alternative):
    """p by going through all patterns of signs: what an exact signed-rank test is by definition."""
    ranks = stats.rankdata(np.abs(differences))
    seen = np.sum(ranks[np.asarray(differences) > 0])
    sums = [np.dot(ranks, signs) for signs in itertools.product((0, 1), repeat=len(ranks))]
    above, below = np.mean(np.array(sums) >= seen - 1e-9), np.mean(np.array(sums) <= seen + 1e-9)
    return {"greater": above, "less": below, "two-sided": min(1.0, 2 * min(above, below))}[alternative]


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("ties", [False, True])
def test_signed_rank_counts_patterns_of_signs(alternative, ties):
    random = np.random.default_rng(3)
    for _ in range(5):
        d = random.standard_normal(8) + 0.5
        d = np.where(np.abs(d) < 1, np.sign(d) * 0.5, d) if ties else d
        test = signed_rank(list(d), alternative=alternative)
        assert test.exact
        assert test.p == pytest.approx(counted(d, alternative), rel=1e-9)


def test_five_cells_cannot_reach_the_level():
    test = signed_rank([1.0, 2.0, 3.0, 4.0, 5.0])
    assert test.p == test.best == 0.0625
    assert signed_rank([1.0, 2.0, 3.0, 4.0, 5.0], alternative="greater").p == 1 / 32


def test_what_failed_ranks_above_all_others():
    assert signed_rank([-1.0, -2.0, math.inf]).p == signed_rank([-1.0, -2.0, 9.0]).p
    assert signed_rank([math.inf] * 6).p == 2 / 64
    assert signed_rank([math.inf, -math.inf]).p == 1
    assert (signed_rank([0.0, 0.0, 1.0]).n, signed_rank([0.0]).p) == (1, 1.0)
    with pytest.raises(ValueError, match="difference 1 is NaN"):
        signed_rank([1.0, math.nan])
    with pytest.raises(ValueError, match="alternative must be"):
        signed_rank([1.0], alternative="lower")


@settings(max_examples=15, deadline=None)
@given(DIFFERENCES, st.randoms())
def test_signed_rank_knows_no_order_and_no_side(d, random):
    test = signed_rank(d)
    mixed = random.sample(d, len(d))
    assert signed_rank(mixed).p == pytest.approx(test.p)
    assert signed_rank([-value for value in d]).p == pytest.approx(test.p)
    less, greater = (signed_rank(values, alternative="less").p for values in (d, [-value for value in d]))
    assert greater == pytest.approx(signed_rank(d, alternative="greater").p)
    assert test.best - 1e-12 <= test.p <= 1
    assert less + greater >= 1 - 1e-9  # the pattern that was seen is in both


def test_friedman_on_published_examples():
    """Ranks of Demšar (2006); chi squared with the correction for ties, which he leaves out, and without it."""
    found = friedman(-table(AUC, 4))
    assert found.mean_ranks == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    untied = 12 * 14 / 20 * (np.sum(np.square(found.mean_ranks)) - 4 * 25 / 4)
    assert untied == pytest.approx(9.28, abs=0.01)
    assert 13 * untied / (14 * 3 - untied) == pytest.approx(3.69, abs=0.01)
    assert found.chi2 == pytest.approx(10.2283464566929)  # by R and MATLAB
    assert found.f == pytest.approx(13 * found.chi2 / (14 * 3 - found.chi2))
    players = friedman(table(ROUNDING, 3))
    assert players.chi2 == pytest.approx(11.1429, abs=1e-4)
    assert stats.chi2.sf(players.chi2, 2) == pytest.approx(0.003805, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(ERRORS, st.permutations(range(4)), st.randoms())
def test_friedman_knows_no_order(errors, order, random):
    found = friedman(errors)
    turned = friedman(np.array(random.sample(errors, len(errors)))[:, order])
    assert np.sum(found.mean_ranks) == pytest.approx(10)
    assert turned.mean_ranks == pytest.approx(tuple(np.array(found.mean_ranks)[list(order)]))
    assert turned.p == pytest.approx(found.p)
    assert friedman(np.exp(errors)).p == pytest.approx(found.p)  # ranks only
    if found.chi2:
        assert found.chi2 == pytest.approx(stats.friedmanchisquare(*np.transpose(errors)).statistic)


def test_friedman_at_its_ends():
    agreed = friedman([[1, 2, 3]] * 4)
    assert (agreed.chi2, agreed.f) == (8, math.inf)
    assert agreed.p == pytest.approx(6.0**-3)  # as often as chance has all cells agree
    assert friedman([[1, 1, 1]] * 4).p == 1
    assert friedman([[1, 2, math.inf]] * 4).p == agreed.p
    for bad, says in (([[1, 2]], "two cells"), ([[1, 2, math.nan]] * 2, "is NaN"), ([1, 2], "shape")):
        with pytest.raises(ValueError, match=says):
            friedman(bad)


def test_friedman_counts_orders_of_few_cells():
    """Exact levels of published tables (Hollander and Wolfe 1973): three contenders, 3 and 4 cells; four, 3 cells."""
    for table_, chi2, p in (
        ([[1, 2, 3]] * 3, 6.0, 0.028),
        ([[1, 2, 3]] * 3 + [[1, 3, 2]], 6.5, 0.042),
        ([[1, 2, 3, 4]] * 2 + [[2, 1, 3, 4]], 8.2, 0.017),
    ):
        found = friedman(table_)
        assert (found.chi2, found.p) == (pytest.approx(chi2), pytest.approx(p, abs=5e-4))
    rng = np.random.default_rng(0)
    for cells, contenders in ((2, 5), (3, 3), (3, 4), (4, 3)):
        rate = np.mean([friedman(rng.standard_normal((cells, contenders))).p < 0.05 for _ in range(200)])
        assert rate < 0.1, (cells, contenders)
    assert friedman(rng.standard_normal((3, 9))).p > 0  # too many orders: F


def test_critical_differences_of_demsar():
    """Table 5: q at 5 %, and the difference of the example with four classifiers on 14 data sets."""
    for contenders, q in ((2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850)):
        reach = math.sqrt(contenders * (contenders + 1) / (6 * 14))
        assert critical_difference(contenders, 14) == pytest.approx(q * reach, abs=1e-3)
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=5e-3)
    assert critical_difference(5, 14, level=0.1) == pytest.approx(2.459 * math.sqrt(30 / 84), abs=1e-3)
    with pytest.raises(ValueError, match="2 to 6 contenders, got 7"):
        critical_difference(7, 14)


def test_rankings_name_who_differs():
    errors = {"bad": [3.0, 4, 5, 6, 7, 8], "good": [1.0, 1, 1, 1, 1, 1], "middling": [2.0, 2, 2, 2, 2, 2]}
    found = ranking(errors)
    assert found.contenders == ("good", "middling", "bad")
    assert found.mean_ranks == (1, 2, 3)
    assert found.apart == [("good", "bad")]
    assert ranking({"a": [1.0], "b": [2.0], "c": [3.0]}) is None
    seven = ranking({str(n): [n, n + 1.0, n] for n in range(7)})
    assert (seven.difference, seven.apart) == (None, [])


def test_holm_on_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_stays_below_bonferroni(p):
    found = holm(p)
    for (a, ours), (b, theirs) in itertools.pairwise(sorted(zip(p, found, strict=True))):
        assert ours <= theirs or a == b
    assert all(a <= b <= min(1, len(p) * a) + 1e-12 for a, b in zip(p, found, strict=True))


def test_six_cells_have_a_chance_in_a_family_of_three_one_sided_tests():
    best = [signed_rank([-1.0, -2, -3, -4, -5, -6], alternative="less")]
    assert not any(test.hopeless for test in adjusted(best * 3))
    assert all(test.significant for test in adjusted(best * 3))
    assert all(test.hopeless for test in adjusted(best * 4))

"""The hierarchical model, held against published variances and against the likelihood itself."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from circuitnn.study import random_effects

# Davies (1947): grams of standard colour from six batches of an intermediate, five samples each.
DYESTUFF = [
    [1545, 1440, 1440, 1520, 1580],
    [1540, 1555, 1490, 1560, 1495],
    [1595, 1550, 1605, 1510, 1560],
    [1445, 1440, 1595, 1465, 1545],
    [1595, 1630, 1515, 1635, 1625],
    [1520, 1455, 1450, 1480, 1445],
]
CELL = st.lists(st.integers(-90, 90).map(lambda n: n / 10), min_size=1, max_size=4)


def likelihood(cells, within, between):
    """-2 log of the restricted likelihood from its definition, with matrices."""
    sizes = [len(cell) for cell in cells]
    owner = np.repeat(np.arange(len(cells)), sizes)
    y, ones = np.concatenate(cells), np.ones(sum(sizes))
    covariance = between**2 * (owner[:, None] == owner) + within**2 * np.eye(len(y))
    inverse = np.linalg.inv(covariance)
    information = ones @ inverse @ ones
    left = y - (ones @ inverse @ y) / information
    return np.linalg.slogdet(covariance)[1] + math.log(information) + left @ inverse @ left


def test_dyestuff():
    """Variances of Davies' data by restricted maximum likelihood are 1764.05 and 2451.25 (Bates 2010)."""
    found = random_effects(DYESTUFF)
    assert found.mean == pytest.approx(1527.5)
    assert found.between**2 == pytest.approx(1764.05)
    assert found.within**2 == pytest.approx(2451.25)
    assert (found.cells, found.runs) == (6, 30)
    means = np.mean(DYESTUFF, axis=1)
    expected = stats.t.interval(0.95, 5, means.mean(), stats.sem(means))
    assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize("spread", [0.0, 3.0])
def test_cells_of_different_size_have_the_largest_likelihood(spread):
    rng = np.random.default_rng(4)
    cells = [spread * rng.standard_normal() + 2 * rng.standard_normal(size) for size in (5, 3, 1, 4, 5, 2)]
    found = random_effects(cells)
    best = optimize.minimize(lambda v: likelihood(cells, *np.exp(v)), [0.0, 0.0], method="Nelder-Mead")
    assert likelihood(cells, found.within, found.between) <= best.fun + 1e-6
    assert found.low < found.mean < found.high


def test_one_size_and_another_agree():
    """The closed form, and the search that unequal numbers of seeds need: one value fewer changes little."""
    rng = np.random.default_rng(0)
    cells = [list(3 * rng.standard_normal() + rng.standard_normal(40)) for _ in range(8)]
    whole, part = random_effects(cells), random_effects([cells[0][:-1], *cells[1:]])
    assert part.mean == pytest.approx(whole.mean, abs=0.02)
    assert part.between == pytest.approx(whole.between, rel=0.02)
    assert (part.low, part.high) == pytest.approx((whole.low, whole.high), abs=0.05)


@settings(max_examples=40, deadline=None)
@given(st.lists(CELL, min_size=1, max_size=6), st.randoms())
def test_order_place_and_unit_do_not_matter(cells, random):
    found = random_effects(cells)
    mixed = random_effects([random.sample(cell, len(cell)) for cell in random.sample(cells, len(cells))])
    assert mixed.mean == pytest.approx(found.mean, abs=1e-3)
    assert found.low <= found.mean <= found.high
    moved = random_effects([[3 - 2 * value for value in cell] for cell in cells])
    assert moved.mean == pytest.approx(3 - 2 * found.mean, abs=2e-3)


def test_one_cell_speaks_of_its_seeds_alone():
    found = random_effects([[1.0, 2.0, 3.0]])
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 2, 2.0, stats.sem([1.0, 2.0, 3.0])))
    assert (found.cells, math.isnan(found.between)) == (1, True)
    single = random_effects([[1.0]])
    assert (single.mean, single.low, single.high) == (1.0, -math.inf, math.inf)


def test_without_repeats_the_two_variances_cannot_be_told_apart():
    found = random_effects([[1.0], [2.0], [4.0]])
    assert math.isnan(found.between)
    assert math.isnan(found.within)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 2, 7 / 3, stats.sem([1.0, 2.0, 4.0])))
    same = random_effects([[1.0, 1.0], [1.0]])
    assert (same.low, same.mean, same.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("cells", "says"), [([], "at least one cell"), ([[1.0], []], "cell 1 has no values"), ([[math.inf]], "not finite")]
)
def test_what_is_no_effect_is_one_clear_error(cells, says):
    with pytest.raises(ValueError, match=says):
        random_effects(cells)

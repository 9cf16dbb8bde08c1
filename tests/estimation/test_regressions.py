"""What columns explain of what a fit leaves, and how sure that is."""

import numpy as np
import pytest

from circuitnn.estimation.regressions import Regressions

BLOCKS, TIME = 40, 300


def _table(rng, part):
    """Two columns that are fitted, one that may have a part, three that have none."""
    columns = rng.standard_normal((6, BLOCKS, TIME)) * np.exp(rng.standard_normal(BLOCKS))[:, None]
    columns[2] += columns[0]
    noise = rng.standard_normal((BLOCKS, TIME))
    rest = noise + part * (columns[2] - columns[0])
    flat = columns[:2].reshape(2, -1).T
    rest = rest - (flat @ np.linalg.lstsq(flat, rest.ravel(), rcond=None)[0]).reshape(rest.shape)
    return columns, rest


def test_the_share_is_that_of_least_squares():
    columns, rest = _table(np.random.default_rng(0), 0.5)
    table = Regressions.of(columns, rest)
    flat = columns[:3].reshape(3, -1).T
    left = rest.ravel() - flat @ np.linalg.lstsq(flat, rest.ravel(), rcond=None)[0]
    share = 1 - left @ left / np.sum(rest**2)
    assert table.left(table.solved([0, 1, 2])).sum() == pytest.approx(left @ left, rel=1e-9)
    assert table.share([0, 1], [2]) == pytest.approx(share, abs=0.02)
    assert table.chance([0, 1], [2]) < 1e-5
    assert table.luck([0, 1], [2]) < 1e-6


def test_chance_is_uniform_where_there_is_nothing():
    rng = np.random.default_rng(1)
    tables = [Regressions.of(*_table(rng, 0.0)) for _ in range(300)]
    for more in ([2], [3, 4, 5]):
        chances = np.array([table.chance([0, 1], more) for table in tables])
        for level in (0.05, 0.2, 0.5):
            assert np.mean(chances < level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 300))
        assert np.mean([table.share([0, 1], more) for table in tables]) < 1e-3
        assert np.mean([table.luck([0, 1], more) < 0.05 for table in tables]) < 0.1


def test_a_column_that_is_one_of_the_fitted_tells_nothing():
    columns, rest = _table(np.random.default_rng(2), 0.5)
    columns[3] = 2 * columns[0]
    table = Regressions.of(columns, rest)
    assert table.share([0, 1], [3]) == pytest.approx(0, abs=1e-6)

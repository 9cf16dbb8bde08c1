"""Standard errors from excerpts drawn anew, beside fits to many recordings."""

import numpy as np

from circuitnn.estimation.resampling import FEWEST, resampled

PIECES, TIME, NOISE = 40, 50, 0.3


def _problem(rng, size=2):
    """Slopes, and what is left at the best unknowns where noise is the same throughout each excerpt."""
    slopes = rng.standard_normal((PIECES, size)).repeat(TIME, axis=0) + rng.standard_normal((PIECES * TIME, size))
    return slopes, NOISE * (rng.standard_normal(PIECES).repeat(TIME) + rng.standard_normal(PIECES * TIME))


def _best(slopes, noise):
    """Where the posterior for white noise is largest, of a truth of 0."""
    gram = slopes.T @ slopes / NOISE**2 + np.eye(slopes.shape[1])
    return -np.linalg.solve(gram, slopes.T @ noise / NOISE**2)


def test_the_scatter_is_that_of_fits_to_other_recordings():
    rng = np.random.default_rng(0)
    slopes, _ = _problem(rng)
    starts = np.arange(PIECES) * TIME
    found, stated = [], []
    for _ in range(200):
        _, noise = _problem(rng)
        at = _best(slopes, noise)
        found.append(at)
        stated.append(resampled(slopes, noise + slopes @ at, at, NOISE, starts))
    np.testing.assert_allclose(np.mean(stated, axis=0), np.std(found, axis=0), rtol=0.15)


def test_a_few_excerpts_say_nothing():
    slopes, noise = _problem(np.random.default_rng(1))
    starts = np.arange(FEWEST - 1) * TIME
    count = len(starts) * TIME
    assert np.isnan(resampled(slopes[:count], noise[:count], np.zeros(2), NOISE, starts)).all()


def test_what_nothing_is_known_of_stays_near_what_was_believed():
    slopes, noise = _problem(np.random.default_rng(2))
    slopes[:, 1] = 0
    found = resampled(slopes, noise, np.zeros(2), NOISE, np.arange(PIECES) * TIME)
    assert found[1] == 0
    assert found[0] > 0

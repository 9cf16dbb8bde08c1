"""The step of a converter, seen in what it wrote."""

import numpy as np
import pytest

from circuitnn.estimation.converter import step_of

FS = 48_000
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("bits", [6, 8, 10])
def test_the_step_of_a_coarse_converter(bits):
    fine = 0.4 * RNG.standard_normal(FS).clip(-2, 2)
    step = 0.9 * 2.0 ** (1 - bits)
    coarse = step * np.round(fine / step)
    assert step_of(coarse) == pytest.approx(step, rel=1e-3)
    in_a_file = np.round(32768 * coarse) / 32768
    assert step_of(in_a_file) == pytest.approx(step, rel=0.01)


def test_no_step_is_seen_where_there_is_none():
    assert step_of(RNG.standard_normal(FS)) is None
    assert step_of(RNG.standard_normal(3000)) is None
    assert step_of(np.zeros(100)) is None

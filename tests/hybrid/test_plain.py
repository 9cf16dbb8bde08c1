"""What joins models: factors and delays."""

import numpy as np
import pytest

from circuitnn import circuits
from circuitnn.composition import chain, parallel, residual
from circuitnn.hybrid import Delay, Gain, aligned
from circuitnn.model import run
from circuitnn.nodal import NodalModel
from circuitnn.testing import check_batch, check_block_law, check_dtypes
from tests.models import Gain as Volume
from tests.models import Leaky

NOISE = np.random.default_rng(0).standard_normal((3, 64, 1))


def models():
    return {
        "gain": Gain(-2.0),
        "delay": Delay(5),
        "no delay": Delay(0),
        "delay longer than a block": Delay(40),
        "aligned": aligned(chain(Leaky(), Delay(9)), Volume(), chain(Delay(2), Gain(3.0))),
    }


@pytest.mark.parametrize("name", models())
def test_block_law(name):
    check_block_law(models()[name], NOISE)
    check_batch(models()[name], NOISE)


def test_gain_and_delay_do_what_they_say():
    np.testing.assert_allclose(run(Gain(-2.5), NOISE)[1], -2.5 * NOISE, rtol=1e-6)
    late = np.asarray(run(Delay(5), NOISE)[1])
    np.testing.assert_array_equal(late[:, 5:], NOISE[:, :-5].astype(np.float32))
    assert not late[:, :5].any()


def test_precisions():
    check_dtypes(lambda dtype: chain(Gain(2.0, dtype=dtype), Delay(3, dtype=dtype)), NOISE)


def test_latency_adds_up():
    assert Leaky().latency == 0
    assert chain(Delay(3), Leaky(), Delay(4)).latency == 7
    assert parallel(Delay(3), Leaky()).latency == 3
    assert residual(Delay(2)).latency == 2
    clipper = NodalModel(circuits.diode_clipper(), oversampling=2)
    assert chain(clipper, Delay(1)).latency == clipper.latency + 1 > 1
    assert aligned(Delay(6), chain(Leaky(), Delay(1))).latency == 6


def test_paths_that_are_aligned_add_up_in_step():
    x = NOISE[0]
    wet = chain(Leaky(), Delay(9))
    y = np.asarray(run(aligned(wet=wet, dry=Volume()), x)[1])
    np.testing.assert_allclose(y[9:], np.asarray(run(Leaky(), x)[1] + x)[:-9], rtol=1e-5, atol=1e-6)
    same = aligned(wet=wet, dry=chain(Volume(), Delay(9)))
    assert isinstance(same["dry"][1], Delay)
    assert same["dry"][1].samples == 9  # its own, and no other behind it


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Gain(np.inf), "finite factor"),
        (lambda: Delay(-1), "not negative, got -1"),
        (lambda: Delay(1.5), "whole number"),
        (lambda: aligned(), "at least one model"),
    ],
)
def test_bad_input_is_one_clear_error(build, says):
    with pytest.raises(ValueError, match=says):
        build()

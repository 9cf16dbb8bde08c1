"""A network that adds what a model leaves."""

import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.filters import LowPassBank
from circuitnn.hybrid import Corrected, Delay, Gain
from circuitnn.recurrent import Memoryless
from circuitnn.testing import check_model
from tests.models import Gain as Volume
from tests.models import Leaky

NOISE = np.random.default_rng(0).standard_normal((2, 64, 1))


def network(dtype="float32"):
    bank = LowPassBank((1e-4, 1e-3), 48_000, in_features=2, dtype=dtype)
    return cn.chain(bank, Memoryless((4,), in_features=6, dtype=dtype, rngs=nnx.Rngs(0)))


def test_laws():
    check_model(lambda dtype: Corrected(Leaky(dtype=dtype), network(dtype)), NOISE)


def test_the_network_hears_both_in_step():
    model = Corrected(cn.chain(Leaky(), Delay(7)), network())
    x = NOISE[0]
    y = np.asarray(cn.run(Leaky(), x)[1])
    both = np.concatenate([x, y], axis=-1)
    expected = y + np.asarray(cn.run(network(), both)[1])
    assert model.latency == 7
    np.testing.assert_allclose(cn.run(model, x)[1][7:], expected[:-7], rtol=1e-4, atol=1e-5)


def test_it_begins_at_rest():
    """What has come out before the first sample is what comes out while nothing goes in."""
    clipper = cn.chain(cn.nodal.NodalModel(cn.circuits.diode_clipper(), 48_000), Gain(0.5))
    model = Corrected(clipper, network())
    _, y = cn.run(model, np.zeros(50))
    np.testing.assert_allclose(y, y[0], atol=1e-7)
    np.testing.assert_allclose(model.resting()[1], y[:1], atol=1e-7)


def test_knobs_reach_the_model():
    model = Corrected(Volume(), network())
    assert model.controls == {"volume": 1.0}
    quiet, loud = (cn.run(model, NOISE[0], controls={"volume": v})[1] for v in (0.0, 1.0))
    assert np.abs(loud - quiet).max() > 0.1


def test_what_does_not_fit():
    with pytest.raises(ValueError, match="2 features"):
        Corrected(Leaky(), Leaky())
    with pytest.raises(ValueError, match="late"):
        Corrected(Leaky(), cn.chain(Delay(3, features=2), Memoryless((4,), in_features=2, rngs=nnx.Rngs(0))))
    with pytest.raises(ValueError, match="Hz"):
        Corrected(Leaky(), network().rebuilt_at(44_100))


def test_it_is_kept_and_exported(tmp_path):
    model = Corrected(cn.nodal.NodalModel(cn.circuits.diode_clipper(), 48_000, oversampling=2), network())
    cn.train.save(model, tmp_path / "m.npz")
    again = cn.train.restore(tmp_path / "m.npz")
    x = 3 * NOISE[0, :, 0]
    np.testing.assert_array_equal(cn.run(again, x)[1], cn.run(model, x)[1])
    cn.export.c(model, tmp_path / "m.h")
    assert "tanh" in (tmp_path / "m.h").read_text()

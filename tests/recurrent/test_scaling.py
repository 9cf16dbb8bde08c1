import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn.recurrent import GRU, Normalisation, Scaling


def test_rms_per_feature_and_one_for_silence():
    x = np.stack([np.full(8, 3.0), np.zeros(8)], axis=-1)
    y = np.tile([1.0, -1.0], 4)[:, None] * 2
    states = np.array([0.1, -0.4] * 4)[:, None]
    scaling = Scaling.from_data(x[None], y, states)
    np.testing.assert_allclose(scaling.input, [3.0, 1.0])
    np.testing.assert_allclose(scaling.output, [2.0])
    np.testing.assert_allclose(scaling.state, [np.sqrt(0.085)])
    np.testing.assert_allclose(scaling.state_peak, [0.4])


def test_std_does_not_count_an_offset():
    x = 5 + np.tile([1.0, -1.0], 10)
    np.testing.assert_allclose(Scaling.from_data(x, x, measure="std").input, [1.0])


@pytest.mark.parametrize("bad", [np.zeros((0, 1)), np.array([np.nan, 1.0])])
def test_bad_signals(bad):
    with pytest.raises(ValueError, match="x has"):
        Scaling.from_data(bad, np.ones(3))


def test_wrong_length_and_sign_are_refused():
    with pytest.raises(ValueError, match=r"scaling.input: expected 1"):
        GRU(4, scaling=Scaling(np.ones(2), np.ones(1)), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="positive"):
        GRU(4, scaling=Scaling(np.ones(1), -np.ones(1)), rngs=nnx.Rngs(0))


def test_saved_with_the_model_and_never_trained():
    model = GRU(4, scaling=Scaling(np.array([2.0]), np.array([0.5])), rngs=nnx.Rngs(0))
    stored = jax.tree.leaves(nnx.state(model, Normalisation))
    assert sorted(float(leaf[0]) for leaf in stored) == [0.5, 2.0]
    assert not any(isinstance(v, Normalisation) for v in jax.tree.leaves(nnx.state(model, nnx.Param)))
    np.testing.assert_allclose(model.scaling.input, [2.0])


def test_same_answer_in_other_units():
    """A model for millivolts with its scaling in millivolts is the same model."""
    x = np.random.default_rng(0).normal(size=(1, 20, 1)).astype(np.float32)
    outputs = []
    for unit in (1.0, 1000.0):
        model = GRU(4, scaling=Scaling(np.array([2.0 * unit]), np.array([0.5 * unit])), rngs=nnx.Rngs(0))
        outputs.append(model(model.init_carry((1,)), jnp.asarray(x * unit, jnp.float32))[1] / unit)
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=2e-6)

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn.model import run, trace
from circuitnn.recurrent import GRU, LSTM, STN, Normalisation, Scaling, StateMatchedGRU


def test_rms_per_feature_and_one_for_silence():
    x = np.stack([np.full(8, 3.0), np.zeros(8)], axis=-1)
    y = np.tile([1.0, -1.0], 4)[:, None] * 2
    states = np.array([0.1, -0.4] * 4)[:, None]
    scaling = Scaling.from_data(x[None], y, states)
    np.testing.assert_allclose(scaling.input, [1.0, 1.0])
    np.testing.assert_allclose(scaling.input_offset, [3.0, 0.0])
    np.testing.assert_allclose(scaling.output, [2.0])
    np.testing.assert_allclose(scaling.state, [np.sqrt(0.085)])
    np.testing.assert_allclose(scaling.state_peak, [0.4])


def test_std_does_not_count_an_offset():
    x = 5 + np.tile([1.0, -1.0], 10)
    np.testing.assert_allclose(Scaling.from_data(x, x, measure="std").input, [1.0])


def test_only_what_stays_on_one_side_of_zero_has_an_offset():
    swing = np.sin(np.arange(1000) / 7)
    x = np.stack([0.01 + swing, -2.1 + 0.2 * swing], axis=-1)
    states = np.stack([4.5 + 1e-3 * swing, 0.1 * swing], axis=-1)
    scaling = Scaling.from_data(x, swing, states)
    np.testing.assert_allclose(scaling.input_offset, [0, -2.1], atol=3e-3)
    np.testing.assert_allclose(scaling.state_offset, [4.5, 0], atol=1e-5)
    np.testing.assert_allclose(scaling.state_peak, [1e-3, 0.1], rtol=1e-2)
    np.testing.assert_allclose(scaling.input, [np.sqrt(0.5), 0.2 * np.sqrt(0.5)], rtol=1e-2)


@pytest.mark.parametrize("build", [StateMatchedGRU, STN])
def test_a_model_rests_at_the_bias_of_its_states(build):
    """With offsets it is the same model, moved: bias in, bias out."""
    plain = Scaling(np.array([2.0]), np.array([0.5]), np.array([0.3, 1e-3]), np.array([0.8, 4e-3]))
    moved = plain._replace(
        input_offset=np.array([-2.0]), output_offset=np.array([9.0]), state_offset=np.array([4.5, 1.0])
    )
    hidden = 4 if build is StateMatchedGRU else (4,)
    a, b = (build(("C1", "C2"), hidden=hidden, scaling=s, dtype=jnp.float64, rngs=nnx.Rngs(0)) for s in (plain, moved))
    np.testing.assert_allclose(b.states(b.init_carry((3,))), np.tile([4.5, 1.0], (3, 1)), rtol=1e-12)
    x = np.random.default_rng(0).normal(size=(30, 1))
    start = a.init_carry()  # that of b has heard another silence, zero volts
    _, y, states = trace(a, x, start)
    _, y_moved, states_moved = trace(b, x - 2.0, start)
    np.testing.assert_allclose(y_moved, y + 9.0, atol=1e-12)
    np.testing.assert_allclose(states_moved, states + np.array([4.5, 1.0]), atol=1e-12)
    shown = b.states(b.force(b.init_carry(), jnp.array([4.6, 0.9])))
    np.testing.assert_allclose(shown, [4.6, 0.9], rtol=1e-12)
    np.testing.assert_allclose(b.scaling.state_offset, [4.5, 1.0])


def test_a_black_box_takes_offsets():
    scaling = Scaling(np.array([2.0]), np.array([0.5]))
    moved = scaling._replace(input_offset=np.array([1.0]), output_offset=np.array([5.0]))
    a, b = (LSTM(4, scaling=s, dtype=jnp.float64, rngs=nnx.Rngs(0)) for s in (scaling, moved))
    x = np.random.default_rng(0).normal(size=30)
    start = a.init_carry()
    np.testing.assert_allclose(run(b, x + 1, start)[1], run(a, x, start)[1] + 5, atol=1e-12)
    with pytest.raises(ValueError, match="input_offset: expected 1 finite"):
        GRU(4, scaling=scaling._replace(input_offset=np.array([np.nan])), rngs=nnx.Rngs(0))


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
    assert sorted(float(leaf[0]) for leaf in stored) == [0.0, 0.0, 0.5, 2.0]
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

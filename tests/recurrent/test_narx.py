"""NARX: held against a plain loop in NumPy, running freely and shown its outputs."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.model import Forcing
from circuitnn.networks import Scaling
from circuitnn.recurrent import NARX
from circuitnn.testing import check_model

SCALING = Scaling(np.array([2.0]), np.array([0.5]), None, None, None, np.array([-0.2]))
KNOB = 0.3


def narx(dtype=jnp.float64, **more):
    sizes = {"hidden": (5, 4), "input_taps": 3, "output_taps": 2, "controls": {"gain": KNOB}, "scaling": SCALING}
    model = NARX(**(sizes | more), dtype=dtype, rngs=nnx.Rngs(0))
    model.layers[0].bias[...] = jnp.linspace(-1, 1, 5).astype(dtype)
    return model


def signal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def plain(model, x, shown=None):
    """From 0 V and network units of zero; `shown` are the true outputs before each sample, where they are finite."""
    weights = [(np.asarray(layer.weight[...]), np.asarray(layer.bias[...])) for layer in model.layers]
    u, past, outputs = [np.array([0.0, KNOB])] * 2, [0.0, 0.0], []
    for n, sample in enumerate(x):
        u.append(np.array([sample / 2.0, KNOB]))
        if shown is not None and np.isfinite(shown[n]):
            past[-1] = (shown[n] + 0.2) / 0.5
        v = np.concatenate([*u[-3:], past[-2:]])
        for weight, bias in weights[:-1]:
            v = np.tanh(weight @ v + bias)
        past.append((weights[-1][0] @ v + weights[-1][1]).item())
        outputs.append(0.5 * past[-1] - 0.2)
    return np.array(outputs)[:, None]


def test_it_gives_what_a_plain_loop_gives_however_it_is_shown():
    model, x = narx(), signal(3, 12, 1)
    start = jnp.broadcast_to(jnp.array([0.0, KNOB, 0.0, KNOB, 0.0, 0.0]), (3, 6))
    true, mask = signal(3, 12, 1, seed=1), np.random.default_rng(2).random((3, 12)) < 0.5
    for forcing, shown in (
        (None, np.full((3, 12), np.nan)),
        (Forcing(jnp.asarray(true)), true[..., 0]),
        (Forcing(jnp.asarray(true), jnp.asarray(mask)), np.where(mask, true[..., 0], np.nan)),
    ):
        after, y, states = cn.trace(model, x, start, forcing=forcing)
        expected = np.stack([plain(model, *one) for one in zip(x[..., 0], shown, strict=True)])
        np.testing.assert_allclose(y, expected, rtol=0, atol=1e-13)
        np.testing.assert_array_equal(y, states)
        np.testing.assert_allclose(model.states(after), y[:, -1], rtol=0, atol=1e-15)
    # What was shown goes over the cut, however it was.
    everywhere = Forcing(jnp.asarray(true), jnp.ones((3, 12), bool))
    for one, other in zip(
        *(cn.trace(model, x, start, forcing=f)[:2] for f in (everywhere, Forcing(true))), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)


@pytest.mark.slow
def test_it_obeys_the_laws():
    check_model(narx, signal(3, 12, 1), controls={"gain": np.linspace(0, 1, 12)})


def test_it_rests_and_begins_stable():
    model, level = narx(), np.array([1.5])
    carry, y = model.resting((2,), level=level)
    after, heard = cn.run(model, np.broadcast_to(level, (2, 12, 1)), carry)
    np.testing.assert_allclose(after, carry, rtol=0, atol=1e-14)
    np.testing.assert_allclose(heard, np.broadcast_to(y, heard.shape), rtol=0, atol=1e-14)
    weights = [np.abs(np.asarray(layer.weight[...])) for layer in narx(hidden=(5, 64)).layers]
    assert (weights[2] @ weights[1] @ weights[0][:, 6:]).sum() <= 0.5 + 1e-6


def test_what_is_wrong_is_told():
    with pytest.raises(ValueError, match="a hidden layer and a name for each of 2"):
        NARX(out_features=2, state_names=("C1",), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="output_taps must be a whole number"):
        NARX(output_taps=0, rngs=nnx.Rngs(0))


@pytest.mark.slow
def test_it_is_taught_by_its_own_outputs(tmp_path):
    teacher, x = narx(jnp.float32), signal(4, 200, 1)
    y = np.asarray(cn.run(teacher, x)[1])
    # States of the circuit are not those of this model.
    data = cn.train.Dataset(x, y, states=signal(4, 200, 3), controls={"gain": KNOB}, fs=48_000)
    student, regime = narx(jnp.float32, hidden=(5, 6)), cn.train.TeacherForcing(length=50)
    options = {"optimizer": optax.adam(0.01), "epochs": 100, "batch": 8, "progress": False}
    model, history = cn.train.fit(student, data, regime, **options)
    assert history.loss[-1] < 0.05 * history.loss[0]
    report = cn.train.exposure_bias(model, data, warmup=20, horizon=50)
    assert report.esr_teacher_forced < 0.01
    cn.train.save(model, tmp_path / "m.npz")
    np.testing.assert_array_equal(cn.run(cn.train.restore(tmp_path / "m.npz"), x)[1], cn.run(model, x)[1])


def test_what_stands_around_it_has_its_states_and_says_whether_they_are_outputs():
    model = NARX(controls=("drive",), dtype=jnp.float64, rngs=nnx.Rngs(0))
    for around in (cn.Counted(model), cn.control_rate(model), cn.native.compiled(model)):
        assert around.state_names == model.state_names
        assert around.states_are_outputs
    assert not cn.hybrid.Oversampled(model, 2).states_are_outputs  # filters stand between

"""The block law: running, tracing, knobs and composition, and that the checks of it can fail."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn.composition import chain, parallel, residual
from circuitnn.model import Forcing, StateModel, controls, run, trace
from circuitnn.testing import check_block_law, check_gradient, check_model
from tests.models import Gain, Leaky

NOISE = np.random.default_rng(0).standard_normal((3, 64, 1))


COMPOSITIONS = {
    "one": lambda dtype: Leaky(dtype=dtype),
    "chain": lambda dtype: chain(Gain(2.0, dtype), residual(chain(Leaky(0.9, dtype), Leaky(0.2, dtype)))),
    "parallel": lambda dtype: parallel(Leaky(0.5, dtype), chain(Leaky(0.99, dtype), Gain(0.7, dtype))),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_laws(name):
    sweep = {"volume": np.linspace(0, 1, 64)} if name != "one" else None
    check_model(COMPOSITIONS[name], NOISE, controls=sweep)


def test_shapes_in_are_shapes_out():
    model = Leaky()
    for shape in ((64,), (64, 1), (3, 64, 1), (2, 3, 64, 1)):
        _, y = run(model, np.ones(shape))
        assert y.shape == shape
    _, y, states = trace(model, np.ones(64))
    assert y.shape == (64,)
    assert states.shape == (64, 1)


def test_composition_does_what_it_says():
    x = NOISE[0]
    once, twice = run(Leaky(), x)[1], run(chain(Leaky(), Leaky()), x)[1]
    np.testing.assert_allclose(run(Leaky(), once)[1], twice, rtol=1e-6)
    np.testing.assert_allclose(run(residual(Leaky()), x)[1], x + once, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run(parallel(Leaky(), Gain(3.0)), x)[1], once + 3 * x, rtol=1e-5, atol=1e-6)
    carry, _ = run(chain(Leaky(), Gain(), residual(Leaky())), x)
    assert isinstance(carry, tuple)
    assert len(carry) == 3


def test_a_ganged_knob_reaches_every_member():
    model = chain(Gain(), Leaky(), Gain())
    assert model.controls == {"volume": 1.0}
    plain, soft = run(model, NOISE)[1], run(model, NOISE, controls=controls(model, volume=0.5))[1]
    np.testing.assert_allclose(soft, plain / 4, rtol=1e-6)
    sweep = np.linspace(0, 1, 64)
    np.testing.assert_allclose(run(Gain(), NOISE, controls={"volume": sweep})[1], sweep[:, None] * NOISE, rtol=1e-6)


def test_names_change_nothing_but_the_names():
    x = NOISE[0]
    parts = {"low": Leaky(0.5), "loud": Gain(2.0)}
    for compose in (chain, parallel):
        plain, named = compose(*parts.values()), compose(**parts)
        np.testing.assert_array_equal(run(named, x)[1], run(plain, x)[1])
        states = [nnx.to_flat_state(nnx.state(model)) for model in (plain, named)]
        assert [path for path, _ in states[0]] == [path for path, _ in states[1]]  # saved weights fit both
        assert named["loud"].weight[...] == named[1].weight[...] == plain[1].weight[...] == 2.0
        assert (plain.names, named.names) == ((), ("low", "loud"))
        with pytest.raises(KeyError, match="no part named 'high'; there are low, loud"):
            named["high"]
        with pytest.raises(KeyError, match="none with names"):
            plain["low"]
        with pytest.raises(ValueError, match="by name or by position"):
            compose(Leaky(), low=Leaky())
        with pytest.raises(TypeError, match="low is a float, not a model"):
            compose(low=0.5)
    order = chain(z=Gain(), a=Leaky(), m=Gain())
    graph, variables = nnx.split(order)
    assert [type(model) for model in nnx.merge(graph, variables).models] == [Gain, Leaky, Gain]


def test_forcing_overwrites_where_the_mask_says():
    model, x = Leaky(0.5), NOISE[0]
    true = np.full((64, 1), 10.0)
    _, _, forced = trace(model, x, forcing=Forcing(jnp.asarray(true, jnp.float32)))
    np.testing.assert_allclose(forced, 0.5 * true + 0.5 * x, rtol=1e-5)
    mask = jnp.zeros(64, bool)
    _, _, free = trace(model, x, forcing=Forcing(jnp.asarray(true, jnp.float32), mask))
    np.testing.assert_allclose(free, trace(model, x)[2], rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: run(Leaky(), np.zeros((64, 2))), r"\(\.\.\., time, 1\), got \(64, 2\)"),
        (lambda: run(Leaky(), np.zeros(0)), "no samples"),
        (lambda: run(Leaky(), np.zeros(8, np.int16)), "int16"),
        (lambda: run(Leaky(), np.zeros(8), controls={"treble": 1}), "no knob 'treble'"),
        (lambda: controls(Gain(), bass=1), "no knob 'bass'; there are volume"),
        (lambda: chain(), "at least one"),
        (lambda: chain(Gain(), Leaky(dtype=jnp.float64)), "float32, float64"),
        (lambda: trace(Leaky(), np.zeros(8), forcing=Forcing(jnp.zeros((7, 1)))), r"expected shape \(8, 1\)"),
    ],
)
def test_bad_input_is_one_clear_error(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_states_of_a_model_without_them():
    with pytest.raises(TypeError, match="no circuit states"):
        trace(Gain(), np.zeros(8))


def test_the_checks_can_fail():
    class Forgetful(StateModel):  # a StateModel whose carry is thrown away at every block
        in_features = out_features = 1
        state_names = ("C1",)

        @property
        def controls(self):
            return {}

        def __init__(self, dtype=jnp.float32):
            self.dtype = dtype

        def init_carry(self, batch=(), controls=None, *, level=None):
            return jnp.zeros((*batch, 1), self.dtype)

        def states(self, carry):
            return carry

        def force(self, carry, states, *, controls=None):
            return states

        def trace(self, carry, x, controls=None, forcing=None):
            y = jnp.cumsum(x, axis=-2)
            return carry, y, y

    with pytest.raises(AssertionError, match="block law"):
        check_block_law(Forgetful(), NOISE, cuts=(1, 2, 7))
    with pytest.raises(AssertionError, match="y cut at 32"):
        check_model(lambda dtype: Forgetful(dtype), NOISE, gradient=None)

    @jax.custom_jvp
    def wrong(x):
        return x**2

    wrong.defjvp(lambda primals, tangents: (primals[0] ** 2, 2.0001 * primals[0] * tangents[0]))
    with pytest.raises(AssertionError, match="differences give"):
        check_gradient(lambda x: jnp.sum(wrong(x)), (np.array([1.0, 2.0]),))
    check_gradient(lambda x: jnp.sum(x**3 + jnp.exp(x)), (np.array([0.3, -2.0]),))

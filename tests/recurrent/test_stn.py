import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.model import Forcing
from circuitnn.recurrent import STN, Scaling
from circuitnn.testing import check_gradient, check_model

SCALING = Scaling(np.array([2.0]), np.array([0.5]), np.array([0.3, 1e-3]))
NAMES = ("C1", "L1")


def build(dtype=jnp.float32, **options):
    options = {"hidden": (5, 4), "input_taps": 2, "controls": ("gain",), "scaling": SCALING, "fs": 48_000} | options
    model = STN(NAMES, dtype=dtype, rngs=nnx.Rngs(0), **options)
    for layer in model.layers:  # biases that matter
        if layer.bias is not None:
            layer.bias[...] = 0.1 * jnp.cos(jnp.arange(layer.bias.shape[0])).astype(dtype)
    return model


def signal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def textbook(model, x, gain, start, forcing=None):
    """The equations in plain NumPy, one sample after the other: states in SI units after each."""
    states, before, u_before = [], start / SCALING.state, 0.0
    for n, value in enumerate(x[:, 0] / 2.0):
        if forcing is not None and (forcing.mask is None or forcing.mask[n]):
            before = forcing.previous[n] / SCALING.state
        a = np.array([value, gain, u_before, *before])
        for index, layer in enumerate(model.layers):
            a = np.asarray(layer.weight[...]) @ a + (0 if layer.bias is None else np.asarray(layer.bias[...]))
            a = np.tanh(a) if index < len(model.layers) - 1 else a
        before, u_before = before + model.step * a, value
        states.append(before * SCALING.state)
    return np.array(states)


@pytest.mark.parametrize(("forced", "fs"), [("free", 48_000), ("always", 96_000), ("sometimes", 96_000)])
def test_follows_the_equations(fs, forced):
    model = build(jnp.float64).at_rate(fs)
    x = signal(30, 1)
    mask = None if forced == "always" else np.random.default_rng(1).random(30) < 0.4
    forcing = None if forced == "free" else Forcing(jnp.asarray(signal(30, 2, seed=2) * SCALING.state), mask)
    _, _, states = cn.trace(model, x, controls={"gain": 0.8}, forcing=forcing)
    np.testing.assert_allclose(states, textbook(model, x, 0.8, np.zeros(2), forcing), rtol=0, atol=1e-14)


def test_rate_of_training_is_kept_and_step_follows():
    assert build().at_rate(96_000).step == 0.5
    assert build().at_rate(96_000).at_rate(24_000).step == 2.0


@pytest.mark.parametrize("output", [None, "C1", ("L1", "C1")])
def test_block_law_batch_and_precision(output):
    moving = {"gain": np.linspace(0, 1, 24)}
    check_model(lambda dtype: build(dtype, output=output), signal(3, 24, 1), controls=moving, gradient=None)


def test_output_is_the_named_state():
    model = build(output=("L1", "C1"))
    _, y, states = cn.trace(model, signal(9, 1))
    np.testing.assert_array_equal(y, states[:, ::-1])


@pytest.mark.parametrize("forced", ["free", "always", "sometimes"])
def test_gradient_agrees_with_central_differences(forced):
    model = build(jnp.float64, controls=())
    graph, params, fixed = nnx.split(model, nnx.Param, ...)
    mask = None if forced == "always" else np.random.default_rng(1).random((2, 12)) < 0.5

    def energy(params, carry, x, previous):
        tuned = nnx.merge(graph, params, fixed)
        forcing = None if forced == "free" else Forcing(previous, mask)
        carry, y, states = tuned.trace(carry, x, None, forcing)
        return jnp.sum(y**2) + jnp.sum((states / SCALING.state) ** 2) + jnp.sum(carry)

    previous = jnp.asarray(signal(2, 12, 2, seed=3) * SCALING.state)
    carry = jnp.asarray(0.1 * signal(2, 3, seed=4))
    check_gradient(energy, (params, carry, jnp.asarray(signal(2, 12, 1)), previous))


def test_own_reverse_rule_agrees_with_the_loop_unrolled():
    model = build(jnp.float64, controls=())
    graph, params, fixed = nnx.split(model, nnx.Param, ...)
    x = jnp.asarray(30 * signal(1, 5, 1))  # saturated

    def together(params):
        tuned = nnx.merge(graph, params, fixed)
        return jnp.sum(jnp.sin(tuned(tuned.init_carry((1,)), x)[1]))

    def one_by_one(params):
        tuned = nnx.merge(graph, params, fixed)
        carry, total = tuned.init_carry((1,)), 0.0
        for n in range(x.shape[1]):
            previous = tuned.states(carry)[:, None]  # the parallel path, one sample long
            carry, y, _ = tuned.trace(carry, x[:, n : n + 1], None, Forcing(previous))
            total = total + jnp.sum(jnp.sin(y))
        return total

    ours, theirs = jax.jit(jax.grad(together))(params), jax.jit(jax.grad(one_by_one))(params)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def test_weights_of_the_literature():
    """2 x 4 x 4 x 4 x 1 with bias in one layer only has 48 weights (Wilczek)."""
    model = STN(("C1",), hidden=(4, 4, 4), bias="first", output="C1", rngs=nnx.Rngs(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param))) == 48


@pytest.mark.parametrize("seed", range(3))
def test_untrained_network_decays(seed):
    model = STN(NAMES, output="C1", rngs=nnx.Rngs(seed))
    carry = model.force(model.init_carry(()), jnp.array([0.1, -0.1], jnp.float32))
    _, _, states = cn.trace(model, np.zeros((200, 1), np.float32), carry)
    assert float(jnp.abs(states[-1]).max()) < 1e-3


def test_force_and_states_are_inverse():
    model = build()
    wanted = jnp.asarray(signal(3, 2) * SCALING.state, jnp.float32)
    np.testing.assert_allclose(model.states(model.force(model.init_carry((3,)), wanted)), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": (1,)}, "hidden"),
        ({"input_taps": 3}, "input_taps"),
        ({"bias": "some"}, "bias"),
        ({"output": "C9"}, "no state named C9"),
        ({"fs": 0}, "fs must be a positive"),
    ],
)
def test_faults_at_construction(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_a_step_for_each_state_is_a_last_layer_whose_rows_are_scaled():
    """Forced, free and their gradients; and at another rate each is a share of itself."""
    x, states = np.random.default_rng(2).normal(size=(2, 20, 1)), np.random.default_rng(3).normal(size=(2, 20, 2))
    slow, fast = (
        STN(("a", "b"), hidden=(4,), step=step, fs=48_000, dtype=jnp.float64, rngs=nnx.Rngs(0))
        for step in ((0.01, 0.5), 1.0)
    )
    rows = jnp.array([0.01, 0.5])
    fast.layers[-1].weight[...] = rows[:, None] * slow.layers[-1].weight[...]

    def value(model, forcing):
        _, y, found = model.trace(model.init_carry((2,)), jnp.asarray(x), None, forcing)
        return jnp.sum(jnp.square(found - states)) + jnp.sum(y)

    for forcing in (None, Forcing(jnp.asarray(states))):
        (one, by_one), (other, by_other) = (nnx.value_and_grad(value)(model, forcing) for model in (slow, fast))
        assert float(one) == pytest.approx(float(other), rel=1e-12)
        np.testing.assert_allclose(
            by_one.layers[1].weight[...], rows[:, None] * by_other.layers[1].weight[...], rtol=1e-9, atol=1e-12
        )
    assert slow.at_rate(96_000).step == (0.005, 0.25)
    assert STN.from_settings(slow.settings).step == (0.01, 0.5)
    with pytest.raises(ValueError, match="one for each of 2 states"):
        STN(("a", "b"), step=(0.1, 0.1, 0.1), rngs=nnx.Rngs(0))

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.model import Forcing
from circuitnn.recurrent import Scaling, StateMatchedGRU
from circuitnn.testing import check_gradient, check_model

SCALING = Scaling(np.array([2.0]), np.array([0.5]), np.array([0.3, 1e-3]), np.array([0.8, 4e-3]))
MAPPINGS = ("leading", "readout")


def build(mapping, dtype=jnp.float32, **options):
    options = {"hidden": 5, "scaling": SCALING} | options
    return StateMatchedGRU(("C1", "L1"), mapping=mapping, dtype=dtype, rngs=nnx.Rngs(0), **options)


def signal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("output", [None, "C1"])
def test_block_law_batch_and_precision(mapping, output):
    check_model(
        lambda dtype: build(mapping, dtype, output=output, controls={"rate": 0.2}),
        signal(3, 24, 1),
        controls={"rate": np.linspace(0, 1, 24)},
        gradient=None,
    )


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_at_rest_the_circuit_states_are_zero(mapping):
    model = build(mapping, jnp.float64)
    if mapping == "readout":
        model.shown.linear.bias[...] = jnp.array([0.3, -0.2])
    np.testing.assert_allclose(model.states(model.init_carry((2,))), np.zeros((2, 2)), atol=1e-15)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_force_sets_the_states_and_changes_no_more_than_it_must(mapping):
    model = build(mapping, jnp.float64)
    h = jnp.asarray(0.3 * signal(4, 5))
    wanted = jnp.asarray(signal(4, 2) * SCALING.state)
    forced = model.force(h, wanted)
    np.testing.assert_allclose(model.states(forced), wanted, rtol=1e-12)
    if mapping == "leading":
        np.testing.assert_array_equal(forced[:, 2:], h[:, 2:])
    else:  # the change lies in the row space of W
        weight = np.asarray(model.shown.linear.weight[...])
        change = np.asarray(forced - h)
        np.testing.assert_allclose(change @ (np.eye(5) - np.linalg.pinv(weight) @ weight), 0, atol=1e-12)


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("masked", [False, True])
def test_forcing_is_force_before_each_sample(mapping, masked):
    model = build(mapping, jnp.float64)
    x, previous = jnp.asarray(signal(1, 12, 1)), jnp.asarray(signal(1, 12, 2, seed=1) * SCALING.state)
    mask = np.random.default_rng(2).random((1, 12)) < 0.5 if masked else None
    _, y, states = cn.trace(model, x, forcing=Forcing(previous, mask))
    carry = model.init_carry((1,))
    for n in range(12):
        if mask is None or mask[0, n]:
            carry = model.force(carry, previous[:, n])
        carry, one, state = cn.trace(model, x[:, n : n + 1], carry)
        np.testing.assert_allclose(y[:, n], one[:, 0], atol=1e-13)
        np.testing.assert_allclose(states[:, n], state[:, 0], atol=1e-13)


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("masked", [False, True])
def test_gradient_agrees_with_central_differences(mapping, masked):
    model = build(mapping, jnp.float64)
    graph, params, fixed = nnx.split(model, nnx.Param, ...)
    mask = np.random.default_rng(1).random((2, 9)) < 0.5 if masked else None

    def energy(params, carry, x, previous):
        tuned = nnx.merge(graph, params, fixed)
        carry, y, states = tuned.trace(carry, x, None, Forcing(previous, mask))
        return jnp.sum(y**2) + jnp.sum((states / SCALING.state) ** 2) + jnp.sum(carry)

    previous = jnp.asarray(signal(2, 9, 2, seed=3) * SCALING.state)
    check_gradient(energy, (params, jnp.asarray(0.1 * signal(2, 5)), jnp.asarray(signal(2, 9, 1)), previous))


def test_leading_states_have_room_inside_the_range_of_a_unit():
    model = build("leading")
    peak = jnp.asarray(SCALING.state_peak, jnp.float32)
    np.testing.assert_allclose(model.force(model.init_carry(), peak)[:2], 0.8, rtol=1e-6)
    unknown = build("leading", scaling=SCALING._replace(state_peak=None))
    np.testing.assert_allclose(unknown.scaling.state, 6.25 * SCALING.state, rtol=1e-6)


def test_faults_at_construction():
    with pytest.raises(ValueError, match="at least as many units"):
        build("leading", hidden=1)
    with pytest.raises(ValueError, match="mapping"):
        build("both")
    with pytest.raises(ValueError, match="no state named C7"):
        build("leading", output="C7")
    with pytest.raises(ValueError, match="state_names"):
        StateMatchedGRU((), rngs=nnx.Rngs(0))

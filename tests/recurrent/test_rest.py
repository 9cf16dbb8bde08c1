"""A network at rest is one that has heard silence: the rest against a plain loop over seconds of zeros."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from circuitnn.audio import excitation
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.model import run, trace
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import GRU, LSTM, STN, Scaling, StateMatchedGRU
from circuitnn.train import Dataset, TruncatedBPTT, exposure_bias, fit, record

SCALING = Scaling(np.array([2.0]), np.array([0.5]), np.array([0.3]), np.array([0.8]), np.array([-1.5]))
POSITIONS = np.array([[0.0], [0.4], [1.0]])


def gru(dtype=jnp.float64, seed=0, **options):
    return GRU(4, controls=("gain",), scaling=SCALING._replace(state=None), dtype=dtype, rngs=nnx.Rngs(seed), **options)


def lstm(dtype=jnp.float64):
    return LSTM(4, controls=("gain",), scaling=SCALING._replace(state=None), dtype=dtype, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float32, 1e-6), (jnp.float64, 1e-9)])
@pytest.mark.parametrize("build", [gru, lstm])
def test_it_has_heard_silence(build, dtype, tolerance):
    """All of h and c; at several positions of a knob, of which those that move count where they begin."""
    model = build(dtype)
    zeros = jnp.zeros((3, 48_000, 1), dtype)
    blank = jnp.zeros((3, model.init_carry().shape[-1]), dtype)
    heard, y = run(model, zeros, blank, controls={"gain": POSITIONS})
    assert np.abs(heard[0] - heard[2]).max() > 1e-2
    moving = {"gain": POSITIONS * np.linspace(1, 0.2, 9)}
    rest = model.init_carry((3,), moving)
    np.testing.assert_allclose(rest, heard, rtol=0, atol=tolerance)
    _, still = run(model, zeros, rest, controls={"gain": POSITIONS})
    np.testing.assert_allclose(still, np.broadcast_to(still[:, :1], still.shape), rtol=0, atol=tolerance)
    np.testing.assert_allclose(run(model, zeros[0], controls={"gain": 0.4})[1], still[1], rtol=0, atol=tolerance)
    assert np.abs(y[:, 0] - still[:, 0]).max() > 1e-2


@pytest.mark.parametrize("mapping", ["leading", "readout"])
def test_circuit_states_rest_at_their_offset_and_the_other_units_follow(mapping):
    scaling = SCALING._replace(state_offset=np.array([4.5]))
    model = StateMatchedGRU(("C1",), hidden=4, mapping=mapping, scaling=scaling, dtype=jnp.float64, rngs=nnx.Rngs(0))
    carry = model.init_carry((2,))
    np.testing.assert_allclose(model.states(carry), 4.5, rtol=1e-12)
    held = jnp.zeros((4,))
    for _ in range(300):
        held = trace(model, np.zeros(1), model.force(held, jnp.asarray([4.5])))[0]
    np.testing.assert_allclose(carry[0], model.force(held, jnp.asarray([4.5])), rtol=0, atol=1e-9)


def test_the_input_before_a_state_trajectory_network_was_zero_volts():
    model = STN(("C1",), hidden=(4,), input_taps=2, output="C1", scaling=SCALING, dtype=jnp.float64, rngs=nnx.Rngs(0))
    np.testing.assert_allclose(model.init_carry((2,)), [[0.0, 0.75]] * 2, rtol=1e-15)


def swinging(gain):
    """h' = tanh(-gain h): beyond a gain of one it swings from sample to sample."""
    model = GRU(1, dtype=jnp.float64, rngs=nnx.Rngs(0))
    model.rec.bias_ih[...] = jnp.array([50.0, -50.0, 0.1])  # r = 1, z = 0
    model.rec.bias_hh[...] = jnp.zeros(3)
    model.rec.weight_hh[...] = jnp.array([[0.0], [0.0], [-gain]])
    return model


def test_one_that_swings_says_so_and_begins_at_zeros():
    with pytest.warns(UserWarning, match="GRU: no rest is reached in 2 s"):
        np.testing.assert_array_equal(swinging(3.0).init_carry((2,)), np.zeros((2, 1)))
    runs_away = lstm()
    runs_away.rec.bias_ih[...] = jnp.full(16, 60.0)  # every gate open: c <- c + 1
    with pytest.warns(UserWarning, match="LSTM: no rest"):
        np.testing.assert_array_equal(runs_away.init_carry(), np.zeros(8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        h = float(swinging(0.9).init_carry()[0])  # slow, but it comes to rest
    np.testing.assert_allclose(h, np.tanh(0.1 - 0.9 * h), atol=1e-12)


def test_of_many_models_by_vmap_and_without_a_gradient():
    models = [gru(seed=seed) for seed in range(3)]
    graph, params, fixed = nnx.split(models[0], nnx.Param, ...)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(nnx.state(model, nnx.Param) for model in models))

    def rest(params):
        return nnx.merge(graph, params, fixed).init_carry()

    together = jax.jit(jax.vmap(rest))(stacked)
    np.testing.assert_allclose(together, [model.init_carry() for model in models], rtol=0, atol=1e-9)
    gradient = jax.jit(jax.grad(lambda params: jnp.sum(rest(params))))(params)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradient))


def test_the_constant_that_is_left_is_reported():
    model = gru()
    data = Dataset(np.zeros((3, 20, 1)), np.full((3, 20, 1), -4.0), controls={"gain": POSITIONS}, fs=48_000)
    constants = [abs(float(run(model, np.zeros(30), controls={"gain": knob})[1][-1])) for knob in POSITIONS[:, 0]]
    report = exposure_bias(model, data, warmup=0)
    np.testing.assert_allclose([report.rest_output, report.rest_share], [max(constants), max(constants) / 4], rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [GRU, LSTM])
def test_one_that_is_trained_keeps_silent(kind):
    """A diode clipper to an ESR of 0.002: from rest a second of silence is silent, but for a small constant."""
    truth = NodalModel(diode_clipper(), fs=48_000)
    data = record(truth, 4.5 * excitation(6, 48_000), fs=48_000)
    model = kind(8, scaling=Scaling.from_data(data.x, data.y), rngs=nnx.Rngs(0))
    regime, learn = TruncatedBPTT(length=512, warmup=100), lambda n: optax.adam(optax.cosine_decay_schedule(5e-3, n))
    model, _ = fit(model, data, regime, optimizer=learn, epochs=40, progress=False)
    report = exposure_bias(model, data)
    assert report.esr_free_running < 2e-3
    assert report.rest_share < 1e-2
    _, y = run(model, np.zeros(48_000))
    assert np.abs(y - y[0]).max() <= 1e-6 * np.abs(data.y).max()
    _, from_zeros = run(model, np.zeros(480), jnp.zeros_like(model.init_carry()))
    assert np.abs(from_zeros - y[0]).max() > 10 * report.rest_output  # where h = 0 had put it

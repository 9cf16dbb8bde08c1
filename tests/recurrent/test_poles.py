"""Knobs that turn the poles of linear recurrent units: a plain loop, the laws, rest, another rate, saved."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.signal import lfilter

import circuitnn as cn
from circuitnn.networks import Poles
from circuitnn.recurrent import GRU, LRU, S4D
from circuitnn.recurrent.lru import LRULayer
from circuitnn.study.regimes import warmed_up_adam
from circuitnn.testing import check_model

KNOBS = ("cutoff", "resonance")
X = np.random.default_rng(1).standard_normal((2, 30, 1))


def drawn(module):
    """With other numbers than it begins with, so that the knobs are heard."""
    rng = np.random.default_rng(0)
    for _, variable in nnx.to_flat_state(nnx.state(module, nnx.Param)):
        variable[...] += jnp.asarray(0.3 * rng.standard_normal(variable.shape), variable.dtype)
    return module


def lru(dtype=jnp.float64, **more):
    return drawn(LRU(3, 2, states=2, controls=KNOBS, conditioning=Poles(3), dtype=dtype, rngs=nnx.Rngs(0), **more))


def moving(shape):
    rng = np.random.default_rng(3)
    return {name: rng.random(shape) for name in KNOBS}


def test_laws():
    check_model(lru, X, controls=moving((2, 30)))


def loop(layer, u, knobs):
    """The layer in NumPy's complex numbers, u (time, features) and knobs (time, controls)."""
    net = {".".join(map(str, path)): np.asarray(v[...]) for path, v in nnx.to_flat_state(nnx.state(layer, nnx.Param))}
    x, y = np.zeros(net["nu"].shape, complex), []
    B, C = net["B"][0] + 1j * net["B"][1], net["C"][0] + 1j * net["C"][1]
    for now, k in zip(u, knobs, strict=True):
        hidden = np.tanh(net["turning.first.weight"] @ (2 * k - 1) + net["turning.first.bias"])
        nu, theta, gain, angle = np.split(net["turning.last.weight"] @ hidden + net["turning.last.bias"], 4)
        pole = np.exp(-np.exp(net["nu"] + nu) + 1j * np.exp(net["theta"] + theta))
        x = pole * x + np.exp(net["gamma"] + gain + 1j * angle) * (B @ now)
        y.append((C @ x).real + net["D"] * now)
    return np.array(y)


def test_the_layer_is_a_plain_loop():
    rng = np.random.default_rng(2)
    layer = LRULayer(3, 4, turned=Poles(5), controls=2, dtype=jnp.float64, rngs=nnx.Rngs(0))
    u, knobs = rng.standard_normal((2, 20, 3)), rng.random((2, 20, 2))
    start = layer.rest(jnp.zeros((2, 3)), jnp.asarray(knobs[:, 0]))[0]
    for k in (knobs, knobs[:, :1], knobs[:1, :1]):  # for each sample, standing still for each, for all
        _, y = drawn(layer)(start, jnp.asarray(u), jnp.asarray(k))
        full = np.broadcast_to(k, knobs.shape)
        expected = [loop(layer, one, own) for one, own in zip(u, full, strict=True)]
        np.testing.assert_allclose(y, expected, rtol=0, atol=1e-11)


def test_an_untrained_one_does_not_hear_them():
    model = LRU(3, 1, states=2, controls=KNOBS, conditioning="poles", rngs=nnx.Rngs(0))
    low, high = (cn.run(model, X, controls=dict.fromkeys(KNOBS, k))[1] for k in (0.0, 1.0))
    np.testing.assert_array_equal(low, high)
    plain = LRU(3, 1, states=2, conditioning="poles", rngs=nnx.Rngs(0))  # and without knobs there are none to turn
    assert plain.layers[1].recurrence.turning is None


def test_rest_and_another_rate():
    """A constant stays one, at both rates the same, whatever the knobs."""
    model, where = lru(fs=48_000), {"cutoff": 0.9, "resonance": 0.2}
    levels = []
    for one in (model, cn.resampled(model, 96_000)):
        carry, _ = one.resting((), where, level=[0.7])
        y = np.asarray(cn.run(one, np.full((50, 1), 0.7), carry, controls=where)[1])
        np.testing.assert_allclose(y, np.full_like(y, y[0, 0]), rtol=0, atol=1e-10)
        levels.append(y[0, 0])
    np.testing.assert_allclose(levels[1], levels[0], rtol=1e-6)


def test_saved_and_opened(tmp_path):
    model = lru()
    cn.train.save(model, tmp_path / "lru.npz")
    again = cn.train.restore(tmp_path / "lru.npz")
    assert again.conditioning == Poles(3)
    controls = moving((2, 30))
    np.testing.assert_array_equal(cn.run(again, X, controls=controls)[1], cn.run(model, X, controls=controls)[1])


@pytest.mark.parametrize("cls", [GRU, S4D])
def test_networks_without_poles_to_turn(cls):
    with pytest.raises(ValueError, match="this network has no poles that knobs could turn"):
        cls(4, controls=KNOBS, conditioning="poles", rngs=nnx.Rngs(0))


def test_bad_size():
    with pytest.raises(ValueError, match="Poles: hidden"):
        Poles(0)


def low_passes(count, samples, seed):
    """Noise through resonant low passes of SciPy's, with the knobs where they stood."""
    rng = np.random.default_rng(seed)
    cutoff, resonance = rng.random((2, count, 1))
    x, y = rng.standard_normal((count, samples)), []
    for one, c, r in zip(x, cutoff[:, 0], resonance[:, 0], strict=True):
        w, q = 2 * np.pi * 300 * 15**c / 48_000, 0.6 + 2 * r
        alpha, turn = np.sin(w) / (2 * q), np.cos(w)
        b = np.array([1, 2, 1]) * (1 - turn) / 2
        y.append(lfilter(b, [1 + alpha, -2 * turn, 1 - alpha], one))
    y = np.stack(y)
    y /= np.sqrt(np.mean(y**2, axis=1, keepdims=True))
    controls = {"cutoff": cutoff, "resonance": resonance}
    return cn.train.Dataset(x[..., None], y[..., None], controls=controls, fs=48_000)


@pytest.mark.slow
def test_they_learn_a_low_pass_that_knobs_behind_the_poles_do_not():
    data, other = low_passes(24, 9000, 0), low_passes(12, 9000, 1)
    error = {}
    for kind in ("poles", "film"):
        model = LRU(4, 1, states=3, controls=KNOBS, conditioning=kind, fs=48_000, rngs=nnx.Rngs(0))
        found, _ = cn.train.fit(
            model,
            data,
            cn.train.TruncatedBPTT(512, warmup=128),
            optimizer=warmed_up_adam(2e-2),
            epochs=14,
            batch=24,
            progress=False,
        )
        y = cn.run(found, other.x, controls=other.controls)[1]
        error[kind] = cn.metrics.esr(np.asarray(y), np.asarray(other.y))
    assert error["poles"] < 0.1, error
    assert error["film"] > 3 * error["poles"], error

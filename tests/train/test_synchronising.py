"""Phase and rate of a hidden oscillator, found from a second of sound."""

import warnings
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.hybrid import Oscillator
from circuitnn.model import Model
from circuitnn.train import synchronising
from circuitnn.train.unknown_memory import UnknownMemory

FS = 2000
LFO = {"bounds": (0.5, 8.0), "offset": 1.0, "depth": 0.6}
X = np.random.default_rng(0).standard_normal(2 * FS)
TIME = np.arange(2 * FS) / FS


@final
class Tremolo(Model):
    """y_n = v_n x_n + x_{n-1}/2, x and v its inputs."""

    def __init__(self, dtype=jnp.float32):
        self.in_features, self.out_features, self.dtype, self.fs = 2, 1, dtype, FS

    @property
    def controls(self):
        return {}

    def init_carry(self, batch=(), controls=None, *, level=None):
        return jnp.zeros((*batch, 1), self.dtype)

    def __call__(self, carry, x, controls=None):
        sound = jnp.concatenate([carry[..., None, :], x[..., :1]], axis=-2)
        return sound[..., -1, :], x[..., 1:] * x[..., :1] + sound[..., :-1, :] / 2


def tremolo(rate=2.0, dtype=jnp.float32):
    return cn.chain(Oscillator(FS, rate=rate, dtype=dtype, **LFO), Tremolo(dtype))


def output(turns):
    """Of the device whose oscillator has made so many turns (time,)."""
    v = 1.0 + 0.6 * np.sin(2 * np.pi * turns)
    return v * X + np.concatenate([[0.0], X[:-1]]) / 2


def synchronised(model, y, seconds=1.0, **options):
    context = slice(0, round(seconds * FS))
    carry, found = cn.train.synchronise(model, X[context], y[context], **{"warmup": 100} | options)
    ahead = np.asarray(cn.run(model, X[context.stop :], carry)[1])
    return found, float(cn.metrics.esr(ahead, y[context.stop :]))


@pytest.mark.parametrize("phase", [0.1, 0.55, 0.98])
def test_a_phase(phase):
    found, ahead = synchronised(tremolo(), output(2 * TIME + phase))
    assert found.is_unique
    assert float(found.movement.phase) == pytest.approx(2 * np.pi * phase, abs=1e-3)  # two whole turns later
    assert found.deviation.phase < 1e-3
    assert found.error < 1e-8
    assert ahead < 1e-8


@pytest.mark.parametrize(("rate", "phase"), [(0.8, 0.3), (7.5, 0.0), (4.4, 0.77)])
def test_a_rate_too(rate, phase):
    found, ahead = synchronised(tremolo(), output(rate * TIME + phase), rates=(0.5, 8.0))
    assert float(found.movement.rate) == pytest.approx(rate, rel=1e-4)
    assert ahead < 1e-6
    assert "Hz" in repr(found)


@pytest.mark.slow
def test_a_rate_that_moves():
    y = output(3 * TIME + 0.5 * 1.2 * TIME**2 + 0.2)
    still, ahead_of_still = synchronised(tremolo(), y, rates=(0.5, 8.0))
    moving, ahead = synchronised(tremolo(), y, rates=(0.5, 8.0), sweeps=True)
    assert float(moving.movement.sweep) == pytest.approx(1.2, rel=0.1)
    assert moving.error < 0.1 * still.error
    assert ahead < 0.1 * ahead_of_still


@pytest.mark.slow
def test_the_deviation_is_what_noise_makes_of_the_phase():
    noise, phases, said = np.random.default_rng(1), [], []
    for _ in range(24):
        y = output(2.3 * TIME + 0.4) + 0.5 * noise.standard_normal(len(X))
        found, _ = synchronised(tremolo(), y, rates=(2.0, 2.6))
        phases.append(float(found.movement.phase))
        said.append(float(found.deviation.phase))
    expected = 2 * np.pi * ((2.3 + 0.4) % 1)
    assert 0.6 < np.sqrt(np.mean(np.square(np.subtract(phases, expected)))) / np.median(said) < 1.6


@pytest.mark.slow
def test_networks_have_the_derivative_of_differences():
    """They have a rule for going backwards only."""
    with jax.enable_x64(True):
        network = cn.recurrent.GRU(3, in_features=2, dtype=jnp.float64, fs=FS, rngs=nnx.Rngs(0))
        model = cn.chain(Oscillator(FS, dtype=jnp.float64, **LFO), network)
        carry = (model.models[0].carry_at(2.0, rate=3.1), network.init_carry())
        y = np.asarray(cn.run(model, X, carry)[1])
        found, ahead = synchronised(model, y, rates=(0.5, 8.0), memory=True)
        assert float(found.movement.rate) == pytest.approx(3.1, rel=1e-6)
        assert ahead < 1e-9


def test_a_memory_without_an_oscillator():
    with jax.enable_x64(True):
        model = cn.recurrent.GRU(3, dtype=jnp.float64, fs=FS, rngs=nnx.Rngs(0))
        start = jnp.asarray([0.9, -0.5, 0.3])
        carry, expected = cn.run(model, X[:200], start)
        found, result = cn.train.synchronise(model, X[:200], expected, warmup=0, steps=40)
        assert result.movement is None
        assert result.error < 1e-12
        np.testing.assert_allclose(found, carry, atol=1e-6)


def test_what_the_context_does_not_tell_is_said():
    quiet = np.where(np.arange(len(X)) < 150, X, 0.0)  # a tenth of a turn is heard
    model = cn.chain(Oscillator(FS, rate=2.0, **LFO | {"depth": 1e-9}), Tremolo())
    with pytest.warns(cn.train.DataWarning, match="does not tell"):
        cn.train.synchronise(model, X[:FS], output(2 * TIME)[:FS], warmup=100)
    y = quiet * (1.0 + 0.6 * np.sin(2 * np.pi * 2 * TIME)) + np.concatenate([[0.0], quiet[:-1]]) / 2
    with pytest.warns(cn.train.DataWarning, match="does not tell"):
        cn.train.synchronise(tremolo(), quiet[:FS], y[:FS] + 0.3 * X[::-1][:FS], rates=(0.5, 8.0), warmup=100)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: cn.train.synchronise(m, X[:50], X[:50], warmup=100), "no longer than the warm-up"),
        (lambda m: cn.train.synchronise(m, X, X[:-1]), "as long as each other"),
        (lambda m: cn.train.synchronise(m, X[None, :, None], X[None, :, None]), "one recording"),
        (lambda m: cn.train.synchronise(m, 0 * X, X), "x is silent"),
        (lambda m: cn.train.synchronise(m, X, 0 * X), "y is silent"),
        (lambda m: cn.train.synchronise(m, X, np.where(X > 2, np.nan, X)), "NaN|not finite|finite"),
        (lambda m: cn.train.synchronise(m, X, X, rates=(0.1, 2)), "rates: expected 0.5"),
        (lambda m: cn.train.synchronise(m, X, X, rates=(3, 2)), "rates: expected 0.5"),
        (lambda m: cn.train.synchronise(m, X, X, phases=0), "phases must be"),
        (lambda m: cn.train.synchronise(cn.recurrent.GRU(2, rngs=nnx.Rngs(0)), X, X, rates=(1, 2)), "an oscillator's"),
        (lambda m: cn.train.synchronise(cn.hybrid.Gain(2.0), X, X), "no memory"),
    ],
)
def test_bad_input_is_one_clear_error(call, says):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=says):
            call(tremolo())


@pytest.mark.parametrize(("dtype", "within"), [(jnp.float32, 3e-3), (jnp.float64, 1e-6)])
def test_differences_are_the_derivatives(dtype, within):
    with jax.enable_x64(dtype == jnp.float64):
        model = tremolo(dtype=dtype)
        points = jnp.asarray([[0.3, -0.5, 0.2], [6.0, 2.0, -1.0]], dtype)
        unknown = UnknownMemory.of(model, is_rate_known=False, sweeps=True, memory=None)
        context = jnp.asarray(X[:FS, None], dtype), jnp.asarray(output(3 * TIME)[:FS, None], dtype), {}

        def left(points):
            return synchronising._played(model, unknown, 100, context, points)[1]

        here, columns = synchronising._by_differences(left, points)
        exact_here, exact = synchronising._by_derivatives(left, points)
        np.testing.assert_allclose(here, exact_here, rtol=1e-6)
        assert columns.shape == exact.shape
        for found, wanted in zip(columns, exact, strict=True):
            assert float(jnp.linalg.norm(found - wanted) / jnp.linalg.norm(wanted)) < within

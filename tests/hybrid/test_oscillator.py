"""An oscillator in the carry, beside the signal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.hybrid import Gain, Oscillator
from circuitnn.testing import check_gradient, check_model

FS = 48_000
NOISE = np.random.default_rng(0).standard_normal((2, 64, 1))
SLOW = {"rate": 2.0, "bounds": (0.5, 8.0), "offset": -2.1, "depth": 0.15}


def voltage(oscillator, carry, time):
    return np.asarray(cn.run(oscillator, np.zeros((*carry.shape[:-1], time, 1)), carry)[1][..., 1])


def test_laws():
    check_model(lambda dtype: Oscillator(100, rate=3.0, bounds=(1, 9), harmonics=2, dtype=dtype), NOISE, single=1e-4)


@pytest.mark.parametrize("phase", [0.0, 2.5])
def test_it_is_a_sine(phase):
    with jax.enable_x64(True):
        oscillator = Oscillator(FS, dtype=np.float64, **SLOW)
        time = np.arange(FS) / FS
        carry = oscillator.carry_at([phase, phase], rate=[2.0, 3.3])
        expected = -2.1 + 0.15 * np.sin(2 * np.pi * np.array([[2.0], [3.3]]) * time + phase)
        np.testing.assert_allclose(voltage(oscillator, carry, FS), expected, atol=1e-12)


def test_a_rate_that_moves():
    with jax.enable_x64(True):
        oscillator = Oscillator(FS, dtype=np.float64, **SLOW)
        carry = oscillator.carry_at(1.0, rate=1.5, sweep=0.25)
        after, _ = cn.run(oscillator, np.zeros((FS // 100, 1)), carry)
        movement = oscillator.movement(after)
        np.testing.assert_allclose(movement.rate, 1.5 + 0.0025, atol=1e-5)
        np.testing.assert_allclose(movement.phase, 1 + 2 * np.pi * (0.015 + 0.25 * 0.01**2 / 2), atol=1e-6)
        found = oscillator.movement(carry)
        np.testing.assert_allclose(jnp.stack(found), [1.0, 1.5, 0.25], rtol=1e-12)
        for direction, bound in ((-50.0, 0.5), (50.0, 8.0)):
            after, _ = cn.run(oscillator, np.zeros((20 * FS, 1)), oscillator.carry_at(0.0, sweep=direction))
            np.testing.assert_allclose(oscillator.movement(after).rate, bound, rtol=1e-6)


def test_single_precision_keeps_time():
    """A minute in blocks of 512: not a thousandth of a turn away."""
    oscillator = Oscillator(FS, **SLOW)
    carry, x = oscillator.carry_at(0.3), jnp.zeros((512, 1))

    @jax.jit
    def minute(carry):
        return jax.lax.fori_loop(0, 60 * FS // 512, lambda _, each: oscillator(each, x)[0], carry)

    seconds = 60 * FS // 512 * 512 / FS
    expected = 0.3 + 2 * np.pi * 2.0 * seconds
    error = np.angle(np.exp(1j * (oscillator.movement(minute(carry)).phase - expected)))
    assert abs(error) < 2 * np.pi * 1e-3


@pytest.mark.parametrize("place", [-16.0, 0.3, 16.0])
def test_gradients_at_the_bounds_and_between(place):
    with jax.enable_x64(True):
        oscillator = Oscillator(1000, rate=3.0, bounds=(1, 9), harmonics=2, dtype=np.float64)
        x = jnp.zeros((400, 1))

        def energy(place, carry):
            moved = oscillator.with_parameters({"place": place})
            return jnp.sum(jnp.square(moved(carry, x)[1] - 0.2))

        check_gradient(energy, (jnp.asarray(place), oscillator.carry_at(1.0, sweep=0.5)))


def test_the_rate_is_within_its_bounds():
    for rate in (0.5, 8.0):
        assert float(Oscillator(FS, **SLOW | {"rate": rate}).rate) == pytest.approx(rate, rel=1e-5)
    oscillator = Oscillator(FS, **SLOW)
    found = oscillator.movement(oscillator.carry_at(rate=jnp.asarray([0.01, 100.0]))).rate
    np.testing.assert_allclose(found, [0.5, 8.0], rtol=1e-5)


def test_it_drives_a_model_is_kept_and_exported(tmp_path):
    model = cn.chain(lfo=Oscillator(FS, **SLOW), phaser=cn.recurrent.GRU(2, in_features=2, rngs=nnx.Rngs(0)))
    x = 0.1 * NOISE[0]
    carry = (model["lfo"].carry_at(1.0), model.init_carry()[1])
    gates = voltage(model["lfo"], carry[0], 64)
    expected = cn.run(model["phaser"], np.column_stack([x, gates]), carry[1])[1]
    np.testing.assert_allclose(cn.run(model, x, carry)[1], expected, rtol=1e-5)
    cn.train.save(model, tmp_path / "m.npz")
    again = cn.train.restore(tmp_path / "m.npz")
    np.testing.assert_array_equal(cn.run(again, x)[1], cn.run(model, x)[1])
    assert again.settings == model.settings
    cn.export.c(cn.chain(Oscillator(FS, **SLOW), Gain(1.0, features=2)), tmp_path / "m.h")
    assert "sin" in (tmp_path / "m.h").read_text()


def test_another_rate():
    oscillator = Oscillator(FS, **SLOW).with_parameters({"place": 0.7})
    faster = cn.resampled(oscillator, 2 * FS)
    twice = voltage(faster, faster.carry_at(0.4), 2000)[::2]
    np.testing.assert_allclose(twice, voltage(oscillator, oscillator.carry_at(0.4), 1000), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"bounds": (0, 2)}, "0 < lowest < highest"),
        ({"bounds": (2, 1)}, "0 < lowest < highest"),
        ({"bounds": (1, 20_000)}, "fs / 4"),
        ({"rate": 0.01}, "0.05 to 20 Hz"),
        ({"rate": np.nan}, "0.05 to 20 Hz"),
        ({"depth": np.inf}, "finite volts"),
        ({"harmonics": 0}, "harmonics"),
    ],
)
def test_bad_input_is_one_clear_error(options, says):
    with pytest.raises(ValueError, match=says):
        Oscillator(FS, **options)

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.testing import check_batch, check_block_law, check_gradient

FS = 48_000


def sine(frequency, peak, samples=1200):
    fade = np.minimum(1, np.arange(samples) / 200)
    return peak * np.sin(2 * np.pi * frequency * np.arange(samples) / FS) * fade


@pytest.mark.slow
def test_the_block_law_and_batches():
    model = cn.nodal.NodalModel(cn.circuits.diode_clipper(), FS, oversampling=4, dtype=jnp.float64)
    x = np.stack([sine(1000, 2.0, 90), sine(3000, 1.0, 90)])[..., None]
    check_block_law(model, x, cuts=(45,), rtol=1e-12)
    check_batch(model, x, rtol=1e-9)


def test_a_linear_circuit_is_only_delayed():
    circuit = cn.read_netlist("low pass\nVin in 0 0\nR1 in out 10k\nC1 out 0 10n\n")
    x = sine(500, 1.0)
    model = cn.nodal.NodalModel(circuit, FS, oversampling=8, dtype=jnp.float64)
    _, y = cn.run(model, x)
    h = complex(cn.nodal.frequency_response(circuit, np.array([500.0]))[0])
    late = (np.arange(800, 1200) - model.latency) / FS
    expected = np.imag(h * np.exp(2j * np.pi * 500 * late))
    np.testing.assert_allclose(y[800:], expected, atol=2e-5)


def test_a_resting_voltage_stays_where_it_is():
    circuit = cn.read_netlist("divider\nVin in 0 2\nR1 in out 1k\nR2 out 0 1k\nC1 out 0 1n\n")
    model = cn.nodal.NodalModel(circuit, FS, oversampling=4, dtype=jnp.float64)
    _, y = cn.run(model, np.full(60, 2.0))
    np.testing.assert_allclose(y, 1.0, rtol=1e-12)


@pytest.mark.slow
def test_aliases_of_a_clipped_sine_vanish():
    """Odd harmonics of 5 kHz beyond 24 kHz fold back to frequencies that are no multiples of it."""
    x = sine(5000, 4.5, 4800)

    def aliases(oversampling):
        model = cn.nodal.NodalModel(cn.circuits.diode_clipper(), FS, oversampling=oversampling, dtype=jnp.float64)
        spectrum = np.abs(np.fft.rfft(np.asarray(cn.run(model, x)[1])[-2400:] * np.hanning(2400)))
        bins = np.arange(len(spectrum)) * FS / 2400
        is_harmonic = np.min(np.abs(bins[:, None] - 5000 * np.arange(5)), axis=1) < 100
        is_heard = (bins > 100) & (bins < 20_000)
        return np.max(spectrum[~is_harmonic & is_heard]) / np.max(spectrum)

    assert aliases(8) < 0.1 * aliases(1)


@pytest.mark.slow
def test_states_and_forcing_are_at_the_samples_of_x():
    model = cn.nodal.NodalModel(cn.circuits.diode_clipper_second_order(), FS, oversampling=2, dtype=jnp.float64)
    x = jnp.asarray(sine(1000, 2.0, 60))[:, None]
    rest = model.init_carry()
    carry, y, states = cn.trace(model, x)
    np.testing.assert_array_equal(states[-1], model.states(carry))
    previous = np.concatenate([model.states(rest)[None], states[:-1]])
    _, forced, _ = cn.trace(model, x, forcing=cn.Forcing(jnp.asarray(previous)))
    np.testing.assert_allclose(forced, y, atol=1e-9)


@pytest.mark.slow
def test_knobs_that_move_are_held_and_gradients_pass():
    model = cn.nodal.NodalModel(cn.circuits.bassman(), FS, oversampling=2, dtype=jnp.float64)
    x = jnp.asarray(sine(1000, 1.0, 40))[:, None]
    rest = model.init_carry()
    _, still = cn.run(model, x, controls={"treble": 0.3})
    np.testing.assert_allclose(cn.run(model, x, controls={"treble": np.full(40, 0.3)})[1], still, atol=1e-13)
    check_gradient(lambda treble: jnp.sum(model(rest, x, {"treble": treble})[1] ** 2), (np.array(0.3),))


def test_other_factors_are_refused():
    with pytest.raises(ValueError, match="factor must be one of"):
        cn.nodal.NodalModel(cn.circuits.diode_clipper(), FS, oversampling=3)

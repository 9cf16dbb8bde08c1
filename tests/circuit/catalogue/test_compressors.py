"""The compressors against SciPy's integration of their equations, written anew, ngspice and what is published."""

import jax
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import circuitnn as cn
from tests.circuit.catalogue import compressor_equations

NAMES = ("la2a", "cl1b")
EITHER = pytest.mark.parametrize("name", NAMES)
FS = 8 * 48_000
REST = {"la2a": (0.0, 1e-9, 1e-9), "cl1b": (0.0, 1e-3)}
PHASE = np.sin(2 * np.pi * (np.arange(64) + 0.5) / 64)
LOUD = 10.0  # volts, 20 dB above the nominal peak

pytestmark = pytest.mark.slow


def model_of(name, fs):
    return cn.nodal.NodalModel(cn.circuits.CATALOGUE[name](), fs, dtype=np.float64)


def burst(t):
    return LOUD * np.sin(2 * np.pi * 1000 * t) * ((t > 0.002) & (t < 0.012))


def averaged(name, peak, seconds, at, begin=None, **knobs):
    """States (states, times) at these times while a sine of this peak goes on: rates are means over its period."""
    equations = getattr(compressor_equations, name)

    def rates(_, state):
        means = equations(state[:, None] + 0 * PHASE, peak * PHASE, **knobs)[0].mean(axis=1)
        return np.where([name == "la2a", *[False] * (len(state) - 1)], 0, means)  # C2 has no mean

    begin = REST[name] if begin is None else begin
    return solve_ivp(rates, (0, seconds), begin, "LSODA", at, rtol=1e-8, atol=1e-12, max_step=0.02).y


def reduction(name, states, **knobs):
    """dB, of each column of states."""
    equations = getattr(compressor_equations, name)
    quiet = equations(np.array(REST[name])[:, None], 1e-6, **knobs)[1]
    return 20 * np.log10(quiet / equations(states, 1e-6, **knobs)[1])


def settled(name, peak, **knobs):
    return reduction(name, averaged(name, peak, 30, [30], **knobs), **knobs)[0]


@EITHER
def test_a_loud_burst_is_what_the_equations_make_of_it(name):
    t = np.arange(round(0.016 * FS)) / FS
    equations = getattr(compressor_equations, name)
    found = solve_ivp(
        lambda t, s: equations(s, burst(t))[0], (0, t[-1]), REST[name], "LSODA", t, rtol=1e-9, atol=1e-12, max_step=2e-5
    )
    expected = equations(found.y, burst(t))[1]
    carry, y = cn.run(model_of(name, FS), burst(t))
    assert not carry.report.failed
    assert np.sum((np.ravel(y) - expected) ** 2) < 1e-7 * np.sum(expected**2)


@pytest.mark.ngspice
@EITHER
def test_a_loud_burst_in_ngspice(name, ngspice):
    t = np.arange(round(0.016 * FS)) / FS
    model = model_of(name, FS)
    for knobs in ({}, dict.fromkeys(model.circuit.controls, 1.0)):
        _, y = cn.run(model, burst(t), controls=knobs)
        expected = np.ravel(cn.spice.transient(model.circuit, burst(t), FS, controls=knobs, max_step=0.25 / FS))
        assert np.sum((np.ravel(y) - expected) ** 2) < 1e-6 * np.sum(expected**2)


@EITHER
def test_level_and_release(name):
    """After 0.4 s at three levels, and while it lets go: within 0.1 dB of the equations' mean over each period."""
    fs, at = 16_000, (10, 60, 200, 390)
    peaks = np.array([0.1, 1.0, 10.0])
    volts = np.where(np.arange(800) < 400, peaks[:, None], 1e-3)
    sine = np.sin(2 * np.pi * (np.arange(16) + 0.5) / 16)
    carry, y = cn.run(model_of(name, fs), (volts[..., None] * sine).reshape(3, -1, 1))
    assert not np.any(carry.report.failed)
    gain = np.abs(np.reshape(y, (3, 800, 16))).max(axis=-1) / volts / sine.max()
    for row, peak in zip(gain, peaks, strict=True):
        lit = averaged(name, peak, 0.4, [0.395, 0.4])
        dark = averaged(name, 1e-3, 0.4, np.array(at) * 1e-3 + 5e-4, lit[:, -1])
        found = -20 * np.log10(row[[395, *(400 + ms for ms in at)]] / row.max())
        quiet = -20 * np.log10(getattr(compressor_equations, name)(np.array(REST[name]), 1.0)[1] / row.max())
        expected = reduction(name, np.column_stack([lit[:, :1], dark]))
        np.testing.assert_allclose(found - quiet, expected, atol=0.1 + 0.02 * expected[0])


def test_la2a_does_what_is_published():
    for mode, low, high in ((0.0, 2.7, 3.3), (1.0, 5.0, 15.0)):
        rise = 10 - settled("la2a", 10**0.25, mode=mode) + settled("la2a", 10**-0.25, mode=mode)
        assert low < 10 / rise < high
    assert 35 < settled("la2a", 30.0, peak_reduction=1.0, mode=1.0) < 41
    lit = averaged("la2a", 1.0, 2, [*np.linspace(0, 0.1, 1001), 2.0])
    attack = reduction("la2a", lit)
    assert 3e-3 < 1e-4 * np.argmax(attack > 0.9 * attack[-1]) < 15e-3  # 10 ms
    times = np.concatenate([np.linspace(0, 0.5, 1001), np.linspace(0.51, 20, 1950)])
    release = reduction("la2a", averaged("la2a", 1e-9, 20, times, lit[:, -1]))
    assert 0.03 < times[np.argmax(release < release[0] / 2)] < 0.1  # 60 ms
    assert 1 < times[np.argmax(release < release[0] / 10)] < 15


def test_cl1b_does_what_is_published():
    for ratio, low, high in ((0.0, 1.9, 2.5), (1.0, 9.0, 15.0)):
        rise = 10 - settled("cl1b", 10**0.25, ratio=ratio) + settled("cl1b", 10**-0.25, ratio=ratio)
        assert low < 10 / rise < high
    for threshold, dbu in ((0.0, 20), (0.5, -10), (1.0, -40)):
        assert 0.6 < settled("cl1b", np.sqrt(2) * 0.7746 * 10 ** (dbu / 20), threshold=threshold) < 1.4


@EITHER
def test_gradients_around_the_loop_over_a_second(name):
    """Of the energy of a guitar, 20 dB too loud, in all knobs, in values, and in all at once."""
    circuit = cn.circuits.CATALOGUE[name]()
    names = (*circuit.controls, "R1", *(("C2", "T4B.TOFF") if name == "la2a" else ("C1", "VTL5C3.GAMMA")))
    at = np.array([max(float(circuit.values[key]), 0.1 if key == "mode" else 0) for key in names])
    x = LOUD * cn.audio.guitar(1.0, 48_000, seed=0)

    @jax.jit
    def energy(factors):
        changed = circuit.replace(**dict(zip(names, factors * at, strict=True)))
        return (cn.run(cn.nodal.NodalModel(changed, 48_000, dtype=np.float64), x)[1] ** 2).mean()

    def difference(row, h):
        """Extrapolated after Richardson: good to 1e-7, as the rounded corners of the cell want a small step."""
        steps = [float(energy(1 + h * row) - energy(1 - h * row)) / (2 * h) for h in (h, 2 * h)]
        return (4 * steps[0] - steps[1]) / 3

    exact = np.asarray(jax.jit(jax.grad(energy))(np.ones(len(at))))
    together = np.where(np.arange(len(at)) % 2, -1.0, 1.0)
    assert difference(together, 2.5e-5) == pytest.approx(difference(together, 1.25e-5), rel=1e-7)
    for row in (together, *np.eye(len(at))):
        assert row @ exact == pytest.approx(difference(row, 2.5e-5), rel=1e-6)


@EITHER
def test_a_loud_guitar(name):
    model = model_of(name, 48_000)
    x = LOUD * cn.audio.guitar(1.0, 48_000, seed=0)
    t = np.arange(len(x)) / 48_000
    moving = 0.5 - 0.5 * np.cos(2 * np.pi * 0.7 * t)
    rows = np.stack([np.zeros_like(t), np.ones_like(t), moving])
    carry, y = cn.run(model, np.tile(x[None, :, None], (3, 1, 1)), controls=dict.fromkeys(model.circuit.controls, rows))
    assert not np.any(carry.report.failed)
    assert np.all(np.isfinite(y))

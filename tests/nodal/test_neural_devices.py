"""A network in place of all nonlinear devices of a circuit whose linear part is known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.model import Forcing
from circuitnn.nodal.monotone_curve import MonotoneLaw
from circuitnn.testing import check_gradient, check_model

FS = 48_000
CLIPPER = cn.circuits.diode_clipper_second_order()


def built(dtype=jnp.float64, *, circuit=CLIPPER, spread=0.05, **options):
    """A model whose network is not silent."""
    model = cn.nodal.NeuralDevices(circuit, FS, hidden=(4, 3), dtype=dtype, rngs=nnx.Rngs(0), **options)
    last = model.network.kernels[-1]
    last[...] = jnp.asarray(spread * np.random.default_rng(1).normal(size=last.shape), dtype)
    return model


def sound(time=64, volts=4.5):
    return volts * np.random.default_rng(0).uniform(-1, 1, (2, time, 1))


def test_laws_of_a_model():
    check_model(built, sound(), gradient=None)  # the carry has a reference, which no gradient goes through


@pytest.mark.parametrize("volts", [0.0, 60.0])
def test_gradients_at_silence_and_hard_driven(volts):
    model = built()
    x = jnp.asarray(volts * np.sin(np.arange(48))[:, None] + 1e-3)
    carry = model.init_carry()

    def energy(parameters, x):
        return jnp.sum(model.with_parameters(parameters)(carry, x)[1] ** 2)

    check_gradient(energy, (model.parameters(), x))


@pytest.mark.slow
def test_forced_with_its_own_states_it_runs_freely():
    model, x = built(), jnp.asarray(sound()[0])
    carry = model.init_carry()
    _, y, states = model.trace(carry, x)
    before = jnp.concatenate([model.states(carry)[None], states[:-1]])
    for mask in (None, jnp.arange(len(x)) % 3 == 0):
        _, forced, _ = model.trace(carry, x, None, Forcing(before, mask))
        np.testing.assert_allclose(forced, y, atol=1e-9)
    half, _, until = model.trace(carry, x[:32])
    _, after = model(model.force(half, until[-1]), x[32:])
    np.testing.assert_allclose(after, y[32:], atol=1e-9)


@pytest.mark.parametrize("name", ["diode_clipper_second_order", pytest.param("common_emitter", marks=pytest.mark.slow)])
def test_faint_sounds_are_those_of_the_netlist(name):
    circuit = getattr(cn.circuits, name)()
    model = built(circuit=circuit)
    exact = cn.nodal.NodalModel(circuit, FS, dtype=jnp.float64)
    x = 1e-6 * np.sin(np.arange(96))[:, None]
    rest = np.asarray(exact.resting()[1])
    y, wanted = (cn.run(each, x)[1] - rest for each in (model, exact))
    assert np.abs(y - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_at_another_rate_the_devices_are_the_same():
    model = built(spread=0.1)
    x = np.sin(2 * np.pi * 440 * np.arange(960) / FS)[:, None]
    x_fine = np.sin(2 * np.pi * 440 * np.arange(3840) / FS / 4)[:, None]
    fine = model.rebuilt_at(4 * FS)
    assert model.is_explicit
    assert not fine.is_explicit
    y, y_fine = cn.run(model, x)[1], cn.run(fine, x_fine)[1][::4]
    assert np.abs(y - y_fine).max() < 2e-3 * np.abs(y).max()
    again = cn.run(fine.rebuilt_at(FS), x)[1]
    np.testing.assert_allclose(again, y, atol=1e-12)


def test_a_knob_and_a_learnt_value_are_solved_for():
    circuit = cn.circuits.tube_screamer_clipping()
    model = built(circuit=circuit, trainable=("R*",))
    assert not model.is_explicit
    x = 0.2 * np.sin(np.arange(64))[:, None]
    quiet, loud = (cn.run(model, x, controls={"drive": drive})[1] for drive in (0.1, 0.9))
    assert np.abs(loud).max() > 1.5 * np.abs(quiet).max()


def test_saved_and_restored(tmp_path):
    model, x = built(), sound()
    cn.train.save(model, tmp_path / "model.npz")
    np.testing.assert_array_equal(cn.run(cn.train.restore(tmp_path / "model.npz"), x)[1], cn.run(model, x)[1])


def test_bad_input():
    with pytest.raises(ValueError, match="no nonlinear device"):
        cn.nodal.NeuralDevices(cn.circuits.big_muff_tone(), FS, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="hidden"):
        cn.nodal.NeuralDevices(CLIPPER, FS, hidden=(), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="port_volts"):
        cn.nodal.NeuralDevices(CLIPPER, FS, port_volts=0, rngs=nnx.Rngs(0))
    charged = cn.read_netlist("* one diode\nVin in 0 0\nR1 in out 1k\nD1 out 0 DX\n.model DX D(IS=1n CJO=10p)\n.end\n")
    with pytest.raises(ValueError, match="CJO"):
        cn.nodal.NeuralDevices(charged, FS, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(
    "regime", [pytest.param(cn.train.TeacherForcing(64, 0), marks=pytest.mark.slow), cn.train.TruncatedBPTT(64, 0)]
)
def test_it_learns_devices_from_a_recording(regime):
    x = 2 * np.asarray(cn.audio.excitation(0.3, FS))
    data = cn.train.simulate_dataset(CLIPPER, x[None], fs=FS, oversampling=1, volts=1.0, progress=False)
    model = cn.nodal.NeuralDevices(CLIPPER, FS, hidden=(8,), rngs=nnx.Rngs(0))
    rate = optax.adam(2e-2)
    learnt, history = cn.train.fit(model, data, regime, optimizer=rate, epochs=20, state_weight=0.0, progress=False)
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert jax.tree.all(jax.tree.map(lambda leaf: bool(jnp.isfinite(leaf).all()), learnt.parameters()))


WRONG = CLIPPER.replace(**{"DCLIP.IS": 10e-9, "DCLIP.N": 2.0})


def monotone(dtype=jnp.float64, *, circuit=CLIPPER, units=6, **options):
    return cn.nodal.NeuralDevices(
        circuit, FS, hidden=(units,), curve="monotone", dtype=dtype, rngs=nnx.Rngs(0), **options
    )


def test_a_monotone_curve_begins_along_the_devices():
    x = 5 * np.sin(np.arange(200) / 9)[:, None] * np.linspace(0, 1, 200)[:, None]
    y, wanted = (cn.run(each, x)[1] for each in (monotone(), cn.nodal.NodalModel(CLIPPER, FS, dtype=jnp.float64)))
    assert cn.metrics.esr(np.asarray(y), np.asarray(wanted)) < 1e-4


@pytest.mark.parametrize("size", [1.0, 10.0])
def test_a_monotone_curve_is_odd_and_rises_whatever_its_weights_are(size):
    curve = monotone().network
    rng = np.random.default_rng(0)
    weights = jax.tree.map(lambda leaf: leaf + size * rng.normal(size=leaf.shape), curve.weights)
    weights = weights._replace(resistance=curve.weights.resistance)
    law, wave = MonotoneLaw(), jnp.linspace(-20, 20, 401)
    (current,), _ = law(jax.tree.map(lambda leaf: leaf[0], law.prepared(weights)), [wave], [])
    np.testing.assert_allclose(current, -current[::-1], atol=1e-12 * np.abs(current).max())
    share = np.diff(current * weights.resistance[0, 0]) / np.diff(wave)
    assert -1e-12 < share.min() <= share.max() < 1 + 1e-12


@pytest.mark.slow
def test_laws_of_a_model_with_a_monotone_curve():
    check_model(monotone, sound(), gradient=None)


@pytest.mark.parametrize("volts", [0.0, pytest.param(60.0, marks=pytest.mark.slow)])
def test_gradients_of_a_monotone_curve(volts):
    model = monotone(units=3)
    x = jnp.asarray(volts * np.sin(np.arange(48))[:, None] + 1e-3)
    carry = model.init_carry()

    def energy(parameters, x):
        return jnp.sum(model.with_parameters(parameters)(carry, x)[1] ** 2)

    check_gradient(energy, (model.parameters(), x))


@pytest.mark.slow
def test_a_monotone_curve_learns_the_right_diodes_from_wrong_ones(tmp_path):
    x = 3 * np.asarray(cn.audio.excitation(0.25, FS))
    data = cn.train.simulate_dataset(CLIPPER, x[None], fs=FS, oversampling=1, volts=1.0, progress=False)
    model, rate = monotone(jnp.float32, circuit=WRONG), optax.adam(1e-2)
    regime = cn.train.TruncatedBPTT(128, 0)
    learnt, history = cn.train.fit(model, data, regime, optimizer=rate, epochs=60, batch=20, progress=False)
    assert history.loss[-1] < 1e-2 * history.loss[0]
    cn.train.save(learnt, tmp_path / "model.npz")
    np.testing.assert_array_equal(cn.run(cn.train.restore(tmp_path / "model.npz"), x)[1], cn.run(learnt, x)[1])


def test_what_no_monotone_curve_is():
    with pytest.raises(ValueError, match="curve: there are"):
        cn.nodal.NeuralDevices(CLIPPER, FS, hidden=(4, 4), curve="monotone", rngs=nnx.Rngs(0))
    alone = cn.read_netlist("* one diode\nVin in 0 0\nR1 in out 1k\nD1 out 0 DX\n.model DX D(IS=1n)\n.end\n")
    with pytest.raises(ValueError, match="not the same both ways"):
        monotone(circuit=alone)
    with pytest.raises(ValueError, match="one port"):
        monotone(circuit=cn.circuits.common_emitter())

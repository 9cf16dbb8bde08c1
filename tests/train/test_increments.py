"""One step ahead by least squares: the increments of slow and of fast states."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.train import Dataset, fit_increments

FS = 48_000
SLOW_AND_FAST = np.array([[0.9995, 0.0], [0.02, 0.6]])


def recorded(dtype=np.float32):
    """Two states of a linear circuit, driven by this input and the last one."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 1200)) * np.repeat([0.05, 1.0, 0.3], 400)
    states, before = [np.zeros((2, 2))], np.zeros(2)
    for u in x.T:
        states.append(states[-1] @ SLOW_AND_FAST.T + np.stack([1e-3 * (u + before), 0.2 * u], axis=-1))
        before = u
    states = np.stack(states[1:], axis=1)
    return Dataset(x[..., None].astype(dtype), states[..., 1:], states=states, fs=FS, initial=np.zeros(2))


def test_it_finds_a_slow_state_that_runs_freely():
    data = recorded()
    scaling = cn.recurrent.Scaling.from_data(data.x, data.y, data.states)
    model = cn.recurrent.STN(
        ("a", "b"), hidden=(4,), input_taps=2, output="b", step=(0.01, 0.5), scaling=scaling, rngs=nnx.Rngs(0)
    )
    before = float(cn.losses.esr(cn.run(model, data.x)[1], data.y))
    trained, error = fit_increments(model, data, samples=1024, steps=40)
    y, states = cn.trace(trained, data.x)[1:]
    assert error < 1e-3
    assert trained.dtype == jnp.float32 == y.dtype
    assert trained.fs == FS
    assert float(cn.losses.esr(y, data.y)) < min(1e-3, 1e-2 * before)
    assert np.abs(np.asarray(states) - data.states)[..., 0].max() < 0.05 * np.abs(data.states[..., 0]).max()
    _, same = fit_increments(model, data, samples=1024, steps=40)
    assert same == error


def test_bad_input():
    data = recorded()
    model = cn.recurrent.STN(("a", "b"), hidden=(2,), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="multiple of 1024"):
        fit_increments(model, data, samples=1000)
    with pytest.raises(ValueError, match="needs the circuit's states"):
        fit_increments(model, Dataset(data.x, data.y, fs=FS))
    with pytest.raises(TypeError, match="no circuit states"):
        fit_increments(cn.recurrent.GRU(2, rngs=nnx.Rngs(0)), data)


@pytest.mark.slow
def test_a_curve_in_a_circuit_finds_the_right_diodes():
    """The network knows the linear part: the diodes are nearly all that is to be found."""
    circuit = cn.circuits.diode_clipper_second_order()
    x = 4.5 * cn.audio.guitar(0.5, FS, seed=0)
    data = cn.train.simulate_dataset(circuit, x, fs=FS, oversampling=1, progress=False)
    wrong = circuit.replace(**{"DCLIP.IS": 10e-9, "DCLIP.N": 2.0})
    model = cn.nodal.NeuralDevices(wrong, FS, hidden=(8,), curve="monotone", rngs=nnx.Rngs(0))
    trained, _ = fit_increments(model, data, samples=1024, steps=25)
    before, after = (
        float(cn.metrics.esr(np.asarray(cn.run(each, data.x)[1], float), np.asarray(data.y, float)))
        for each in (model, trained)
    )
    assert after < 1e-5
    assert after < 1e-2 * before

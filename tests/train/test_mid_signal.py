"""A circuit that is right is right from the first sample of a window in mid-signal on, however windows are cut."""

import functools

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.train import Dataset, MultipleShooting, TeacherForcing, TruncatedBPTT, exposure_bias, fit
from circuitnn.train.epoch import device_windows
from circuitnn.train.objective import resting_carry, run_block, starting_carry

FS, TIME = 48_000, 96
CLIPPER = cn.circuits.diode_clipper_second_order()
WRONG = CLIPPER.replace(**{"DCLIP.IS": 10e-9, "DCLIP.N": 2.0})
TWO_INPUTS = cn.read_netlist(
    "* two inputs, of which one rests at 1 V, and a knob\n.param drive=0.3\nVin in 0 0\nVlfo mod 0 1\n"
    "R1 in out {1k + 10k*drive}\nC1 out 0 10n\nR2 mod b 4.7k\nL1 b out 1\n.end",
    inputs=("Vin", "Vlfo"),
)


def with_noise(model, last, size):
    last[...] = size * np.random.default_rng(0).normal(size=last.shape)
    return model


def neural(make, circuit, size):
    model = make(circuit, FS, hidden=(4,), dtype=jnp.float64, rngs=nnx.Rngs(0))
    return with_noise(model, model.network.kernels[-1], size)


MODELS = {
    "two inputs": lambda: cn.nodal.NodalModel(TWO_INPUTS, FS, trainable=("R2",), dtype=jnp.float64),
    "nodal": lambda: cn.nodal.NodalModel(CLIPPER, FS, dtype=jnp.float64),
    "wdf": lambda: cn.wdf.derive(CLIPPER, FS, dtype=jnp.float64),
    "simple pair": lambda: cn.wdf.derive(CLIPPER, FS, dtype=jnp.float64, diodes="simple"),
    "neural root": lambda: neural(cn.wdf.with_neural_root, WRONG, 0.03),
    "neural devices": lambda: neural(cn.nodal.NeuralDevices, CLIPPER, 0.05),
    "monotone": lambda: cn.nodal.NeuralDevices(
        CLIPPER, FS, hidden=(4,), curve="monotone", dtype=jnp.float64, rngs=nnx.Rngs(0)
    ),
}
ALL = ["two inputs", *(pytest.param(name, marks=pytest.mark.slow) for name in MODELS if name != "two inputs")]


@functools.cache
def played(name):
    """A model and two recordings of it that begin in mid-signal; a knob moves."""
    model, rng = MODELS[name](), np.random.default_rng(1)
    phase = 0.05 * np.arange(2 * TIME)[:, None] + rng.uniform(0, 6, (2, 1, model.in_features))
    x = 2 * np.sin(phase) + 0.1 * rng.normal(size=phase.shape)
    knobs = {knob: 0.5 + 0.4 * np.sin(phase[..., 0]) for knob in model.controls}
    _, y, states = cn.trace(model, x, controls=knobs)
    data = Dataset(x, y, states=states, controls=knobs, fs=FS, initial=np.zeros(states.shape[-1]))
    return model, data.between(TIME, 2 * TIME)


@pytest.mark.parametrize("name", ALL)
def test_true_starts_have_the_currents_of_the_input_before(name):
    model, data = played(name)
    windows, starts = device_windows(data, 7, 2, jnp.float64)
    rest = starts.choose(resting_carry(model, starts), slice(None))
    first = np.arange(len(windows.x)) % (len(windows.x) // 2) == 0  # there the knob before is not known
    errors = []
    for before in (windows.before, None):
        start = starting_carry(model, rest, windows._replace(before=before))
        errors.append(np.abs(run_block(model, start, windows, None)[1] - windows.y).max(axis=(1, 2)))
    assert errors[0][~first].max() < 1e-12
    assert errors[0].max() < (5e-3 if model.controls else 1e-12)
    assert np.median(errors[1]) > 1e-3  # of starts as from silence


@pytest.mark.parametrize(
    ("regime", "options"),
    [
        (TruncatedBPTT(7, warmup=0, blocks=2), {"order": "stratified"}),
        pytest.param(
            MultipleShooting(8, warmup=4, segment=4),
            {"order": "stratified", "starts": "stored"},
            marks=pytest.mark.slow,
        ),
        pytest.param(TeacherForcing(8, warmup=4), {}, marks=pytest.mark.slow),
    ],
)
def test_however_windows_are_cut(regime, options):
    """Weights stay; the knob is still."""
    model, data = still()
    quiet = {"epochs": 1, "batch": 3, "progress": False, "optimizer": optax.sgd(0.0), "validation": data}
    history = fit(model, data, regime, **quiet, **options)[1]
    assert max(*history.loss, history.initial) < 1e-20


@functools.cache
def still():
    model, data = played("two inputs")
    _, y, states = cn.trace(model, data.x)
    free = Dataset(data.x, y, states=states, controls=model.controls, fs=FS, initial=np.zeros(2))
    return model, free.between(TIME // 2, TIME)


@pytest.mark.slow
def test_exposure_bias_of_the_right_circuit():
    model, data = still()
    for warmup in (0, 5):
        report = exposure_bias(model, data, warmup=warmup, horizon=4, starts=8, offset=0.0)
        errors = (report.esr_free_running, report.esr_teacher_forced, *report.error, *report.error_wrong_start)
        assert max(errors) < 1e-20

"""Everything begins at rest with its knobs where they are: of this divider k moves the capacitor's rest."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from circuitnn.circuit import read_netlist
from circuitnn.composition import chain
from circuitnn.hybrid import Gain
from circuitnn.model import run, trace
from circuitnn.nodal import NodalModel
from circuitnn.train import Dataset, TruncatedBPTT, exposure_bias, fit, record

DIVIDER = """* t
.param k=.5
Vin in 0 0
Vb b 0 9
R1 b out {10k*(1-k)+1k}
R2 out 0 {10k*k+1k}
C1 out 0 10u
Ci in out 10n
.end"""
KNOBS = np.array([[0.9], [0.1]])
VOLTS = 9 * (1 + 10 * KNOBS) / 12  # of the divider, capacitors open


@pytest.fixture(scope="module")
def divider():
    return NodalModel(read_netlist(DIVIDER), fs=48_000, dtype=jnp.float64)


@pytest.fixture(scope="module")
def still():
    """Two recordings of silence at two positions of the knob, in the closed form."""
    output = np.repeat(VOLTS, 60, axis=1)[..., None]
    states = np.concatenate([output, -output], axis=-1)
    return Dataset(np.zeros(output.shape), output, states=states, controls={"k": KNOBS})


def test_record(divider):
    data = record(divider, np.zeros((2, 60)), fs=48_000, controls={"k": KNOBS})
    np.testing.assert_allclose(data.y[..., 0], np.repeat(VOLTS, 60, axis=1), rtol=1e-12)
    np.testing.assert_allclose(data.initial[:, :1], VOLTS, rtol=1e-12)


@pytest.mark.slow
def test_exposure_bias(divider, still):
    x = np.random.default_rng(0).standard_normal((2, 60, 1))
    model = chain(divider, Gain(1.0, dtype=jnp.float64))
    knobs = {"k": KNOBS * np.linspace(1, 0.5, 60)}  # moving: the first position is where it rests
    _, y = run(model, x, controls=knobs)
    assert exposure_bias(model, Dataset(x, y, controls=knobs), warmup=0).esr_free_running == 0
    report = exposure_bias(divider, still, warmup=0, horizon=20, offset=0.0)
    assert max(report.esr_free_running, report.esr_teacher_forced, *report.error, *report.error_wrong_start) < 1e-20


@pytest.mark.parametrize("part", ["alone", "chain"])
def test_fit_and_its_validation(divider, still, part):
    """No window has an error, those that begin later included."""
    model = divider if part == "alone" else chain(divider, Gain(1.0, trainable=True, dtype=jnp.float64))
    data = still if part == "alone" else Dataset(still.x, still.y, controls=still.controls)
    regime = TruncatedBPTT(length=20, warmup=0)
    _, history = fit(model, data, regime, optimizer=optax.sgd(1e-3), epochs=1, validation=data, progress=False)
    assert max(history.loss[0], history.validation[0]) < 1e-20


def test_forced_states_have_the_currents_of_their_knobs(divider):
    """C1 at 6 V: what flows into it decides the next sample; it charges towards the divider's voltage."""
    carry = divider.force(divider.init_carry((2,)), jnp.asarray([6.0, -6.0]), controls={"k": np.repeat(KNOBS, 60, 1)})
    _, _, states = trace(divider, np.zeros((2, 60, 1)), carry, controls={"k": KNOBS})
    resistance = 1e3 * (11 - 10 * KNOBS) * (1 + 10 * KNOBS) / 12
    decay = np.exp(-np.arange(1, 61) / 48_000 / (resistance * 10.01e-6))
    np.testing.assert_allclose(states[..., 0], VOLTS + (6 - VOLTS) * decay, rtol=1e-8)

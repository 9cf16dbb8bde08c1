"""The nodal model against ngspice, closed forms and itself: values, gradients, the block law, forced states."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import signal

from circuitnn.circuit import catalogue, read_netlist
from circuitnn.model import Forcing, controls, run, trace
from circuitnn.nodal import NodalModel, frequency_response
from circuitnn.testing import check_batch, check_block_law, check_dtypes, check_gradient
from tests.golden.load import NAMES, golden

FS = 48_000
TIME = np.arange(240) / FS
DRIVE = 4.5 * np.sin(2 * np.pi * 500 * TIME) + 0.3 * np.random.default_rng(0).standard_normal(240)
DOUBLE = {"dtype": jnp.float64}

BRIDGE = """bridge rectifier: two inputs of the load float against the source
Vin in 0 0
R1 in a 100
D1 a p DX
D2 n a DX
D3 0 p DX
D4 n 0 DX
Rload p n 1k
C1 p n 100n
Rp p 0 1meg
Rn n 0 1meg
.model DX D(IS=2.52n N=1.752)
"""
RLC = "t\nVin in 0 0\nR1 in a 100\nL1 a out 10m\nC1 out 0 100n\n"
KNOB = "t\n.param t=0.3\nVin in 0 0\nR1 in out {(1-t)*10k+10}\nR2 out 0 {t*10k+10}\nC1 out 0 10n\n"


def build(text_or_circuit, **options):
    circuit = read_netlist(text_or_circuit) if isinstance(text_or_circuit, str) else text_or_circuit
    return NodalModel(circuit, FS, **{**DOUBLE, **options})


def esr(y, target):
    return float(np.sum((np.asarray(y) - target) ** 2) / np.sum(target**2))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("fs", "limit"), [(48_000, 1e-6), (8 * 48_000, 1e-9)])
def test_clippers_follow_ngspice(name, fs, limit):
    truth = golden(name).at(fs)
    model = NodalModel(truth.circuit, fs, dtype=jnp.float64)
    _, y, states = trace(model, truth.x)
    assert esr(y, truth.y) <= limit
    for i in range(states.shape[-1]):
        assert esr(states[:, i], truth.states[:, i]) <= 10 * limit


@pytest.mark.parametrize("rule", ["trapezoidal", "backward_euler"])
def test_a_linear_circuit_is_its_discretised_transfer_function(rule):
    """H = 1/(L C s^2 + R C s + 1), s = 2 fs (z - 1)/(z + 1) or fs (1 - 1/z)."""
    r, inductance, c = 100.0, 10e-3, 100e-9
    _, y = run(build(RLC, rule=rule), DRIVE)
    if rule == "trapezoidal":
        b, a = signal.bilinear([1.0], [inductance * c, r * c, 1.0], FS)
        # At rest before the first sample: the rule sees the input rise from zero.
        expected = signal.lfilter(b, a, DRIVE)
    else:
        h = 1 / FS
        a = [inductance * c / h**2 + r * c / h + 1, -2 * inductance * c / h**2 - r * c / h, inductance * c / h**2]
        expected = signal.lfilter([1.0], a, DRIVE)
    np.testing.assert_allclose(y, expected, rtol=1e-8, atol=1e-9)


def test_frequency_response_of_a_linear_circuit():
    freqs = np.geomspace(20, 20e3, 30)
    s = 2j * np.pi * freqs
    expected = 1 / (10e-3 * 100e-9 * s**2 + 100 * 100e-9 * s + 1)
    np.testing.assert_allclose(frequency_response(read_netlist(RLC), freqs), expected, rtol=1e-6)


def test_a_bridge_rectifier_rectifies_and_obeys_its_law():
    circuit = read_netlist(BRIDGE, outputs=("p", "n"))
    model = NodalModel(circuit, FS, dtype=jnp.float64)
    carry, y = run(model, DRIVE)
    assert int(carry.report.failed) == 0
    load = np.asarray(y[:, 0] - y[:, 1])
    assert load.min() > -1e-6
    assert 2.0 < load.max() < 4.0


CIRCUITS = {
    "first order": catalogue.diode_clipper,
    "second order": catalogue.diode_clipper_second_order,
    "bridge": lambda: read_netlist(BRIDGE, outputs="p"),
    "linear": lambda: read_netlist(RLC),
    "knob": lambda: read_netlist(KNOB),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_laws_of_every_model(name):
    circuit = CIRCUITS[name]()
    x = np.stack([DRIVE, 0.1 * DRIVE, np.zeros_like(DRIVE)])[..., None][:, :60]
    check_block_law(NodalModel(circuit, FS, dtype=jnp.float64), x, rtol=1e-9)
    check_batch(NodalModel(circuit, FS, dtype=jnp.float64), x, rtol=1e-9)
    check_dtypes(lambda dtype: NodalModel(circuit, FS, dtype=dtype), x, rtol=2e-3)


@pytest.mark.parametrize(
    ("name", "gain"), [("first order", 1.0), ("first order", 11.0), ("first order", 0.0), ("second order", 1.0)]
)
def test_gradients_of_values_agree_with_differences(name, gain):
    """R, C, IS, N of the diodes and the input; ordinary, driven to 50 V, and silence (with an offset in the loss)."""
    circuit = CIRCUITS[name]()
    graph, params, rest = nnx.split(NodalModel(circuit, FS, trainable="*", dtype=jnp.float64), nnx.Param, ...)
    x = jnp.asarray(gain * DRIVE[:80])

    def energy(params, x):
        return jnp.sum((run(nnx.merge(graph, params, rest), x)[1] + 0.1) ** 2)

    # A difference has to see through the stopping tolerance of the solves, in a sum that hardly depends on some values.
    check_gradient(energy, (params, x), rtol=1e-6 if gain == 1.0 else 1e-5, step=1e-3)


def test_a_knob_that_is_moved_between_blocks_is_another_circuit():
    model = build(KNOB)
    low, high = (run(model, DRIVE, controls=controls(model, t=t))[1] for t in (0.1, 0.9))
    assert float(jnp.sum(high**2)) > 10 * float(jnp.sum(low**2))
    fixed = run(build(read_netlist(KNOB).replace(t=0.9)), DRIVE)[1]
    np.testing.assert_allclose(high, fixed, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["first order", "second order"])
def test_forced_with_its_own_states_it_runs_as_it_does_freely(name):
    model = NodalModel(CIRCUITS[name](), FS, dtype=jnp.float64)
    _, y, states = trace(model, DRIVE)
    first = model.states(model.init_carry())
    previous = jnp.concatenate([first[None], states[:-1]])
    for mask in (None, jnp.asarray(np.random.default_rng(1).random(len(DRIVE)) < 0.5)):
        _, forced, _ = trace(model, DRIVE, forcing=Forcing(previous, mask))
        np.testing.assert_allclose(forced, y, atol=1e-8)


def test_a_wrong_state_is_forgotten():
    model = build(catalogue.diode_clipper())
    carry = model.force(model.init_carry(), jnp.asarray([0.4]))
    np.testing.assert_allclose(model.states(carry), [0.4])
    _, wrong = run(model, DRIVE, carry)
    _, right = run(model, DRIVE)
    assert abs(float(wrong[0] - right[0])) > 0.05
    np.testing.assert_allclose(wrong[-1], right[-1], atol=1e-9)


def test_silence_stays_silent_and_a_hard_drive_converges():
    model = build(catalogue.diode_clipper())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        carry, y = run(model, np.zeros(64))
        np.testing.assert_allclose(y, 0, atol=1e-12)
        carry, y = run(model, 1e3 * DRIVE)
    assert int(carry.report.failed) == 0
    assert np.abs(y).max() < 1.2


def test_values_come_back_as_a_circuit():
    model = build(catalogue.diode_clipper(), trainable=("R*", "DCLIP.*"))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param))) == 3
    assert float(model.circuit["C1"].value) == pytest.approx(10e-9)
    assert float(model.circuit["R1"].value) == pytest.approx(2200)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: NodalModel(catalogue.diode_clipper(), 0), "fs must be"),
        (lambda: NodalModel(catalogue.diode_clipper(), FS, rule="euler"), "euler"),
        (lambda: NodalModel(catalogue.diode_clipper(), FS, trainable="X*"), r"X\*"),
        (lambda: run(NodalModel(catalogue.diode_clipper(), FS), np.zeros(4), controls={"tone": 1}), "tone"),
    ],
)
def test_bad_input_is_one_clear_error(call, says):
    with pytest.raises(ValueError, match=says):
        call()

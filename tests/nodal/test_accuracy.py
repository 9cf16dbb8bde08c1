"""Against ngspice and discretised transfer functions: the order of the rules, single precision, live runs."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from circuitnn import spice
from circuitnn.model import run, trace
from circuitnn.nodal import NodalModel
from tests.cases import cases
from tests.golden.load import NAMES, golden
from tests.mna.circuits import DIODES, RLC
from tests.nodal.signals import esr, noise, sine

FS = 48_000


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("fs", "limit"), [(FS, 1e-6), (8 * FS, 1e-9)])
def test_the_clippers_outputs_and_states(name, fs, limit):
    truth = golden(name).at(fs)
    _, y, states = trace(NodalModel(truth.circuit, fs, dtype=jnp.float64), truth.x)
    assert esr(y, truth.y) <= limit
    for i in range(states.shape[-1]):
        assert esr(states[:, i], truth.states[:, i]) <= 10 * limit


def test_single_precision_reaches_the_tolerance_of_48_khz():
    truth = golden(NAMES[1]).at(FS)
    assert esr(run(NodalModel(truth.circuit), truth.x)[1], truth.y) <= truth.tolerance()


@pytest.mark.parametrize(("rule", "order"), [("trapezoidal", 2), ("backward_euler", 1), ("bdf2", 2)])
def test_the_error_falls_with_the_order_of_the_rule(rule, order):
    errors = []
    for fs in (96_000, 192_000):
        truth = golden(NAMES[0]).at(fs)
        errors.append(esr(run(NodalModel(truth.circuit, fs, rule=rule, dtype=jnp.float64), truth.x)[1], truth.y))
    # ESR is a square: each halving of the step divides it by 4 to the order.
    assert errors[0] / errors[1] == pytest.approx(4**order, rel=0.25)


# s as a ratio of polynomials in 1/z, highest power of z first.
DERIVATIVES = {
    "trapezoidal": ([2 * FS, -2 * FS], [1, 1]),
    "backward_euler": ([FS, -FS], [1, 0]),
    "bdf2": ([1.5 * FS, -2 * FS, 0.5 * FS], [1, 0, 0]),
}


@pytest.mark.parametrize("rule", DERIVATIVES)
def test_a_linear_circuit_is_its_discretised_transfer_function(rule):
    """H = 1/((L s + 100) (C s + 1/1k) + 1) at rest before the first sample, s as the rule has it."""
    top, below = (np.poly1d(each) for each in DERIVATIVES[rule])
    a = (10e-3 * top + 100 * below) * (1e-6 * top + 1e-3 * below) + below * below
    x = noise(80)
    expected = signal.lfilter((below * below).coeffs, a.coeffs, x)
    _, y = run(NodalModel(RLC, rule=rule, dtype=jnp.float64), x)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


@pytest.mark.ngspice
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("name", cases(DIODES, slow=("bridge", "series")))
def test_circuits_that_are_no_clippers(name, dtype, ngspice):
    circuit, fs = DIODES[name], 8 * FS
    x = sine(8 * 480, fs=fs, peak=5, frequency=300)
    truth = spice.transient(circuit, x, fs)
    carry, y = run(NodalModel(circuit, fs, dtype=dtype), x)
    assert int(carry.report.failed) == 0
    assert esr(y, truth) <= 1e-9

"""Against ngspice: the order of the rules, single precision, live runs of circuits that are no clippers."""

import jax.numpy as jnp
import pytest

from circuitnn import spice
from circuitnn.model import run
from circuitnn.nodal import NodalModel
from tests.golden.load import NAMES, golden
from tests.mna.circuits import DIODES
from tests.nodal.signals import esr, sine


def test_single_precision_reaches_the_tolerance_of_48_khz():
    truth = golden(NAMES[1]).at(48_000)
    assert esr(run(NodalModel(truth.circuit), truth.x)[1], truth.y) <= truth.tolerance()


@pytest.mark.parametrize(("rule", "order"), [("trapezoidal", 2), ("backward_euler", 1)])
def test_the_error_falls_with_the_order_of_the_rule(rule, order):
    errors = []
    for fs in (96_000, 192_000):
        truth = golden(NAMES[0]).at(fs)
        errors.append(esr(run(NodalModel(truth.circuit, fs, rule=rule, dtype=jnp.float64), truth.x)[1], truth.y))
    # ESR is a square: each halving of the step divides it by 4 to the order.
    assert errors[0] / errors[1] == pytest.approx(4**order, rel=0.25)


@pytest.mark.ngspice
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("name", DIODES)
def test_circuits_that_are_no_clippers(name, dtype, ngspice):
    circuit, fs = DIODES[name], 8 * 48_000
    x = sine(8 * 480, fs=fs, peak=5, frequency=300)
    truth = spice.transient(circuit, x, fs)
    carry, y = run(NodalModel(circuit, fs, dtype=dtype), x)
    assert int(carry.report.failed) == 0
    assert esr(y, truth) <= 1e-9

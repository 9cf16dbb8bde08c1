"""Circuits that rest at more than one point say so, and others do not."""

import warnings

import numpy as np
import pytest
from scipy.optimize import brentq

import circuitnn as cn
from circuitnn.numerics.report import SolveWarning

# A tunnel diode's current has a hump; a load line of 300 ohms crosses it three times.
TUNNEL = """* tunnel diode
Vin in 0 0
Vb b 0 {}
R1 b out 300
Ri in out 100k
B1 out 0 I={{v(out)/50*exp(1-v(out)/0.05)+1e-9*(exp(v(out)/0.04)-1)}}
C1 out 0 1n
.end
"""
# A comparator that feeds half of its output back to its positive input.
TRIGGER = """* Schmitt trigger
Vin in 0 0
R1 in m 10k
B1 out 0 V={9*tanh(1e3*(v(p)-v(m)))}
R2 out p 10k
R3 p 0 10k
C1 out 0 1n
.end
"""


def crossings(supply):
    def current(v):
        return v / 50 * np.exp(1 - v / 0.05) + 1e-9 * (np.exp(v / 0.04) - 1) - (supply - v) / 300 + v / 100e3

    grid = np.linspace(0, supply, 2001)
    signs = np.nonzero(np.diff(np.sign(current(grid))))[0]
    return [brentq(current, grid[k], grid[k + 1]) for k in signs]


def said(net, build=cn.nodal.NodalModel):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        carry = build(cn.read_netlist(net)).init_carry()
    return carry, [str(warning.message) for warning in caught if warning.category is SolveWarning]


@pytest.mark.parametrize("build", [cn.nodal.NodalModel, cn.wdf.derive])
def test_a_tunnel_diode(build):
    points = crossings(0.3)
    assert len(points) == 3
    carry, messages = said(TUNNEL.format(0.3), build)
    assert len(messages) == 1
    assert f"C1 at {points[0]:.4g} or at " in messages[0]
    assert float(carry.states[0]) == pytest.approx(points[0], rel=1e-5)


def test_one_that_is_driven_over_its_hump_has_one():
    assert len(crossings(0.6)) == 1
    assert said(TUNNEL.format(0.6))[1] == []


def test_a_comparator_with_feedback():
    assert "rests at several points: C1 at 0 or at " in said(TRIGGER)[1][0]


@pytest.mark.slow
@pytest.mark.parametrize("name", cn.circuits.CATALOGUE)
def test_the_catalogue_rests_at_one(name):
    """A warning would be an error here."""
    cn.nodal.NodalModel(cn.circuits.CATALOGUE[name]()).init_carry()

"""Numbers that SPICE can hold and single precision cannot, and laws that are not finite everywhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.mna.checks import check_solvable
from circuitnn.mna.topology import topology
from circuitnn.nodal import NodalModel

DIVIDER = "* divider\nVin in 0 AC 1\nR1 in out 1k\n{}\nR2 out 0 1k\nC1 out 0 10n\n.end\n"
OUT_OF_RANGE = {
    "R3": "R3 in out 1e-300",
    "E1": "E1 x 0 in out 1e300\nR3 x 0 1k",
    "C2": "C2 out 0 1e-60",
    "L1": "L1 out 0 1e60",
    "I1": "I1 out 0 1e300",
    "R9": ".param k=0\nR9 in out {1k*exp(-700*(1-k))}",
    "DX.N": "D1 out 0 DX\n.model DX D(IS=1e-14 N=1e-60)",
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_a_number_of_no_size_that_arithmetic_holds_is_named_with_its_line(name):
    with pytest.raises(cn.CircuitError, match=rf"(?s)line \d.*{name} must be zero or between"):
        cn.read_netlist(DIVIDER.format(OUT_OF_RANGE[name]))


@pytest.mark.parametrize("line", ["R3 in out 1e-45", "V1 x 0 1e39\nR3 x out 1k", "D1 out 0 DX\n.model DX D(IS=1e-40)"])
def test_what_single_precision_alone_has_no_room_for_says_what_has(line):
    circuit = cn.read_netlist(DIVIDER.format(line))
    for analysis in (NodalModel, cn.wdf.derive):
        with pytest.raises(cn.CircuitError, match=r"(R3|V1|DX\.IS) must be .*single precision .*float64"):
            analysis(circuit)
    NodalModel(circuit, dtype=jnp.float64)


@pytest.mark.parametrize("law", ["exp(1.35*log(v(out)/8+v(in)))", "1e-3/v(out)", "exp(exp(100*v(out)))"])
def test_laws_that_are_not_finite_everywhere_are_no_failure_of_linear_algebra(law):
    circuit = cn.read_netlist(DIVIDER.format(f"B1 out 0 I={{1e-3*{law}}}"))
    check_solvable(topology(circuit), circuit.resolve(), 1e-5)


def test_couplings_without_an_inverse_are_named():
    net = "* t\nVin in 0\nR1 in out 1k\nK1 L1 L2 0.9999999999\nL1 out 0 1e-30\nL2 x 0 1e30\nR2 x 0 1\n.end\n"
    with jax.enable_x64(False), pytest.raises(cn.CircuitError, match="coupled inductors L1, L2"):
        NodalModel(cn.read_netlist(net))


@pytest.mark.slow
def test_a_screen_grid_by_a_logarithm_rests_where_ngspice_has_it():
    """Its law is not finite at zero volts, where the search begins (Koren's power pentodes)."""
    net = "* p\nVin g 0\nVs vs 0 290\nR1 vs out 1k\nB1 out 0 I={2*exp(1.35*log(v(out)/8+v(g)))/4.5k}\n.end\n"
    circuit = cn.read_netlist(net)
    rest = float(cn.nodal.operating_point(circuit)["out"])
    current = 2 * (rest / 8) ** 1.35 / 4500
    np.testing.assert_allclose((290 - rest) / 1e3, current, rtol=1e-6)
    with jax.enable_x64(False):
        carry, y = cn.run(NodalModel(circuit), np.zeros(4, np.float32))
    np.testing.assert_allclose(y, rest, rtol=1e-6)
    assert int(carry.report.failed) == 0

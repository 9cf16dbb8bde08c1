import jax
import numpy as np
import pytest

import circuitnn as cn

NAMES = ("common_emitter", "jfet_stage", "triode_koren")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.ngspice
def test_the_same_voltages_as_in_ngspice(name, ngspice):
    circuit = getattr(cn.circuits, name)()
    expected = cn.spice.operating_point(circuit)
    found = cn.nodal.operating_point(circuit)
    assert set(found) == set(circuit.nodes) == set(expected)
    for node in circuit.nodes:
        np.testing.assert_allclose(found[node], expected[node], rtol=1e-6, atol=1e-9, err_msg=node)


def test_a_divider_with_a_knob_batched_and_differentiated():
    circuit = cn.read_netlist(
        "divider\n.param t=0.25\nVin in 0 8\nR1 in out {1k*(1-t)}\nR2 out 0 {1k*t}\nC1 out 0 1n\n"
    )
    found = cn.nodal.operating_point(circuit, controls={"t": np.array([[0.0], [0.25], [1.0]])})
    np.testing.assert_allclose(found["out"], [0, 2, 8], atol=1e-9)
    slope = jax.grad(lambda t: cn.nodal.operating_point(circuit, controls={"t": t})["out"])(1.0)
    np.testing.assert_allclose(slope, 8.0, rtol=1e-9)


def test_knobs_that_do_not_fit_are_refused():
    circuit = cn.circuits.bassman()
    with pytest.raises(ValueError, match="no knob 'volume'"):
        cn.nodal.operating_point(circuit, controls={"volume": 1.0})
    with pytest.raises(ValueError, match=r"expected a number, or the shape \(\.\.\., 1\)"):
        cn.nodal.operating_point(circuit, controls={"treble": np.zeros(3)})

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.circuit.constants import THERMAL_VOLTAGE
from circuitnn.mna.junctions import junctions, law, port_map
from circuitnn.mna.topology import topology


def parts(circuit):
    top = topology(circuit)
    diodes = jax.tree.map(lambda leaf: leaf[..., None], junctions(top, circuit.resolve()))
    return port_map(top), diodes


def test_antiparallel_pair_is_a_hyperbolic_sine():
    where, diodes = parts(diode_clipper())
    v = np.linspace(-0.9, 0.9, 31)[None]
    expected = 2 * 2.52e-9 * np.sinh(v / (1.752 * THERMAL_VOLTAGE))
    np.testing.assert_allclose(law(where, diodes, jnp.asarray(v)).current, expected, rtol=1e-12, atol=1e-22)


def test_areas_and_models_add_up():
    net = "* t\nVin in 0 0\nR1 in out 1k\nD1 out 0 DX 3\nD2 0 out DX 2\nD3 0 out DY\n"
    net += ".model DX D(IS=1n N=2)\n.model DY D(IS=2n)\n.end"
    where, diodes = parts(read_netlist(net))
    v, vt = np.array([[-0.4, 0.3]]), THERMAL_VOLTAGE
    expected = 3e-9 * np.expm1(v / 2 / vt) - 2e-9 * np.expm1(-v / 2 / vt) - 2e-9 * np.expm1(-v / vt)
    np.testing.assert_allclose(np.abs(law(where, diodes, jnp.asarray(v)).current), np.abs(expected), rtol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_stays_finite_and_monotone_far_beyond_any_circuit(dtype):
    where, diodes = parts(diode_clipper().astype(dtype))
    v = jnp.asarray([[-1e3, -10, -2.3, 0, 2.2, 2.3, 10, 1e3]], dtype)
    found = law(where, diodes, v)
    assert np.isfinite(found.current).all()
    assert (np.diff(found.current[0]) > 0).all()
    slope = jax.vmap(jax.grad(lambda x: law(where, diodes, x[None, None]).current[0, 0]))(v[0])
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(slope, found.conductance[0], rtol=1e-5)

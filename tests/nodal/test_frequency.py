import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn import spice
from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.nodal import frequency_response
from tests.cases import cases
from tests.mna.circuits import BIASED, DIODES, KNOB, RLC

FREQS = np.array([10.0, 100, 1e3, 1e4])


def test_a_resonance_in_closed_form():
    s = 2j * np.pi * FREQS
    expected = 1 / ((10e-3 * s + 100) * (1e-6 * s + 1e-3) + 1)
    np.testing.assert_allclose(frequency_response(RLC, FREQS), expected, rtol=1e-12)


def test_the_clipper_at_rest_has_the_diodes_conductance():
    g = 2 * 2.52e-9 / (1.752 * THERMAL_VOLTAGE)
    expected = 1 / (1 + 2200 * (g + 2j * np.pi * FREQS * 10e-9))
    np.testing.assert_allclose(frequency_response(diode_clipper(), FREQS), expected, rtol=1e-9)


def test_zero_frequency_is_allowed():
    np.testing.assert_allclose(frequency_response(RLC, [0.0]), [1000 / 1100], rtol=1e-12)


def test_single_precision():
    found = frequency_response(RLC.astype(jnp.float32), FREQS)
    assert found.dtype == jnp.complex64
    np.testing.assert_allclose(found, frequency_response(RLC, FREQS), rtol=1e-5)


def test_controls_and_shapes():
    h = frequency_response(KNOB, FREQS, controls={"drive": np.array([[0.1], [0.9]])})
    assert h.shape == (2, 4)
    np.testing.assert_allclose(h[1], frequency_response(KNOB, FREQS, controls={"drive": 0.9}), rtol=1e-12)
    net = "* t\nVa a 0 0\nVb b 0 0\nR1 a m 1k\nR2 b m 2k\nC1 m 0 10n\nR3 m n 1k\nR4 n 0 1k\n.end"
    both = read_netlist(net, inputs=("Va", "Vb"), outputs=("m", "n", "a"))
    assert frequency_response(both, FREQS).shape == (3, 2, 4)


def test_is_differentiable():
    slope = jax.grad(lambda v: jnp.abs(frequency_response(diode_clipper().replace(R1=v), [7e3])[0]))(2200.0)
    h = lambda v: np.abs(frequency_response(diode_clipper().replace(R1=v), [7e3])[0])  # noqa: E731
    assert float(slope) == pytest.approx((h(2200.1) - h(2199.9)) / 0.2, rel=1e-6)


@pytest.mark.ngspice
@pytest.mark.parametrize("name", cases(DIODES, slow=["bridge", "series"]))
def test_against_ngspice(name, ngspice):
    np.testing.assert_allclose(frequency_response(DIODES[name], FREQS), spice.ac(DIODES[name], FREQS), rtol=1e-6)


def test_bad_input():
    with pytest.raises(ValueError, match="must not be negative"):
        frequency_response(BIASED, [-1.0])
    with pytest.raises(ValueError, match="expected a number, or the shape"):
        frequency_response(KNOB, FREQS, controls={"drive": np.zeros(4)})
    with pytest.raises(ValueError, match="no knob"):
        frequency_response(KNOB, FREQS, controls={"treble": 0.5})


def test_frequencies_may_be_an_array_from_outside_of_a_compiled_function():
    freqs = jnp.asarray([100.0, 1e3])
    found = jax.jit(lambda c: frequency_response(diode_clipper().replace(C1=c), freqs))(10e-9)
    np.testing.assert_allclose(found, frequency_response(diode_clipper(), freqs), rtol=1e-12)

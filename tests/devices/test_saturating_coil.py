"""The saturating coil against SciPy's integration of its equation, its own slope and ngspice."""

import jax
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import circuitnn as cn
from circuitnn.devices.saturating_coil import SATURATING_COIL
from circuitnn.testing import check_gradient, check_model
from tests.devices.slopes import check_slopes

FS = 192_000
PARAMETERS = {"L": 2.0, "ISAT": 5e-3, "LSAT": 50e-3, "R": 40.0}
COIL = """* a coil between 100 and 10 ohms
Vin in 0 0
R1 in a 100
N1 a out CORE
Rs out 0 10
.model CORE COIL({})
"""


def read(area=""):
    card = " ".join(f"{name}={value!r}" for name, value in PARAMETERS.items())
    return cn.read_netlist(COIL.format(card).replace("CORE\nRs", f"CORE {area}\nRs"), inputs=("Vin",), outputs=("out",))


def inductance(current):
    return (PARAMETERS["L"] - PARAMETERS["LSAT"]) / np.cosh(current / PARAMETERS["ISAT"]) ** 2 + PARAMETERS["LSAT"]


def volts(t):
    """Far into saturation: the current goes to 25 ISAT."""
    return 20 * np.sin(2 * np.pi * 150 * t)


def test_a_current_that_saturates_it():
    time = np.arange(2600) / FS
    current = solve_ivp(
        lambda t, i: (volts(t) - 150 * i) / inductance(i), (0, time[-1]), [0.0], t_eval=time, rtol=1e-10, atol=1e-14
    ).y[0]
    assert np.abs(current).max() > 20 * PARAMETERS["ISAT"]
    _, y = cn.run(cn.nodal.NodalModel(read(), fs=FS, dtype=np.float64), volts(time))
    np.testing.assert_allclose(np.ravel(y), 10 * current, atol=1e-4)


def test_small_signals_see_the_inductance_of_the_current_that_flows():
    freqs, circuit = np.array([5.0, 500.0]), read()
    for current in (0.0, 4e-3, 0.1):
        expected = 10 / (150 + 2j * np.pi * freqs * inductance(current))
        found = cn.nodal.frequency_response(circuit.replace(Vin=150 * current), freqs)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    twice = 10 / (130 + 2j * np.pi * freqs * inductance(0.0) / 2)  # two of them side by side
    np.testing.assert_allclose(cn.nodal.frequency_response(read("2"), freqs), twice, rtol=1e-9)


@pytest.mark.ngspice
def test_ngspice_has_its_equivalent(ngspice):
    circuit, x = read("2"), volts(np.arange(800) / FS)
    _, y = cn.run(cn.nodal.NodalModel(circuit, fs=FS, dtype=np.float64), x)
    expected = np.ravel(cn.spice.transient(circuit, x, FS))
    assert np.sum((np.ravel(y) - expected) ** 2) < 1e-8 * np.sum(expected**2)
    lit, freqs = circuit.replace(Vin=0.6), np.array([5.0, 500.0])
    response = cn.nodal.frequency_response(lit, freqs)
    np.testing.assert_allclose(response, np.ravel(cn.spice.ac(lit, freqs)), rtol=1e-5)


@pytest.mark.parametrize("current", [0.0, 1.0, 20.0], ids=["zero", "knee", "saturated"])
def test_gradients_of_the_law(current):
    parameters = {name: value for name, value in PARAMETERS.items() if name != "R"}
    check_slopes(SATURATING_COIL, parameters, [0.0, current])


@pytest.mark.slow
def test_the_model_and_the_wave_digital_filter():
    circuit = read()
    x = volts(np.arange(12) / 8000 + np.array([[0.0], [5e-3]]))[..., None]
    check_model(lambda dtype: cn.nodal.NodalModel(circuit, fs=8000, dtype=dtype), x, gradient=None)
    _, y = cn.run(cn.nodal.NodalModel(circuit, fs=8000, dtype=np.float64), x)
    _, filtered = cn.run(cn.wdf.derive(circuit, fs=8000, dtype=np.float64), x)
    np.testing.assert_allclose(filtered, y, rtol=1e-9)

    def energy(values, x):
        return (cn.run(cn.nodal.NodalModel(circuit.replace(**values), fs=8000, dtype=np.float64), x)[1] ** 2).mean()

    check_gradient(energy, [{key: jax.numpy.asarray(value) for key, value in circuit.values.items() if value}, x])

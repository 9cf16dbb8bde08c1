"""The diode that heats itself against a diode at that temperature, closed forms and ngspice's own."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.devices.heated_diode import HEATED_DIODE
from tests.devices.engines import check_engines
from tests.devices.slopes import check_slopes

FS = 48_000
HOT = {"IS": 2.52e-9, "N": 1.752, "RTH": 500.0, "CTH": 2e-4, "EG": 1.11, "XTI": 3.0}
CIRCUIT = "* a diode that heats itself\nVin in 0 0\nR1 in out 10\nN1 out 0 HOT\n"


def read(**parameters):
    card = " ".join(f"{name}={value!r}" for name, value in (HOT | parameters).items())
    return cn.read_netlist(f"{CIRCUIT}.model HOT HEATED({card})\n")


def at_rest(circuit, volts):
    return float(cn.nodal.operating_point(circuit.replace(Vin=volts))["out"])


def test_at_rest_it_is_a_diode_at_that_temperature():
    circuit, volts = read(), 5.0
    out = at_rest(circuit, volts)
    heat = HOT["RTH"] * out * (volts - out) / 10
    assert heat > 100
    plain = f"D1 out 0 WARM\n.model WARM D(IS=2.52n N=1.752 EG=1.11 XTI=3 TEMP={27 + heat!r})\n"
    warm = cn.read_netlist(CIRCUIT.replace("N1 out 0 HOT\n", plain))
    assert at_rest(warm, volts) == pytest.approx(out, rel=1e-9)
    assert at_rest(warm, volts) < at_rest(read(RTH=1e-3), volts) - 0.1


def test_small_signals_see_the_slope_of_what_is_hot_and_slow_ones_the_heat_as_well():
    circuit, step = read(), 1e-4
    slow, fast = np.ravel(cn.nodal.frequency_response(circuit.replace(Vin=3.0), [1e-4, 1e5]))
    slope = (at_rest(circuit, 3 + step) - at_rest(circuit, 3 - step)) / (2 * step)
    assert slow.real == pytest.approx(slope, rel=1e-5)
    assert slope < 0  # more current, less voltage
    out = at_rest(circuit, 3.0)
    current = (3 - out) / 10
    emission = HOT["N"] * 1.38064852e-23 * (300.15 + HOT["RTH"] * out * current) / 1.6021766208e-19
    assert fast.real == pytest.approx(emission / (emission + 10 * current), rel=1e-4)


def test_it_cools_with_its_time_constant():
    """Milliwatts for a while, then a small current that tells the temperature."""
    model = cn.nodal.NodalModel(read(), FS, dtype=np.float64)
    _, y = cn.run(model, np.append(np.full(4800, 1.0), np.full(9600, 0.55)))
    rest = at_rest(read(), 0.55)
    colder = rest - np.ravel(y)[4800 + 480 :]
    # The voltage follows the temperature nearly in a straight line, so that its distance from rest falls as that does.
    assert np.log(colder[4799] / colder[-1]) * HOT["RTH"] * HOT["CTH"] == pytest.approx(4320 / FS, rel=0.05)


@pytest.mark.slow
@pytest.mark.ngspice
def test_it_is_the_one_of_ngspice(ngspice):
    circuit, x = read(), 3 * np.sin(2 * np.pi * 50 * np.arange(4800) / FS)
    _, y = cn.run(cn.nodal.NodalModel(circuit, FS, dtype=np.float64), x)
    expected = cn.spice.transient(circuit, x, FS)
    assert np.sum((np.ravel(y) - np.ravel(expected)) ** 2) < 1e-12 * np.sum(expected**2)
    assert at_rest(circuit, 5.0) == pytest.approx(float(cn.spice.operating_point(circuit.replace(Vin=5.0))["out"]))


@pytest.mark.parametrize(
    ("volts", "heat"), [(0.0, 1.0), (-20.0, 5.0), (0.6, 150.0), (0.9, -20.0)], ids=["zero", "off", "hot", "cold"]
)
def test_gradients_of_the_law(volts, heat):
    check_slopes(HEATED_DIODE, HOT, [volts, heat])


@pytest.mark.slow
def test_the_model_and_the_wave_digital_filter():
    x = (np.array([[0.6], [3.0]]) * np.sin(np.arange(12) / 2))[..., None]
    check_engines(read(CTH=1e-6), x, FS)

"""What SPICE adds to Shockley's diode, temperatures, and models of R, C and L, against ngspice and closed forms."""

import warnings

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit.reader import read_netlist
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.diode_law import breakdown

TIGHT = cn.spice.Tolerances(reltol=1e-9, abstol=1e-15, vntol=1e-12)
CARDS = {
    "zener": "IS=1f N=1.1 RS=2 BV=4.7 IBV=5m CJO=100p TT=6n TCV=2m TRS1=1m",
    "recombination": "IS=5.84n N=1.94 RS=.7 IKF=44m ISR=11n NR=2.1 CJO=.95p M=.55 VJ=.75 TT=11n",
    "germanium": "IS=20u N=1.13",
    "knees": "IS=1n BV=3 NBV=5 IKR=1m IKF=1m",
    "levels": "IS=1n RS=2 BV=4.7 IBV=5m CJO=100p TCV=2m TLEV=1 TLEVC=1 CTA=2m TPB=1m CJSW=10p PJ=2 CTP=3m TNOM=40",
    "sidewall": "IS=1n JSW=3n NS=1.3 PJ=2 CJSW=10p PHP=0.7 CJO=5p JTUN=1u NTUN=40",
}


def read(card, volts, tail="", part="", dialect="ngspice"):
    text = f"Vin in 0 {volts}\nR1 in out 1k\nC1 out 0 1p\nD1 out 0 DX {part}\n.model DX D({card})\n{tail}\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.circuit.NetlistWarning)
        return read_netlist(text, dialect=dialect)


def rest(circuit):
    return float(cn.nodal.operating_point(circuit)["out"])


@pytest.mark.ngspice
@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize(("tail", "part"), [("", ""), (".temp 60", "2 m=3")], ids=["plain", "warm"])
def test_points_and_small_signals_are_those_of_ngspice(name, tail, part):
    circuit = read(CARDS[name], 0.0, tail, part)
    assert read_netlist(circuit.to_spice()) == circuit
    for volts in (5.0, 0.3, -0.1, -2.5, -100.0):
        driven = circuit.replace(Vin=volts)
        expected = float(cn.spice.operating_point(driven, tolerances=TIGHT)["out"])
        assert rest(driven) == pytest.approx(expected, rel=1e-7)
        response = cn.nodal.frequency_response(driven, np.array([1e3, 1e6]))
        np.testing.assert_allclose(response, np.ravel(cn.spice.ac(driven, [1e3, 1e6], tolerances=TIGHT)), rtol=2e-7)


@pytest.mark.parametrize(
    ("name", "volts", "parameters"),
    [
        ("zener", -20.0, ("BV", "IBV", "NBV", "TEMP", "TCV", "RS", "TRS1")),
        ("levels", -20.0, ("BV", "TCV", "TEMP")),
        ("recombination", 5.0, ("ISR", "NR", "IKF", "VJ", "M")),
        ("recombination", 0.0, ("ISR", "NR")),
        ("knees", -2.5, ("IKR", "BV", "NBV")),
    ],
)
def test_gradients_are_central_differences(name, volts, parameters):
    circuit = read(CARDS[name], volts, ".temp 50" if "TEMP" in parameters else "")
    gradient = jax.grad(lambda c: cn.nodal.operating_point(c)["out"])(circuit).values
    for parameter in parameters:
        key = f"DX.{parameter}"
        value = float(circuit.values[key])
        step = 1e-4 * value
        above, below = (rest(circuit.replace(**{key: value + sign * step})) for sign in (1, -1))
        expected = (above - below) / (2 * step)
        assert float(gradient[key]) == pytest.approx(expected, rel=1e-6, abs=1e-8 / abs(value))


@pytest.mark.parametrize("current", [1e-12, 1e-6, 5e-3])
def test_a_breakdown_has_its_current_at_its_voltage(current):
    voltage, saturation, emission = 4.7, 1e-15, 1.3
    x = float(breakdown(voltage, current, saturation, emission=emission, thermal=THERMAL_VOLTAGE))
    of_exponential = saturation * (np.exp((voltage - x) / (emission * THERMAL_VOLTAGE)) - 1 + x / THERMAL_VOLTAGE)
    assert of_exponential == pytest.approx(current, rel=1e-9)


def test_a_current_too_small_for_its_voltage_leaves_it():
    assert float(breakdown(5.0, 1e-9, 1e-6, emission=1.0, thermal=THERMAL_VOLTAGE)) == 5.0


@pytest.mark.parametrize(
    ("card", "volts", "expected"),
    [
        ("Ron=2k Roff=100meg Vfwd=0", 1.0, 2 / 3),
        ("Ron=2k Vfwd=.3", 1.0, 0.3 + 0.7 * 2 / 3),
        ("Ron=1k Vfwd=.3 Epsilon=.2", 1.0, 0.3 + 0.1 + 0.6 / 2),
        ("Ron=2k Vrev=5 Rrev=3k", -20.0, -5 - 15 * 3 / 4),
        ("Ron=1u Ilimit=1m", 10.0, 9.0),
    ],
)
def test_an_idealised_diode_is_straight_lines(card, volts, expected):
    circuit = read(card, volts, dialect="auto")
    assert rest(circuit) == pytest.approx(expected, rel=2e-5)
    assert rest(read_netlist(circuit.to_spice())) == pytest.approx(rest(circuit), rel=1e-12)


@pytest.mark.parametrize(
    ("lines", "resistance"),
    [
        ("R2 out 0 1k TC=2.5m\n.temp 127", 1250.0),
        ("R2 out 0 1k TC=1m,2u\n.temp 127", 1120.0),
        ("R2 out 0 RM 1k\n.model RM RES(TC1=1m TC2=2u)\n.temp 127", 1120.0),
        ("R2 out 0 1k RM\n.model RM R(R=2 TC1=1m TNOM=77)\n.temp 127", 2100.0),
        ("R2 out 0 RM L=100u W=10u\n.model RM R(RSH=100)", 1000.0),
        ("R2 out 0 1k tc1=1m temp=27 m=2 scale=3", 1500.0),
        ("R2 out 0 1k tc1=1m dtemp=10", 1010.0),
        ("R2 out 0 {1k*(1+(temper-27)/100)}\n.temp 77", 1500.0),
        ("R2 out 0 1k tc1=1m\n.param hot=77\n.options temp={hot}", 1050.0),
    ],
)
def test_resistors_at_temperatures(lines, resistance):
    circuit = read_netlist(f"Vin in 0 1\nR1 in out 1k\n{lines}\n")
    assert rest(circuit) == pytest.approx(resistance / (1000 + resistance), rel=1e-12)


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize(("name", "volts"), [("zener", 20.0), ("recombination", 3.0), ("germanium", 1.0)])
def test_sounds_are_those_of_ngspice(name, volts):
    circuit, fs = read(CARDS[name], 0.0), 768_000
    x = volts * np.sin(2 * np.pi * 1000 * np.arange(1600) / fs)
    expected = np.ravel(cn.spice.transient(circuit, x, fs))
    double, single = (
        np.ravel(cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=dtype), x.astype(dtype))[1])
        for dtype in (np.float64, np.float32)
    )
    assert np.sum((double - expected) ** 2) < 1e-6 * np.sum(expected**2)
    assert np.sum((single - double) ** 2) < 1e-6 * np.sum(double**2)

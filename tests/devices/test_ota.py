"""The transconductance amplifier against the data sheets of LM13700 and CA3080, closed forms and ngspice."""

import warnings

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.devices.constants import THERMAL_VOLTAGE as VT
from circuitnn.devices.ota import OTA
from tests.devices.engines import check_engines
from tests.devices.slopes import check_slopes

FS = 48_000
LOW_PASS = """* a low pass whose cut-off is a current, an LM13700 with its linearising diodes
Vin in 0 0
Vp p 0 15
Vm m 0 -15
Rb p b {control}
.param control=56k
R1 in a 10k
R2 a 0 220
R3 out i 10k
R4 i 0 220
D1 d a LIN
D2 d i LIN
Rd p d 13k
X1 a i b out p m LM13700
C1 out 0 1n
Ro out 0 1meg
.model LIN D(IS=1e-15)
"""
BENCH = """* an amplifier, its bias a current, its output held by a source
Ib m b 500u
Vin inp 0 0
Vo held 0 0
Ro out held 1
Vp p 0 15
Vm m 0 -15
N1 inp 0 b out p m {part}
"""


def read(text, inputs="Vin", outputs="out"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.NetlistWarning)
        return cn.read_netlist(text, inputs=(inputs,), outputs=(outputs,))


@pytest.mark.parametrize("part", ["LM13700", "CA3080"])
def test_the_amplifiers_by_name_are_those_of_data_sheets(part):
    """9.6 mS and 0.5 mA at 0.5 mA, the output's range at +-15 V: 14.2 or 13.5 V, and -14.4 V."""
    circuit = read(BENCH.format(part=part), outputs="out")
    current = jax.jit(lambda volts, held: cn.nodal.operating_point(circuit.replace(Vin=volts, Vo=held))["out"] - held)
    slope = (current(1e-4, 0.0) - current(-1e-4, 0.0)) / 2e-4
    assert abs(float(slope)) == pytest.approx(9.6e-3, rel=0.02)
    assert abs(float(current(0.5, 0.0))) == pytest.approx(500e-6, rel=1e-6)
    top = {"LM13700": 14.2, "CA3080": 13.5}[part]
    assert abs(float(current(0.5, top))) < 1e-6
    assert abs(float(current(-0.5, -14.4))) < 1e-6
    np.testing.assert_allclose(current(0.02, 0.0) / current(0.5, 0.0), np.tanh(0.02 / (2 * VT)), rtol=1e-7)


@pytest.mark.ngspice
def test_at_its_limits_ngspice_has_its_equivalent(ngspice):
    """The volts at which its output stays, which signals below the supplies do not tell."""
    circuit = read(BENCH.format(part="LM13700").replace("Vo held 0 0\nRo out held 1\n", "Ro out 0 1meg\n"))
    for volts, limit in ((0.2, 14.2), (-0.2, -14.4)):
        out = float(cn.nodal.operating_point(circuit.replace(Vin=volts))["out"])
        assert abs(out) == pytest.approx(abs(limit), abs=2e-3)
        assert out == pytest.approx(float(cn.spice.operating_point(circuit.replace(Vin=volts))["out"]), abs=1e-9)


@pytest.mark.parametrize(
    ("volts", "held"),
    [(0.0, 0.0), (0.03, 2.0), (-0.6, -14.6), (0.5, 14.4), (1.0, 0.0)],
    ids=["zero", "steered", "held below", "held above", "saturated"],
)
def test_gradients_of_the_law(volts, held):
    """Of each current by each parameter and voltage."""
    parameters = {parameter.name: parameter.default for parameter in OTA.parameters}
    check_slopes(OTA, parameters, [1.4, held - 15.0, held + 15.0, volts])
    check_slopes(OTA, parameters, [0.0, held - 15.0, held + 15.0, volts])  # without a bias


@pytest.mark.ngspice
@pytest.mark.slow
def test_ngspice_has_its_equivalent(ngspice):
    """Up to the supplies, the cut-off at two values."""
    fs = 8 * FS
    x = 8 * np.sin(2 * np.pi * 440 * np.arange(2000) / fs)
    for control in (27e3, 560e3):
        circuit = read(LOW_PASS).replace(control=control)
        y = np.ravel(cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=np.float64), x)[1])
        expected = np.ravel(cn.spice.transient(circuit, x, fs))
        assert np.sum((y - expected) ** 2) < 1e-6 * np.sum(expected**2)
        freqs = np.array([100.0, 5e3])
        response = cn.nodal.frequency_response(circuit, freqs)
        np.testing.assert_allclose(response, np.ravel(cn.spice.ac(circuit, freqs)), rtol=1e-4)


@pytest.mark.slow
def test_the_model_and_the_wave_digital_filter():
    circuit = read(LOW_PASS)
    x = (np.array([[1.0], [9.0]]) * np.sin(np.arange(12) / 2))[..., None]
    check_engines(circuit, x, FS)

"""A device that exists in these tests only is one record, and everything works with it: a square-law MOSFET.

What is expected is written out in NumPy and SciPy from the same textbook law, region by region.
"""

import dataclasses

import jax
import numpy as np
import pytest
from scipy.optimize import brentq

import circuitnn as cn
from circuitnn.circuit import NetlistError
from circuitnn.devices import register, registered
from circuitnn.testing import check_gradient
from docs.tools.devices_page import page
from tests.devices.mosfet import MOSFET

FS, RG, RD, SUPPLY = 48_000, 10e3, 2.2e3, 9.0
VTO, KP, LAMBDA, CGS = 1.0, 2e-3, 0.02, 2e-9
AMPLIFIER = f"""* amplifier
Vin in 0 2
Vdd dd 0 {SUPPLY}
Rg in g {RG}
Rd dd out {RD}
Z1 out g 0 0 FET
.model FET NZ(VTO={VTO} KP={KP} LAMBDA={LAMBDA} CGS={CGS})
.end
"""
INVERTER = """* inverter
Vin in 0 0
Vdd dd 0 5
Z1 out in 0 0 FN 2
Z2 out in dd dd FP
Rl out 0 100k
.model FN NZ(VTO=1 KP=1m LAMBDA=0.01)
.model FP PZ(VTO=-1.2 KP=1m LAMBDA=0.03)
.end
"""


@pytest.fixture(autouse=True)
def _mosfet():
    with registered(MOSFET):
        yield


def drain_current(vgs, vds, *, vto=VTO, kp=KP, lambda_=LAMBDA):
    """Of an n-channel MOSFET with v_ds >= 0: Shichman and Hodges 1968, region by region."""
    over = vgs - vto
    if over <= 0:
        return 0.0
    square = over**2 if over <= vds else vds * (2 * over - vds)
    return 0.5 * kp * square * (1 + lambda_ * vds)


def drain_voltage(vgs):
    return brentq(lambda v: (SUPPLY - v) / RD - drain_current(vgs, v), 0, SUPPLY, xtol=1e-14)


def test_netlists_have_it():
    circuit = cn.read_netlist(AMPLIFIER)
    assert circuit["Z1"].nodes == ("out", "g", "0", "0")
    assert circuit["Z1"].value == 1
    assert [float(circuit.values[f"FET.{name}"]) for name in ("VTO", "KP", "LAMBDA", "CGS")] == [VTO, KP, LAMBDA, CGS]
    assert cn.read_netlist(circuit.to_spice()) == circuit
    assert "Z1 out g 0 0 FET\n" in circuit.to_spice()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("KP=0.002", "KP=-1", "line 7: FET.KP must be positive"),
        ("KP=0.002", "GAMMA=1", "GAMMA is not supported; leave it out: the bulk has no effect"),
        ("NZ", "NPN", "Z1 is a MOSFET and needs a .model of kind NZ or PZ; FET is of kind NPN"),
        ("0 0 FET", "0", "Z1 needs four nodes, then its model"),
        ("FET\n", "FET -2\n", "the area factor of Z1 must be positive"),
        ("Rg in g", "Cg in g", "node g has no DC path to ground"),  # the gate is insulated
    ],
)
def test_what_is_wrong_with_it_is_told(old, new, message):
    with pytest.raises(NetlistError) as caught:
        cn.read_netlist(AMPLIFIER.replace(old, new))
    assert message in str(caught.value)


def test_what_says_nothing_to_it_is_noted():
    with pytest.warns(cn.NetlistWarning, match="line 7: .model FET: XJ passed over: a NZ has no such parameter"):
        circuit = cn.read_netlist(AMPLIFIER.replace("KP=0.002", "KP=0.002 XJ=1"))
    assert circuit == cn.read_netlist(AMPLIFIER)


def test_small_signals():
    """The operating point, in saturation, and the pole that its capacitance makes with the resistor before it."""
    circuit = cn.read_netlist(AMPLIFIER)
    v = drain_voltage(2.0)
    assert v > 2.0 - VTO
    gm, go = KP * (2.0 - VTO) * (1 + LAMBDA * v), 0.5 * KP * (2.0 - VTO) ** 2 * LAMBDA
    freqs = np.array([1.0, 1e3, 1e5])
    expected = -gm / (1 / RD + go) / (1 + 2j * np.pi * freqs * RG * CGS)
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, freqs), expected, rtol=1e-9)


def test_time():
    """Trapezoidal rule for the gate, whose charge is linear; the drain follows at once. From cut-off to triode."""
    x = 2 + 2.5 * np.sin(np.arange(60) / 4)
    rate = 1 / (2 * FS * RG * CGS)
    gate, last, expected = 2.0, 2.0, []
    for volts in x:
        gate = ((1 - rate) * gate + rate * (volts + last)) / (1 + rate)
        last = volts
        expected.append(drain_voltage(gate))
    assert min(expected) < 1
    assert max(expected) == SUPPLY
    circuit = cn.read_netlist(AMPLIFIER)
    nodal = cn.nodal.NodalModel(circuit, fs=FS, dtype=np.float64)
    _, y = cn.run(nodal, x)
    np.testing.assert_allclose(y, expected, rtol=1e-9)
    _, filtered = cn.run(cn.wdf.derive(circuit, fs=FS, dtype=np.float64), x)
    np.testing.assert_allclose(filtered, expected, rtol=1e-9)


def test_gradients():
    circuit = cn.read_netlist(AMPLIFIER)
    x = 2 + 1.5 * np.sin(np.arange(12) / 2)

    def energy(values):
        model = cn.nodal.NodalModel(circuit.replace(**values), fs=FS, dtype=np.float64)
        return (cn.run(model, x)[1] ** 2).mean()

    check_gradient(energy, [{name: jax.numpy.asarray(value) for name, value in circuit.values.items()}])


@pytest.mark.slow
@pytest.mark.parametrize("volts", [0.0, 2.2, 5.0])
def test_both_polarities(volts):
    """An inverter, of which one half may be cut off; thresholds have the signs that SPICE gives them."""

    def into_output(v):
        pull_down = 2 * drain_current(volts, v, vto=1, kp=1e-3, lambda_=0.01)
        return drain_current(5 - volts, 5 - v, vto=1.2, kp=1e-3, lambda_=0.03) - pull_down - v / 1e5

    circuit = cn.read_netlist(INVERTER).replace(Vin=volts)
    model = cn.nodal.NodalModel(circuit, fs=FS, dtype=np.float64)
    _, y = cn.run(model, np.full(2, volts))
    np.testing.assert_allclose(y, brentq(into_output, 0, 5, xtol=1e-14), rtol=1e-6, atol=1e-8)


def test_the_table_of_devices_has_it():
    assert "`Zname drain gate source bulk MODEL [area]`, models of kind NZ or PZ." in page()
    assert "| KP × area | A/V^2 | 2e-05 | be positive | – | always |" in page()


def test_registering():
    with pytest.raises(ValueError, match="that are not taken, not NZ, PZ"):
        register(MOSFET)
    with pytest.raises(NetlistError, match="unknown device letter 'Y'"):
        cn.read_netlist(AMPLIFIER.replace("Z1 ", "Y1 "))


SHARING = """* an amplifier whose FET shares the letter of the MOSFETs
Vin in 0 2
Vdd dd 0 9
Rd dd out 2.2k
M1 out in 0 FET
M2 dd in b b MOS
Rb b 0 1k
.model MOS NMOS(VTO=1)
.model FET NZ3(VTO=1 KP=2m)
"""


def test_a_letter_may_have_several_devices_that_the_kinds_of_models_tell_apart():
    record = dataclasses.replace(
        MOSFET, letter="M", word="FET", kinds={"NZ3": 1}, pins=("drain", "gate", "source"), insulated=("gate",)
    )
    with registered(record):
        circuit = cn.read_netlist(SHARING)
        assert (circuit["M1"].nodes, circuit["M1"].device.word) == (("out", "in", "0"), "FET")
        assert (circuit["M2"].nodes, circuit["M2"].device.word) == (("dd", "in", "b", "b"), "MOSFET")
        assert cn.read_netlist(circuit.to_spice()) == circuit
        gain = cn.nodal.frequency_response(circuit, [10.0])
        alone = cn.read_netlist(SHARING.replace("M1", "Z1").replace("out in 0 F", "out in 0 0 F").replace("NZ3", "NZ"))
        np.testing.assert_allclose(gain, cn.nodal.frequency_response(alone, [10.0]), rtol=1e-12)
        inside = SHARING.replace("M1 out in 0 FET", ".subckt s d g\nM1 d g 0 FET\n.ends\nX1 out in s")
        assert cn.read_netlist(inside)["M.X1.M1"].nodes == ("out", "in", "0")
        for old, new, message in (
            ("0 FET", "0 0 FET", "M1 takes a model and an area factor after its nodes, got 0 FET"),
            ("b b MOS", "b MOS", "M2 needs the name of a .model (NMOS or PMOS) after its four nodes"),
            ("0 FET", "0 ABSENT", "M1 refers to the .model ABSENT, which is missing; there are: MOS, FET"),
            ("b b MOS", "b b ABSENT", "M2 refers to the .model ABSENT, which is missing; there are: MOS, FET"),
            (
                "NMOS",
                "NPN",
                "M2 is a MOSFET or power MOSFET or FET and needs a .model of kind NMOS or PMOS or VDMOS",
            ),
        ):
            with pytest.raises(NetlistError) as caught:
                cn.read_netlist(SHARING.replace(old, new))
            assert message in str(caught.value)
    with pytest.raises(ValueError, match="capital letter that is not taken, not 'R'"):
        register(dataclasses.replace(MOSFET, letter="R", kinds={"NZ3": 1}))

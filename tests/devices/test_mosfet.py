"""The MOSFET of level 1 against ngspice, and against its formulas region by region."""

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.devices.mosfet import SIZE
from circuitnn.testing import check_gradient

FS = 48_000
FULL = "VTO=.9 KP=100u GAMMA=.5 PHI=.7 LAMBDA=.03 CJ=3e-4 MJ=.4 PB=.9 CGSO=3e-10 CGDO=2e-10 RSH=30"
CIRCUITS = {
    "amplifier": f"""Vin in 0 3
Vd d 0 9
R1 in g 10k
Rd d out 2k
M1 out g s 0 MN W=20u L=2u AD=100p AS=100p m=2
Rs s 0 500
.model MN NMOS(LEVEL=1 {FULL})
""",
    "p_channel": """Vin in 0 4
Vd d 0 9
R1 in g 10k
Rs d s 500
M1 out g s d MP W=200u L=2u
Rd out 0 2k
.model MP PMOS(VTO=-.9 KP=40u GAMMA=.5 PHI=.7 LAMBDA=.03 CBD=3p CBS=2p CGSO=3e-10 CGDO=2e-10 IS=1e-15)
""",
    "by_process": """Vin in 0 4
Vd d 0 9
R1 in g 10k
Rd d out 2k
M1 out g 0 0 MN W=200u L=4u
.model MN NMOS(TOX=100n NSUB=1e15 NSS=1e10 UO=500 LD=.5u LAMBDA=.03)
""",
    "inverse_and_bulk_diode": """Vin in 0 -1
R1 in out 1k
M1 out g 0 0 MN W=200u L=2u
Vg g 0 3
.model MN NMOS(VTO=1 KP=100u LAMBDA=.03)
""",
    "clipper": """Vin in 0 3
R1 in out 10k
M1 out out 0 0 MN
M2 0 0 out out MN
.model MN NMOS(VTO=1.8 KP=50m)
""",
}


@pytest.mark.ngspice
@pytest.mark.slow
@pytest.mark.parametrize("name", CIRCUITS)
def test_ngspice_has_the_same(name, ngspice):
    with jax.enable_x64(True):
        circuit = cn.read_netlist(CIRCUITS[name])
        freqs = np.array([1e3, 2e4, 1e6])
        np.testing.assert_allclose(cn.nodal.frequency_response(circuit, freqs), cn.spice.ac(circuit, freqs), rtol=1e-6)
        model = cn.nodal.NodalModel(circuit, fs=FS, dtype="float64")
        x = np.asarray(model.silence())[0] + 2 * np.sin(np.arange(480) * 0.05)
        carry, y = cn.run(model, x)
        expected = np.reshape(cn.spice.transient(circuit, x, FS), y.shape)
        assert int(carry.report.failed) == 0
        assert np.sqrt(np.mean((y - expected) ** 2) / np.var(expected)) < 2e-5


@pytest.mark.parametrize(
    ("size", "kp"), [("", 1e-4), (" W=20u L=2u", 1e-3), (" W=20u L={2*1u}", 1e-3), (" W=100u L=100u m=3", 1e-4)]
)
def test_a_size_is_in_the_parameters(size, kp):
    netlist = f"Vin in 0 1\nR1 in out 1k\nM1 out in 0 0 MN{size}\n.model MN NMOS(KP=100u CGSO=1n)\n"
    circuit = cn.read_netlist(netlist)
    width = 20e-6 if "20u" in size else SIZE
    np.testing.assert_allclose([circuit.values["MN.KP"], circuit.values["MN.CGSO"]], [kp, 1e-9 * width / SIZE])
    assert cn.read_netlist(circuit.to_spice()) == circuit


def test_a_width_may_be_a_knob():
    netlist = ".param k=2\nVin in 0 1\nR1 in out 1k\nM1 out in 0 0 MN W={k*10u} L=2u\n.model MN NMOS(KP=100u)\n"
    circuit = cn.read_netlist(netlist)
    for k in (2.0, 3.0):
        np.testing.assert_allclose(circuit.resolve({"k": k})["MN.KP"], 5e-4 * k, rtol=1e-6)


def test_two_sizes_are_two_models():
    netlist = (
        "Vin in 0 1\nR1 in out 1k\nM1 out in 0 0 MN W=1u L=1u\nM2 out in 0 0 MN W=9u L=1u\n.model MN NMOS(KP=1m)\n"
    )
    circuit = cn.read_netlist(netlist)
    assert sorted(float(circuit.values[f"{model.name}.KP"]) for model in circuit.models) == pytest.approx([1e-3, 9e-3])


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("DELTA=1 THETA=.1", "THETA, DELTA passed over: LEVEL=1 has no such parameter"),
        ("RG=3", "RG passed over: a resistance of the gate, inside, in PSpice alone"),
        ("N=1.2", "N of the bulk's diodes counts as in PSpice and LTspice"),
    ],
)
def test_what_is_not_modelled_is_said(card, message):
    with pytest.warns(cn.NetlistWarning, match=message):
        cn.read_netlist(f"Vin in 0 1\nR1 in out 1k\nM1 out in 0 0 MN\n.model MN NMOS({card})\n")


@pytest.mark.parametrize(
    ("line", "card", "message"),
    [
        ("M1 out in 0 0 MN L=1u", "LD=1u", "a channel of 0.0001 m by -1e-06 m"),
        ("M1 out in 0 0 MN", "LEVEL=3 NSUB={1e16*k}", "NSUB has to be a number"),
        ("M1 out in 0 0 MN Q=1", "", "M1: unknown parameter Q"),
        ("M1 out in 0 0 MN", "LEVEL=2", "LEVEL=2 .Grove and Frohman's. is not modelled; levels 1 and 3 are"),
        ("M1 out in 0 0 MN", "LEVEL=49", "LEVEL=49 .BSIM3. is not modelled"),
        ("M1 out in 0 0 MN", "TOX=100n NSUB=1e9", "NSUB is below that of pure silicon"),
    ],
)
def test_what_is_wrong_is_told(line, card, message):
    with pytest.raises(cn.circuit.NetlistError, match=message):
        cn.read_netlist(f".param k=0.5\nVin in 0 {{k}}\nR1 in out 1k\n{line}\n.model MN NMOS({card})\n")


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.0, 3.0, -2.0])
def test_gradients(level):
    with jax.enable_x64(True):
        circuit = cn.read_netlist(CIRCUITS["p_channel" if level == 3.0 else "amplifier"])
        x = level + 1.5 * np.sin(np.arange(12) / 2)

        def energy(values):
            model = cn.nodal.NodalModel(circuit.replace(**values), fs=FS, dtype=np.float64)
            return (cn.run(model, x)[1] ** 2).mean()

        check_gradient(energy, [{name: jax.numpy.asarray(value) for name, value in circuit.values.items()}])


@pytest.mark.ngspice
@pytest.mark.parametrize(
    "transistor",
    ["Q1 0 out 0 QN\n.model QN NPN(IS=1e-14 BF=100 BR=3)", "J1 0 out 0 JN\n.model JN NJF(IS=1e-14 VTO=-1)"],
)
def test_both_junctions_on_two_nodes_count_once(transistor, ngspice):
    with jax.enable_x64(True):
        circuit = cn.read_netlist(f"Vin in 0 3\nR1 in out 10k\n{transistor}\n")
        freqs = np.array([1e3])
        np.testing.assert_allclose(cn.nodal.frequency_response(circuit, freqs), cn.spice.ac(circuit, freqs), rtol=1e-6)

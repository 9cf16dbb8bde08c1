"""The VDMOS against ngspice: rest, small signals, sounds; its gradients; how its cards and lines are read."""

import warnings

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError

TIGHT = cn.spice.Tolerances(reltol=1e-9, abstol=1e-15, vntol=1e-12)
FREQS = np.array([1e3, 1e6])
FULL = (
    "VTO=2 KP=.5 LAMBDA=.01 THETA=.05 MTRIODE=.8 KSUBTHRES=.12 SUBSHIFT=.1 RD=1 RS=.5 RG=20 RDS=1Meg IS=10p N=1.1 "
    "RB=.3 BV=30 IBV=10u NBV=2 CJO=300p VJ=.7 M=.4 FC=.4 TT=10n CGS=200p CGDMAX=400p CGDMIN=20p A=.5"
)
WARM = "TCVTH=2m MU=-1.3 TRD1=1m TRD2=1u TRG1=2m TRS1=3m TRB1=1m TKSUBTHRES1=1m EG=1.2 XTI=4"
CARDS = {
    "full": FULL,
    "leaking": "VTO=2 KP=90 RD=4m RS=3m IS=1u VJ=6 N=1.2 CJO=1n TEXP0=1.5",
    "p_channel": "pchan " + FULL.replace("VTO=", "VTO=-"),
}


def read(card, tail="", part=""):
    sign = -1 if "pchan" in card else 1
    text = f"Vin in 0 3\nVd d 0 {12 * sign}\nR1 in g 1k\nRd d out 100\nRs s 0 10\nM1 out g s X {part}\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.NetlistWarning)  # of M= and the gate's capacitances
        return cn.read_netlist(f"{text}.model X VDMOS({card})\n{tail}\n"), sign


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize(("tail", "part"), [("", ""), (".temp 60", "m=2")], ids=["plain", "warm"])
def test_points_and_small_signals_are_those_of_ngspice(name, tail, part, ngspice):
    circuit, sign = read(f"{CARDS[name]} {WARM if tail and name != 'leaking' else ''}", tail, part)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.NetlistWarning)
        assert cn.read_netlist(circuit.to_spice()) == circuit
    with jax.enable_x64(True):
        for gate, drain in ((-1, 12), (1.5, 12), (3, 12), (8, 12), (3, -5), (2.2, 0.1), (-1, 60)):
            driven = circuit.replace(Vin=gate * sign, Vd=drain * sign)
            expected, found = cn.spice.operating_point(driven, tolerances=TIGHT), cn.nodal.operating_point(driven)
            for node in ("out", "s"):
                assert float(found[node]) == pytest.approx(float(expected[node]), rel=1e-7, abs=1e-11)
            response = np.ravel(cn.spice.ac(driven, FREQS, tolerances=TIGHT))
            np.testing.assert_allclose(cn.nodal.frequency_response(driven, FREQS), response, rtol=1e-6, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("gate", "drain"), [(3.0, 12.0), (3.0, -5.0), (-1.0, 60.0)])
def test_gradients_are_central_differences(gate, drain):
    """Of the operating point, in saturation, inversely, and in breakdown."""
    with jax.enable_x64(True):
        circuit = read(f"{FULL} {WARM}", ".temp 60")[0].replace(Vin=gate, Vd=drain)
        rest = jax.jit(lambda c: cn.nodal.operating_point(c)["out"])
        gradient = jax.jit(jax.grad(rest))(circuit).values
        for key, value in circuit.values.items():
            step = 1e-4 * (abs(float(value)) or 1e-3)
            above, below, *further = (float(rest(circuit.replace(**{key: value + by * step}))) for by in (1, -1, 2, -2))
            expected = (8 * (above - below) - (further[0] - further[1])) / (12 * step)
            scale = abs(float(rest(circuit))) / (abs(float(value)) or 1e-3)
            assert float(gradient[key]) == pytest.approx(expected, rel=1e-6, abs=1e-9 * scale), key


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("name", "volts", "fs"), [("full", 3.0, 768e3), ("p_channel", -3.0, 768e3), ("leaking", 2.0, 3072e3)]
)
def test_sounds_are_those_of_ngspice(name, volts, fs, ngspice):
    """A channel of 90 A/V^2 rings at 768 kHz, here and there; single precision does not solve all of its samples."""
    circuit = read(CARDS[name])[0].replace(Vin=volts)
    x = volts + 2 * np.sin(2 * np.pi * 5000 * np.arange(800 * fs / 768e3) / fs)
    with jax.enable_x64(True):
        expected = np.ravel(cn.spice.transient(circuit, x, fs))
        double = np.ravel(cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=np.float64), x)[1])
        assert np.sum((double - expected) ** 2) < 1e-6 * np.sum((expected - expected.mean()) ** 2)
        if name != "leaking":
            single = np.ravel(cn.run(cn.nodal.NodalModel(circuit, fs=fs), x.astype(np.float32))[1])
            assert np.sum((single - double) ** 2) < 1e-6 * np.sum((double - double.mean()) ** 2)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("M1 out g s X", "VDMOS"),
        ("M1 out g s s X m=3", "VDMOSN"),
        ("M1 out g s tj tc X thermal", "VDMOSP"),
        ("M1 out g s X 2", "VDMOS"),
    ],
)
def test_lines_and_kinds(line, kind):
    card = {"VDMOS": "VDMOS(", "VDMOSN": "VDMOS NCHAN (", "VDMOSP": "VDMOS(mfg=Any Vds=20 Ron=3 Qg=1n pchan "}[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.NetlistWarning)
        circuit = cn.read_netlist(f"Vin g 0 1\nR1 out 0 1k\nR2 s 0 1k\n{line}\n.model X {card}VTO=1 KP=1)\n")
    assert (circuit["M1"].nodes, circuit.models[0].kind) == (("out", "g", "s"), kind)
    assert cn.read_netlist(circuit.to_spice()) == circuit


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("CGS=1n", "CGS are of one device, whatever M is, as in ngspice; not in LTspice"),
        ("RD=-5m", "RD=-0.005 is as none, as in ngspice"),
        ("IS=0 CGS=0", "IS=0 is 1e-28 here"),
    ],
)
def test_what_is_taken_otherwise_is_said(card, message):
    with pytest.warns(cn.NetlistWarning, match=message):
        cn.read_netlist(f"Vin g 0 1\nR1 out 0 1k\nM1 out g 0 X m=2\n.model X VDMOS({card})\n")


def test_what_is_not_modelled_is_an_error():
    with pytest.raises(NetlistError, match="RQ is not supported; quasi-saturation is not modelled"):
        cn.read_netlist("Vin g 0 1\nR1 out 0 1k\nM1 out g 0 X\n.model X VDMOS(RQ=1 VQ=2)\n")

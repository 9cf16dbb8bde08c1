"""Derivatives in expressions, and parts given by expressions: what they do to small signals, in closed form."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.expressions.errors import NetlistError, NetlistWarning
from circuitnn.spice.program import simulate

W = 2 * np.pi * 1000.0
BIAS = "* bias\nVin in 0 0.5\nR1 in out 1k\nR2 out 0 1k\n"  # v(out) 0.25, 0.25 mA in R2
G = 2e-3  # siemens at out


def response(text: str):
    return complex(cn.nodal.frequency_response(cn.read_netlist(text), [1000.0])[0])


@pytest.mark.parametrize(
    ("part", "admittance"),
    [
        ("C1 out 0 C={1u*(1+2*v(out))}", 1j * W * 1.5e-6),
        ("C1 out 0 {1u*(1+2*v(out))} ic=0 m=2", 1j * W * 3e-6),
        ("C1 out 0 C='1u*(1+2*v(in))'", 1j * W * 2e-6),
        ("C1 out 0 Q=1u*x*(1+x)", 1j * W * 1.5e-6),
        ("C1 0 out Q={1u*x*(1-x)}", 1j * W * 1.5e-6),
        ("C1 out 0 Q = {1u*v(out)*v(in)}", 1j * W * (0.5e-6 + 0.25e-6 * 2)),  # v(in) is not moved by the admittance
        ("B1 out 0 I=1u*ddt(v(out)*(1+v(out)))", 1j * W * 1.5e-6),
        ("B1 out 0 I=1m*idt(v(out))", 1e-3 / (1j * W)),
        ("G1 out 0 VALUE={SDT(1m*V(out)*2)}", 2e-3 / (1j * W)),
        ("B1 out 0 I={k*idtmod(v(out), 0, 5, -1)+1u*ddt(idt(v(out)))}\n.param k=1m", 1e-3 / (1j * W) + 1e-6),
        (".func q(x) {x*(1+x)}\nG1 out 0 VALUE={1u*ddt(q(v(out)))}", 1j * W * 1.5e-6),
        ("R3 out 0 R=limit(4k*v(out),100,10k)", 0.0),  # v/R is constant
        ("R3 out 0 '1k'", 1e-3),
        (".temp 77\nR3 out 0 R={1k+0*v(in)} tc=0.02", 0.5e-3),  # twice the ohms at 50 degrees more
        (".temp 77\nR3 out 0 R={1k+0*v(in)} TC=0,0.0004 noiseless=1", 0.5e-3),
        (".temp 77\nR3 out 0 {k*1k} tc = 0.02 0\n.param k=1", 0.5e-3),
        (".temp 77\nR3 out 0 1k TC 0.02", 0.5e-3),
        ("R3 out 0 R={1k+0*v(in)} temp=77 tc1=0.02", 0.5e-3),
        ("C1 out 0 Q={1u*x*(1+x)} tc1=0.02 dtemp=50", 2j * W * 1.5e-6),
        ("B1 out 0 I=1m*v(out) Rpar=2k Cpar = {c} tripdv=1m\n.param c=1u", 1.5e-3 + 1j * W * 1e-6),
        ("G1 out 0 out 0 1m rpar=2k cpar=1u", 1.5e-3 + 1j * W * 1e-6),
        ("E1 out 0 VALUE={v(out)*2} Rser=1k", -1e-3),
        ("V0 a out 0\nR3 a 0 1k\nF1 out 0 VALUE={2*i(V0)}", -1e-3),
        ("V0 out a 0\nR3 a b 1k\nH1 b 0 value={1k*i(V0)}", 0.5e-3),
        ("R3 out 0 1k noiseless", 1e-3),
    ],
)
def test_an_admittance(part, admittance):
    # What of a charge v(in) moves is a current that v(in) itself drives.
    through_in = 0.25e-6 * 1j * W if "v(out)*v(in)" in part else 0.0
    own = 0.5e-6 * 1j * W if through_in else admittance
    assert response(BIAS + part + "\n") == pytest.approx((1e-3 - through_in) / (G + own), rel=1e-9)


@pytest.mark.parametrize(
    ("part", "henries"),
    [
        ("L1 a 0 L={1m*(1+i(L1))}", 1.5e-3),
        ("L1 a 0 {1m*(1+i(L1))}", 1.5e-3),
        ("L1 a 0 Flux=1m*x*(1+x)", 2e-3),
        ("L1 a 0 FLUX={1m*tanh(x)}", 1e-3 / np.cosh(0.5) ** 2),
        ("L1 a 0 Flux=2m*x m=2", 1e-3),
        ("B1 a 0 V=1m*ddt(i(R1))", 1e-3),
    ],
)
def test_an_inductance(part, henries):
    circuit = f"* coil\nVin in 0 0.5\nR1 in a 1\n{part}\n"
    text = cn.read_netlist(circuit, outputs="a")
    h = complex(cn.nodal.frequency_response(text, [1000.0])[0])
    assert h == pytest.approx(1j * W * henries / (1 + 1j * W * henries), rel=1e-9)
    assert cn.read_netlist(text.to_spice(), outputs="a") == text


def test_derivatives_of_derivatives_and_the_same_one_twice():
    text = "* d\nVin in 0 0\nR1 in 0 1k\nB1 out 0 V=1m*ddt(v(in))+1u*ddt(1m*ddt(v(in)))\n"
    circuit = cn.read_netlist(text)
    assert circuit.state_names == ("C.B1.d1", "C.B1.d2")
    assert response(text) == pytest.approx(1e-3j * W - 1e-9 * W**2, rel=1e-9)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (".param p=ddt(2)", "ddt: B, E and G sources alone"),
        ("B1 out 0 V=ddt(v(in),2)", "ddt takes 1 argument"),
        (".param p=idt(2)", "idt: B, E and G sources alone"),
        (".param p=white(2)", "white: B, E and G sources alone"),
        ("B1 out 0 V=idt()", "idt takes 1 or 2 argument"),
        ("B1 out 0 V=delay(v(in),1m)", r"delay: a delay is not supported; LAPLACE with"),
        ("T1 in 0 out 0 Z0=50 TD=1n", r"T1: a transmission line is not supported; write it as a row of n sections"),
        ("L1 in 0 Flux=1m*x\nL2 out 0 1\nK1 L1 L2 0.5", "L1, which is given by an expression and can not be coupled"),
        ("B1 out 0 V=ddt()", "ddt takes 1 argument"),
        ("C1 out 0 Flux={v(in)}", "C1: FLUX= is of no capacitor"),
        ("L1 out 0 Q={x}", "L1: Q= is of no inductor"),
        ("C1 out 0 Q={x*}", "unexpected|ends too early"),
        ("C1 out 0 Q={x*v(nowhere)}", "refers to the node nowhere"),
        ("C1 out 0 Q={x*y}", "unknown parameter y"),
        ("C1 out 0 Q={x} area=3", "C1: unknown parameter AREA"),
        ("C1 out 0 Q={x} m=0", "M= must be positive"),
        ("C1 out out Q={x}", "both ends of C1"),
    ],
)
def test_what_cannot_be_is_said(line, message):
    with pytest.raises(NetlistError, match=message):
        cn.read_netlist(f"* bad\nVin in 0 0\nR0 in out 1k\n{line}\n")


def test_a_charge_along_time_is_as_in_ngspice(ngspice):
    """The charge is conserved: what has gone in comes out again; second order in the step."""
    circuit = cn.read_netlist("* q\nVin in 0 0\nR1 in out 1k\nC1 out 0 Q=0.1u*x*(1+0.2*x)\n")
    fs = 192_000
    time = np.arange(1, 385) / fs
    x = np.sin(2 * np.pi * 1000 * time) ** 3
    y = cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype="float64"), x)[1]
    truth = cn.spice.transient(circuit, x, fs, max_step=1e-6)
    assert cn.metrics.esr(np.asarray(y), truth) < 2e-8


@pytest.mark.ngspice
@pytest.mark.parametrize(
    "lines",
    [
        "B1 out 0 I=1m*v(in) m=2",
        "B1 o1 0 V=v(in)*v(in) tc1=1m M=2 temp=50\nRo o1 out 1k\n.temp 40",
        "g1 out 0 cur='1m*v(in)' tc1=1m tc2 = 2u dtemp=10",
        "R3 out 0 R='1k*(1+v(in)*v(in))' tc1=1m tc2=1u m=3\n.temp 40",
        "G3 out 0 in 0 1m m=2",
        "F3 out 0 Vin .1 m={k}\n.param k=2",
    ],
)
def test_what_follows_an_expression_counts_as_in_ngspice(ngspice, lines):
    text = f"t\nVin in 0 0.7\nR1 in out 1k\nR2 out 0 2k\n{lines}\n"
    ours = float(cn.spice.operating_point(cn.read_netlist(text))["out"])
    theirs = simulate(f"{text}.options reltol=1e-9 gmin=1e-15\n.op\n.end\n", {}, timeout=60)[0].columns["v(out)"]
    assert ours == pytest.approx(float(theirs[0].real), rel=1e-6)


def test_parasitics_of_a_source_of_an_expression_are_parts():
    circuit = cn.read_netlist("t\nVin in 0 1\nR1 in out 1k\nB1 out 0 I=1m*v(in) Rpar=2k Cpar=1n tripdv=1 ic=0\n")
    assert float(circuit["Rpar.B1"].value) == 2000
    assert circuit.state_names == ("Cpar.B1",)


@pytest.mark.filterwarnings("ignore::circuitnn.circuit.NetlistWarning")
@pytest.mark.parametrize(
    "part", ["C1 out 0 1u IC=2", "C1 0 out {c} ic = {-w}", "C1 out 0 Q={c*x} ic=2", "C1 out in 1u ic=2"]
)
def test_what_a_capacitor_begins_with_is_written_as_well(part):
    circuit = cn.read_netlist(f"t\nVin in 0 0\nR1 in out 1k\n.param c=1u w=2\n{part}\n.tran 1u 1m uic\n", inputs="Vin")
    assert [clamp.nodes[0] for clamp in circuit.clamps] == ["out"]
    assert float(circuit.resolve()[circuit.clamps[0].name]) == 2.0
    if circuit.clamps[0].nodes[1] == "0":
        assert cn.read_netlist(circuit.to_spice()) == circuit
    else:  # ngspice has it of single nodes alone
        assert ".ic v(ic.out.in)=" in circuit.to_spice()


def test_an_integral_along_time_and_where_it_begins():
    circuit = cn.read_netlist("* i\nVin in 0 0\nR1 in 0 1k\nB1 out 0 V=1k*idt(v(in),{s})\n.param s=0.25\n")
    fs, time = 48_000, np.arange(1, 257) / 48_000
    y = cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype="float64"), np.sin(2 * np.pi * 500 * time))[1]
    exact = 250 + 1e3 * (1 - np.cos(2 * np.pi * 500 * time)) / (2 * np.pi * 500)
    np.testing.assert_allclose(y, exact, atol=1e-3)  # the trapezoidal rule


def test_noise_is_its_mean_and_that_is_said():
    with pytest.warns(NetlistWarning, match="line 4: rand, random and white are noise in LTspice: their means"):
        circuit = cn.read_netlist("* n\nVin in 0 0\nR1 in 0 1k\nB1 out 0 V=v(in)+white(1k*time)+rand(time)\n")
    assert cn.nodal.operating_point(circuit)["out"] == 0.5

"""Sources of several variables, by tables and by currents of any component; functions that are made of others."""

import warnings

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError, NetlistWarning, read_netlist
from circuitnn.expressions.composed import drawn
from circuitnn.expressions.parser import parse_expression
from circuitnn.expressions.tree import evaluate

HEAD = "title\nVin a 0 2.5\nVb b 0 -2.5\nVc c 0 0.5\nRa a 0 1k\nRb b 0 2k\nRc c 0 1k\n"
A, B, C = 2.5, -2.5, 0.5
IA, IB = -2.5e-3, 1.25e-3  # through Vin and Vb, from + to -
CUBIC = " ".join(str(number) for number in range(1, 21))

SOURCES = [
    # (lines, volts at out), the volts by hand
    ("E1 out 0 POLY(2) (a,0) (b,0) 0 0.5 0.25\n", 0.5 * A + 0.25 * B),
    ("E1 out 0 POLY(2) (a,0) (b,c) 3 0.5 0.25\n", 3 + 0.5 * A + 0.25 * (B - C)),
    ("E1 out 0 POLY(2) a 0 b 0 0 0 2\n", 2 * B),
    ("E1 out 0 poly(2) a 0 b 0 1 2 3 4 5 6\n", 1 + 2 * A + 3 * B + 4 * A * A + 5 * A * B + 6 * B * B),
    ("E1 out 0 POLY(1) a 0 0 0 0 2\n", 2 * A**3),
    ("E1 out 0 POLY(1) a 0 0 g\n.param g=3\n", 3 * A),
    (
        f"E1 out 0 POLY(3) a 0 b 0 c 0 {CUBIC}\n",
        np.dot(
            np.arange(1, 21),
            [
                *(1, A, B, C, A * A, A * B, A * C, B * B, B * C, C * C),
                *(A**3, A * A * B, A * A * C, A * B * B, A * B * C, A * C * C, B**3, B * B * C, B * C * C, C**3),
            ],
        ),
    ),
    ("E1 out 0 POLY(2) a 0 b 0 1.5-2.5e-1 +3.e0\n", 1.5 - 0.25 * A + 3 * B),
    ("G1 0 out POLY(2) a 0 b 0 1m 2m 3m\nR1 out 0 1k\n", 1 + 2 * A + 3 * B),
    ("G1 0 out POLY(2) a 0 b 0 0 0 0 0 1m\nR1 out 0 1k\n", A * B),
    ("F1 0 out POLY(2) Vin Vb 1m 2 3\nR1 out 0 1k\n", 1 + 2e3 * IA + 3e3 * IB),
    ("F1 0 out POLY(2) Vin Vb 0 2 3 0 1000\nR1 out 0 1k\n", 2e3 * IA + 3e3 * IB + 1e6 * IA * IB),
    ("E1 e 0 a 0 2\nR1 e 0 1k\nF1 0 out E1 -1\nR2 out 0 1k\n", 2 * A),
    ("X1 out s\n.subckt s q\nB1 e 0 V=2*v(a1)\nV1 a1 0 3\nR1 e 0 1k\nH1 q 0 B1 -1k\n.ends\n", 6.0),
    ("H1 out 0 POLY(2) Vin Vb 1 1k 2k\n", 1 + 1e3 * IA + 2e3 * IB),
    ("H1 out 0 POLY(1) Vin 0 0 1meg\n", 1e6 * IA * IA),
    ("E1 out 0 TABLE {v(a)} = (0,0) (1,1) (3,1.5)\n", 1.375),
    ("E1 out 0 TABLE {v(b,c)} ((-2,-1) (0,0))\n", -1.0),
    ("E1 out 0 a b table=(0,0,10,5)\n", 2.5),
    ("G1 0 out TABLE {v(a)}=(0,0) (5,{1m*k})\nR1 out 0 1k\n.param k=4\n", 2.0),
    ("B1 out 0 V=i(Ra)*1k\n", A),
    ("B1 out 0 V={i(R1)*1k+v(x)}\nR1 a x 1k\nC1 x 0 1u\nL1 x y 1\nR2 y 0 1.5k\n", 2.5),
    ("B1 out 0 V=i(R.X1.R1)*1k\nX1 a s\n.subckt s p\nR1 p 0 500\n.ends\n", 5.0),
    ("X1 a out s\n.subckt s p q\nR1 p 0 500\nB1 q 0 V=i(R1)*1k\n.ends\n", 5.0),
    ("R1 a out 1k\nR2 out 0 R={1k*v(c)}\n", 2.5 / 3),
    ("R1 a out 1k\nR2 out 0 'v(c)*k'\n.param k=1k\n", 2.5 / 3),
    ("X1 a out c s\n.subckt s p q r\nR1 p q 1k\nR2 q 0 R = V(r)*1k\n.ends\n", 2.5 / 3),
    ("E1 out 0 VALUE={int(v(a))+10*floor(v(b))+100*ceil(v(b))+1000*nint(v(c))}\n", 2 - 30 - 200 + 0),
    ("E1 out 0 VALUE={round(v(a)+1.1)+int(v(b))}\n", 4 - 2),
    ("E1 out 0 VALUE={table(v(a),0,0,2,2,4,3)+limit(v(a),0,1)}\n", 3.25),
    ("E1 out 0 VALUE={k}\n.param k=table(0.25, 0,1, 0.5,0.2, 1,0)+int(-2.7)\n", 0.6 - 2),
]


@pytest.mark.parametrize(("lines", "expected"), SOURCES)
def test_the_voltage_of_a_source(lines, expected):
    circuit = read_netlist(HEAD + lines)
    assert float(cn.nodal.operating_point(circuit)["out"]) == pytest.approx(float(expected), rel=2e-6, abs=1e-6)
    assert circuit.notes == ()
    assert read_netlist(circuit.to_spice(), inputs="Vin") == circuit


def test_a_polynomial_of_first_degree_is_linear():
    circuit = read_netlist(HEAD + "E1 out 0 POLY(3) a 0 b 0 c 0 3 0.5 0 0.25\nF1 0 out POLY(2) Vin Vb 0 2 3\n")
    assert [part.name for part in circuit.components[-5:]] == ["E1", "E2.E1", "V.E1", "F1", "F2.F1"]
    assert not any(part.is_behavioural for part in circuit.components)


def test_the_only_coefficient_is_the_constant_and_that_is_said():
    with pytest.warns(NetlistWarning, match="the only coefficient of POLY"):
        circuit = read_netlist(HEAD + "E1 out 0 POLY(1) a 0 5\n")
    assert float(cn.nodal.operating_point(circuit)["out"]) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("E1 out 0 POLY(2) a 0 b", "E1 needs POLY"),
        ("E1 out 0 POLY(0) 1", "E1 needs POLY"),
        ("E1 out 0 POLY(99999999999) a 0 1", "E1 needs POLY"),
        ("F1 out 0 POLY(1) Va 0 1", "F1 refers to Va, which is no voltage source"),
        ("E1 out 0 POLY(1) a 0 " + " ".join("1" * 500), "too many terms"),
        ("E1 out 0 TABLE {v(a)} = (1,0) (0,1)", "the x of a table must rise"),
        ("E1 out 0 TABLE {v(a)} = (1,0) (2", "a table has pairs"),
        ("E1 out 0 TABLE v(a) = (1,0) (2,3)", "E1 needs TABLE"),
        ("E1 out 0 FREQ {v(a)} = (1,0,0)", "FREQ is not supported"),
        ("B1 out 0 V=i(Q1.c)", "B1 refers to Q1.c, which is no voltage source"),
        ("B1 out 0 V=i(Ra.x)", "B1 refers to Ra.x, which is no voltage source"),
        ("B1 out 0 V=table()", "table takes x"),
        ("B1 out 0 V=limit(1)", "limit takes 3 or 2"),
    ],
)
def test_a_source_that_is_wrong(line, message):
    with pytest.raises(NetlistError, match=message):
        read_netlist(HEAD + line + "\n")


def test_currents_of_pins_are_those_that_flow_in():
    text = (
        "title\nVin in 0 0.7\nR1 in b 10k\nVcc vcc 0 9\nRc vcc c 1k\nRe e 0 100\nQ1 c b e QN\n.model QN NPN(BF=100)\n"
        "B1 out 0 V=(ic(Q1)+i(Q1.b)+Ie(Q1))*1k\nB2 q 0 V=ic(Q1)-100*Ib(Q1)+1\nRq q 0 1\n"
    )
    point = cn.nodal.operating_point(read_netlist(text, outputs=("out", "q")))
    assert float(point["out"]) == pytest.approx(0.0, abs=1e-6)
    assert float(point["q"]) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.ngspice
def test_small_signals_are_those_of_ngspice(ngspice):
    lines = (
        "E1 o1 0 POLY(2) a 0 b 0 1 2 3 4 5 6\n"
        "F2 0 o2 POLY(2) Vin Vb 0 2 3 0 1000\nR2 o2 0 1k\nE3 o3 0 POLY(1) a 0 3 1\n"
        "G4 0 o4 TABLE {v(a)} = (0,0) (2,1m) (4,4m)\nR4 o4 0 1k\nR5 a o5 1k\nR6 o5 0 R={1k*(1+v(a)^2)}\n"
        "D7 a x DX\nR7 x 0 1k\n.model DX D\nB7 o7 0 V=i(D7)*1k\n"
    )
    circuit = read_netlist(HEAD + lines, outputs=("o1", "o2", "o3", "o4", "o5", "o7"))
    ours = cn.nodal.frequency_response(circuit, [1e3])
    assert np.allclose(np.squeeze(ours), np.squeeze(cn.spice.ac(circuit, [1e3])), rtol=1e-5, atol=0)


def test_a_table_is_interpolated_and_has_slopes():
    tree = parse_expression("table(x, -1,2, 0,0, 1,3, 5,3, 6,-1)")
    x = np.linspace(-3, 8, 111)
    assert np.allclose(evaluate(tree, {"x": x}, np), np.interp(x, [-1, 0, 1, 5, 6], [2, 0, 3, 3, -1]), atol=1e-12)
    slope = jax.grad(lambda value: evaluate(tree, {"x": value}))
    assert [float(slope(value)) for value in (-2.0, -0.5, 0.5, 3.0, 5.5, 7.0)] == pytest.approx([0, -2, 3, 0, -4, 0])


def test_stairs_have_no_slope():
    for function in ("int", "floor", "ceil", "nint"):
        tree = parse_expression(f"{function}(x)")
        slope = jax.grad(lambda value, tree=tree: evaluate(tree, {"x": value}))
        assert [float(slope(value)) for value in (-1.5, -1.0, 0.0, 0.3, 2.0)] == [0.0] * 5


TOLERANCES = (
    "title\nVin in 0 1\nR1 in out {mc(1k,0.05)}\nX1 out s\nX2 out s\n.subckt s p\nR1 p 0 {gauss(2k,0.1,3)}\n.ends\n"
    "R2 out 0 {1k*(1+flat(0.01))+gauss(0)}\nR3 out 0 {unif(1k,0.2)}\nR4 out 0 {aunif(1k,5)}\nR5 out 0 {limit(1k,5)}\n"
    "R6 out 0 {agauss(1k,30,3)}\n"
)


def test_tolerances_are_nominal_unless_there_is_a_seed():
    nominal = {"R1": 1e3, "R.X1.R1": 2e3, "R.X2.R1": 2e3, "R2": 1e3, "R3": 1e3, "R4": 1e3, "R5": 1e3, "R6": 1e3}
    circuit = read_netlist(TOLERANCES)
    assert {name: float(circuit[name].value) for name in nominal} == nominal
    first, again, other = (read_netlist(TOLERANCES, tolerance_seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.values["R1"] != other.values["R1"]
    assert first.values["R.X1.R1"] != first.values["R.X2.R1"]
    assert abs(float(first.values["R5"]) - 1e3) == pytest.approx(5.0)
    bounds = {"R1": 50, "R2": 10, "R3": 200, "R4": 5}
    assert all(0 < abs(float(first.values[name]) - 1e3) <= bound for name, bound in bounds.items())
    assert read_netlist(first.to_spice()) == first


def test_draws_are_of_their_distributions():
    draws = np.random.default_rng(0)
    tree = parse_expression("agauss(5,3,3)"), parse_expression("mc(10,0.1)")
    normal, uniform = (np.array([evaluate(drawn(each, draws), {}, np) for _ in range(4000)]) for each in tree)
    assert (normal.mean(), normal.std()) == pytest.approx((5, 1), abs=0.05)
    assert (uniform.min(), uniform.max(), uniform.std()) == pytest.approx((9, 11, 1 / np.sqrt(3)), abs=0.02)


def test_a_tolerance_around_a_knob_keeps_the_knob():
    text = "title\nVin in 0 1\n.param k=0.5\nR1 in out {mc(1k*k,0.05)}\nR2 out 0 1k\n"
    circuit = read_netlist(text, tolerance_seed=3)
    ratio = float(circuit["R1"].value) / 500
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        turned = float(circuit.replace(k=1.0)["R1"].value)
    assert ratio != 1.0
    assert turned / 1000 == pytest.approx(ratio)

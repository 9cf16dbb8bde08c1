"""Element lines in the forms people write them."""

import logging

import pytest

from circuitnn.circuit import CircuitError, NetlistError, read_netlist
from circuitnn.expressions.errors import NetlistWarning
from circuitnn.expressions.tree import Binary, Call, Current, Number, Voltage

RC = "t\nVin in 0 1\nR1 in out 1k\nC1 out 0 10n\n"


def parts(added):
    c = read_netlist(RC + added)
    return c, {part.name: part for part in c.components}


def test_controlled_sources():
    c, found = parts("E1 a 0 in out 2\nRa a 0 1\nG1 b 0 (in,out) 1m\nRb b 0 1\nF1 d 0 vIN -2\nRd d 0 1\n"
                     "H1 e 0 Vin {k}\nRe e 0 1\n.param k=0\n")  # fmt: skip
    assert (found["E1"].nodes, found["G1"].nodes) == (("a", "0", "in", "out"), ("b", "0", "in", "out"))
    assert (found["F1"].sense, found["H1"].sense) == ("Vin", "Vin")
    assert {name: float(c[name].value) for name in ("E1", "G1", "F1", "H1")} == {"E1": 2, "G1": 1e-3, "F1": -2, "H1": 0}
    assert float(c.replace(E1=-3.0, k=1.0)["H1"].value) == 1.0


@pytest.mark.parametrize(
    ("line", "quantity"),
    [
        ("B1 a 0 V=v(in)*2", "V"), ("B1 a 0 v = { v(in) * 2 }", "V"), ("B1 a 0 I='v(in)*2'", "I"),
        ("E1 a 0 VALUE={V(In)*2}", "V"), ("E1 a 0 value {v(in)*2}", "V"), ("E1 a 0 vol='v(in,gnd)*2'", "V"),
        ("G1 a 0 VALUE = {v(in)*2}", "I"), ("G1 a 0 cur='v(in)*2'", "I"), ("B1 (a 0) V=v(in)*{2}", "V"),
        ("B1 a 0 V=v(in)\n+ *2 ; comment", "V"),
    ],
)  # fmt: skip
def test_behavioural_sources(line, quantity):
    c, found = parts(line + "\nRa a 0 1k\n")
    part = found[line[:2]]
    assert (part.kind, part.quantity, part.nodes) == ("B", quantity, ("a", "0"))
    assert part.value == Binary("*", Voltage("in"), Number(2.0))
    assert part.name not in c.resolve()
    assert part.name not in c.values
    assert c[part.name].value is None
    assert read_netlist(c.to_spice()) == c


def test_names_of_nodes_may_be_odd():
    c, found = parts("R9 in n+-#1 1\nR8 n+-#1 N_$a 1\nR7 n_$a 0 1\nB1 q! 0 V=v(n+-#1)+v( N_$A , q! )\nRq q! 0 1\n")
    assert found["B1"].value == Binary("+", Voltage("n+-#1"), Voltage("N_$a", "q!"))
    assert read_netlist(c.to_spice()) == c


def test_coupled_inductors():
    c, found = parts("L1 out 0 1m\nL2 a 0 2m\nL3 b 0 1m\nRa a 0 1\nRb b 0 1\nK1 L1 l2 L3 0.9\n")
    assert [(name, found[name].couples) for name in ("K1", "K1_2", "K1_3")] == [
        ("K1", ("L1", "L2")), ("K1_2", ("L1", "L3")), ("K1_3", ("L2", "L3")),
    ]  # fmt: skip
    assert c.replace(K1=0.95).values["K1"] == 0.95
    for k in (1.0, 0.0, -1.2):
        with pytest.raises(ValueError, match="K1 must be between -1 and 1"):
            c.replace(K1=k)
    with pytest.raises(ValueError, match="couplings K1, K1_2, K1_3 cannot be together"):
        c.replace(K1=-0.9)


def test_transistors_and_their_parameters():
    c, found = parts("""Q1 out in 0 QN 2
Q2 out in 0 0 qp OFF
J1 out in 0 JN area=3
J2 out in 0 JP
D1 out 0 DX
.model QN NPN(BF=200 VAF=0 ISE=1f CJE=2p TNOM=27 XTB=1.5 Vceo=40 mfg=NXP RB=0 XCJC=0.5)
.model QP PNP BF=50 Va=80 RC=1 Ik=0.1 Rbm=2 rb=2
.model JN NJF(VTO=-0.6 CGS=4p Betatce=-.5)
.model JP PJF(VT0=1.5 LAMBDA=2m RD=3)
.model DX D(TT=1n CJO=0 JS=2n)
""")
    assert (found["Q2"].nodes, found["Q2"].model) == (("out", "in", "0"), "QP")
    assert (float(c["Q1"].value), float(c["J1"].value), float(c["J2"].value)) == (2.0, 3.0, 1.0)
    charge = ["CJE", "VJE", "MJE", "CJC", "VJC", "MJC", "TF", "TR", "FC"]
    assert {m.name: (m.kind, [name for name, _ in m.parameters]) for m in c.models} == {
        "QN": ("NPN", ["IS", "BF", "BR", "NF", "NR", "ISE", "NE", *charge]),
        "QP": ("PNP", ["IS", "BF", "BR", "NF", "NR", "VAF", "IKF", "RB", "RC"]),
        "JN": ("NJF", ["VTO", "BETA", "LAMBDA", "IS", "N", "CGS", "CGD", "PB", "FC"]),
        "JP": ("PJF", ["VTO", "BETA", "LAMBDA", "IS", "N", "RD"]),
        "DX": ("D", ["IS", "N", "CJO", "VJ", "M", "FC", "TT"]),
    }  # fmt: skip
    values = {name: float(value) for name, value in c.values.items()}
    assert (values["QN.IS"], values["QN.NE"], values["QN.VJE"], values["JN.BETA"]) == (1e-16, 1.5, 0.75, 1e-4)
    assert (values["DX.IS"], values["DX.VJ"], values["JP.VTO"], values["QP.VAF"]) == (2e-9, 1.0, 1.5, 80.0)
    assert float(c.replace(**{"JN.VTO": 1.0, "QN.CJC": 0.0}).values["JN.VTO"]) == 1.0
    for name, value in (("JN.LAMBDA", -1.0), ("QN.BF", 0.0), ("QN.CJC", -1e-12), ("QN.FC", 1.0)):
        with pytest.raises(ValueError, match=name):
            c.replace(**{name: value})


def test_the_habits_of_ltspice(caplog):
    with (
        caplog.at_level(logging.INFO, logger="circuitnn"),
        pytest.warns(NetlistWarning, match="line 12: read as LTspice does, by '.backanno'"),
    ):
        c, _ = parts("""C2 out 0 4.7µ V=25 Irms=1 Rser=0 mfg="Some Maker" pn="a b"
R2 out 0 1Meg tol=1 pwr=0.25
L1 out x 10m Ipk=2 Rser=0
R3 x 0 1k
V2 vcc 0 9 Rser=0 ; a battery
R4 vcc 0 {if(1>2,1,2)*1k}
.wav out.wav 16 48k v(out)
.backanno
.options plotwinsize=0
.tran 0 1 0 1u startup
.step param k list 1 2
""")
    assert float(c["C2"].value) == 4.7e-6
    for word in (".wav", ".backanno", ".options", ".tran", ".step"):
        assert any(word in record.message for record in caplog.records)


def test_a_waveform_may_stand_before_the_dc_value():
    for wave, rest in (("SIN(0 1 1k) DC 2", 2.0), ("PULSE(1 2 0 1n) AC 1", 1.0), ("PWL(0 3 1 4)", 3.0)):
        assert read_netlist(RC.replace("0 1\n", f"0 {wave}\n", 1))["Vin"].value == rest


def test_an_ideal_amplifier_holds_a_node_that_capacitors_alone_are_at():
    c = read_netlist("t\nVin in 0 1\nC1 in minus 1n\nC2 minus out 1n\nE1 out 0 0 minus 1e9\n")
    assert c.nodes == ("in", "minus", "out")
    with pytest.warns(NetlistWarning, match="the node minus has no direct current"):
        read_netlist("t\nVin in 0 1\nC1 in minus 1n\nC2 minus out 1n\nR1 out 0 1k\n")


def test_a_knob_may_turn_a_resistance_to_zero_only_where_it_is_an_expression():
    c, _ = parts("R2 out 0 {k*1k}\n.param k=0\n")
    assert float(c["R2"].value) == 0.0
    with pytest.raises(ValueError, match="R2 must not be negative"):
        c.replace(k=-0.1)
    with pytest.raises(ValueError, match="R1 must be positive"):
        c.replace(R1=0.0)


def test_errors_are_circuit_errors():
    assert issubclass(NetlistError, CircuitError)
    assert issubclass(CircuitError, ValueError)


def test_softplus_and_limit_are_spelled_out():
    _, found = parts("B1 a 0 V=limit(v(in),-1,i(Vin))\nRa a 0 1\n")
    assert isinstance(found["B1"].value, Call)
    assert found["B1"].value.function == "min"
    assert Current("Vin") in found["B1"].value.arguments[1].arguments


def test_a_span_of_resistances_is_its_last_part_as_in_ngspice():
    with pytest.warns(NetlistWarning, match="the last part, -3k"):
        c = read_netlist("* t\nVin in 0 1\nR1 in out 1-3k\nR2 out 0 1e-3k\n")
    assert (c["R1"].value, c["R2"].value) == (-3000.0, 1.0)

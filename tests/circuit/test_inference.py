"""What drives a circuit and where it is heard, where nobody says so: inferred, and said."""

from pathlib import Path

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError, read_netlist

pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.circuit.NetlistWarning")

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


@pytest.mark.parametrize(
    ("sources", "taken"),
    [
        ("Vx in 0 1", "Vx"),
        ("V1 vcc 0 9\nV2 in 0 AC 1", "V2"),
        ("V1 vcc 0 9\nV2 in 0 DC 0 AC=1", "V2"),
        ("V1 9v 0 9\nV2 in 0 SINE(0 0.1 440)", "V2"),
        ("V1 in 0 SIN(0 1 1k) AC 1\nV2 b 0 PULSE(0 1 0 1n 1n 1m 2m)", "V1"),
        ("V1 vcc 0 9\nV2 in 0 1", "V2"),
        ("V1 a 0 1\nV2 vcc 0 9", "V1"),
        ("V1 b 0 9 AC 0\nSignal_ in 0 1", None),
        ("Vcc vcc 0 9\nVsig a 0 0.1", "Vsig"),
        ("V1 in 0 1\nVmeter out2 0 0", "V1"),
        ("Vcc vcc 0 9\nI1 a 0 AC 1m", "I1"),
        ("V1 vcc 0 9\nR9 vcc 0 1k", "Vin"),
        ("Vcc vcc 0 9\nVin_a a 0 0\nVin_b b 0 0", "Vin_a"),
        ("V1 in1 0 AC 1\nV2 in2 0 AC 1", "V1"),
    ],
)
def test_the_source_that_is_more_likely_than_others_is_the_input(sources, taken):
    nodes = {line.split()[1] for line in sources.splitlines()} | ({"in"} if taken == "Vin" else set())
    text = "* t\n" + sources + "".join(f"\nRl{node} {node} out 1k" for node in sorted(nodes)) + "\nR0 out 0 1k\n"
    if taken is None:
        with pytest.raises(NetlistError):
            read_netlist(text)
        return
    circuit = read_netlist(text)
    assert circuit.inputs == (taken,)
    said = [note.message for note in circuit.notes if "input" in note.message]
    assert said
    assert said[0].startswith(taken)
    assert read_netlist(text, inputs=taken).inputs == circuit.inputs


def test_rails_alone_are_no_input_and_both_are_named():
    with pytest.raises(NetlistError, match="the sources are Vcc, Vee; inputs= names one"):
        read_netlist("* t\nVcc a 0 9\nVee b 0 -9\nR1 a out 1k\nR2 out b 1k\n")


def test_vin_and_out_are_nothing_to_say():
    assert not read_netlist(
        "* t\nV1 a 0 AC 1\nVin in 0 0\nR1 in OUT 1k\nR2 OUT a 1k\nR3 OUT vout 1\nR4 vout 0 1\n"
    ).notes


@pytest.mark.parametrize("node", ["OUT", "output", "vout", "Vo", "/out", "/amp/OUT", "V_out", "Amp_Out", "out1"])
def test_a_node_named_so_is_the_output(node):
    circuit = read_netlist(f"* t\nVin in 0 1\nR1 in {node} 1k\nR2 {node} 0 1k\n")
    assert circuit.outputs == (node,)
    assert [note.message for note in circuit.notes] == (
        [] if node == "OUT" else [f"the node {node} is taken as the output; outputs= names another"]
    )


@pytest.mark.parametrize(
    "commands",
    [
        ".print tran v(in) v(x)", ".control\nrun\nplot v(1) v(IN) vdb(X)\n.endc",
        ".save v(a1_out)\n.wave o.wav 16 44k V(x)",
        ".meas tran pp PP v(x)", "RL x 0 1k\nR9 x 0 1k", ".control\ngnuplot file\n+ x 1 in\n.endc",
    ],
)  # fmt: skip
def test_a_node_that_is_printed_or_loaded_is_the_output(commands):
    nodes = ["a1_out", "b1_out"] if ".save" in commands else ["n1", "n2"]
    text = f"* t\nVin in 0 1\nR1 in {nodes[0]} 1k\nR2 {nodes[0]} {nodes[1]} 1k\nR3 {nodes[1]} x 1k\nR4 x 0 1k\n"
    if ".save" in commands:  # one named so is more likely than any other
        assert read_netlist(text + commands).outputs == ("a1_out",)
        return
    assert read_netlist(text + commands).outputs == ("x",)
    with pytest.raises(NetlistError, match="for the output"):
        read_netlist(text)


def test_a_node_with_an_input_in_its_name_needs_no_source():
    circuit = read_netlist("* t\nVcc vcc 0 9\nR1 v_in vin_ac 1k\nR2 vin_ac v_out 1k\nR3 v_out vcc 1k\n")
    assert circuit.inputs == ("Vv_in",)
    assert circuit.outputs == ("v_out",)


def test_what_is_in_a_lone_subcircuit_counts():
    text = "* t\n.subckt pedal\nVs in 0 1\nR1 in out 1k\nR2 out 0 3k\n.ends\nX1 pedal\n"
    circuit = read_netlist(text)
    assert circuit.inputs == ("V.X1.Vs",)
    assert circuit.outputs == ("X1.out",)
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, [100.0]), 0.75, rtol=1e-12)
    with pytest.raises(NetlistError, match="for the input"):
        read_netlist(text + "X2 pedal\n")


def test_a_source_with_a_waveform_in_an_included_subcircuit_is_the_input(tmp_path):
    (tmp_path / "pedal.cir").write_text(
        ".subckt pedal\nV1 vcc 0 9\nV2 a 0 DC 0 SIN(0 1 1k) AC 1\nR1 a out 1k\nR2 out vcc 3k\n.ends\n"
    )
    (tmp_path / "main.cir").write_text(".include pedal.cir\nX1 pedal\n")
    circuit = read_netlist(tmp_path / "main.cir")
    assert circuit.inputs == ("V.X1.V2",)
    assert circuit.outputs == ("X1.out",)


def test_a_source_that_plays_a_file_is_the_input():
    text = '* t\nVcc p 0 9\nA1 %vd([in 0]) play\n.model play filesource(file="x")\nR1 in out 1k\nR2 out p 1k\n'
    circuit = read_netlist(text)
    assert circuit.inputs == ("VA1",)
    assert circuit["VA1"].nodes == ("in", "0")
    assert read_netlist(circuit.to_spice()) == circuit
    assert [read_netlist(text.replace("%vd([in 0])", port)).inputs for port in ("%v([in])", "[in]")] == [("VA1",)] * 2
    current = read_netlist(text.replace("%vd", "%id"))
    assert current.inputs == ("IA1",)
    with pytest.raises(NetlistError, match="line 3: A1 needs the nodes of its ports"):
        read_netlist(text.replace("[in 0]", "[in]"))


def test_sources_made_by_the_reader_are_no_inputs():
    circuit = read_netlist("* t\nVx a 0 1\nB1 b 0 V=v(a)*i(R1)\nR1 a out 1k\nR2 out b 1k\n")
    assert circuit.inputs == ("Vx",)


@pytest.mark.parametrize("load", ["", "R1 b out 1k\nC2 out 0 1n\n"])
def test_an_output_behind_a_capacitor_may_be_open(load):
    first = "out" if not load else "b"
    text = f"* t\nVin in 0 1\nC1 in {first} 1u\n{load}"
    circuit = read_netlist(text)
    assert "the output out is open" in str(circuit.notes[0])
    f = np.asarray([20.0, 1e3, 2e4])
    s = 2j * np.pi * f
    z2 = 1 / (s * 1e-9) if load else 1e12
    expected = z2 / (z2 + (1e3 if load else 0.0) + 1 / (s * 1e-6))
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, f), expected, rtol=1e-6)
    assert read_netlist(circuit.to_spice(), inputs="Vin", outputs="out") == circuit


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (
            "R1 in a 1k\nC1 a b 1u\nR2 b c 1k\nC2 c out 1u",
            "the node b has no direct current",
        ),
        ("R1 in out 1k\nL1 out 0 1\nL2 out 0 2", "loop of inductors: L1, L2; no current flows in it at rest"),
        ("L1 in 0 1\nL2 out 0 4\nK1 L1 L2 0.9", "loop of inductors: Vin, L1; no current flows in it at rest"),
    ],
)
def test_what_direct_current_leaves_open_is_at_rest(lines, note, ngspice):
    circuit = read_netlist(f"* t\nVin in 0 0\n{lines}\nR9 out 0 10k\n")
    assert [message.message[: len(note)] for message in circuit.notes] == [note]
    f = [20.0, 1e3]
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, f), cn.spice.ac(circuit, f), atol=1e-9)
    assert read_netlist(circuit.to_spice()) == circuit


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("Vin in 0 1\nL1 in 0 1", "loop of voltage sources and inductors"),  # whose current grows for ever
        ("Vin in 0 0\nC1 in b 1u\nC2 b 0 1u\nM1 out b 0 0 MX\n.model MX NMOS", "node b has no DC path"),  # it counts
        ("Vin in 0 0\nC1 in b 1u\nI1 b 0 1m", "node b has no DC path"),
    ],
)
def test_what_has_no_rest_is_at_fault(lines, fault):
    with pytest.raises(NetlistError, match=fault):
        read_netlist(f"* t\n{lines}\nR1 in out 1k\nR2 out 0 1k\n")


def test_an_output_that_a_current_charges_is_no_open_one():
    with pytest.raises(NetlistError, match="no DC path"):
        read_netlist("* t\nVin in 0 1\nR1 in 0 1k\nI1 out 0 1m\nC1 out in 1u\n")


@pytest.mark.skipif(not CASES.exists(), reason="the cases are not here")
def test_a_pedal_as_it_is_written():
    circuit = read_netlist(CASES / "ltspice" / "pedal-as-written.net")
    assert circuit.inputs == ("V1",)
    assert circuit.outputs == ("OUT",)
    assert set(circuit.controls) == {"drive", "tone", "level"}


@pytest.mark.parametrize(
    "lines",
    [
        "Q1 c b 0 Q\nRb p b 1meg\nRc p c 10k\nC1 in b 1u\nC2 c x 1u\nR1 x 0 1k\nC3 0 x 1n\n",  # behind a capacitor
        "C1 in a 1n\nR1 a 0 1meg\nE1 b 0 a 0 10\nR2 b c 1k\nC2 c x 1u\nR3 x 0 1k\nR4 0 x 9k\n",  # a is heard by E1
        "R1 in x 1k\nC1 x 0 1u\nR2 x p 1k\n",  # the only one that no source holds
        "C1 in x 1u\nR1 x 0 1k\n",
    ],
)
def test_the_end_of_what_has_no_names_is_the_output(lines):
    text = f"* t\nV1 in 0 AC 1\nVp p 0 9\n{lines}.model Q NPN\n"
    with pytest.warns(cn.NetlistWarning, match="the node x is taken as the output"):
        assert read_netlist(text).outputs == ("x",)


def test_two_ends_without_names_are_no_output():
    ends = "".join(f"R{k} in a{k} 1k\nC{k} a{k} b{k} 1u\nR1{k} b{k} 0 1k\n" for k in (1, 2))
    with pytest.raises(NetlistError, match="no node named 'out'"):
        read_netlist(f"* t\nV1 in 0 AC 1\n{ends}")


BETWEEN = "V1 in 0 AC 1\nC1 in a 1n\nC2 a out 2n\nR1 out 0 10k\nC3 a 0 3n\n"


def test_nodes_between_capacitors_have_a_large_resistance_to_ground_and_gates_in_ltspice_alone():
    assert "R.a" in read_netlist("t\n" + BETWEEN)
    with pytest.warns(cn.NetlistWarning, match="line 3: the node a has no direct current"):
        circuit = read_netlist("t\n" + BETWEEN, dialect="ltspice")
    w = 2j * np.pi * 1e4
    admittances = np.array([[6e-9 * w, -2e-9 * w], [-2e-9 * w, 2e-9 * w + 1e-4]])
    expected = np.linalg.solve(admittances, [1e-9 * w, 0])[1]
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, [1e4])[0], expected, rtol=1e-5)
    gate = BETWEEN.replace("R1", "M1 d a 0 0 NM\nR2 d 0 1k\nR1") + ".model NM NMOS\n"
    assert "R.a" in read_netlist("t\n" + gate, dialect="ltspice")
    with pytest.raises(NetlistError, match="node a has no DC path"):
        read_netlist("t\n" + gate)
    driven = BETWEEN + "I1 0 a 1u\n"  # a source that nothing but it would bring to a million volts
    with pytest.raises(NetlistError, match="node a has no DC path"):
        read_netlist("t\n" + driven, dialect="ltspice")

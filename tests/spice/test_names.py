"""Nothing that a netlist calls a thing reaches the language of another program."""

import dataclasses

import numpy as np
import pytest

from circuitnn import circuits, spice
from circuitnn.circuit import read_netlist
from circuitnn.circuit.writer import netlist_text
from circuitnn.spice.names import LONGEST, renamed
from circuitnn.spice.outputs import probed
from circuitnn.spice.program import SpiceError

HOSTILE = (
    "a`touch {mark}`", "o>{mark}", "$(touch {mark})", "a;touch {mark}", "x\n.control\nshell touch {mark}\n.endc\n* ",
    'a"b', "a'b", "circuitnn_signal_0", "circuitnn_clock", "circuitnn_signal", ".control", "quit", "all", "time", "0a",
    "a,b", "n1", "r1", "Vcircuitnn_current_0", "é", "{{1/0}}", "a b", "", "x" * 10_000,
)  # fmt: skip
FREQS = [100.0, 1e3]


def divider(node: str = "out", part: str = "R1"):
    """Two resistors and a capacitor, with a node or a part of any name: the reader refuses the worst of them."""
    circuit = read_netlist("Vin in 0 1\nR1 in mid 1k\nR2 mid 0 3k\nC1 mid 0 10n", outputs=("mid",))
    components = tuple(
        dataclasses.replace(
            component,
            name=part if component.name == "R1" else component.name,
            nodes=tuple(node if each == "mid" else each for each in component.nodes),
        )
        for component in circuit.components
    )
    values = {part if name == "R1" else name: value for name, value in circuit.values.items()}
    return dataclasses.replace(circuit, components=components, values=values, outputs=(node,), title=node)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_seen_outside(name):
    name = name.format(mark="mark")
    ours, _, names = probed(divider(node=name))
    again, _ = renamed(divider(part=name))
    for text in (netlist_text(ours), netlist_text(again)):
        words = set(text.replace("\n", " ").split())
        known = "* a circuit v1 r2 r3 c4 n1 n2 0 DC AC 1 .op .end 1.0 1000.0 3000.0 1e-08"
        assert words <= set(known.split())
    shown = names.translated("Error: no dc path to n2, singular matrix: r99")
    assert len(shown) <= 60 + LONGEST
    assert "\n" not in shown
    assert "r99" in shown


@pytest.mark.ngspice
@pytest.mark.parametrize("name", HOSTILE)
def test_answers_do_not_depend_on_names(ngspice, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mark = tmp_path / "mark"
    circuit = divider(node=name.format(mark=mark))
    expected = 0.75 / (1 + 2j * np.pi * np.array(FREQS) * 750 * 10e-9)
    np.testing.assert_allclose(spice.ac(circuit, FREQS), expected, rtol=1e-6)
    assert spice.operating_point(circuit)[circuit.outputs[0]] == pytest.approx(0.75)
    y = spice.transient(circuit, np.full(3, 1.0), 48_000, max_step=5e-6)
    np.testing.assert_allclose(y, 0.75, rtol=1e-6)
    assert not list(tmp_path.iterdir())


@pytest.mark.ngspice
def test_a_hostile_netlist_as_text(ngspice, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "* .control\nVin in 0 1\nR1 in a`id>x` 1k\nC1 a`id>x` 0 10n\nR2 a`id>x` o>path 1k\nR3 o>path 0 1k"
    circuit = read_netlist(text, outputs=("v(C1)", "o>path", "i(R3)"))
    assert spice.ac(circuit, FREQS).shape == (3, 1, 2)
    assert not list(tmp_path.iterdir())


def test_a_whole_circuit_under_our_names():
    """Models, parameters, expressions, sensed sources and coupled coils come along: the same circuit."""
    text = """
        .param drive=.3 load={2*drive+1k}
        .model Dx D(IS=1e-9 N={1+drive})
        Vin in 0 0
        R1 in a {load}
        L1 a 0 1
        L2 b 0 1
        K1 L1 L2 .5
        D1 b c Dx 2
        Vs c 0 0
        F1 out 0 Vs 3
        B1 d 0 V={v(b,out)*drive + i(Vs)}
        R2 d out 1k
        R3 out 0 1k
    """
    circuit = read_netlist(text, outputs=("out",))
    ours, names = renamed(circuit)
    back = read_netlist(netlist_text(ours), inputs=ours.inputs, outputs=(names.nodes["out"],))
    assert [part.nodes for part in back.components] == [part.nodes for part in ours.components]
    assert sorted(map(float, back.values.values())) == sorted(map(float, circuit.values.values()))
    resolved, expected = back.resolve(), circuit.resolve()
    for theirs, mine in {**names.parts, **names.parameters}.items():
        if theirs in expected:
            assert float(resolved[mine]) == pytest.approx(float(expected[theirs]))


@pytest.mark.ngspice
def test_limits_of_time_and_memory(ngspice, monkeypatch):
    circuit = circuits.diode_clipper()
    with pytest.raises(SpiceError, match="did not finish within"):
        spice.transient(circuit, np.zeros(48_000), 48_000, timeout=0.2)
    monkeypatch.setattr("circuitnn.spice.program.MOST_MEMORY", 2**20)
    with pytest.raises(SpiceError, match="ngspice"):
        spice.operating_point(circuit)

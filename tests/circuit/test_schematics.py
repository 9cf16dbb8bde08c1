"""LTspice's schematics: symbols, wires, flags and texts."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError, read_netlist
from circuitnn.circuit.asc import netlist_of

pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.circuit.NetlistWarning")

# A divider: the wire of the output is met by the lower resistor in its middle, without an end there.
DIVIDER = """Version 4
SHEET 1 880 680
WIRE 0 0 -100 0
WIRE 96 0 80 0
WIRE 300 0 96 0
FLAG -100 80 0
FLAG 200 80 0
FLAG 300 0 out
SYMBOL voltage -100 -16 R0
SYMATTR InstName V1
SYMATTR Value SINE(0 1 1k)
SYMATTR Value2 AC 1
SYMBOL res 96 -16 R90
SYMATTR InstName R1
SYMATTR Value {r}
SYMBOL res 184 -16 R0
SYMATTR InstName R2
SYMATTR Value 3k
TEXT 0 200 Left 2 !.param r=1k\\n.tran 1m
TEXT 0 240 Left 2 ;a remark
"""


def test_a_schematic_is_the_circuit_that_it_draws(tmp_path):
    (tmp_path / "divider.asc").write_text(DIVIDER)
    for source in (DIVIDER, tmp_path / "divider.asc"):
        circuit = read_netlist(source)
        assert circuit.inputs == ("V1",)
        assert circuit.outputs == ("out",)
        assert circuit.controls == {"r": 1000.0}
        np.testing.assert_allclose(cn.nodal.frequency_response(circuit, [100.0]), 0.75, rtol=1e-6)


@pytest.mark.parametrize(
    ("turn", "ends"),
    [
        ("R0", ((16, 0), (16, 64))),
        ("R90", ((0, 16), (-64, 16))),
        ("R180", ((-16, 0), (-16, -64))),
        ("R270", ((0, -16), (64, -16))),
        ("M0", ((-16, 0), (-16, 64))),
        ("M90", ((0, -16), (-64, -16))),
        ("M180", ((16, 0), (16, -64))),
        ("M270", ((0, 16), (64, 16))),
    ],
)
def test_a_diode_may_be_turned_and_mirrored(turn, ends):
    flags = "".join(f"FLAG {x + 160} {y + 320} {name}\n" for (x, y), name in zip(ends, "ak", strict=True))
    text = f"Version 4\nSHEET 1 1 1\n{flags}SYMBOL diode 160 320 {turn}\nSYMATTR InstName D1\n"
    assert netlist_of(text).splitlines()[1:3] == ["D1 a k D", ".model D D"]


def test_flags_of_one_name_are_one_node_and_wires_that_cross_are_two():
    text = """Version 4
SHEET 1 1 1
WIRE 0 0 100 0
WIRE 50 -50 50 50
FLAG 0 0 a
FLAG 50 50 b
FLAG 500 64 a
FLAG 516 0 c
SYMBOL cap 84 0 R0
SYMATTR InstName C1
SYMATTR Value 1n
SYMBOL cap 500 0 R0
SYMATTR InstName C2
SYMATTR Value 2n
SYMBOL cap 34 50 R0
SYMATTR InstName X2
SYMATTR Value 3n
"""
    first, second, third = netlist_of(text).splitlines()[1:4]
    assert first.split()[1] == "a"
    assert second.split()[1] == "c"
    assert third.split()[:2] == ["CX2", "b"]


def test_all_unknown_symbols_are_named_with_their_lines():
    text = DIVIDER.replace("SYMBOL res 96", "SYMBOL Misc\\\\triode 96").replace("SYMBOL voltage", "SYMBOL battery")
    with pytest.raises(NetlistError) as caught:
        read_netlist(text)
    assert [fault.line for fault in caught.value.faults] == [9, 13]
    assert "the symbol Misc\\\\triode is none of those" in str(caught.value)

import re

import pytest

from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import CATALOGUE
from circuitnn.mna.topology import topology
from circuitnn.wdf.decompose import decompose, leaves
from circuitnn.wdf.drawing import WIDTH, drawing

SD1 = """\
root: Q1 (two ports), D1 (one port), D2 (one port), D3 (one port), Q2 (two ports), E.XU1.E1,
      E.XU2.E1
└─ R₂₈: Vcc, Rb1, R3, R4, R5, R8, R13, Rtone1, Rtone2, Rlevel2, C2 z⁻¹, C5 z⁻¹
   ├─ S₄: R2, C1 z⁻¹
   │  └─ P₃: Vin, R1
   ├─ P₃: Rb2, Cb z⁻¹
   ├─ S₃: R7, C4 z⁻¹
   ├─ S₃: R6, Rdrive
   ├─ P₃: R10, C7 z⁻¹
   ├─ S₃: C6 z⁻¹, R11
   ├─ S₄: C8 z⁻¹, R12, Rlevel1
   ├─ S₃: R20, C9 z⁻¹
   └─ P₃: R14
      └─ S₄: R15, C10 z⁻¹, R16"""
CLIPPER = """\
root: D1, D2 (one port)
└─ P₃: C1 z⁻¹
   └─ S₃: R1, Vin"""


def drawn(circuit):
    return drawing(decompose(topology(circuit)))


def test_a_pedal_fits_a_screen():
    assert drawn(CATALOGUE["sd1"]()) == SD1


def test_one_tree_and_one_device_are_connected_by_a_wire():
    assert drawn(CATALOGUE["diode_clipper"]()) == CLIPPER


def test_an_adaptor_below_the_root_has_a_port_upwards():
    text = drawn(CATALOGUE["bassman"]())
    assert text.startswith("root: open\n")
    assert "R₆: R4, C2 z⁻¹, C3 z⁻¹\n" in text


def test_states_without_a_tree_are_at_the_root():
    lines = "R1 in a 1\nL1 a 0 1\nL2 b 0 1\nK1 L1 L2 0.9\nR2 b out 1\nD1 out 0 DX\n.model DX D(CJO=1p)"
    first, *_ = drawn(read_netlist(f"* t\nVin in 0 0\n{lines}\n.end")).splitlines()
    assert first == "root: D1 (one port), L1 z⁻¹, L2 z⁻¹, D1.CJO z⁻¹"


def test_a_long_list_goes_on_under_its_beginning():
    lines = drawn(CATALOGUE["phase90"]()).splitlines()
    assert lines[2].startswith("└─ R₃₆: Vin, ")
    assert lines[3].startswith("   │    J2#RD, ")


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_leaf_is_drawn_once_and_no_line_is_wide(name):
    root = decompose(topology(CATALOGUE[name]()))
    text = drawing(root)
    words = re.split(r"[\s,│├└─]+", text)
    for leaf in leaves(root):
        assert words.count(leaf.name) == 1, leaf.name
    assert max(map(len, text.splitlines())) <= WIDTH

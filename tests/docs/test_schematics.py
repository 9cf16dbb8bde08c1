"""The schematics of the catalogue say what the netlists say: what is joined, what is there, and what it is worth."""

import dataclasses
import re
from pathlib import Path

import pytest

import circuitnn as cn
from docs.tools.schematic_layouts import LAYOUTS
from docs.tools.schematic_parts import Layout, Part, Transistor, label, nets

FOLDER = Path(__file__).parents[2] / "docs" / "assets" / "schematics"
EACH = pytest.mark.parametrize("name", LAYOUTS)


def is_as_the_netlist(layout: Layout) -> bool:
    """Whether each thing that is joined is one node, and each node one thing."""
    joined = nets(layout)
    return all(len(names) == 1 for names in joined) and len(joined) == len(set.union(*joined))


@EACH
def test_the_picture_joins_what_the_netlist_joins(name):
    layout = LAYOUTS[name]
    assert is_as_the_netlist(layout)
    for index in range(len(layout.wires)):
        without = dataclasses.replace(layout, wires=layout.wires[:index] + layout.wires[index + 1 :])
        assert not is_as_the_netlist(without), layout.wires[index]


@EACH
def test_every_element_is_there(name):
    layout = LAYOUTS[name]
    circuit = cn.circuits.CATALOGUE[layout.circuit]()
    drawn = {
        part for item in layout.items for part in (item.name if isinstance(item, Transistor) else item.names).split()
    }
    elements = {part.name for part in circuit.components}
    sources = {part.name for part in circuit.components if part.kind == "V" and not part.name.startswith("V.")}
    nodes = {part.nodes[0] for part in circuit.components if part.name in sources - drawn}
    assert drawn <= elements
    if layout.is_whole:
        assert elements == drawn | set(layout.hidden.split()) | (sources - {"Vcoil"})
        assert nodes <= {node for node, _ in layout.marks}


@EACH
def test_the_file_has_the_values_of_the_netlist(name):
    layout = LAYOUTS[name]
    circuit = cn.circuits.CATALOGUE[layout.circuit]()
    picture = (FOLDER / f"{name}.svg").read_text()
    texts = re.findall(r"<text [^>]*>(.*?)</text>", picture)
    written = [" ".join(re.findall(r"<tspan[^>]*>(.*?)</tspan>", text)) for text in texts]
    for item in layout.items:
        text = label(circuit, item).replace("\n", " ")
        if text:
            assert text in written
    resistor = next(item for item in layout.items if isinstance(item, Part) and item.names[0] == "R" and not item.wiper)
    other = circuit.replace(**{resistor.names: 1.5 * float(circuit[resistor.names].value)})
    assert label(other, resistor).replace("\n", " ") not in written

"""What is written for SPICE in the place of a device is read back as that device."""

import pytest

import circuitnn as cn

CELL = """* a cell
Vin in 0 0
R1 in out 10k
N1 in 0 out 0 CELL
.model CELL VACTROL(IREF=2m W=0.2{})
"""


def written(text, **options):
    circuit = cn.read_netlist(text, inputs=("Vin",), **options)
    return circuit, circuit.to_spice()


@pytest.mark.parametrize("more", ["", " RS=2"])
def test_a_vactrol(more):
    circuit, text = written(CELL.format(more))
    again = cn.read_netlist(text, inputs=("Vin",))
    assert (again.components, again.models) == (circuit.components, circuit.models)
    assert again.values == circuit.values


def test_a_triode_and_an_area():
    text = "* a tube\nVin in 0 0\nVb b 0 200\nR1 b out 100k\nN1 out in 0 TUBE{}\n.model TUBE TRIODE(KG1=1060)\n"
    circuit, spice = written(text.format(""))
    again = cn.read_netlist(spice, inputs=("Vin",))
    assert again.models == circuit.models
    _, spice = written(text.format(" 2"))
    assert not any(model.name == "TUBE" for model in cn.read_netlist(spice, inputs=("Vin",)).models)


def test_what_is_not_the_same_stays_a_subcircuit():
    _, text = written(CELL.format(""))
    other = text.replace("0.0001\n", "0.0002\n", 1)
    assert other != text
    assert "N1" not in {part.name for part in cn.read_netlist(other, inputs=("Vin",)).components}

"""Another device in the place of one: as if the netlist had said so."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit.exchange import with_models

TEXT = """* two diodes and a transistor
.param drive=0.5
Vcc vcc 0 9
Vin in 0 0
R1 in a {1k+9k*drive}
D1 a 0 DA 2
D2 0 a DB
Q1 c a 0 QA
R2 vcc c 10k
R3 c out 1k
R4 out 0 1Meg
.model DA D(IS=1n N=1.5)
.model DB D(IS=2n N=1.6)
.model QA NPN(IS=1e-14 BF=200)
.end
"""


@pytest.fixture
def circuit():
    return cn.read_netlist(TEXT)


def test_a_part_of_the_library(circuit):
    found = with_models(circuit.replace(R4="2Meg"), d1="1N34A")
    written = TEXT.replace("D1 a 0 DA 2", "D1 a 0 1N34A 2").replace("1Meg", "2Meg")
    with pytest.warns(cn.NetlistWarning, match="1N34A is not in the netlist"):
        expected = cn.read_netlist(written)
    assert found == expected
    assert found["D1"].model == "1N34A"
    assert found["D1"].value == 2  # the area stays
    (note,) = found.notes
    assert (
        note.message
        == "D1: 1N34A of this library's own parts, with published model parameters (LTspice users' library)"
    )


def test_a_model_of_the_netlist_comes_first(circuit):
    found = with_models(circuit, D2="da")
    assert [found[name].model for name in ("D1", "D2")] == ["DA", "DA"]
    assert "DB.IS" not in found.values
    assert not found.notes
    assert with_models(circuit, D1="DA", Q1="QA") == circuit


def test_a_pattern(circuit):
    found = with_models(circuit, **{"D*": "1N4148"})
    assert [found[name].model for name in ("D1", "D2", "Q1")] == ["1N4148", "1N4148", "QA"]
    assert "D1, D2: 1N4148" in found.notes[0].message


def test_it_sounds_otherwise():
    """A germanium diode conducts earlier: the clipper's output is smaller."""
    x = np.sin(2 * np.pi * np.arange(200) / 50)
    silicon = cn.circuits.diode_clipper()
    models = [
        cn.nodal.NodalModel(circuit, 48_000, dtype=np.float64)
        for circuit in (silicon, with_models(silicon, **{"D*": "1N34A"}))
    ]
    of_silicon, of_germanium = (np.abs(cn.run(model, x)[1]).max() for model in models)
    assert of_germanium < 0.7 * of_silicon


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ({"D3": "1N4148"}, r"no device with a model 'D3'; there are D1 \(DA\), D2 \(DB\), Q1"),
        ({"R1": "1N4148"}, "no device with a model 'R1'; there are"),
        (
            {"D1": "1N41x48"},
            r"no model '1N41x48' \(did you mean 1N4148\?\); the netlist has DA, DB, QA; of its kind the",
        ),
        ({"D1": "BC108"}, "D1 is a diode and needs a .model of kind D; BC108 is of kind NPN"),
        ({"self": "DA"}, "no device with a model 'self'"),
    ],
)
def test_errors_say_what_there_is(circuit, models, message):
    with pytest.raises(ValueError, match=message):
        with_models(circuit, **models)

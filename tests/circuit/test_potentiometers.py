"""The potentiometer of KiCad's simulator: a knob by its name."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError, read_netlist

TEXT = "* t\nVin in 0 1\nARV1 in out 0 POT\nR1 out 0 1meg\n.model POT potentiometer(r=100k position=0.3{})\n"


def _share(position, decades):
    before = 1e5 * (position if decades is None else 10 ** -(position * decades))
    after = 1 / (1 / (1e5 - before) + 1e-6)
    return after / (before + after)


@pytest.mark.parametrize(
    ("taper", "decades"),
    [("", None), (" log=false", None), (" log=TRUE", 1.0), (" log=1 log_multiplier=2", 2.0)],
)
def test_a_potentiometer_is_a_knob_with_its_taper(taper, decades):
    circuit = read_netlist(TEXT.format(taper))
    assert circuit.controls == {"ARV1": 0.3}
    for position in (0.3, 0.8):
        answer = cn.nodal.frequency_response(circuit, [1e3], controls={"arv1": position})[0]
        np.testing.assert_allclose(answer, _share(position, decades), rtol=1e-6)
    assert read_netlist(circuit.to_spice()) == circuit


def test_ends_of_the_track_leave_a_little_as_in_ngspice():
    circuit = read_netlist(TEXT.format(""))
    for position, expected in ((0.0, 1.0), (1.0, 1e-9)):
        answer = cn.nodal.frequency_response(circuit, [1e3], controls={"ARV1": position})[0]
        np.testing.assert_allclose(answer, expected, rtol=1e-6)


def test_two_of_one_model_are_two_knobs():
    more = "A2 in out 0 POT\n.subckt s a b\nA3 a b 0 POT\n.ends\nX1 in out s\n"
    assert read_netlist(TEXT.format("") + more).controls == {"ARV1": 0.3, "A2": 0.3}


def test_a_position_that_is_a_parameter_is_that_knob():
    circuit = read_netlist(TEXT.format("").replace("0.3", "{drive}") + ".param drive=0.3\n")
    assert circuit.controls == {"drive": 0.3}
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, [1e3])[0], _share(0.3, None), rtol=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("potentiometer(", "gain(", "line 3: ARV1: of code models .A. a potentiometer .* POT is of kind"),
        ("in out 0 POT", "in out POT", "line 3: ARV1 needs three nodes"),
        ("0.3", "1.3", "line 5: .model POT: position must be from 0 to 1, got 1.3"),
        ("r=100k", "r=-1", "line 5: .model POT: r must be positive"),
        ("0 POT", "0 POD", "line 3: ARV1: of code models"),
    ],
)
def test_what_is_none_is_said(old, new, message):
    with pytest.raises(NetlistError, match=message) as caught:
        read_netlist(TEXT.format("").replace(old, new))
    assert len(caught.value.faults) <= 1

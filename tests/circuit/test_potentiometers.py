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


LTSPICE = ".subckt pot 1 2 3\n.param w=limit(wiper,1m,.999)\nR0 1 3 {R*(1-w)}\nR1 3 2 {R*w}\n.ends"
INSIDE = ".subckt pot 1 2 3\nR0 1 3 {v*t + 1m}\nR1 3 2 {v*(1 - t) + 1m}\n.param v=1k\n.param t=0.25\n.ends"
LINE = ".subckt pot a b w params: rtot=1k pos=0.6\nRA a w {rtot*(1-pos)**2}\nRB w b {rtot*(1-(1-pos)**2)}\n.ends"


@pytest.mark.parametrize(
    ("line", "subcircuit", "knob", "position", "lower"),
    [
        ("XP1 in 0 out pot R=100k wiper=0.3", LTSPICE, "P1", 0.3, lambda p: min(max(p, 1e-3), 0.999)),
        ("X§Drive in 0 out pot v=100k", INSIDE, "Drive", 0.25, lambda p: 1 - p),
        ("X1 in 0 out pot params: rtot=100k pos={1/4}", LINE, "X1", 0.25, lambda p: 1 - (1 - p) ** 2),
    ],
)
def test_a_subcircuit_that_is_a_potentiometer_is_a_knob_with_its_taper(line, subcircuit, knob, position, lower):
    with pytest.warns(cn.NetlistWarning, match=f"is taken as the knob {knob}"):
        circuit = read_netlist(f"t\nVin in 0 1\n{line}\n{subcircuit}\n", outputs="out")
    assert circuit.controls == {knob: position}
    for p in (position, 0.8):
        answer = cn.nodal.frequency_response(circuit, [1e3], controls={knob: p})[0]
        np.testing.assert_allclose(answer, lower(p), rtol=1e-6)


@pytest.mark.parametrize(
    ("line", "controls"),
    [("XP1 in 0 out pot R=1k wiper={w}\n.param w=0.2", {"w": 0.2}), ("XP1 in 0 out pot R=1k wiper=30", {})],
)
def test_a_wiper_that_is_a_parameter_or_no_position_is_no_other_knob(line, controls):
    assert read_netlist(f"t\nVin in 0 1\n{line}\n{LTSPICE}\n").controls == controls

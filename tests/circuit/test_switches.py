"""Switches: in their ends what ngspice's own are, and what is written for ngspice is the same in between."""

import jax
import numpy as np
import pytest

from circuitnn import nodal, run, spice
from circuitnn.circuit import read_netlist
from circuitnn.expressions.errors import NetlistError
from circuitnn.spice.program import simulate

pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")

TAIL = ".options reltol=1e-9 abstol=1e-15 vntol=1e-12 gmin=1e-15\n.op\n.end\n"
BY_VOLTAGE = "t\nVc c 0 {control}\nVin in 0 1\nR1 in out 10k\nS1 out x c 0 K\nR2 x 0 10k\n.model K {model}\n"
BY_CURRENT = "t\nVc c d {control}\nRc d 0 1\nVin in 0 1\nR1 in out 10k\nW1 out x Vc K\nR2 x 0 10k\n.model K {model}\n"


def rest(text):
    circuit = read_netlist(text, inputs="Vin", outputs="out")
    return circuit, float(nodal.operating_point(circuit)["out"])


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("text", "model", "controls"),
    [
        (BY_VOLTAGE, "SW(VT=2.5 VH=0 RON=1 ROFF=1G)", (5, 2, -5)),
        (BY_VOLTAGE, "SW VT=-1 VH=0.1 RON=1m ROFF=1e12", (0, -2)),
        (BY_VOLTAGE, "SW(RON=100)", (1, -1)),
        (BY_CURRENT, "CSW(IT=1m IH=0.1m RON=10 ROFF=1Meg)", (-2e-3, -0.5e-3, 2e-3)),
    ],
)
def test_the_ends_are_those_of_ngspice(ngspice, text, model, controls):
    for control in controls:
        netlist = text.format(control=control, model=model)
        circuit, volts = rest(netlist)
        theirs = simulate(netlist + TAIL, {}, timeout=60)[0].columns["v(out)"][0]
        assert volts == pytest.approx(theirs, rel=1e-6)
        assert float(spice.operating_point(circuit)["out"]) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.ngspice
@pytest.mark.parametrize("model", ["SW(VT=2 VH=-1 RON=10 ROFF=1Meg)", "VSWITCH(VON=3 VOFF=1 RON=10 ROFF=1Meg)"])
def test_the_way_between_is_smooth_and_the_same_as_written(ngspice, model):
    volts = []
    for control in (1.2, 1.7, 2.0, 2.6):
        circuit, here = rest(BY_VOLTAGE.format(control=control, model=model))
        assert here == pytest.approx(float(spice.operating_point(circuit)["out"]), rel=1e-6)
        t = (control - 1) / 2
        resistance = np.exp(np.log(1e6) + np.log(10 / 1e6) * t**2 * (3 - 2 * t))
        assert here == pytest.approx((resistance + 1e4) / (resistance + 2e4), rel=1e-6)
        volts.append(here)
    assert all(np.diff(volts) < 0)


@pytest.mark.parametrize(
    ("model", "message"),
    [("D(IS=1p)", "SW or VSWITCH"), ("SW(RON=0)", "positive"), ("SW(VT=1 Ilimit=1)", "ILIMIT is not supported"),
     ("VSWITCH(VON=1 VOFF=1)", "same")],
)  # fmt: skip
def test_what_is_no_switch(model, message):
    with pytest.raises(NetlistError, match=message):
        rest(BY_VOLTAGE.format(control=1, model=model))


MEMORY = "t\nVin in 0 0\nR1 in out 10k\nS1 out 0 in 0 K{state}\n.model K SW(VT={vt} VH=0.5 RON=1k ROFF=1Meg)\n"


def remembered(x, vt, is_on):
    """The voltages behind 10 k when the switch is on above VT + VH, off below VT - VH, and as before in between."""
    volts = []
    for volt in x:
        is_on = volt > vt + 0.5 or (is_on and volt >= vt - 0.5)
        resistance = 1e3 if is_on else 1e6
        volts.append(volt * resistance / (resistance + 1e4))
    return np.array(volts)


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("state", "control"), [("", 2.2), ("", 2.8), ("", 3.2), (" on", 2.2), (" ON", 1.8), (" off", 2.8)]
)
def test_between_the_thresholds_it_rests_as_it_is_said_to_be(ngspice, state, control):
    text = BY_VOLTAGE.replace("c 0 K", f"c 0 K{state}").format(
        control=control, model="SW(VT=2.5 VH=0.5 RON=1k ROFF=1Meg)"
    )
    circuit, volts = rest(text)
    theirs = simulate(text + TAIL, {}, timeout=60)[0].columns["v(out)"][0]
    assert volts == pytest.approx(theirs, rel=1e-6)
    assert float(spice.operating_point(circuit)["out"]) == pytest.approx(theirs, rel=1e-6)
    assert read_netlist(circuit.to_spice(), inputs="Vin", outputs="out") == circuit


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::circuitnn.numerics.report.SolveWarning")  # that it may rest in two ways
@pytest.mark.parametrize(("state", "vt", "is_on"), [("", 1.0, False), (" on", 0.2, True)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_it_remembers(ngspice, state, vt, is_on, dtype):
    circuit = read_netlist(MEMORY.format(state=state, vt=vt))
    model = nodal.NodalModel(circuit, fs=48_000, dtype=dtype)
    x = (1.5 * np.sin(np.arange(200) / 9) + np.sin(np.arange(200) / 3.1)).astype(dtype)
    carry, first = run(model, x[:71])
    y = np.concatenate([first, run(model, x[71:], carry)[1]])
    np.testing.assert_allclose(y, remembered(x, vt, is_on), rtol=1e-6 if dtype == "float64" else 1e-5, atol=1e-7)
    if dtype == "float64":
        np.testing.assert_allclose(spice.transient(circuit, x, 48_000), y, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("ron", [1e-3, 10.0, 9e8])
@pytest.mark.parametrize("control", [0.9, 1.7, 2.3, 3.5])
def test_gradients_in_all_that_a_switch_is(ron, control):
    text = (
        "t\nVin in 0 1\nR1 in out 10k\nVc c 0 {vc}\nS1 out 0 c 0 K\n.param vc=5 ron=10 roff=1g vt=2 vh=-1\n"
        ".model K SW(VT={vt} VH={vh} RON={ron} ROFF={roff})\n"
    )
    circuit = read_netlist(text, inputs="Vin", outputs="out")
    point = {"vc": control, "ron": ron, "roff": 1e9, "vt": 2.0, "vh": -1.0}

    def gain(knobs):
        return abs(nodal.frequency_response(circuit, [1e3], controls=knobs)[0])

    slopes = jax.grad(gain)(point)
    for name, value in point.items():
        step = 1e-5 * abs(value)
        ends = [float(gain(point | {name: value + sign * step})) for sign in (1, -1)]
        truth = (ends[0] - ends[1]) / (2 * step)
        assert float(slopes[name]) * abs(value) == pytest.approx(truth * abs(value), rel=1e-6, abs=1e-9), name

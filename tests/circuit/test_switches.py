"""Switches: in their ends what ngspice's own are, and what is written for ngspice is the same in between."""

import numpy as np
import pytest

from circuitnn import nodal, spice
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

"""What reading passes over with a note, of every record: ngspice says what it changes, and it is what the note says."""

import math

import numpy as np
import pytest

from circuitnn.devices.device import ModelDevice
from circuitnn.devices.registry import DEVICES
from circuitnn.spice.program import simulate

RECORDS = {f"{record.letter} {record.word}": record for record in DEVICES if isinstance(record, ModelDevice)}
STAGES = {  # one device at work, by letter
    "Q": "Vb b 0 0.65 ac 1\nVc c 0 9\nRc c out 1k\nQ1 out b 0 X\n.model X NPN(IS=1e-14 CJE=10p CJC=1p TF=10n {})",
    "D": "Vb b 0 0.6 ac 1\nR1 b out 1k\nD1 out 0 X\n.model X D(IS=1n CJO=10p TT=10n RS=1 {})",
    "J": "Vb b 0 -1 ac 1\nVc c 0 9\nRc c out 1k\nJ1 out b 0 X\n.model X NJF(VTO=-2 CGS=2p CGD=2p {})",
    "M": "Vb b 0 2 ac 1\nVc c 0 9\nRc c out 1k\nM1 out b 0 0 X\n.model X NMOS(VTO=1 KP=1m {})",
}
NOTHING = 1e-9
LAG = 2 * math.pi * 20e3 * 10e-9 * math.radians(40)  # of TF=10n in the stage

# By record: of each parameter that is passed over what a model says of it, and the most that it may change.
MEASURED = {
    "Q transistor": {
        "ptf": ("PTF=40", LAG),
        **{f"{of}be": (f"{of}be=2", NOTHING) for of in ("bv", "ibv", "nbv")},
        **{f"{of}cbo": (f"{of}cbo=40", NOTHING) for of in ("bv", "ibv", "nbv")},
    },
    "M MOSFET": {  # of PSpice, not of ngspice
        **{name: (f"{name}=10", NOTHING) for name in ("rg", "rb", "rds", "pbsw")},
        "jssw": ("JSSW=1n", NOTHING),
        "tt": ("TT=1u", NOTHING),
    },
}


def response(letter: str, stated: str) -> np.ndarray:
    """Rest and response at 20 kHz of a device with this in its model."""
    options = ".options reltol=1e-9 abstol=1e-15 vntol=1e-12 gmin=1e-15"
    text = f"* one device\n{STAGES[letter].format(stated)}\n{options}\n.op\n.ac lin 1 20k 20k\n.end\n"
    plots = simulate(text, {}, timeout=60)
    return np.concatenate([np.ravel(plot.columns["v(out)"]) for plot in plots])


@pytest.mark.parametrize("name", RECORDS)
def test_each_parameter_that_is_passed_over_is_measured(name):
    assert set(MEASURED.get(name, {})) == set(RECORDS[name].neglected)


@pytest.mark.ngspice
@pytest.mark.parametrize("name", [name for name in RECORDS if RECORDS[name].neglected])
def test_it_changes_the_answer_by_no_more_than_its_note_says(name, ngspice):
    plain = response(RECORDS[name].letter, "")
    assert len(plain) == 2
    for parameter, (stated, most) in MEASURED[name].items():
        changed = np.abs(response(RECORDS[name].letter, stated) / plain - 1)
        assert changed.max() <= most, parameter
        if most > NOTHING:  # the note says how much it is
            assert changed.max() > 0.5 * most, parameter

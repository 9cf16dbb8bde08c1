"""Several netlists on one recording: the one that made it is chosen, and what cannot be told apart is said."""

import numpy as np
import pytest

import circuitnn as cn
from tests.estimation.recorded import CLIPPER, FS, QUICK, TRUTH, played

identify = cn.train.identify
FIRST, SECOND = CLIPPER, cn.circuits.diode_clipper_second_order()


@pytest.fixture(scope="module")
def music():
    return 4.5 * cn.audio.guitar(2.0, FS, seed=3)


@pytest.mark.slow
def test_the_netlist_that_made_it_is_chosen(music):
    y = played(TRUTH, music)
    y = y + 1e-2 * y.std() * np.random.default_rng(0).standard_normal(len(y))
    circuits = {"second": SECOND, "first": FIRST}
    values, choice = identify(circuits, music, y, fs=FS, fit=("C*", "D1.IS", "D1.N"), **QUICK)
    assert choice.chosen == "first"
    assert choice.held_out == pytest.approx(0.5)
    assert values["C1"] == pytest.approx(13e-9, rel=0.02)
    assert choice["first"].esr_held_out == pytest.approx(1e-4, rel=0.5)
    assert "first" in str(choice)
    assert "second" in str(choice)
    with pytest.raises(KeyError, match="third"):
        choice["third"]


def test_patterns_that_fit_none_are_an_error(music):
    with pytest.raises(ValueError, match="X7"):
        identify([FIRST, SECOND], music, music, fs=FS, fit=("X7",), **QUICK)


def test_no_circuit_is_an_error(music):
    with pytest.raises(ValueError, match="circuit"):
        identify([], music, music, fs=FS, **QUICK)

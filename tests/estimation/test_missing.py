"""What a fit lacks is named, and nothing where there is nothing."""

import json

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.filters.high_pass import coupled
from tests.estimation.recorded import CLIPPER, FS, TRUTH, played

identify = cn.train.identify
OPTIONS = {"fs": FS, "fit": ("C1", "D1.IS", "D1.N"), "starts": 1, "excerpts": 30, "seconds": 0.05, "progress": False}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def music():
    return 4.5 * cn.audio.guitar(3.0, FS, seed=3)


def _noisy(y, seed=0):
    return y + 3e-3 * y.std() * np.random.default_rng(seed).standard_normal(len(y))


def test_a_right_netlist_is_not_suspected(music):
    y = _noisy(played(TRUTH, music))
    _, report = identify(CLIPPER, music, y, **OPTIONS)
    assert report.missing == ()
    assert report.verdict.startswith("The circuit explains the recording")
    low, high = report["C1"].interval
    assert low < report["C1"].fitted < high
    told = json.loads(json.dumps(report.to_dict()))
    assert told["verdict"] == report.verdict
    assert told["values"][0]["interval"] == [low, high]


def test_an_offset_is_named(music):
    y = _noisy(played(TRUTH, music + 0.4))
    _, report = identify(CLIPPER, music, y, **OPTIONS)
    assert report.missing[0].argument == 'x_offset="fit"'
    assert report.missing[0].share > 0.3
    assert report.missing[0].significance < 1e-4
    assert 'x_offset="fit"' in report.verdict
    assert "not noise" in report.verdict or "does not explain" in report.verdict
    # The interval reaches as far as what is missing would move the value.
    low, high = report["C1"].interval
    assert low < 13e-9 < high


def test_a_coupling_is_named(music):
    y = _noisy(coupled(played(TRUTH, music), 12.0, FS))
    _, report = identify(CLIPPER, music, y, **OPTIONS)
    assert report.missing[0].argument == 'output="ac"'


def test_a_part_that_is_missing_is_noticed(music):
    """A second-order clipper described as one of first order."""
    y = _noisy(played(cn.circuits.diode_clipper_second_order(), music))
    _, report = identify(CLIPPER, music, y, y_gain="fit", **OPTIONS)
    assert report.missing
    assert "not noise" in report.verdict or "mean nothing" in report.verdict


def test_a_value_that_was_held_is_named(music):
    """N of the diodes is not what the netlist says, and not fitted."""
    _, report = identify(CLIPPER, music, _noisy(played(TRUTH, music)), **{**OPTIONS, "fit": ("C1", "D1.IS")})
    assert report.missing[0].name == "another value of DCLIP.N"
    assert report.missing[0].argument == 'fit "DCLIP.N" too'
    assert report.missing[0].share > 0.5
    low, high = report["C1"].interval
    assert low < 13e-9 < high


def test_a_small_offset_moves_the_capacitor_to_where_it_is(music):
    """The diodes' values move with its square, as two alike do not know its sign: no step along a slope sees that."""
    y = _noisy(played(TRUTH, music + 0.1))
    _, report = identify(CLIPPER, music, y, **OPTIONS)
    assert report.missing[0].argument == 'x_offset="fit"'
    assert "would move C1 by" in report.verdict
    row = report["C1"]
    assert abs(np.log(13e-9 / row.fitted)) > 3 * row.standard_error
    assert row.fitted * np.exp(row.move) == pytest.approx(13e-9, rel=0.02)
    assert row.interval[0] < 13e-9 < row.interval[1]


def test_noise_alone_is_no_finding(music):
    """However little of it the candidates explain."""
    y = played(TRUTH, music)
    y = y + 0.1 * y.std() * np.random.default_rng(5).standard_normal(len(y))
    _, report = identify(CLIPPER, music, y, **{**OPTIONS, "excerpts": 6})
    assert report.missing == ()

import numpy as np
import pytest

from benchmarks.hard_circuits import __main__ as report
from benchmarks.hard_circuits import measure
from circuitnn import circuits


def test_every_hard_circuit_is_in_the_catalogue():
    assert set(measure.HARD) <= set(circuits.CATALOGUE)


def test_inputs_are_loud_and_knobs_at_their_ends_and_moving():
    x = measure.loud("ring_modulator", np.ones(4800))
    assert x.shape == (4800, 2)
    assert x[:, 0].max() == measure.LOUD * circuits.NOMINAL_PEAK["ring_modulator"]
    assert np.ptp(x[:, 1]) > 3.9
    knobs = measure.rows_of_knobs(circuits.ms20_filter(), 48_000)
    for value in knobs.values():
        assert not value[0].any()
        assert (value[1] == 1).all()
        assert np.ptp(value[2]) > 0.5


def test_what_loses_samples_misses_the_target():
    row = {"circuit": "ds1", "why": "loud", "failed": [0, 2, 0], "is_finite": True, "peak": [1.0], "seconds": 1.0}
    good = row | {"circuit": "twin_t", "failed": [0]}
    targets = report.targets({"rows": [row, good]})
    assert (targets[0]["met"], targets[0]["missed"]) == (1, ["ds1"])
    head = {"seconds": 60.0, "signal": "a synthetic guitar"}
    text = report.tables({"header": head, "rows": [row, good], "targets": targets})
    assert "0, 2, 0" in text
    assert "1 of 2" in text
    assert "ESR" not in text
    compared = {"header": head | {"factor": 8}, "rows": [row | {"esr": 3e-8}], "targets": targets}
    assert "3.0e-08" in report.tables(compared)


@pytest.mark.slow
@pytest.mark.ngspice
def test_the_loudest_second_is_compared_with_ngspice(ngspice):
    base = np.zeros(4800)
    base[1000:2000] = np.sin(2 * np.pi * 300 * np.arange(1000) / 48_000)
    assert measure.esr("klon_clipping", base, 8) < 1e-8

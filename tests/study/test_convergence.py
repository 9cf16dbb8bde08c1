"""How far trained a study is."""

import math

import pytest

from circuitnn.study import Records
from circuitnn.study.convergence import how_far, late_fall


def test_what_falls_in_the_last_fifth_counts():
    falling = [10.0 ** (-k / 10) for k in range(10)]  # 1 dB from one to the next
    assert late_fall(falling) == pytest.approx(2.0)
    assert late_fall([*falling[:8], 5.0, 5.0]) == 0
    assert late_fall([1.0, None, 0.5]) == pytest.approx(10 * math.log10(2))
    assert late_fall([1.0]) is None, "there is no before"
    assert late_fall([None, None, 1.0]) is None, "nor where all before had run away"
    assert late_fall([]) is None


def records(*trainings):
    rows = [{"circuit": "c", "model": "m", "regime": "TF", "esr_free_running": 1.0, "validation": v} for v in trainings]
    return Records.of({"header": {}, "rows": rows})


def test_the_page_says_how_far_trained_its_models_are():
    flat, falling = [1.0, 0.5, 0.5, 0.5, 0.49], [1.0, 0.9, 0.8, 0.7, 0.35]
    assert "In 1 of 3 trainings" in how_far(records(flat, falling, falling))
    assert "by 3.0 dB: these models have not converged" in how_far(records(flat, falling, falling))
    assert "longer training at this schedule would change little" in how_far(records(flat, flat))
    assert how_far(records([None, None])) == ""

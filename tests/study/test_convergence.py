"""How far trained a study is."""

import math

import pytest

from circuitnn.study import Records
from circuitnn.study.convergence import how_far, late_fall, worse_than_silence


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


def test_what_is_worse_than_silence_is_named():
    rows = [
        {"circuit": "c", "model": model, "regime": regime, "esr_free_running": esr}
        for model, regime, errors in (
            ("A", "TF", (0.5, 1.2, None)),
            ("A", "SS", (0.5, 0.6, 3.0)),
            ("nodal", None, (2.0,)),
        )
        for esr in errors
    ]
    told = worse_than_silence(
        Records.of({"header": {"circuits": {"c": {"title": "Second-order clipper"}}}, "rows": rows})
    )
    assert told == "Worse than silence, with a median ESR of 1 or more: A under TF on the second-order clipper."
    assert worse_than_silence(Records.of({"header": {}, "rows": rows[3:6]})) == ""
    many = [{**rows[1], "model": str(number)} for number in range(9)]
    assert worse_than_silence(Records.of({"header": {}, "rows": many})).endswith("3 under TF on the c and 5 more.")

"""Figures of claims, made anew."""

import functools
import math
import tempfile
from pathlib import Path

from benchmarks.exposure_bias.__main__ import STUDY
from benchmarks.statistics.rates import TESTS, rate
from circuitnn.study import Judgement, Records, judged, main

DRAWS = 2000


def error_rate(test: str, *, cells: int, spread: float) -> float:
    """How often a test sees a difference where there is none: a share."""
    return rate(TESTS[test], cells=cells, spread=spread, draws=DRAWS)


def effect_of(hypothesis: str) -> float:
    """Of a hypothesis of the quick exposure-bias study, in dB; NaN where no pair of runs has two errors."""
    found = next(one for one in _quick_study() if one.hypothesis.name == hypothesis).comparison
    return math.nan if found is None or found.effect is None else found.effect.mean


@functools.cache
def _quick_study() -> list[Judgement]:
    """Run once for all claims about it."""
    with tempfile.TemporaryDirectory() as folder:
        code = main(STUDY, ["--preset", "quick", "--output", folder])
        if code:
            raise OSError(f"the quick exposure-bias study ended with exit code {code}")
        return judged(Records.read(Path(folder)))

"""Words of a verdict."""

import pytest

from circuitnn.estimation.missing import Missing
from circuitnn.estimation.verdict import verdict

OFFSET = Missing("an offset at the input", 'x_offset="fit"', 0.62, 1e-9)


@pytest.mark.parametrize(
    ("esr", "step", "missing", "words"),
    [
        (1e-4, None, (), ("explains the recording", "0.01 V", "looks like noise")),
        (1e-4, 1 / 128, (), ("1.3 steps of its 8-bit converter", "looks like noise")),
        (1e-2, None, (OFFSET,), ("Something is missing", 'It has an offset at the input (x_offset="fit"): 62 %')),
        (1e-2, None, (OFFSET, OFFSET), ("It has also an offset",)),
        (1e-4, None, (OFFSET,), ("nearly all", "a little more")),
        (0.2, None, (), ("does not explain", "mean nothing")),
    ],
)
def test_words(esr, step, missing, words):
    told = verdict(esr, 0.01, step, missing)
    assert all(each in told for each in words)

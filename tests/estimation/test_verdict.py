"""Words of a verdict."""

import dataclasses

import pytest

from circuitnn.estimation.fitted_value import FittedValue
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


def test_strange_values_are_told():
    row = FittedValue("DX.IS", "model", "A", 2.5e-9, 1.5e-22, 0.5, is_determined=False, at_bound=False)
    assert row.is_strange
    assert not dataclasses.replace(row, fitted=1e-14).is_strange
    assert not dataclasses.replace(row, kind="recorder", unit="").is_strange
    assert dataclasses.replace(row, name="C1", unit="F", fitted=1.5e-12).is_strange
    told = verdict(1e-4, 0.01, None, (), (), ("DX.IS = 1.5e-22 A",))
    assert told.endswith("but with values that no such part has: DX.IS = 1.5e-22 A. Another netlist?")
    assert "No such part has DX.IS" in verdict(1e-2, 0.01, None, (OFFSET,), (), ("DX.IS = 1.5e-22 A",))

"""Intervals of 95 % of what was fitted."""

import math

from circuitnn.estimation.component_report import LINEAR, FittedValue

REACH = 1.96  # standard errors on either side
MOST = 20.0  # of a logarithm


def bounds(row: FittedValue) -> tuple[float, float]:
    """Lower and upper one, in the value's unit; of what is on a logarithmic scale never through zero."""
    error = REACH * row.standard_error
    if row.kind in LINEAR:
        return row.fitted - error, row.fitted + error
    factor = math.exp(min(error, MOST))
    ends = sorted((row.fitted / factor, row.fitted * factor))
    return ends[0], ends[1]

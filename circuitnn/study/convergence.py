"""How far trained the models of a study are: whether longer training would still have lowered their errors."""

import math
from collections.abc import Sequence

import numpy as np

from circuitnn.study.records import Records

SHARE = 0.2  # of a training, at its end
FLAT_DB = 0.5  # what a validation error may fall by in it
SILENCE = 1.0  # its ESR
SHOWN = 4  # names in a sentence


def late_fall(validation: Sequence[float | None]) -> float | None:
    """What the best validation error falls by in the last fifth of a training, in dB; None where that cannot be said.

    A schedule that ends at a learning rate of zero flattens the last updates too: flat is necessary for having
    converged, and not enough.

    Args:
        validation: errors at even distances over the training, None where they were not finite.
    """
    errors = np.array([math.inf if error is None else error for error in validation], float)
    first = len(errors) - max(1, round(SHARE * len(errors)))
    if first < 1:
        return None
    before, best = errors[:first].min(), errors.min()
    if not 0 < best <= before < math.inf:
        return None
    return 10 * math.log10(before / best)


def how_far(records: Records) -> str:
    """In how many runs the validation error has become flat; empty for results that do not say."""
    falls = [late_fall(row["validation"]) for row in records.rows if row.get("validation")]
    told = [fall for fall in falls if fall is not None]
    if not told:
        return ""
    flat = sum(fall < FLAT_DB for fall in told)
    updates = (records.header.get("compute") or {}).get("updates")
    begin = "In" if updates is None else f"After {updates} updates, in"
    text = (
        f"{begin} {flat} of {len(told)} trainings the validation error falls by less than {FLAT_DB:g} dB in the last "
        "fifth"
    )
    if flat > 0.9 * len(told):
        return f"{text}: longer training at this schedule would change little."
    median = float(np.median(told))
    return f"{text}, in the median by {median:.1f} dB: these models have not converged."


def worse_than_silence(records: Records) -> str:
    """Which trained models would better say nothing at all; empty where there are none."""
    found = [
        f"{model} under {regime} on the {_within(records.title(circuit))}"
        for circuit in records.circuits
        for model, regime in records.runs(circuit)
        if regime and records.spread("free_running", circuit, model, regime).median >= SILENCE
    ]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    listed = ", ".join(found[:SHOWN])
    return f"Worse than silence, with a median ESR of {SILENCE:g} or more: {listed}{more}." if found else ""


def _within(title: str) -> str:
    """A title as it stands in a sentence; what may be a name stays as it is."""
    first, _, rest = title.partition(" ")
    return f"{first.lower()} {rest}" if "-" in first and first[1:].islower() else title

"""What a fit to a recording is worth, in words."""

from collections.abc import Sequence

import numpy as np

from circuitnn.estimation.missing import Missing

UNEXPLAINED = 0.1  # error-to-signal ratio from which on nothing is believed
SLIGHT = 1e-3  # up to which the circuit explains nearly all


def verdict(
    esr: float,
    noise: float,
    step: float | None,
    missing: Sequence[Missing],
    moves: Sequence[str] = (),
    strange: Sequence[str] = (),
) -> str:
    """Whether the circuit explains the recording, what it lacks, and whether the values may be believed.

    Args:
        esr: error-to-signal ratio of the fit.
        noise: standard deviation of what it leaves, in the unit of y.
        step: of y's converter, None where it is too fine to be seen.
        missing: what explains some of what is left.
        strange: values that no such part has.
        moves: values that would move by more than their standard errors were that allowed for, and by how much.
    """
    floor = (
        f"{noise:.3g} V" if step is None else f"{noise:.3g} V, {noise / step:.2g} steps of its {_bits(step)} converter"
    )
    if esr > UNEXPLAINED:
        reason = "The circuit does not explain the recording: another netlist, polarity or scale of volts?"
        return " ".join([reason, *_hints(missing), "The values mean nothing."])
    if not missing:
        how = f", but with values that no such part has: {', '.join(strange)}. Another netlist?" if strange else "."
        return f"The circuit explains the recording: what is left, {floor}, looks like noise" + how
    begun = "The circuit explains nearly all of the recording" if esr < SLIGHT else "Something is missing"
    meant = (
        "The values make up for that, and may be off by more than their standard errors say."
        if esr >= SLIGHT
        else "The values may be off a little more than their standard errors say."
    )
    told = [f"Allowing for what has a name would move {', '.join(moves)}; the intervals have both."] if moves else []
    told += [f"No such part has {', '.join(strange)}."] if strange else []
    return " ".join([f"{begun}: what is left, {floor}, is not noise.", *_hints(missing), meant, *told])


def _hints(missing: Sequence[Missing]) -> list[str]:
    return [f"It has {'also ' if k else ''}{each}." for k, each in enumerate(missing)]


def _bits(step: float) -> str:
    return f"{round(np.log2(2 / step)):.0f}-bit" if step < 1 else "coarse"

"""What the page of a study lets its reader hear: the truth, and what models make of it."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuitnn.pages import templates
from circuitnn.study import wording
from circuitnn.study.records import Records
from circuitnn.study.signals import FS

SECONDS = 2.0
HEADROOM = 2.0  # of what is kept over the peak of the target
_STEPS = 2**15 - 1
MOST = 5  # models that a page plays for each circuit


def packed(signal: NDArray, target: NDArray) -> NDArray[np.int16]:
    """A signal (time,) as 16-bit numbers relative to the peak of the target; what is no number is silent."""
    full = HEADROOM * max(float(np.abs(target).max()), 1e-12)
    with np.errstate(invalid="ignore"):
        return np.round(_STEPS * np.nan_to_num(signal / full, posinf=1, neginf=-1).clip(-1, 1)).astype(np.int16)


def chosen(records: Records, circuit: str) -> list[tuple[str, str]]:
    """The best models, each under its best regime, and the worst run last, of those whose sound is kept."""
    errors = {
        (model, regime): records.spread("free_running", circuit, model, regime).median
        for model, regime in records.runs(circuit)
        if regime and records.curve(circuit, model, regime, "sound") is not None
    }
    finite = sorted((run for run in errors if math.isfinite(errors[run])), key=lambda run: errors[run])
    best: dict[str, tuple[str, str]] = {}
    for run in finite:
        best.setdefault(run[0], run)
    found = list(best.values())[:MOST]
    return found + [run for run in finite[-1:] if run not in found]


def of(records: Records, circuit: str) -> list[dict[str, Any]]:
    """Names and addresses of sounds: input, target, and those that are `chosen`.

    Empty for results that have kept none.
    """
    heard, target = (records.curves.get(f"{circuit}|sound-{name}") for name in ("input", "target"))
    if heard is None or target is None:
        return []
    sounds: dict[str, Any] = {"what went in": heard, "the circuit": target}
    for model, regime in chosen(records, circuit):
        error = records.spread("free_running", circuit, model, regime).median
        sounds[f"{model} under {regime}, ESR {wording.esr(error)}"] = records.curve(circuit, model, regime, "sound")
    return [{"name": name, "source": _address(np.asarray(sound))} for name, sound in sounds.items()]


def _address(sound: NDArray) -> str:
    """All outputs at one level, half of full scale where the target's peak is: their differences are what they are."""
    return templates.wav(sound.astype(float) / _STEPS, FS)

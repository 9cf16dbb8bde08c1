"""One unit through `identify`: what was found beside what is true, as a line of a file."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from benchmarks.identification.devices import DEVICES
from benchmarks.identification.recorder import FS
from benchmarks.identification.units import recorded, unit
from circuitnn import audio
from circuitnn.train import identify

QUIET = 0.1  # of the swing of a whole recording: a stretch with less of it is taken from elsewhere


@final
class Job(NamedTuple):
    """One unit to be recorded and fitted.

    Attributes:
        circuit: name, in `DEVICES`.
        number: of the unit.
        change: what its netlist does not say; None where it is right.
        seconds: of sound.
        sounds: recordings that a stretch is taken from; the built-in guitar where there are none.
        options: of `identify`, the same for all units.
    """

    circuit: str
    number: int
    change: str | None
    seconds: float
    sounds: Sequence[str]
    options: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, int, str | None]:
        return self.circuit, self.number, self.change


def jobs(names: Sequence[str], units: int, wrong: int, **more: Any) -> list[Job]:
    """Right units of all circuits and wrong ones, well mixed: a run that is stopped has some of all.

    Args:
        names: of circuits.
        units: right ones of each circuit.
        wrong: wrong ones of each circuit, which has each of its changes in turn.
        more: the rest of each job.
    """
    found: list[tuple[float, Job]] = []
    for name in names:
        changes = list(DEVICES[name].changes)
        found += [((k + 0.5) / units, Job(name, k, None, **more)) for k in range(units)]
        found += [((k + 0.5) / wrong, Job(name, k, changes[k % len(changes)], **more)) for k in range(wrong)]
    return [job for _, job in sorted(found, key=lambda pair: pair[0])]


def sound(job: Job) -> NDArray:
    """A stretch of a recording that is not silent, or of the built-in guitar; another one for each unit."""
    seed = [list(DEVICES).index(job.circuit), job.number]
    if not job.sounds:
        return audio.guitar(job.seconds, FS, seed=1000 * seed[0] + job.number)
    rng = np.random.default_rng([*seed, 2])
    x, _ = audio.read(job.sounds[int(rng.integers(len(job.sounds)))], fs=FS)
    x = np.asarray(x).reshape(len(x), -1)[:, 0]
    length = round(job.seconds * FS)
    first = int(rng.integers(max(len(x) - length, 1)))
    return x[first : first + length] if np.ptp(x[first : first + length]) > QUIET * np.ptp(x) else x[:length]


def measured(job: Job) -> dict[str, Any]:
    """The row of a unit; one that `identify` refuses has its error."""
    began = time.monotonic()
    which = unit(job.circuit, job.number, sound(job), job.change)
    recording = recorded(which)
    simulated = time.monotonic() - began
    head = {
        "circuit": job.circuit,
        "number": job.number,
        "change": job.change,
        "kind": which.kind,
        "noise": which.recorder.noise,
        "bits": which.recorder.bits,
        "drift": which.recorder.drift,
        "options": {key: value for key, value in which.options.items() if key != "fit"},
        "simulated": simulated,
    }
    began, worked = time.monotonic(), time.process_time()
    try:
        _, report = identify(
            which.netlist, recording.x, recording.y, fs=FS, progress=False, **{**which.options, **job.options}
        )
    except ValueError as error:
        return {**head, "error": str(error), "seconds": time.monotonic() - began}
    return {
        **head,
        "seconds": time.monotonic() - began,
        "worked": time.process_time() - worked,
        "values": {row.name: _compared(row, which.truth[row.name]) for row in report.values if row.name in which.truth},
        "recorder": {
            row.name: _compared(row, recording.truth[row.name])
            for row in report.recorder
            if row.name in recording.truth
        },
        "delay": report.alignment.delay_samples - which.recorder.delay,
        "polarity": bool(report.alignment.polarity == which.recorder.polarity),
        "esr": report.esr,
        "coloured": report.coloured,
        "correlation": report.correlation,
        "agreement": report.agreement,
        "converged": bool(report.converged),
        "is_explained": report.is_explained,
        "warnings": list(report.warnings),
        "missing": [[each.name, each.share, each.significance] for each in report.missing],
    }


def _compared(row: Any, truth: float) -> dict[str, Any]:
    low, high = row.interval
    return {
        "truth": truth,
        "fitted": row.fitted,
        "error": row.standard_error,
        "low": low,
        "high": high,
        "is_covered": bool(low <= truth <= high),
        "is_determined": bool(row.is_determined),
    }

"""What `identify` is asked for: looked at before anything is computed, and without JAX."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.estimation.learnt import learnt_values, patterns_of, sources_of

SHORTEST = 0.05  # seconds of a recording
DOUBTFUL = "doubtful"
RECORDER = ("x_gain", "x_offset", "input", "drift", "output", "y_gain")
LEAST = {"excerpts": 1, "starts": 1, "seconds": 0.01, "warmup": 0.0, "held_out": 0.0, "max_delay": 0.0}


def check(circuit: Circuit, asked: Mapping[str, Any]) -> None:
    """Whether a circuit and the numbers of `identify` can be used.

    Args:
        circuit: whose values are found.
        asked: arguments of `identify` by name, or some of them; None where that is their default.

    Raises:
        ValueError: naming the one that cannot.
    """
    if len(checked_circuit(circuit).inputs) != 1 or len(circuit.outputs) != 1:
        raise ValueError(f"one input and one output are wanted, not {circuit.inputs} and {circuit.outputs}")
    for name, least in LEAST.items():
        number = asked.get(name)
        if number is not None and not (np.isfinite(number) and number >= least):
            raise ValueError(f"{name} has to be at least {least:g}, got {number}")
    for name in ("high_pass", "hum"):
        freq = asked.get(name)
        if freq is None or (name == "high_pass" and freq == "auto"):
            continue
        if isinstance(freq, str) or not (np.isfinite(freq) and freq > 0):
            raise ValueError(f"{name} has to be a frequency in Hz, or None, got {freq!r}")
    if not 0 < asked.get("precision", 0.5) < 1:
        raise ValueError(f"precision has to be between 0 and 1, got {asked['precision']}")


def check_all(circuits: Mapping[str, Circuit], asked: Mapping[str, Any]) -> None:
    """Whether these circuits have what is to be found in them, and the numbers can be used.

    Args:
        circuits: one or several, by name.
        asked: as for `check`.

    Raises:
        ValueError: as `identify` would.
    """
    for circuit in circuits.values():
        check(circuit, asked)
    fit, tolerance = asked.get("fit"), asked.get("tolerance")
    if len(circuits) > 1:
        patterns_of(circuits, fit, tolerance)
    for circuit in circuits.values() if len(circuits) == 1 else ():
        learnt = learnt_values(circuit, set(), fit, tolerance, sources_of(circuit))
        profiles_of(asked.get("profile", ()), circuit, (*learnt, *_of_the_recorder(asked)))


def check_recording(samples: int, fs: float, asked: Mapping[str, Any]) -> None:
    """Whether there is as much of a recording, which is long enough by itself, as is asked of it.

    Args:
        samples: of the recording.
        fs: sample rate, Hz.
        asked: as for `check`.

    Raises:
        ValueError: naming what is too much.
    """
    unseen = asked.get("held_out") or 0.0
    if unseen and samples - round(unseen * fs) < SHORTEST * fs:
        raise ValueError(f"held_out: {unseen:g} s leave nothing of {samples / fs:.3g} s to be fitted")
    for name in ("high_pass", "hum"):
        freq = asked.get(name)
        if isinstance(freq, int | float) and freq >= fs / 2:
            raise ValueError(f"{name}: {freq:g} Hz are not below {fs / 2:g} Hz, half the rate of the recordings")


def profiles_of(profile: Sequence[str] | str, circuit: Circuit, fitted: Sequence[str]) -> Sequence[str] | str:
    """Names of what is fitted, of the patterns of values whose likelihood is to be profiled.

    Raises:
        ValueError: for a pattern that nothing of it has.
    """
    if profile == DOUBTFUL:
        return profile
    found = []
    for pattern in (profile,) if isinstance(profile, str) else profile:
        names = {pattern}
        if pattern not in fitted:
            with contextlib.suppress(ValueError):  # told below
                names = set(learnt_values(circuit, set(), (pattern,), None, sources_of(circuit)))
        if not names & set(fitted):
            raise ValueError(f"profile: {pattern!r} is nothing of what is fitted: {', '.join(fitted)}")
        found += sorted(names & set(fitted))
    return tuple(found)


def _of_the_recorder(asked: Mapping[str, Any]) -> list[str]:
    """What is found beside the circuit's values."""
    free = [name for name in RECORDER if asked.get(name) in ("fit", "ac", "lost")]
    return [*free, "y_offset"] if {"input", "output"} & set(free) else free

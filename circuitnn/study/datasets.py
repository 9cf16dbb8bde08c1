"""The signals of a study through its circuits, as data sets with true states.

The truth is the nodal model at several times the sample rate in double precision, observed at every sample. It is
closer to the continuous circuit than any model at the sample rate, the nodal one included: that one is the floor.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from circuitnn.archive import Archive, opened_archive
from circuitnn.circuit import Circuit
from circuitnn.files import replacing
from circuitnn.opening import reason
from circuitnn.study.definition import Contender, Study, Target
from circuitnn.study.positions import Condition, columns
from circuitnn.study.preset import Preset
from circuitnn.study.recorded import recorded
from circuitnn.study.records import file_name
from circuitnn.study.signals import FS, PARTS, Signals
from circuitnn.train import Dataset, simulate_dataset

FIELDS = ("x", "y", "states", "initial")
CONDITIONS = "test-conditions"


def simulate(study: Study, preset: Preset, signals: Signals, folder: Path) -> None:
    """Write the data sets of all targets, those that are not there yet."""
    for name in study.targets_of(preset):
        target = study.targets[name]
        file = _file(study, target, folder)
        if file.exists():
            continue
        if target.recordings is not None:
            print(f"reading {name}: {target.recordings}", flush=True)
            _save(file, *recorded(target))
            continue
        print(f"simulating {name} at {preset.oversampling} x {FS} Hz", flush=True)
        volts = study.volts if target.volts is None else target.volts
        sets = datasets(target, preset, signals, volts=volts, cache=folder / "signals")
        _save(file, sets, () if target.positions is None else target.positions.conditions)


def datasets(
    target: Target, preset: Preset, signals: Signals, *, volts: float, cache: Path | None = None
) -> dict[str, Dataset]:
    """Each part through the circuit, cut into so many recordings that are simulated side by side.

    Each recording has its own knobs, and its own signals of the further inputs. Where the target says where its knobs
    stand, the test is all of its sound at each position and level.

    Raises:
        ValueError: for recordings of less than a tenth of a second, and fewer of them than positions.
    """
    sets = {}
    for number, part in enumerate(PARTS):
        rng = np.random.default_rng([7, number])
        sound, controls = _played(target, part, signals, preset.pieces, rng)
        if sound.shape[1] < FS // 10:
            raise ValueError(
                f"{len(signals.parts[part]) / FS:.2g} s of sound for {part} are too short for {preset.pieces} "
                "recordings"
            )
        sets[part] = simulate_dataset(
            circuit_of(target),
            sound,
            inputs={name: source(rng, *sound.shape) for name, source in target.sources.items()},
            controls=controls,
            fs=FS,
            oversampling=preset.oversampling,
            volts=volts,
            cache=cache,
            progress=False,
        )
    return sets


def _played(
    target: Target, part: str, signals: Signals, pieces: int, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(recordings, time) sound of a part, and its knobs."""
    sound = signals.parts[part]
    length = len(sound) // pieces
    cut = sound[: pieces * length].reshape(pieces, length)
    if target.positions is None:
        return cut, {name: rng.uniform(0, 1, (pieces, 1)) for name in target.knobs}
    if part != "test":
        return cut, target.positions.training(pieces)
    conditions = target.positions.conditions
    gains = np.array([[10 ** (each.gain_db / 20)] for each in conditions])
    return gains * sound, columns([each.position for each in conditions])


def load(study: Study, target: Target, folder: Path) -> tuple[dict[str, Dataset], list[Condition]]:
    """What `simulate` has written of a target, by part, and what the recordings of the test are.

    Raises:
        ValueError: when the file is not there, or damaged.
    """
    path = _file(study, target, folder)
    try:
        with opened_archive(path) as file:
            sets = {part: _part(file, part) for part in PARTS}
            found = file.read(CONDITIONS) if CONDITIONS in file.shapes else ()
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: {reason(error)}: delete it, and it is made anew") from error
    knobs = sets["test"].controls or {}
    return sets, [
        Condition({name: float(knob[row, 0]) for name, knob in knobs.items()}, bool(is_seen), float(gain))
        for row, (is_seen, gain) in enumerate(found)
    ]


def _part(file: Archive, part: str) -> Dataset:
    knobs = {name.split("-", 2)[2]: file.read(name) for name in file.shapes if name.startswith(f"{part}-knob-")}
    signals: dict[str, Any] = {
        field: file.read(f"{part}-{field}") for field in FIELDS if f"{part}-{field}" in file.shapes
    }
    return Dataset(signals.pop("x"), signals.pop("y"), controls=knobs, fs=FS, **signals)


def circuit_of(target: Target) -> Circuit:
    """The circuit of a target that has one."""
    assert target.circuit is not None, target.title
    return target.circuit()


def matched_states(contender: Contender, target: Target) -> tuple[str, ...]:
    """The circuit states that a contender is matched to."""
    return {"none": (), "chosen": target.chosen, "all": target.state_names}[contender.matched]


def shown(data: Dataset, target: Target, states: tuple[str, ...]) -> Dataset:
    """The signals that a model with these states sees and is compared with; no states for a black box."""
    names = target.state_names
    indices = [names.index(name) for name in states]

    def chosen(values: np.ndarray) -> np.ndarray | None:
        return np.ascontiguousarray(values[..., indices]) if indices else None

    return dataclasses.replace(
        data,
        x=data.x[..., : target.inputs],
        states=chosen(data.states),
        initial=chosen(data.initial),
        before=None if data.before is None else data.before[:, : target.inputs],
    )


def _file(study: Study, target: Target, folder: Path) -> Path:
    """Targets that differ in what is shown only share their data."""

    def made_of(one: Target) -> tuple[Any, ...]:
        return one.circuit, one.recordings, one.device, one.knobs, one.positions, one.sources, one.volts

    name = next(name for name, other in study.targets.items() if made_of(other) == made_of(target))
    return folder / f"target-{file_name(name)}.npz"


def _save(path: Path, sets: dict[str, Dataset], conditions: Sequence[Condition] = ()) -> None:
    """For the worker processes, in single precision as they train."""
    arrays = {}
    for part, data in sets.items():
        for field in FIELDS:
            if getattr(data, field) is not None:
                arrays[f"{part}-{field}"] = np.asarray(getattr(data, field), np.float32)
        for name, knob in (data.controls or {}).items():
            arrays[f"{part}-knob-{name}"] = np.asarray(knob, np.float32)
    if conditions:
        arrays[CONDITIONS] = np.array([[each.is_seen, each.gain_db] for each in conditions], np.float32)
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)

"""The signals of a study through its circuits, as data sets with true states.

The truth is the nodal model at several times the sample rate in double precision, observed at every sample. It is
closer to the continuous circuit than any model at the sample rate, the nodal one included: that one is the floor.
"""

import dataclasses
from pathlib import Path

import numpy as np

from circuitnn.archive import Archive, opened_archive
from circuitnn.files import replacing
from circuitnn.opening import reason
from circuitnn.study.definition import Contender, Preset, Study, Target
from circuitnn.study.signals import FS, PARTS, Signals
from circuitnn.train import Dataset, simulate_dataset

FIELDS = ("x", "y", "states", "initial")


def simulate(study: Study, preset: Preset, signals: Signals, folder: Path) -> None:
    """Write the data sets of all targets, those that are not there yet."""
    for name, target in study.targets.items():
        file = _file(study, target, folder)
        if not file.exists():
            print(f"simulating {name} at {preset.oversampling} x {FS} Hz", flush=True)
            _save(file, datasets(target, preset, signals, volts=study.volts, cache=folder / "signals"))


def datasets(
    target: Target, preset: Preset, signals: Signals, *, volts: float, cache: Path | None = None
) -> dict[str, Dataset]:
    """Each part through the circuit, cut into so many recordings that are simulated side by side.

    Each recording has its own knobs, and its own signals of the further inputs.

    Raises:
        ValueError: for recordings of less than a tenth of a second.
    """
    sets = {}
    for number, part in enumerate(PARTS):
        sound = signals.parts[part]
        length = len(sound) // preset.pieces
        if length < FS // 10:
            raise ValueError(
                f"{len(sound) / FS:.2g} s of sound for {part} are too short for {preset.pieces} recordings"
            )
        rng = np.random.default_rng([7, number])
        sets[part] = simulate_dataset(
            target.circuit(),
            sound[: preset.pieces * length].reshape(preset.pieces, length),
            inputs={name: source(rng, preset.pieces, length) for name, source in target.sources.items()},
            controls={name: rng.uniform(0, 1, (preset.pieces, 1)) for name in target.knobs},
            fs=FS,
            oversampling=preset.oversampling,
            volts=volts,
            cache=cache,
            progress=False,
        )
    return sets


def load(study: Study, target: Target, folder: Path) -> dict[str, Dataset]:
    """What `simulate` has written of a target, by part.

    Raises:
        ValueError: when the file is not there, or damaged.
    """
    path = _file(study, target, folder)
    try:
        with opened_archive(path) as file:
            return {part: _part(file, part) for part in PARTS}
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path}: {reason(error)}: delete it, and it is made anew") from error


def _part(file: Archive, part: str) -> Dataset:
    knobs = {name.split("-", 2)[2]: file.read(name) for name in file.shapes if name.startswith(f"{part}-knob-")}
    x, y, states, initial = (file.read(f"{part}-{field}") for field in FIELDS)
    return Dataset(x, y, states=states, controls=knobs, fs=FS, initial=initial)


def matched_states(contender: Contender, target: Target) -> tuple[str, ...]:
    """The circuit states that a contender is matched to."""
    return {"none": (), "chosen": target.chosen, "all": target.circuit().state_names}[contender.matched]


def shown(data: Dataset, target: Target, states: tuple[str, ...]) -> Dataset:
    """The signals that a model with these states sees and is compared with; no states for a black box."""
    indices = [target.circuit().state_names.index(name) for name in states]

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
    same = [(other.circuit, other.knobs, other.sources) for other in study.targets.values()]
    return folder / f"target-{same.index((target.circuit, target.knobs, target.sources))}.npz"


def _save(path: Path, sets: dict[str, Dataset]) -> None:
    """For the worker processes, in single precision as they train."""
    arrays = {}
    for part, data in sets.items():
        for field in FIELDS:
            arrays[f"{part}-{field}"] = np.asarray(getattr(data, field), np.float32)
        for name, knob in (data.controls or {}).items():
            arrays[f"{part}-knob-{name}"] = np.asarray(knob, np.float32)
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)

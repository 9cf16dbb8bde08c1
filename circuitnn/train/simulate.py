"""Data sets from a netlist and sound: what the circuit makes of it, its states and its knobs."""

import hashlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import jax
import numpy as np
from jax.typing import ArrayLike
from numpy.typing import NDArray
from tqdm import tqdm

from circuitnn.arguments import float_type
from circuitnn.audio.files import find
from circuitnn.audio.readers import AtRate, Held, InARow, OnDisk, Reader
from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.knobs import check_shape, matched
from circuitnn.native import fastest
from circuitnn.nodal import NodalModel
from circuitnn.samples import check_kind
from circuitnn.train import store
from circuitnn.train.dataset import VOLTS, Dataset
from circuitnn.train.observing import observe

FORMAT = 2  # of the folders; a change of what is computed makes a new one
BLOCK = 2**18  # samples of all recordings together that are simulated at a time

Sound = ArrayLike | str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def simulate_dataset(
    circuit: Circuit,
    sound: Sound,
    *,
    inputs: Mapping[str, ArrayLike] | None = None,
    controls: Mapping[str, ArrayLike] | None = None,
    fs: int = 48_000,
    oversampling: int = 8,
    volts: float = 1.0,
    rule: str = "trapezoidal",
    dtype: Any = np.float32,
    cache: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Dataset:
    """What a circuit makes of sound: input, output, circuit states and knobs, ready for training.

    The circuit is simulated by its nodal model in double precision at `oversampling` times the rate and observed at
    every sample of the data set: no filter stands between the circuit and its states, so that they stay true to each
    other. Sample n of all signals is at the time n/fs. The simulation goes through the sound block by block: with
    `cache`, hours of it need no more memory than minutes.

    Args:
        circuit: with `sound` at its first input.
        sound: (time,) or (recordings, time) in full scale at the rate fs; or a sound file of any rate, or several,
            which are taken one after the other as one recording.
        inputs: signals of the other inputs by name ("Vlfo"), in volts, (time,) or (recordings, time) at the rate fs.
            Inputs that are not named stay at their DC value.
        controls: knobs by name: a number, (recordings, 1), (time,) or (recordings, time) at the rate fs, held between
            the samples of the data set.
        fs: sample rate of the data set, in whole hertz.
        oversampling: the simulation runs at this many times fs.
        volts: of full scale.
        rule: discretisation rule of the simulation.
        dtype: of the data set.
        cache: folder that keeps what was simulated, named after its content: the same netlist, sound, knobs and rates
            are simulated once. The signals are then files that are read where they are needed; what has changed in
            them since they were written is noticed, and they are made anew. Without it they are held in memory.
        progress: whether to show a progress bar.

    Returns:
        x (recordings, time, inputs) in volts, y (recordings, time, outputs), states and controls.

    Raises:
        ValueError: for names that the circuit does not have and signals that do not fit each other.
        AudioError: for sounds that cannot be read or have samples that are not finite.
        StoreError: when the cache cannot be written.

    Warns:
        UserWarning: when what the cache has is damaged.
    """
    if oversampling < 1 or int(oversampling) != oversampling:
        raise ValueError(f"oversampling must be a whole number from 1 on, got {oversampling}")
    circuit, dtype = checked_circuit(circuit), float_type(dtype)
    plan = _Plan(circuit, _signals(circuit, sound, inputs or {}, fs), controls or {}, fs, oversampling, volts, rule)
    if cache is None:
        arrays = _in_memory(plan.simulated(progress=progress), plan.samples, dtype)
    else:

        def write(writer: store.Writer) -> None:
            for piece in plan.simulated(progress=progress):
                writer.append(**piece)
            writer.finish({"circuit": circuit.title, "netlist": circuit.to_spice(), "fs": fs})

        arrays = store.kept(Path(cache) / plan.fingerprint(dtype), dtype, write)
    # The states have one row more than the other signals: the first one is before the first sample.
    rest, states = arrays["states"][:, 0], arrays["states"][:, 1:]
    knobs = {name: value.astype(dtype) for name, value in plan.knobs.items()}
    return Dataset(arrays["x"], arrays["y"], states=states, controls=knobs, fs=fs, initial=rest, volts=VOLTS)


@final
class _Plan:
    """What is to be simulated, all names and shapes checked."""

    def __init__(
        self,
        circuit: Circuit,
        signals: Sequence[Reader],
        controls: Mapping[str, ArrayLike],
        fs: int,
        oversampling: int,
        volts: float,
        rule: str,
    ):
        self.circuit, self.signals, self.fs, self.rule = circuit, signals, fs, rule
        self.ratio, self.volts = oversampling, volts
        self.batch, self.samples = signals[0].shape, signals[0].samples
        knobs = matched(controls, circuit.controls)
        self.knobs = {name: np.asarray(value, float) for name, value in knobs.items()}
        for name, knob in self.knobs.items():
            check_shape(name, knob.shape, (*self.batch, self.samples))

    def fingerprint(self, dtype: Any) -> str:
        """Of all that the data set depends on."""
        numbers = (FORMAT, self.fs, self.ratio, self.volts, self.rule, np.dtype(dtype).str)
        digest = hashlib.sha256(repr((numbers, self.circuit.inputs, self.circuit.outputs)).encode())
        digest.update(self.circuit.to_spice().encode())
        for signal in self.signals:
            digest.update(signal.digest().encode())
        for name, knob in sorted(self.knobs.items()):
            digest.update(f"{name}{knob.shape}".encode() + knob.tobytes())
        return digest.hexdigest()[:32]

    def simulated(self, *, progress: bool) -> Iterator[dict[str, NDArray]]:
        """The signals block by block, (recordings, time, features)."""
        recordings = math.prod(self.batch)
        look: Any = {"unit": "sample", "unit_scale": True, "disable": not progress, "dynamic_ncols": True}
        with jax.enable_x64(True), tqdm(total=self.samples * recordings, desc="compiling", **look) as bar:
            circuit = NodalModel(self.circuit, self.ratio * self.fs, rule=self.rule, dtype=np.float64)
            teacher = fastest(circuit, self.samples * self.ratio, streams=recordings, is_observed=True)
            faster = [AtRate(signal, self.fs, self.ratio * self.fs) for signal in self.signals]
            block = min(self.samples, max(64, BLOCK // (recordings * self.ratio)))
            carry = teacher.init_carry((recordings,), self._knobs_between(0, 1))
            rest = np.asarray(teacher.states(carry))[:, None]
            for start in range(0, self.samples, block):
                # All blocks have one length, beyond the end if need be: one program serves them all.
                stop, kept = start + block, min(block, self.samples - start)
                # The circuit's sample of the time n/fs is the last of the `ratio` that lead there.
                before = self.ratio - 1
                u = self._together([s.around(start * self.ratio - before, stop * self.ratio - before) for s in faster])
                carry, y, states = observe(teacher, u, carry, self.ratio, self._knobs_between(start, stop))
                x = self._together([signal.read(start, start + kept) for signal in self.signals])
                yield {"x": x, "y": y[:, :kept], "states": np.concatenate([rest, states[:, :kept]], axis=1)}
                rest = rest[:, :0]
                bar.set_description("simulating", refresh=False)
                bar.update(kept * recordings)

    def _together(self, signals: Sequence[NDArray]) -> NDArray:
        """(recordings, time, inputs), in volts."""
        scaled = [self.volts * signals[0], *signals[1:]]
        shape = (math.prod(self.batch), signals[0].shape[-1])
        return np.stack([np.broadcast_to(each, (*self.batch, shape[1])).reshape(shape) for each in scaled], axis=-1)

    def _knobs_between(self, start: int, stop: int) -> dict[str, NDArray]:
        """At the circuit's rate: a knob keeps its value between the samples of the data set."""
        found = {}
        for name, knob in self.knobs.items():
            if knob.ndim and knob.shape[-1] > 1:
                part = knob[..., start:stop]
                part = np.concatenate(
                    [part, np.repeat(part[..., -1:], stop - start - part.shape[-1], axis=-1)], axis=-1
                )
                knob = np.repeat(part, self.ratio, axis=-1)
            found[name] = knob
        return found


def _in_memory(pieces: Iterator[dict[str, NDArray]], samples: int, dtype: Any) -> dict[str, NDArray]:
    """All pieces as arrays, which are made once and filled."""
    arrays: dict[str, NDArray] = {}
    done: dict[str, int] = {}
    for piece in pieces:
        for name, part in piece.items():
            recordings, time, features = part.shape
            if name not in arrays:
                # The states have one row more than the other signals.
                arrays[name] = np.empty((recordings, samples + (name == "states"), features), dtype)
            start = done.get(name, 0)
            arrays[name][:, start : start + time], done[name] = part, start + time
    return arrays


def _signals(circuit: Circuit, sound: Sound, inputs: Mapping[str, ArrayLike], fs: int) -> list[Reader]:
    """One for each input of the circuit."""
    if not circuit.inputs:
        raise ValueError("the circuit has no input")
    first, *others = circuit.inputs
    unknown = sorted(set(inputs) - set(others))
    if unknown:
        raise ValueError(
            f"no input named {', '.join(unknown)} beside {first}, which the sound drives; "
            f"this circuit's other inputs: {', '.join(others) or 'none'}"
        )
    found = [_sound(sound, fs)]
    if len(found[0].shape) > 1:
        raise ValueError(f"the sound must be (time,) or (recordings, time), got the shape {found[0].shape}")
    for name in others:
        given = np.asarray(inputs.get(name, circuit.values[name]), float)
        if given.ndim == 0:
            given = np.broadcast_to(given, found[0].samples)
        signal = Held(given, f"input {name}", holds=True)
        if signal.samples != found[0].samples:
            raise ValueError(f"input {name} has {signal.samples} samples, the sound has {found[0].samples}")
        if signal.shape not in ((), found[0].shape):
            raise ValueError(f"input {name} has the shape {given.shape}, the sound has {found[0].shape} recordings")
        found.append(signal)
    return found


def _sound(sound: Sound, fs: int) -> Reader:
    if isinstance(sound, str | os.PathLike):
        sound = [sound]
    if isinstance(sound, Sequence) and sound and all(isinstance(each, str | os.PathLike) for each in sound):
        files = [OnDisk(path) for path in find(sound)]  # type: ignore[arg-type]  # mypy keeps the array among the kinds
        return InARow([file if file.fs == fs else AtRate(file, file.fs, fs) for file in files])
    samples = np.asarray(sound)
    check_kind("the sound", samples.dtype)
    return Held(samples, "the sound")

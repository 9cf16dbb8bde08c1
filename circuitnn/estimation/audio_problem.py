"""What a circuit and a recorder make of excerpts of a recording, as a function of their numbers, and the misfit."""

import dataclasses
from typing import NamedTuple, final

import numpy as np
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike
from numpy.typing import NDArray

from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.circuit_runs import Learnt, Pieces, linearised, simulated
from circuitnn.estimation.excerpts import Excerpts
from circuitnn.estimation.playback import PPM, along_runs, late
from circuitnn.estimation.recorder import BEFORE, Recorder
from circuitnn.estimation.unknowns import moved
from circuitnn.filters.high_pass import coupled, coupled_and_slope
from circuitnn.nodal.model import NodalModel


@final
class Start(NamedTuple):
    """What is not known of a run because its output coupling has a past: a decay, and its slope along the corner.

    Attributes:
        run: the pieces.
        decay: (count, time), of length one.
        slope: (count, time), with respect to the logarithm of the corner.
    """

    run: slice
    decay: NDArray
    slope: NDArray


@final
@dataclasses.dataclass(frozen=True, eq=False)
class AudioProblem:
    """A circuit, a recorder, what is to be learnt of them, and the excerpts that they should make of their input.

    Unknowns are (p,): the changes of `names` (see `moved`), then the delay of the recording in samples, then the
    changes of what is free of the recorder; each divided by its `spread`. With H the couplings and N the circuit,

        y(t) = y_gain (H_out N(x_gain H_in x + x_offset))(t - delay - drift (t - middle)) + y_offset.

    Attributes:
        model: with nominal values, none of them trainable.
        excerpts: of the recording.
        recorder: around the circuit.
        spread: (p,).
        names: what is learnt of the circuit.
        positions: what of that is on a linear scale: positions of knobs, and sources.
        controls: (pieces, 1), the knobs of each piece; where there are none the circuit's own.
        defect: (pieces, time + 2 SIDE), volts that the model lacks because it runs at too low a rate, or 0.
    """

    model: NodalModel
    excerpts: Excerpts
    recorder: Recorder
    spread: NDArray
    names: tuple[str, ...]
    positions: tuple[str, ...] = ()
    controls: dict[str, NDArray] = dataclasses.field(default_factory=dict)
    defect: NDArray | float = 0.0
    _last: dict[bytes, tuple[NDArray, NDArray]] = dataclasses.field(default_factory=dict, init=False, repr=False)

    @property
    def circuit(self) -> Circuit:
        """With nominal values."""
        return self.model.circuit

    @property
    def y(self) -> NDArray:
        """The recording, (pieces, time)."""
        return self.excerpts.y

    @property
    def free(self) -> tuple[str, ...]:
        """What is found of the recorder."""
        return self.recorder.free

    def with_circuit(self, circuit: Circuit) -> "AudioProblem":
        """With other nominal values; programs that are compiled serve it too."""
        factor = self.model.oversampling.filters.factor
        model = NodalModel(circuit, self.fs, oversampling=factor, dtype=jnp.float64)
        return dataclasses.replace(self, model=model)

    def values(self, unknowns: ArrayLike) -> dict[str, Array]:
        return moved(self.circuit, self.names, jnp.asarray(self.changes(unknowns)), self.positions)

    def changes(self, unknowns: ArrayLike) -> NDArray:
        """Of the circuit's values."""
        return (self.spread * np.asarray(unknowns))[: len(self.names)]

    def delay(self, unknowns: ArrayLike) -> float:
        """Samples."""
        return float((self.spread * np.asarray(unknowns))[len(self.names)])

    def recorder_at(self, unknowns: ArrayLike) -> Recorder:
        """With the numbers there."""
        return self.recorder.moved((self.spread * np.asarray(unknowns))[len(self.names) + 1 :])

    def solved(self, unknowns: ArrayLike) -> tuple[NDArray, int]:
        """What the circuit puts out, volts (pieces, time + 2 SIDE), and how many samples were not solved."""
        heard, _ = self._heard(self.recorder_at(unknowns))
        out, failed = simulated(self.model, self._learnt, self.changes(unknowns), self._pieces(heard))
        return out + self.defect, failed

    def prediction(self, unknowns: ArrayLike) -> NDArray:
        """(pieces, time), as they should have been recorded, but for what the coupling heard before each run."""
        recorder, out = self.recorder_at(unknowns), self.solved(unknowns)[0]
        behind = late(self._coupled(out, recorder), self.delay(unknowns), self._more(recorder))
        return recorder.y_gain * behind + recorder.y_offset

    def residual(self, unknowns: ArrayLike) -> NDArray:
        """(pieces time,), in the unit of y."""
        rest = self.observed(self.prediction(unknowns) - self.y)
        return _without_starts(rest, self._starts(self.recorder_at(unknowns))).ravel()

    def linearised(self, unknowns: ArrayLike) -> tuple[NDArray, NDArray]:
        """The residual (m,) and its Jacobian (m, p); those of the last two places are kept."""
        place = np.asarray(unknowns, float).tobytes()
        if place not in self._last:
            while len(self._last) > 1:
                self._last.pop(next(iter(self._last)))
            self._last[place] = self._linearised(unknowns)
        return self._last[place]

    def _linearised(self, unknowns: ArrayLike) -> tuple[NDArray, NDArray]:
        recorder, delay = self.recorder_at(unknowns), self.delay(unknowns)
        heard, slopes = self._heard(recorder)
        changes, pieces = self.changes(unknowns), self._pieces(heard)
        out, rows = linearised(self.model, self._learnt, changes, pieces, list(slopes.values()))
        out = out + self.defect
        behind = self._coupled(out, recorder)
        more = self._more(recorder)
        names = [*self.names, *slopes]
        columns = dict(zip(names, late(self._coupled(rows, recorder), delay, more), strict=True))
        columns["y_gain"] = late(behind, delay, more)
        columns[""] = late(behind, delay, more, 1)  # of the delay
        if "output" in self.free:
            columns["output"] = late(self._coupling_slope(out, recorder), delay, more)
        if "drift" in self.free:
            columns["drift"] = PPM * self.time * late(behind, delay, more, 1, terms=1)
        columns = {name: recorder.y_gain * column for name, column in columns.items()}
        columns["y_offset"] = np.ones_like(behind[..., : self.y.shape[-1]])
        rest = self.observed(columns["y_gain"] + recorder.y_offset - self.y)
        starts = self._starts(recorder)
        order = [*self.names, "", *self.free]
        jacobian = self.observed(np.stack([columns[name] for name in order]))
        jacobian = _without_starts(jacobian, starts)
        if "output" in self.free:
            jacobian[order.index("output")] -= _turned(rest, starts)
        rest = _without_starts(rest, starts)
        return rest.ravel(), (jacobian.reshape(len(order), -1) * self.spread[:, None]).T

    def observed(self, y: NDArray, chosen: NDArray | slice = slice(None)) -> NDArray:
        """(..., pieces, time) without what lies in the basis; of all pieces or those chosen."""
        kept, basis = self.excerpts.keep[chosen] * y, self.excerpts.basis[chosen]
        along = np.einsum("ptb,...pt->...pb", basis, kept)
        return kept - np.einsum("ptb,...pb->...pt", basis, along)

    def heard(self, unknowns: ArrayLike) -> NDArray:
        """Volts at the device's input, (pieces, samples)."""
        return self._heard(self.recorder_at(unknowns))[0]

    def along(self, unknowns: ArrayLike, change: NDArray, step: float) -> NDArray:
        """What the circuit puts out more (pieces, time + 2 SIDE) where it hears more, by central differences.

        Args:
            unknowns: where.
            change: of what it hears, (pieces, samples).
            step: factor of it, for a difference that is small.
        """
        heard, changes = self.heard(unknowns), self.changes(unknowns)
        up, down = (
            simulated(self.model, self._learnt, changes, self._pieces(heard + sign * step * change))[0]
            for sign in (1, -1)
        )
        return (up - down) / (2 * step)

    def seen(self, out: NDArray, unknowns: ArrayLike, order: int = 0) -> NDArray:
        """Something at the circuit's output (..., pieces, time + 2 SIDE) as the residual sees it, (..., pieces, time).

        Or the derivative of that with respect to the delay, of an `order`.
        """
        recorder = self.recorder_at(unknowns)
        behind = late(self._coupled(out, recorder), self.delay(unknowns), self._more(recorder), order)
        return _without_starts(self.observed(recorder.y_gain * behind), self._starts(recorder))

    @property
    def fs(self) -> float:
        """Hz."""
        assert self.model.fs is not None
        return self.model.fs

    @property
    def _learnt(self) -> Learnt:
        return Learnt(self.names, self.positions)

    @property
    def time(self) -> NDArray:
        """(pieces, time), samples from the middle of the recording."""
        return self.excerpts.start[:, None] + np.arange(self.y.shape[1]) - self.excerpts.middle

    def _more(self, recorder: Recorder) -> NDArray | None:
        return PPM * recorder.drift * self.time if "drift" in self.free else None

    def _pieces(self, heard: NDArray) -> Pieces:
        return Pieces(heard, self.controls, self.excerpts.before, self.excerpts.at_once)

    def _heard(self, recorder: Recorder) -> tuple[NDArray, dict[str, NDArray]]:
        """Volts at the device (pieces, samples), and their derivatives."""
        x, slope = self.excerpts.x, np.zeros(())
        if recorder.input is not None:
            both = recorder.before_and_slope(self.excerpts.source, self.fs)
            x, slope = (self.excerpts.windows(each) for each in both)
        slopes = {
            "x_gain": recorder.x_gain * x,
            "x_offset": np.ones(()),
            "input": recorder.x_gain * slope,
        }
        return recorder.x_gain * x + recorder.x_offset, {name: slopes[name] for name in BEFORE if name in self.free}

    def _coupled(self, out: NDArray, recorder: Recorder) -> NDArray:
        if recorder.output is None:
            return out
        corner = recorder.output
        return along_runs(out, self.excerpts.runs, lambda signal: coupled(signal, corner, self.fs))

    def _coupling_slope(self, out: NDArray, recorder: Recorder) -> NDArray:
        corner = recorder.output
        assert corner is not None
        return along_runs(out, self.excerpts.runs, lambda signal: coupled_and_slope(signal, corner, self.fs)[1])

    def _starts(self, recorder: Recorder) -> list[Start]:
        """Of each run, where nothing else takes out what is slow."""
        if recorder.output is None or not self.excerpts.has_slow:
            return []
        found, length = [], self.y.shape[1]
        rate = 2 * np.pi * recorder.output / self.fs
        zeros = np.zeros_like(self.y)
        for first, count in self.excerpts.runs:
            run = slice(first, first + count)
            time = rate * np.arange(count * length).reshape(count, length)
            decays = np.stack([zeros, zeros])
            decays[:, run] = np.exp(-time), -time * np.exp(-time)
            decay, slope = self.observed(decays)[:, run]
            size = np.sqrt(np.sum(decay**2))
            if size > 0:
                decay, slope = decay / size, slope / size
                found.append(Start(run, decay, slope - decay * np.sum(decay * slope)))
        return found


def _without_starts(rest: NDArray, starts: list[Start]) -> NDArray:
    """(..., pieces, time) without what the past of the coupling may have added."""
    rest = rest.copy()
    for start in starts:
        part = rest[..., start.run, :]
        part -= start.decay * np.sum(start.decay * part, axis=(-2, -1), keepdims=True)
    return rest


def _turned(rest: NDArray, starts: list[Start]) -> NDArray:
    """(pieces, time): what `_without_starts` takes out more where the corner rises, of the misfit before it."""
    found = np.zeros_like(rest)
    for start in starts:
        part = rest[start.run]
        found[start.run] = start.slope * np.sum(start.decay * part) + start.decay * np.sum(start.slope * part)
    return found

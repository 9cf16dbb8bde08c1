"""A circuit with its recorder on any signal: as it was recorded, and as a model that plays."""

import dataclasses
from typing import final

import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment
from circuitnn.audio.clock_drift import paced
from circuitnn.composition import Chain, chain
from circuitnn.estimation.circuit_runs import Learnt, Pieces, simulated
from circuitnn.estimation.excerpts import windows
from circuitnn.estimation.playback import PPM, SIDE
from circuitnn.estimation.recorder import Recorder
from circuitnn.filters.high_pass import HighPass, coupled
from circuitnn.hybrid.plain import Gain, Offset
from circuitnn.model import Model
from circuitnn.nodal.model import NodalModel


@final
@dataclasses.dataclass(frozen=True)
class Lateness:
    """How late a recording is: its sample m is what x's sample ``m + start + rate m`` makes, upside down or not.

    Attributes:
        start: samples.
        rate: samples a sample.
        polarity: 1 or -1.
    """

    start: float
    rate: float
    polarity: int

    @classmethod
    def of(cls, alignment: Alignment, delay: float, drift: float, middle: float) -> "Lateness":
        """Of a recording that was aligned, and then found to be late by ``delay + drift (t - middle)`` samples."""
        if alignment.corrects_drift and alignment.drift is not None:
            pace = (1 - drift) / (1 + PPM * alignment.drift.ppm)
            start = -pace * alignment.delay_samples - delay + drift * middle
            return cls(start, pace - 1, alignment.polarity)
        return cls(drift * middle - alignment.delay_samples - delay, -drift, alignment.polarity)

    def recorded(self, z: NDArray) -> NDArray:
        """What comes in at the pace of x, as a recorder writes it; (time,)."""
        return self.polarity * paced(z, self.start, self.rate)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WholeChain:
    """A circuit with values that were found, and its recorder.

    Attributes:
        nominal: the circuit before, in double precision.
        learnt: what of it moves.
        change: (p,) of that.
        recorder: around it.
        before: samples of warm-up.
        piece: samples that run in a row.
        at_once: pieces that run side by side.
    """

    nominal: NodalModel
    learnt: Learnt
    change: NDArray
    recorder: Recorder
    before: int
    piece: int
    at_once: int

    @property
    def fs(self) -> float:
        """Hz."""
        assert self.nominal.fs is not None
        return self.nominal.fs

    def played(self, x: NDArray) -> NDArray:
        """(time,), in the unit of y, neither late nor upside down, for x (time,); before it there was silence."""
        recorder, latency = self.recorder, self.nominal.latency
        x = recorder.before(x, self.fs)
        step = self.piece + 2 * SIDE
        first = np.arange(0, len(x), step) - self.before
        heard = recorder.x_gain * windows(x, first, self.before + step + latency) + recorder.x_offset
        out, _ = simulated(self.nominal, self.learnt, self.change, Pieces(heard, {}, self.before, self.at_once))
        behind = out.ravel()[: len(x)]
        behind = behind if recorder.output is None else coupled(behind, recorder.output, self.fs)
        return recorder.y_gain * behind

    def model(self, values: dict[str, float], polarity: int) -> Chain:
        """All of it but the delay and the recorder's zero, in single precision."""
        recorder, fs = self.recorder, self.fs
        circuit = self.nominal.circuit.replace(**values)
        parts: dict[str, Model] = {"x_gain": Gain(recorder.x_gain)}
        if recorder.input is not None and not recorder.has_lost:
            parts["input"] = HighPass(recorder.input, fs)
        if recorder.x_offset:
            parts["x_offset"] = Offset(recorder.x_offset)
        factor = self.nominal.oversampling.filters.factor
        parts["circuit"] = NodalModel(circuit.astype(np.float32), fs, oversampling=factor, dtype=jnp.float32)
        if recorder.output is not None:
            parts["output"] = HighPass(recorder.output, fs)
        return chain(**parts, y_gain=Gain(polarity * recorder.y_gain))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Recorded:
    """A whole chain with the lateness and the zero of a recording.

    Attributes:
        chain: circuit and recorder.
        lateness: of the recording.
        zero: of the recorder, in the unit of y.
        values: that were found.
    """

    chain: WholeChain
    lateness: Lateness
    zero: float
    values: dict[str, float]

    def predict(self, x: NDArray) -> NDArray:
        return self.lateness.recorded(self.chain.played(x)) + self.zero

    def model(self) -> Chain:
        return self.chain.model(self.values, self.lateness.polarity)

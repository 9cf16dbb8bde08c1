"""What `identify` has found, and how well."""

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import jax
import numpy as np
from jax.typing import ArrayLike
from numpy.typing import NDArray

from circuitnn.audio.alignment import Alignment, channel
from circuitnn.audio.clock_drift import Drift
from circuitnn.composition import Chain
from circuitnn.estimation.component_report import left_open, table
from circuitnn.estimation.fitted_value import FittedValue, si
from circuitnn.estimation.known_combinations import KnownCombination
from circuitnn.estimation.misfit import Misfit
from circuitnn.estimation.missing import Missing
from circuitnn.estimation.plain_data import plain
from circuitnn.estimation.verdict import UNEXPLAINED, verdict
from circuitnn.estimation.whole_chain import Recorded

WIDTH = 110  # of lines
_BLUNT = 1.15  # sharpness of an alignment


@final
@dataclass(frozen=True)
class IdentificationReport:
    """What `identify` has found; print it.

    Attributes:
        values: in the order of the netlist's values.
        recorder: what was found of the recorder: x_gain, x_offset, the corners of its couplings (named as the arguments
            input and output are), drift, y_offset, y_gain.
        alignment: of y against what the circuit makes of x; its delay is fitted along with the values.
        combinations: changes that the data hardly show: label to relative change, the largest 1 or -1; each with what
            the ones before it name in `to_measure` held.
        to_measure: one value of each combination: were they known, the data would determine all others.
        known: products and ratios that the data determine though they do not determine their factors.
        per_gain: by how much each value moves, in percent, where y is 1 % louder than its volts are (not for values
            that are undetermined); empty where the gain is fitted.
        precision: relative, that was asked for.
        noise: standard deviation of what the fit leaves, volts.
        coloured: by how much standard errors are larger, at most, because what is left is not white noise; they are.
        correlation: of neighbouring samples of what is left; 0.2 for noise that is white in the band that is fitted,
            near 1 for what the netlist lacks.
        esr_before: of the nominal values, aligned: squares of what they leave over those of y.
        esr: of the fitted ones.
        starts: power of what each search leaves over that of the best one's, the first is 1; what lies 80 dB below the
            recording counts as nothing.
        drift: of the delay, what is left of it where it is corrected.
        excerpts: seconds into the recording at which each excerpt begins.
        clipped: samples of x and of y that are stuck at the end of the scale, or beside such; not fitted.
        failed: samples of the prediction whose equations were not solved.
        converged: whether the descent came to its end, and the delay not to the end of what it may be in the fit.
        refined: by how much the correction to a finer rate of the model has moved each value, relative, or in its unit
            where that is on a linear scale.
        esr_held_out: squares of ``predict(x) - y`` over those of y, as they were given, in the seconds that were held
            out; None where there were none.
        recording: what predicts it.
        missing: what explains some of what is left, the largest part first; empty where it looks like noise.
        misfit: what is left beside the recording, by frequency and by level.
        step: of y's converter, in the unit of y, where it is coarse enough to be seen.
    """

    values: tuple[FittedValue, ...]
    recorder: tuple[FittedValue, ...]
    alignment: Alignment
    combinations: tuple[dict[str, float], ...]
    to_measure: tuple[str, ...]
    known: tuple[KnownCombination, ...]
    per_gain: Mapping[str, float]
    precision: float
    noise: float
    coloured: float
    correlation: float
    esr_before: float
    esr: float
    starts: tuple[float, ...]
    drift: Drift
    excerpts: tuple[float, ...]
    clipped: tuple[int, int]
    failed: int
    converged: bool
    refined: Mapping[str, float] = field(default_factory=dict)
    esr_held_out: float | None = None
    recording: Recorded | None = None
    missing: tuple[Missing, ...] = ()
    misfit: Misfit | None = None
    step: float | None = None

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """What would have been recorded of x (time,), as it was given: with delay, polarity, drift and offset, (time,).

        Before x there was silence.
        """
        assert self.recording is not None
        with jax.enable_x64(True):
            return self.recording.predict(channel(x, "x"))

    @property
    def model(self) -> Chain:
        """The whole chain with the values found, which plays: scales, couplings and offset around the circuit.

        Its parts have the names of the arguments, and "circuit". The recording's delay is not in it, nor its drift and
        the recorder's zero; its own latency is that of its oversampling.
        """
        assert self.recording is not None
        return self.recording.model()

    def __getitem__(self, name: str) -> FittedValue:
        """The value of that name, or what was found of the recorder under it."""
        for each in self._all:
            if each.name.lower() == name.lower():
                return each
        raise KeyError(f"{name!r} was not fitted; there are {', '.join(each.name for each in self._all)}")

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Names of what the data do not determine."""
        return tuple(each.label for each in self._all if not each.is_determined)

    @property
    def agreement(self) -> float:
        """Share of the descents that ended within 1 % of the lowest error."""
        return sum(each < 1.01 for each in self.starts) / len(self.starts)

    @property
    def verdict(self) -> str:
        """Whether the circuit explains the recording and the values may be believed, in words."""
        moves = [row.moved for row in self.values if abs(row.move) > row.standard_error]
        strange = [f"{row.label} = {row.fitted:.3g} {row.unit}".rstrip() for row in self.values if row.is_strange]
        return verdict(self.esr, self.noise, self.step, self.missing, moves, strange)

    @property
    def is_explained(self) -> bool:
        """Whether the circuit explains the recording: what is left is little, and like noise, and values are usual."""
        return not self.missing and self.esr <= UNEXPLAINED and not any(row.is_strange for row in self.values)

    def to_dict(self) -> dict[str, Any]:
        """All of it but what predicts, as plain numbers, words and lists."""
        return plain(self)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the recordings or with the fit, one sentence each."""
        found = []
        for name, count in zip("xy", self.clipped, strict=True):
            if count:
                found.append(f"{name} is clipped: {count} samples are stuck at the end of the scale and left out.")
        if self.alignment.sharpness < _BLUNT:
            found.append("Another delay fits the recording almost as well: it may be off by a period of the music.")
        if self.drift.is_there:
            found.append(
                f"The delay goes {self.drift}: the clocks of player and recorder differ, and values are off by what "
                "that does" + ("." if self.alignment.corrects_drift else ": drift='fit' takes it out.")
            )
        if self.agreement < 0.5 and len(self.starts) > 1:
            found.append("Most searches ended elsewhere: there may be a better minimum still (more starts).")
        if self.failed:
            found.append(f"The circuit's equations were not solved at {self.failed} samples.")
        if not self.converged:
            found.append("The descent did NOT come to its end: these are not the best values.")
        return tuple(found)

    @property
    def profiles(self) -> str:
        """The intervals from the profile of the likelihood, where any were asked for, in words."""
        ends = [f"{row.label} {' to '.join(map(_end, row.profile))}" for row in self._all if row.profile is not None]
        return f"95 % by the profile of the likelihood: {'; '.join(ends)}" if ends else ""

    @property
    def _all(self) -> tuple[FittedValue, ...]:
        return (*self.values, *self.recorder)

    def __str__(self) -> str:
        lines = [*textwrap.wrap(self.verdict, WIDTH), "", *table(self._all)]
        lines += ["", f"recording against prediction: {self.alignment}"]
        lines.append(
            f"error-to-signal ratio {_decibels(self.esr_before)} before, {_decibels(self.esr)} after; "
            f"{self.noise:.3g} V are left"
        )
        lines += textwrap.wrap(str(self.misfit), WIDTH) if self.misfit is not None else []
        if self.esr_held_out is not None:
            lines.append(f"of the seconds held out, error-to-signal ratio {_decibels(self.esr_held_out)}")
        lines.append(
            f"{len(self.excerpts)} excerpts; {len(self.starts)} searches, {100 * self.agreement:.0f} % of them to the "
            f"same error; standard errors allow for colour of the noise (up to x {self.coloured:.1f})"
        )
        lines += left_open(self._all, self.precision, self.combinations, self.to_measure)
        lines += [
            f"Known is {each.label} = {si(each.value)} to {100 * each.standard_error:.2g} %." for each in self.known
        ]
        lines += ["", *textwrap.wrap(self.profiles, WIDTH)] if self.profiles else []
        if self.per_gain:
            moves = ", ".join(f"{name} by {percent:+.2f} %" for name, percent in self.per_gain.items())
            lines += ["", f"The scales of volts are taken as true: y 1 % too loud moves {moves}."]
        lines += ["", *self.warnings] if self.warnings else []
        return "\n".join(lines)

    __repr__ = __str__


def _end(value: float) -> str:
    return si(value) if math.isfinite(value) else "anything"


def _decibels(ratio: float) -> str:
    return f"{10 * np.log10(max(ratio, 1e-300)):.1f} dB"

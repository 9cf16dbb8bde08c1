"""What `identify` has found, and how well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from circuitnn.audio.alignment import Alignment
from circuitnn.audio.clock_drift import Drift
from circuitnn.estimation.component_report import FittedValue, left_open, si, table

_BLUNT = 1.15  # sharpness of an alignment
_ALIKE = 0.5  # correlation of neighbouring samples: 0 for white noise, 0.2 where a converter ends at 20 of 24 kHz


@final
@dataclass(frozen=True)
class KnownCombination:
    """A product or ratio of values that data determine where they do not determine its factors.

    Attributes:
        powers: name to exponent.
        value: SI.
        standard_error: relative.
    """

    powers: Mapping[str, float]
    value: float
    standard_error: float

    @property
    def label(self) -> str:
        """As "R1*C1" or "R1/R2"."""
        found = ""
        for name, power in self.powers.items():
            size = f"^{abs(power):.3g}" if abs(abs(power) - 1) > 1e-3 else ""
            found += (("*" if found else "") if power > 0 else ("/" if found else "1/")) + name + size
        return found


@final
@dataclass(frozen=True)
class IdentificationReport:
    """What `identify` has found; print it.

    Attributes:
        values: in the order of the netlist's values.
        gain: of the recording y, where it was fitted, else None.
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
        correlation: of neighbouring samples of what is left; 0 for white noise, near 1 for what the netlist lacks.
        esr_before: of the nominal values, aligned: squares of what they leave over those of y.
        esr: of the fitted ones.
        starts: errors of the descents over that of the best one, rising; the first is 1.
        drift: of the delay, what is left of it where it is corrected.
        excerpts: seconds into the recording at which each excerpt begins.
        clipped: samples of x and of y that are stuck at the end of the scale, or beside such; not fitted.
        failed: samples of the prediction whose equations were not solved.
        converged: whether the descent came to its end, and the delay not to the end of what it may be in the fit.
    """

    values: tuple[FittedValue, ...]
    gain: FittedValue | None
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

    def __getitem__(self, name: str) -> FittedValue:
        """The value of that name."""
        for each in self.values:
            if each.name.lower() == name.lower():
                return each
        raise KeyError(f"{name!r} was not fitted; there are {', '.join(each.name for each in self.values)}")

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Names of what the data do not determine."""
        return tuple(each.label for each in self._all if not each.is_determined)

    @property
    def agreement(self) -> float:
        """Share of the descents that ended within 1 % of the lowest error."""
        return sum(each < 1.01 for each in self.starts) / len(self.starts)

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
                "that does" + ("." if self.alignment.corrects_drift else ": correct_drift=True takes it out.")
            )
        if self.agreement < 0.5 and len(self.starts) > 1:
            found.append("Most searches ended elsewhere: there may be a better minimum still (more starts).")
        if self.esr > 0.1:
            found.append("The circuit does not explain the recording: another netlist, polarity or scale of volts?")
        elif self.correlation > _ALIKE:
            found.append(
                "What is left of the recording sounds of music and not of noise: something that the netlist or the "
                "scales of volts do not say has a part in the values, beyond their standard errors."
            )
        if self.failed:
            found.append(f"The circuit's equations were not solved at {self.failed} samples.")
        if not self.converged:
            found.append("The descent did NOT come to its end: these are not the best values.")
        return tuple(found)

    @property
    def _all(self) -> tuple[FittedValue, ...]:
        return self.values if self.gain is None else (*self.values, self.gain)

    def __str__(self) -> str:
        lines = table(self._all)
        lines += ["", f"recording against prediction: {self.alignment}"]
        lines.append(
            f"error-to-signal ratio {_decibels(self.esr_before)} before, {_decibels(self.esr)} after; "
            f"{self.noise:.3g} V are left"
        )
        lines.append(
            f"{len(self.excerpts)} excerpts; {len(self.starts)} searches, {100 * self.agreement:.0f} % of them to the "
            f"same error; standard errors allow for colour of the noise (up to x {self.coloured:.1f})"
        )
        lines += left_open(self._all, self.precision, self.combinations, self.to_measure)
        lines += [
            f"Known is {each.label} = {si(each.value)} to {100 * each.standard_error:.2g} %." for each in self.known
        ]
        if self.per_gain:
            moves = ", ".join(f"{name} by {percent:+.2f} %" for name, percent in self.per_gain.items())
            lines += ["", f"The scales of volts are taken as true: y 1 % too loud moves {moves}."]
        lines += ["", *self.warnings] if self.warnings else []
        return "\n".join(lines)

    __repr__ = __str__


def known_combinations(
    rows: Sequence[FittedValue], combinations: Sequence[Mapping[str, float]], pivots: Sequence[str], errors: np.ndarray
) -> tuple[KnownCombination, ...]:
    """Each value of a combination with the power of another one that makes the product stay the same along it.

    Args:
        rows: all values.
        combinations: label to share.
        pivots: the other one, of each combination.
        errors: (p,), standard errors where the pivots are held.
    """
    by_label = {row.label: (row, error) for row, error in zip(rows, errors, strict=True)}
    found = []
    for shares, pivot in zip(combinations, pivots, strict=True):
        if any(by_label[label][0].kind == "position" for label in shares):
            continue
        for label, share in shares.items():
            row, error = by_label[label]
            if label in pivots:
                continue
            power = -share / shares[pivot]
            value = row.fitted * by_label[pivot][0].fitted ** power
            # A quotient reads better with what it is divided by at its end.
            powers = {pivot: power, label: 1.0} if power > 0 else {label: 1.0, pivot: power}
            found.append(KnownCombination(powers, float(value), float(error)))
    return tuple(found)


def _decibels(ratio: float) -> str:
    return f"{10 * np.log10(max(ratio, 1e-300)):.1f} dB"

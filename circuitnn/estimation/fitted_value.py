"""One value that was fitted, and how well it is known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.determination import Determination

# The power of the impedance level that a number goes with, by its unit.
_LEVELS = {"ohm": 1, "H": 1, "F": -1, "S": -1, "A": -1, "A/V^2": -1}
_STRANGE, _STRANGE_CURRENT = 1e3, 1e6  # times or one over nominal; saturation currents have an exponential beside them
_WIDEST = 20.0  # of an interval, logarithm
_NOMINAL = {"taper": 0.0}
LINEAR = frozenset({"taper", "position", "source", "offset"})  # kinds whose changes are no logarithms
_PREFIXES = ((1e6, "meg"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


@final
@dataclass(frozen=True)
class FittedValue:
    """One value, or the taper of one knob.

    Attributes:
        name: of the value, or of the knob.
        kind: of the component, as in `circuitnn.circuit.Component`; "param" for a ``.param``, "position" for one that
            is a knob's, "source" for one whose value is on a linear scale, "model" for a number of a ``.model``,
            "taper"; "recorder" and, on a linear scale, "offset" for what is no part of the circuit.
        unit: SI; "" of a plain number. That of a ``.param`` is not known, and taken for a resistance.
        nominal: SI; 0 for a taper.
        fitted: SI; the shape of a taper, see `taper`.
        standard_error: from the data alone, relative (0.01 is 1 %), of what is on a linear scale absolute; huge where
            they say nothing.
        is_determined: whether three standard errors are within the precision asked for, and the tolerance (0.3 for a
            taper), and the value not at its bound.
        at_bound: whether the fit would have gone on beyond the tolerance.
        reach: standard errors on either side that an interval of 95 % has.
        resampled: the standard error as the scatter of fits to excerpts drawn anew says it; NaN where nothing was drawn
            or the data say nothing.
        profile: the interval of 95 % from the profile of the likelihood, in its unit, where it was asked for. An end
            that the data leave open is not finite, or 0 of what is on a logarithmic scale.
        move: by how much it would move were what the fit lacks allowed for, as the standard error; 0 where nothing is
            missing that has a name.
    """

    name: str
    kind: str
    unit: str
    nominal: float
    fitted: float
    standard_error: float
    is_determined: bool
    at_bound: bool
    reach: float = 1.96
    resampled: float = math.nan
    profile: tuple[float, float] | None = None
    move: float = 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %, in the value's unit; of what is on a logarithmic scale never through zero, of a knob on its way.

        Where something is missing it reaches as far as around the value that allows for it.
        """
        error = self.reach * self.standard_error
        low, high = min(self.move, 0.0) - error, max(self.move, 0.0) + error
        if self.kind in LINEAR:
            return self.after(low, high)
        return self.after(*(float(each) for each in np.clip((low, high), -_WIDEST, _WIDEST)))

    def after(self, low: float, high: float) -> tuple[float, float]:
        """The value after two changes, as the standard error has them, in its unit: the smaller one first."""
        if self.kind in LINEAR:
            low, high = self.fitted + low, self.fitted + high
            return (max(low, 0.0), min(high, 1.0)) if self.kind == "position" else (low, high)
        low, high = sorted(self.fitted * math.exp(each) if each < np.inf else math.inf for each in (low, high))
        return low, high

    @property
    def moved(self) -> str:
        """The move in words: "C1 by -4.1 %"."""
        percent = 100 * (self.move if self.kind == "position" else float(np.expm1(min(self.move, _WIDEST))))
        size = f"{percent:+.2g} %" if abs(percent) < 100 else f"{percent:+.0f} %"
        if self.kind == "position":
            size += " of the way"
        elif self.kind in LINEAR:
            size = f"{self.move:+.2g} {self.unit}"
        return f"{self.label} by {size}".rstrip()

    @property
    def is_strange(self) -> bool:
        """Whether no such part has this value: the fit may have used it for something else."""
        if self.kind in LINEAR or self.kind == "recorder":
            return False
        return abs(math.log(self.fitted / self.nominal)) > math.log(_STRANGE_CURRENT if self.unit == "A" else _STRANGE)

    @property
    def label(self) -> str:
        """What the report calls it."""
        return f"taper of {self.name}" if self.kind == "taper" else self.name

    @property
    def grows(self) -> int:
        """With the impedance level of the circuit: 1 for a resistance, -1 for a capacitance or a current, else 0."""
        return _LEVELS.get(self.unit, 0)


def fitted_values(
    circuit: Circuit,
    names: Sequence[str],
    fitted: NDArray,
    known: Determination,
    at_bound: NDArray,
    others: Mapping[str, str],
) -> tuple[FittedValue, ...]:
    """What is reported of each unknown.

    Args:
        circuit: with nominal values.
        names: of the values and tapers, (p,).
        fitted: (p,).
        known: how well.
        at_bound: (p,).
        others: kinds of those that are no components, ``.param`` or numbers of models.
    """
    kinds = {part.name: part.kind for part in circuit.components}
    units = {part.name: part.device.unit for part in circuit.components}
    units |= {
        f"{model.name}.{parameter.name}": parameter.unit
        for model in circuit.models
        for parameter in model.device.parameters
    }
    kinds |= {parameter.name: "param" for parameter in circuit.parameters if parameter.name in names} | dict(others)
    return tuple(
        FittedValue(
            name=name,
            kind=kinds.get(name, "model"),
            unit="ohm" if kinds.get(name) == "param" else units.get(name, ""),
            nominal=_NOMINAL[kinds[name]] if kinds.get(name) in _NOMINAL else float(circuit.values[name]),
            fitted=float(fitted[k]),
            standard_error=float(known.standard_errors[k]),
            is_determined=bool(known.is_determined[k] and not at_bound[k]),
            at_bound=bool(at_bound[k]),
        )
        for k, name in enumerate(names)
    )


def named(combinations: NDArray, rows: Sequence[FittedValue]) -> tuple[dict[str, float], ...]:
    """Combinations (d, p) as label to share, without zeros."""
    return tuple({rows[int(k)].label: float(each[k]) for k in np.flatnonzero(each)} for each in combinations)


def si(value: float) -> str:
    """With a prefix, as in netlists."""
    if value == 0:
        return "0"
    size, suffix = next((each for each in _PREFIXES if abs(value) >= each[0]), _PREFIXES[-1])
    return f"{value / size:.4g}{suffix}"

"""What `fit_components` has found, and how well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.determination import Determination
from circuitnn.estimation.tabular import lines_of
from circuitnn.train.response_error import ResponseError

# The power of the impedance level that a number goes with, by its unit.
_LEVELS = {"ohm": 1, "H": 1, "F": -1, "S": -1, "A": -1, "A/V^2": -1}
SOMETHING = 0.05  # a standard error that is better than what the component has printed on it
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

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %, in the value's unit; of what is on a logarithmic scale never through zero, of a knob on its way."""
        error = self.reach * self.standard_error
        if self.kind in LINEAR:
            low, high = self.fitted - error, self.fitted + error
            return (max(low, 0.0), min(high, 1.0)) if self.kind == "position" else (low, high)
        factor = float(np.exp(min(error, _WIDEST)))
        low, high = sorted((self.fitted / factor, self.fitted * factor))
        return low, high

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


@final
@dataclass(frozen=True)
class ComponentReport:
    """What `fit_components` has found; print it.

    Attributes:
        values: in the order of the netlist's values.
        tapers: in the order asked for.
        combinations: changes that the data hardly show: label to relative change, the largest 1 or -1; each with what
            the ones before it name in `to_measure` held.
        to_measure: one value of each combination: were they known, the data would determine all others.
        precision: relative, that was asked for.
        noise_db: standard deviation of the noise that the standard errors are for, given or estimated.
        residual_db: what the fit leaves, as a standard deviation.
        before: of the nominal values.
        after: of the fitted ones.
        converged: whether the descent came to its end.
    """

    values: tuple[FittedValue, ...]
    tapers: tuple[FittedValue, ...]
    combinations: tuple[dict[str, float], ...]
    to_measure: tuple[str, ...]
    precision: float
    noise_db: float
    residual_db: float
    before: ResponseError
    after: ResponseError
    converged: bool

    def __getitem__(self, name: str) -> FittedValue:
        """The value of that name, or the taper of the knob of that name."""
        for each in self._all:
            if each.name.lower() == name.lower():
                return each
        raise KeyError(f"{name!r} was not fitted; there are {', '.join(each.name for each in self._all)}")

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Names of the values, and "taper of" a knob, that the data do not determine."""
        return tuple(each.label for each in self._all if not each.is_determined)

    @property
    def _all(self) -> tuple[FittedValue, ...]:
        return (*self.values, *self.tapers)

    def __str__(self) -> str:
        lines = table(self._all)
        lines += ["", "response error      mean      95 %       max"]
        both = (("before", self.before), ("after", self.after))
        lines += [f"  {name:6} {each.mean:12.3f} {each.p95:9.3f} {each.max:9.3f} dB" for name, each in both]
        lines.append(f"noise of {self.noise_db:.3g} dB; the fit leaves {self.residual_db:.3g} dB")
        if self.residual_db > 1.5 * self.noise_db:
            lines.append("This is more than the noise: no values within these tolerances give these responses.")
        lines += left_open(self._all, self.precision, self.combinations, self.to_measure)
        if not self.converged:
            lines += ["", "The descent did NOT come to its end: these are not the best values."]
        return "\n".join(lines)

    __repr__ = __str__


def table(values: Sequence[FittedValue]) -> list[str]:
    """The lines of a table of values and tapers."""
    rows: list[tuple[str, ...]] = [("value", "nominal", "fitted", "change", "standard error", "determined", "")]
    rows += [_taper_row(each) if each.kind == "taper" else _value_row(each) for each in values]
    return lines_of(rows)


def left_open(
    values: Sequence[FittedValue],
    precision: float,
    combinations: Sequence[Mapping[str, float]],
    to_measure: Sequence[str],
) -> list[str]:
    """The lines on what the data do not determine, what would help, and what is at its bound."""
    lines = []
    undetermined = [each.label for each in values if not each.is_determined]
    bound = [each.label for each in values if each.at_bound]
    if undetermined:
        lines += ["", f"Not determined to {100 * precision:g} % by these data: {', '.join(undetermined)}."]
        seen: set[str] = set()
        for k, each in enumerate(combinations):
            name = next(iter(each))
            if len(each) == 1 and name in seen:
                lines.append(f"- {name}: not to {100 * precision:g} % with {', '.join(to_measure[:k])} held, either")
            else:
                lines.append(f"- {in_words(each, {row.label: row for row in values})}")
            seen |= set(each)
    if to_measure and not bound:
        lines.append(f"With {', '.join(to_measure)} measured and held, the rest is determined.")
    if bound:
        lines += ["", f"At the end of the tolerance: {', '.join(bound)}. Standard errors do not allow for that."]
    return lines


def _value_row(each: FittedValue) -> tuple[str, ...]:
    if each.kind in ("source", "offset"):
        error = f"{each.standard_error:.2g} {each.unit}" if each.standard_error < 1e6 else "huge"
        moved = f"{each.fitted - each.nominal:+.3g} {each.unit}"
        return each.name, si(each.nominal), si(each.fitted), moved, error, *_flags(each)
    is_position = each.kind == "position"
    change = each.fitted - each.nominal if is_position else each.fitted / each.nominal - 1
    unit = "% of the way" if is_position else "%"
    error = f"{100 * each.standard_error:.2g} {unit}" if each.standard_error < 1 else f"over 100 {unit}"
    return each.name, si(each.nominal), si(each.fitted), f"{100 * change:+.2f} {unit}", error, *_flags(each)


def _taper_row(each: FittedValue) -> tuple[str, ...]:
    error = f"{each.standard_error:.2g}" if each.standard_error < 10 else "over 10"
    return each.label, "0", f"{each.fitted:.3f}", "", error, *_flags(each)


def _flags(each: FittedValue) -> tuple[str, str]:
    return "yes" if each.is_determined else "NO", "at its bound" if each.at_bound else ""


def si(value: float) -> str:
    """With a prefix, as in netlists."""
    if value == 0:
        return "0"
    size, suffix = next((each for each in _PREFIXES if abs(value) >= each[0]), _PREFIXES[-1])
    return f"{value / size:.4g}{suffix}"


def in_words(combination: Mapping[str, float], rows: Mapping[str, FittedValue]) -> str:
    """One sentence on a combination that the data leave open.

    Args:
        combination: label to change: of values in natural logarithm, without zeros.
        rows: label to what was fitted.
    """
    names = list(combination)
    if len(names) == 1:
        error, kind = rows[names[0]].standard_error, rows[names[0]].kind
        if kind in ("source", "offset"):
            return f"{names[0]}: known to {error:.2g} {rows[names[0]].unit} as a standard error, which is not enough"
        if error < SOMETHING and kind != "taper":
            return f"{names[0]}: known to {100 * error:.2g} % as a standard error, which is not enough"
        return f"{names[0]}: the response depends too little on it"
    found = _pair(combination, rows) if len(names) == 2 else None
    if found:
        return f"{names[0]} and {names[1]}: {found} is known"
    rising = [name for name in names if rows[name].grows > 0]
    falling = [name for name in names if rows[name].grows < 0]
    changes = [combination[name] * (-1 if name in falling else 1) for name in names]
    if falling and len(rising) + len(falling) == len(names) and _equal(*changes, within=1e-3):
        products = ["R*C"] * any(rows[name].kind == "C" for name in falling)
        products += sorted({f"R*{name.rpartition('.')[2].upper()}" for name in falling if rows[name].kind == "model"})
        return (
            f"the impedance level: {', '.join(rising)} times any factor with {', '.join(falling)} over the same factor "
            f"is the same response; only ratios of resistances and products {', '.join(products)} are known"
        )
    percent = ", ".join(_share(rows[name], change) for name, change in combination.items())
    return f"{', '.join(names)}: only together ({percent} changes hardly anything)"


def _share(row: FittedValue, change: float) -> str:
    if row.kind in LINEAR:
        return f"{row.label} {change / 100:+.2g} {row.unit}".rstrip()
    return f"{row.label} {change:+.2f} %"


def _pair(combination: Mapping[str, float], rows: Mapping[str, FittedValue]) -> str | None:
    """What is known of two values, where that has a name."""
    (a, change_a), (b, change_b) = combination.items()
    if LINEAR & {rows[a].kind, rows[b].kind}:
        return None
    if change_a * change_b > 0:
        degree = _degree(change_a, change_b)
        return degree and f"{degree} the ratio {a}/{b}"
    if rows[a].kind != rows[b].kind:
        degree = _degree(change_a, -change_b)
        return degree and f"{degree} the product {a}*{b}"
    # In series or in parallel; with equal values there is no telling which.
    value_a, value_b = rows[a].fitted, rows[b].fitted
    if _equal(value_a, value_b, within=0.02):
        return None
    if _equal(change_a * value_a, -change_b * value_b, within=0.01):
        return f"only the sum {a} + {b}"
    if _equal(change_a / value_a, -change_b / value_b, within=0.01):
        return f"only the sum 1/{a} + 1/{b}"
    return None


def _degree(a: float, b: float) -> str | None:
    if _equal(a, b, within=1e-3):
        return "only"
    return "little more than" if _equal(a, b, within=0.1) else None


def _equal(*numbers: float, within: float) -> bool:
    low, high = min(numbers), max(numbers)
    return low * high > 0 and high - low <= within * max(abs(low), abs(high))

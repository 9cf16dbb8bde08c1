"""What `fit_components` has found, and how well."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from circuitnn.estimation.fitted_value import LINEAR, FittedValue, si
from circuitnn.estimation.tabular import lines_of
from circuitnn.train.response_error import ResponseError

SOMETHING = 0.05  # a standard error that is better than what the component has printed on it


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
    head = ("value", "nominal", "fitted", "change", "standard error", "from excerpts drawn anew", "determined", "")
    rows = [head, *(_taper_row(each) if each.kind == "taper" else _value_row(each) for each in values)]
    if all(math.isnan(each.resampled) for each in values):
        rows = [(*row[:5], *row[6:]) for row in rows]
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
        change = f"{each.fitted - each.nominal:+.3g} {each.unit}"
    elif each.kind == "position":
        change = f"{100 * (each.fitted - each.nominal):+.2f} % of the way"
    else:
        change = f"{100 * (each.fitted / each.nominal - 1):+.2f} %"
    errors = (_error(each, size) for size in (each.standard_error, each.resampled))
    return each.name, si(each.nominal), si(each.fitted), change, *errors, *_flags(each)


def _error(each: FittedValue, size: float) -> str:
    """A standard error of it."""
    if math.isnan(size):
        return ""
    if each.kind in ("source", "offset"):
        return f"{size:.2g} {each.unit}" if size < 1e6 else "huge"
    unit = "% of the way" if each.kind == "position" else "%"
    return f"{100 * size:.2g} {unit}" if size < 1 else f"over 100 {unit}"


def _taper_row(each: FittedValue) -> tuple[str, ...]:
    error = f"{each.standard_error:.2g}" if each.standard_error < 10 else "over 10"
    return each.label, "0", f"{each.fitted:.3f}", "", error, "", *_flags(each)


def _flags(each: FittedValue) -> tuple[str, str]:
    return "yes" if each.is_determined else "NO", "at its bound" if each.at_bound else ""


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

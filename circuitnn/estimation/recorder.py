"""What stands around a circuit in a recording: scales of volts, offsets, couplings, clocks; given, or to be found."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.estimation.unknowns import DECADE, USUAL_START, Prior
from circuitnn.filters.high_pass import coupled, coupled_and_slope, restored, restored_and_slope

CORNER = 2.0  # Hz, where the search for a coupling's corner begins
LOWEST, HIGHEST = 0.02, 200.0  # Hz, of a corner


@final
class Kind(NamedTuple):
    """How one unknown of a recorder is searched for.

    Attributes:
        unit: SI; "" of a factor.
        is_log: whether its change is that of its logarithm.
        spread: standard deviation of the prior; of linear ones over their own scale, see `Recorder.scales`.
        low: of the change, in the same unit as the spread.
        high: likewise.
    """

    unit: str
    is_log: bool
    spread: float
    low: float
    high: float


KINDS = {
    "x_gain": Kind("", True, DECADE, -2 * DECADE, 2 * DECADE),
    "x_offset": Kind("V", False, 1.0, -np.inf, np.inf),
    "input": Kind("Hz", True, DECADE, np.log(LOWEST / CORNER), np.log(HIGHEST / CORNER)),
    "output": Kind("Hz", True, DECADE, np.log(LOWEST / CORNER), np.log(HIGHEST / CORNER)),
    "drift": Kind("ppm", False, 1.0, -np.inf, np.inf),
    "y_offset": Kind("V", False, 1.0, -np.inf, np.inf),
    "y_gain": Kind("", True, DECADE, -2 * DECADE, 2 * DECADE),
}
BEFORE = ("x_gain", "x_offset", "input")  # the circuit; these act on what it hears
LOST = "lost"  # of x, in place of a coupling before the device
SLOW = ("input", "output")  # what tells them lies far below the music


@final
@dataclass(frozen=True)
class Recorder:
    """Numbers of a recorder, and which of them are found from the recording.

    Attributes:
        x_gain: volts at the device where x is 1.
        x_offset: volts that are added there.
        input: corner of the coupling before the device, Hz; None where there is none.
        has_lost: whether that is one which x was recorded through and the device has not heard: it is undone.
        output: corner of the coupling behind it, Hz; None where there is none.
        y_gain: y where the circuit's output is 1 V.
        y_offset: of the recorder, in the unit of y.
        free: names of those that are found, in the order of `KINDS`.
        drift: what is left of it at the pace that y was brought to, parts in a million.
        scales: of the linear ones, the standard deviation of the prior.
    """

    x_gain: float = 1.0
    x_offset: float = 0.0
    input: float | None = None
    output: float | None = None
    y_gain: float = 1.0
    y_offset: float = 0.0
    drift: float = 0.0
    free: tuple[str, ...] = ()
    scales: dict[str, float] = field(default_factory=dict)
    has_lost: bool = False

    @property
    def has_coupling(self) -> bool:
        """Whether one is modelled, found or given."""
        return self.input is not None or self.output is not None

    def before(self, x: NDArray, fs: float) -> NDArray:
        """x (..., time) as the device's coupling has it."""
        if self.input is None:
            return x
        return (restored if self.has_lost else coupled)(x, self.input, fs)

    def before_and_slope(self, x: NDArray, fs: float) -> tuple[NDArray, NDArray]:
        """The same where there is one, and its derivative with respect to the logarithm of the corner."""
        assert self.input is not None
        return (restored_and_slope if self.has_lost else coupled_and_slope)(x, self.input, fs)

    def moved(self, changes: NDArray) -> "Recorder":
        """With the free numbers after changes (q,) of these, of logarithms or of the numbers themselves."""
        numbers: dict[str, Any] = {}
        for name, change in zip(self.free, changes, strict=True):
            start = getattr(self, name)
            numbers[name] = start * float(np.exp(change)) if KINDS[name].is_log else start + float(change)
        return replace(self, **numbers)

    def including(self, prior: Prior) -> Prior:
        """A prior with the free ones."""
        for name in self.free:
            kind, scale = KINDS[name], self.scales.get(name, 1.0)
            low, high = scale * kind.low, scale * kind.high
            prior = prior.with_one(scale * kind.spread, low, high, USUAL_START if name == "x_gain" else 0.0)
        return prior


def recorder(x: NDArray, y: NDArray, *, finds_zero: bool, **asked: Any) -> Recorder:
    """From the arguments of `identify`.

    Args:
        x: (time,), as played.
        y: (time,), as recorded.
        finds_zero: whether `y_offset` is found: that of a converter is never exact, and shows where nothing takes it
            out.
        asked: `x_gain`, `x_offset`, `input`, `output`, `y_gain` and `drift` as in `identify`.

    Raises:
        ValueError: for anything else than these may be.
    """
    has_lost = asked["input"] == LOST
    checked = {name: _checked(name, value) for name, value in asked.items()}
    free = [name for name, value in checked.items() if value == "fit"]
    numbers = {name: value for name, value in checked.items() if value != "fit"}
    numbers |= {name: CORNER for name in SLOW if name in free}
    gain = numbers.get("x_gain", 1.0)
    free += ["y_offset"] if finds_zero else []
    spreads = {"x_offset": 0.3 * gain * float(np.std(x)), "drift": 20.0, "y_offset": float(np.std(y))}
    return Recorder(**numbers, free=tuple(name for name in KINDS if name in free), scales=spreads, has_lost=has_lost)


def _checked(name: str, value: Any) -> Any:
    if name in SLOW:
        if value in ("ac", "fit") or (name == "input" and value == LOST):
            return "fit"
        if value in ("dc", None):
            return None
        if isinstance(value, str) or not (np.isfinite(value) and value > 0):
            words = "'dc', 'ac', 'lost'" if name == "input" else "'dc', 'ac'"
            raise ValueError(f"{name} has to be {words} or a corner in Hz, got {value!r}")
        return float(value)
    if name == "drift":
        if value not in (None, "fit"):
            raise ValueError(f"drift has to be None or 'fit', got {value!r}")
        return value or 0.0
    if isinstance(value, str):
        if value != "fit":
            raise ValueError(f"{name} has to be a number or 'fit', got {value!r}")
        return value
    if not np.isfinite(value) or (KINDS[name].is_log and value <= 0):
        wanted = "positive (the polarity is found)" if KINDS[name].is_log else "a finite number of volts"
        raise ValueError(f"{name} has to be {wanted}, or 'fit', got {value}")
    return float(value)

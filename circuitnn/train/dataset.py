"""Signals to learn from: inputs, outputs, and where known the circuit states and the knobs."""

import copy
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from circuitnn.arguments import NO_DATA, NO_SIGNAL, checked, checked_rate, what_it_is
from circuitnn.description import block, counted, shortened
from circuitnn.knobs import check_shape, check_value, within
from circuitnn.samples import check_axes, check_kind
from circuitnn.train.on_disk import PIECE, OnDisk, between, joined, stays_on_disk


@final
class AssumedRate(float):
    """A sample rate in hertz that nobody has given: `fit` says so before a network takes it over."""


_ASSUMED = AssumedRate(48_000)
VOLTS = (1.0, 1.0)  # what 1.0 is in volts at the input and output of a circuit


def checked_data(data: Any) -> "Dataset":
    """The data set; TypeError for what is none, which says how to make one of it."""
    return checked(data, Dataset, "a data set", NO_DATA)


class Before(NamedTuple):
    """Input and knobs one sample before the first.

    Attributes:
        x: (windows, in_features) volts; NaN where there was silence.
        controls: (windows, 1) each.
    """

    x: Any
    controls: dict[str, Any]


class Windows(NamedTuple):
    """Equal pieces of a data set, ready to be batched; every field has the windows as its first axis.

    NumPy arrays as `Dataset.windows` makes them, JAX arrays where training has put them on the device.

    `initial` is the circuit state before the first sample of each window, None where the states are unknown; `before`
    is what the currents at that state follow from.
    """

    x: Any  # (windows, time, in_features)
    y: Any  # (windows, time, out_features)
    states: Any  # (windows, time, n_states)
    initial: Any  # (windows, n_states)
    controls: dict[str, Any]  # (windows, time) each
    before: "Before | None" = None


@final
@dataclasses.dataclass(frozen=True)
class Dataset:
    """Recordings of equal length with their targets.

    Attributes:
        x: input in volts: (time,), (time, in_features) or (recordings, time, in_features); kept as the last.
        y: output in volts, likewise.
        states: circuit states after each sample, in volts and amperes: (time, n_states) or
            (recordings, time, n_states).
        controls: knob values by name, each () or (time,) or (recordings, time).
        fs: sample rate in Hz; 48 kHz are assumed where it is not given, and `fit` says so.
        initial: circuit states before the first sample, (recordings, n_states). When None, each recording is taken to
            start at rest: the state before its first sample is the state after it.
        volts: what 1.0 of x and of y is in volts, None where that is not known: one of a circuit is a volt. `fit` has a
            network take it over, for the levels of its files.
        before: input before the first sample, (recordings, in_features) volts, of recordings that begin in mid-signal:
            a circuit's currents at `initial` follow from it. NaN, as None is for all, where they begin in silence.

    Raises:
        ValueError: for shapes that do not fit each other, an empty signal, and NaN or infinite values (with the place).
    """

    x: np.ndarray
    y: np.ndarray
    states: Any = None
    controls: Mapping[str, Any] | None = None
    fs: float = _ASSUMED
    initial: Any = None
    volts: tuple[float, float] | None = None
    before: Any = None

    def __post_init__(self):
        x, y = _recordings(self.x, "x"), _recordings(self.y, "y")
        _same_time("y", y, x)
        states = None if self.states is None else _recordings(self.states, "states", is_vector=True)
        initial = self.initial
        if states is not None:
            _same_time("states", states, x)
            initial = states[:, 0] if initial is None else _before("initial", initial, len(x), states.shape[-1])
        before = None if self.before is None else _before("before", self.before, len(x), x.shape[-1])
        checked_rate(self.fs)
        controls = {name: _knob(name, positions, x.shape[:2]) for name, positions in (self.controls or {}).items()}
        signals = {"x": x, "y": y, "states": states, "controls": controls, "initial": initial, "before": before}
        for field, value in signals.items():
            object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        signals = {"x": self.x, "y": self.y, "states": self.states}
        shown = (name for name in signals if signals[name] is not None)
        knobs = (
            # A constant is one number in memory.
            f"{name} {float(knob.flat[0]):g}" if not any(knob.strides) else f"{name} moves or differs"
            for name, knob in (self.controls or {}).items()
        )
        return block(
            f"Dataset: {counted(len(self.x), 'recording')} of {self.x.shape[1] / self.fs:g} s at {self.fs:g} Hz",
            [
                *(f"{name} {signals[name].shape} {signals[name].dtype}" for name in shown),
                f"knobs: {shortened(knobs)}" if self.controls else "",
            ],
        )

    @property
    def is_on_disk(self) -> bool:
        """Whether signals stay in files, to be read where they are needed: those of `recordings`, and large caches."""
        return any(stays_on_disk(signal) for signal in (self.x, self.y, self.states))

    @property
    def samples(self) -> int:
        """Samples in all recordings together."""
        return self.x.shape[0] * self.x.shape[1]

    @property
    def seconds(self) -> float:
        """Length of all recordings together."""
        return self.samples / self.fs

    def renamed(self, controls: Mapping[str, Any]) -> "Dataset":
        """The same signals with other names of the knobs; nothing is copied or checked again."""
        data = copy.copy(self)
        object.__setattr__(data, "controls", dict(controls))
        return data

    def split(self, *fractions: float) -> "tuple[Dataset, ...]":
        """Parts along time, in order: `split(0.8, 0.1, 0.1)` for training, validation, test.

        Raises:
            ValueError: when the fractions are not positive, exceed 1 together, or a part would have no samples.
        """
        if min(fractions, default=0) <= 0 or sum(fractions) > 1 + 1e-9:
            raise ValueError(f"fractions must be positive with a sum of at most 1, got {fractions}")
        edges = np.round(np.cumsum([0.0, *fractions]) * self.x.shape[1]).astype(int)
        return tuple(self.between(start, stop) for start, stop in itertools.pairwise(edges))

    def between(self, start: int, stop: int) -> "Dataset":
        """The samples from `start` up to `stop` of every recording, with the state and the input that precede them."""
        if not 0 <= start < stop <= self.x.shape[1]:
            raise ValueError(f"no samples between {start} and {stop} in recordings of {self.x.shape[1]}")
        return Dataset(
            between(self.x, start, stop),
            between(self.y, start, stop),
            states=None if self.states is None else between(self.states, start, stop),
            controls={name: value[:, start:stop] for name, value in (self.controls or {}).items()},
            fs=self.fs,
            initial=self.initial if start == 0 or self.states is None else self.states[:, start - 1],
            volts=self.volts,
            before=self.before if start == 0 else self.x[:, start - 1],
        )

    @property
    def preceding(self) -> Before:
        """What is known of the sample before the first one; the knobs were where they are at that."""
        x = np.full((len(self.x), self.x.shape[-1]), np.nan) if self.before is None else self.before
        return Before(x, {name: knob[:, :1] for name, knob in (self.controls or {}).items()})

    def windows(self, length: int, *, warmup: int = 0, most: int | None = None) -> Windows:
        """Pieces of `warmup + length` samples; their last `length` samples tile each recording, tails dropped.

        Args:
            length: samples after the warm-up.
            warmup: samples before them.
            most: how many pieces at most, evenly spread over all; None for all.

        Raises:
            ValueError: when a recording is shorter than one window.
        """
        return self.taken(self.places(length, warmup=warmup, most=most), length, warmup=warmup)

    def taken(self, places: np.ndarray, length: int, *, warmup: int = 0) -> Windows:
        """Some of all `windows` by their numbers; of signals on disk these are read."""
        recording, number = np.divmod(places, self._pieces(length, warmup))
        starts = number * length
        rows, columns = recording[:, None], starts[:, None] + np.arange(warmup + length)
        knobs = self.controls or {}
        states = initial = before = None
        if self.states is not None:
            states = self.states[rows, columns]
            last, is_first = np.maximum(starts - 1, 0), (starts == 0)[:, None]
            initial = np.where(is_first, self.initial[recording], self.states[recording, last])
            before = Before(
                np.where(is_first, self.preceding.x[recording], self.x[recording, last]),
                {name: knob[recording, last][:, None] for name, knob in knobs.items()},
            )
        controls = {name: knob[rows, columns] for name, knob in knobs.items()}
        return Windows(self.x[rows, columns], self.y[rows, columns], states, initial, controls, before)

    def places(self, length: int, *, warmup: int = 0, most: int | None = None) -> np.ndarray:
        """Which of all `windows` are taken, (windows,): those of the first recording, in order, then the next one's."""
        total = len(self.x) * self._pieces(length, warmup)
        if most is None or total <= most:
            return np.arange(total)
        return np.unique(np.linspace(0, total - 1, most).round().astype(int))

    def _pieces(self, length: int, warmup: int) -> int:
        """Of each recording."""
        time = self.x.shape[1]
        if (time - warmup) // length < 1:
            raise ValueError(f"a window takes {warmup} + {length} samples, the recordings have only {time}")
        return (time - warmup) // length

    @staticmethod
    def join(parts: "Sequence[Dataset]") -> "Dataset":
        """Recordings of several data sets as one; longer ones are cut into pieces of the shortest one's length.

        Raises:
            ValueError: for none, and for parts that differ in rate, features, states or knobs; names what differs.
        """
        if not parts:
            raise ValueError("join() needs at least one data set")
        for number, part in enumerate(parts):
            _check_joinable(checked_data(part), parts[0], number)
        length = min(part.x.shape[1] for part in parts)
        pieces = [part.between(s, s + length) for part in parts for s in range(0, part.x.shape[1] - length + 1, length)]
        first = pieces[0]
        has_states = first.states is not None
        knobs = [within(piece.controls, first.controls or {}) or {} for piece in pieces]
        return Dataset(
            joined([piece.x for piece in pieces]),
            joined([piece.y for piece in pieces]),
            states=joined([piece.states for piece in pieces]) if has_states else None,
            controls={name: np.concatenate([knob[name] for knob in knobs]) for name in first.controls or {}},
            fs=first.fs,
            initial=np.concatenate([piece.initial for piece in pieces]) if has_states else None,
            volts=first.volts if all(part.volts == first.volts for part in parts) else None,
            before=np.concatenate([piece.preceding.x for piece in pieces]) if has_states else None,
        )


def _check_joinable(part: Dataset, first: Dataset, number: int) -> None:
    """Whether a part of a data set goes with the first one."""
    if part.fs != first.fs:
        raise ValueError(f"the parts differ in sample rate: {first.fs:g} Hz, and {part.fs:g} Hz in part {number}")
    names, other = (list(data.controls or {}) for data in (first, part))
    if {name.lower() for name in names} != {name.lower() for name in other}:
        raise ValueError(
            f"the parts differ in knobs: {', '.join(names) or 'none'}, and {', '.join(other) or 'none'} in part "
            f"{number}; each has to say where all of them were: Dataset(..., controls={{...}})"
        )
    for name in ("x", "y", "states"):
        width, other_width = (
            0 if getattr(data, name) is None else getattr(data, name).shape[-1] for data in (first, part)
        )
        if width != other_width:
            raise ValueError(f"the parts differ in {name}: {width} feature(s), and {other_width} in part {number}")


def _recordings(signal: ArrayLike, name: str, *, is_vector: bool = False) -> np.ndarray:
    """As (recordings, time, features); a vector signal has at least (time, features)."""
    if isinstance(signal, OnDisk):
        return signal  # type: ignore[return-value]  # is indexed as an array is, and checked when it is read
    try:
        a = np.asarray(signal)
    except ValueError:  # a list of arrays of different lengths, a pair of samples and rate
        a = np.asarray(None)
    check_kind(name, a.dtype, f"this is {what_it_is(signal, NO_SIGNAL)}")
    check_axes(name, a.shape)
    if a.ndim == 1 and not is_vector:
        a = a[:, None]
    if a.ndim == 2:
        a = a[None]
    if a.ndim != 3:
        raise ValueError(f"{name} must be (time,), (time, features) or (recordings, time, features), got {a.shape}")
    if 0 in a.shape:
        raise ValueError(f"{name} has no samples: shape {a.shape}")
    _check_finite(name, a)
    return a


def _check_finite(name: str, a: np.ndarray) -> None:
    """Of (recordings, time, ...) numbers; hours of a memory-mapped recording are looked at in pieces."""
    for start in range(0, a.shape[1], PIECE):
        bad = np.argwhere(~np.isfinite(a[:, start : start + PIECE]))
        if len(bad):
            item, sample, *feature = bad[0]
            more = f"{len(bad)} NaN or infinite values" + (" or more" if a.shape[1] > start + PIECE else "")
            where = f"recording {item} at sample {start + sample}" + (f", feature {feature[0]}" if feature else "")
            raise ValueError(f"{name} has {more}, the first in {where}")


def _before(name: str, values: ArrayLike, recordings: int, width: int) -> np.ndarray:
    """Circuit states or inputs before the first sample, (recordings, width); an input may be unknown."""
    a = np.asarray(values)
    check_kind(name, a.dtype)
    if a.shape not in ((width,), (1, width), (recordings, width)):
        raise ValueError(f"{name} must be ({recordings}, {width}), one for each recording, got {a.shape}")
    a = np.broadcast_to(a, (recordings, width))
    _check_finite(name, (np.where(np.isnan(a), 0, a) if name == "before" else a)[:, None])
    return a


def _knob(name: str, positions: Any, signal: tuple[int, int]) -> np.ndarray:
    """Positions of a knob, (recordings, time); a constant stays one number in memory."""
    check_value(name, positions, default=np.inf)  # whether it is a knob, from 0 to 1, the model knows
    knob = np.asarray(positions)
    if knob.dtype.itemsize < 4 and knob.dtype.kind in "iu":
        check_kind(f"knob {name}", knob.dtype)
    knob = knob if np.issubdtype(knob.dtype, np.floating) else knob.astype(float)
    check_shape(name, knob.shape, signal)
    return np.broadcast_to(knob, signal)


def _same_time(name: str, a: np.ndarray, x: np.ndarray) -> None:
    if a.shape[:2] != x.shape[:2]:
        raise ValueError(f"{name} has {a.shape[0]} x {a.shape[1]} samples, x has {x.shape[0]} x {x.shape[1]}")

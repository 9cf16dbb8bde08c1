"""Captures that could be made: positions of knobs, and levels."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.circuit.circuit import Circuit
from circuitnn.knobs import check_value, knob_spelling, knobs_of, matched

MOST = 20_000  # candidates


@final
@dataclass(frozen=True)
class Capture:
    """One recording or response.

    Attributes:
        controls: knob to position.
        level: volts at the input of what is 1 in the signal; None of a response.
    """

    controls: Mapping[str, float] = field(default_factory=dict)
    level: float | None = None

    def __str__(self) -> str:
        words = [f"{name} {position:.3g}" for name, position in self.controls.items()]
        words += [] if self.level is None else [f"{self.level:.3g} V"]
        return ", ".join(words) or "the circuit as it is"

    @property
    def key(self) -> tuple[float | None, ...]:
        """The same for the same captures."""
        return (*self.controls.values(), self.level)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"controls": dict(self.controls), "level": self.level}


@final
@dataclass(frozen=True)
class Candidates:
    """Captures side by side.

    Attributes:
        controls: knob to positions (c,).
        volts: (c,), levels; 1 of responses.
        count: c.
    """

    controls: dict[str, NDArray]
    volts: NDArray
    count: int

    @classmethod
    def of(cls, captures: Sequence[Capture]) -> "Candidates":
        """All with the same knobs."""
        controls = {name: np.array([each.controls[name] for each in captures], float) for name in captures[0].controls}
        volts = np.array([1.0 if each.level is None else each.level for each in captures])
        return cls(controls, volts, len(captures))

    @property
    def loose(self) -> NDArray:
        """(c, 1, knobs), in the order of names: 1 where a knob may be a little off, 0 where it is at its end."""
        inside = [(self.controls[name] > 0) & (self.controls[name] < 1) for name in sorted(self.controls)]
        return np.stack(inside, -1)[:, None].astype(float) if inside else np.zeros((self.count, 1, 0))


def knob_positions(
    circuit: Circuit, knobs: Sequence[str] | Mapping[str, Sequence[float]] | None, learnt: Iterable[str]
) -> dict[str, tuple[float, ...] | None]:
    """The knobs that are turned, in the circuit's spelling, with the positions that they have; None for all of the way.

    Raises:
        ValueError: for unknown knobs, positions that are none, and knobs whose position is to be learnt.
    """
    if knobs is None:
        knobs = [name for name in knobs_of(circuit.controls) if name not in set(learnt)]
    knobs = (knobs,) if isinstance(knobs, str) else knobs
    found: dict[str, tuple[float, ...] | None] = {}
    for given in knobs:
        name = knob_spelling(given, circuit.controls)
        if name in found:
            raise ValueError(f"plan_captures: knobs: {name} is there twice")
        if name in set(learnt):
            raise ValueError(f"plan_captures: {name} is in fit, a position to be found, and in knobs, one to be turned")
        found[name] = None
        if isinstance(knobs, Mapping):
            at = np.unique(np.asarray(knobs[given], float))
            if not at.size:
                raise ValueError(f"plan_captures: knobs: {name} has no position")
            check_value(name, at)
            found[name] = tuple(float(position) for position in at)
    return found


def full_grid(
    positions: Mapping[str, tuple[float, ...] | None], levels: Sequence[float] | None, steps: int
) -> list[Capture]:
    """All positions with all levels; knobs that turn all of the way have so many steps.

    Raises:
        ValueError: where there are too many.
    """
    axes = [np.linspace(0, 1, steps) if at is None else np.array(at) for at in positions.values()]
    count = int(np.prod([axis.size for axis in axes])) * len(levels or (0,))
    if count > MOST:
        raise ValueError(
            f"plan_captures: {count} positions and levels are more than {MOST}: fewer knobs, or given positions"
        )
    return [
        Capture(dict(zip(positions, map(float, at), strict=True)), level)
        for at in itertools.product(*axes)
        for level in (levels or (None,))
    ]


def made(done: Iterable[Any], knobs: Iterable[str], controls: Mapping[str, Any], *, has_levels: bool) -> list[Capture]:
    """Captures that have been made, in the form of the others.

    Args:
        done: `Capture`, positions by knob, or such with a level.
        knobs: those that are turned.
        controls: of the circuit: knobs that are not named stay there.
        has_levels: whether they are recordings.

    Raises:
        ValueError: for what is none of these, unknown knobs, positions outside of 0 to 1, missing levels.
    """
    return [_made(each, tuple(knobs), controls, has_levels) for each in done]


def _made(given: Any, knobs: tuple[str, ...], defaults: Mapping[str, Any], has_levels: bool) -> Capture:
    if isinstance(given, Capture):
        given = given.controls if given.level is None else (given.controls, given.level)
    controls, level = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    if not isinstance(controls, Mapping):
        raise ValueError(f"plan_captures: done has positions by knob, or such and a level each, got {given!r}")
    at = {name: float(defaults[name]) for name in knobs}
    for name, position in matched(controls, defaults).items():
        if name not in at:
            raise ValueError(f"plan_captures: done: {name} is not among the knobs, {', '.join(knobs) or 'none'}")
        at[name] = float(position)
    if has_levels and level is None:
        raise ValueError(f"plan_captures: done: a recording has a level, in volts: ({dict(controls)}, 1.0)")
    if level is not None and not (has_levels and np.isfinite(level) and level > 0):
        raise ValueError(f"plan_captures: done: a level is positive, in volts, and of recordings alone, got {level}")
    return Capture(at, None if level is None else float(level))

"""Where the knobs of a target stand: a grid that all contenders share, and what of it only the test has."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, final

import numpy as np

Position = Mapping[str, float]

LOUDEST_DB = 120.0  # of a gain

MUSIC, POSITION, LEVEL = "unseen music", "unseen position", "unseen level"


@final
class Condition(NamedTuple):
    """What a recording of the test is.

    Attributes:
        position: where the knobs stand.
        is_seen: whether training has that position.
        gain_db: of the music, against the level of training.
    """

    position: Position
    is_seen: bool = True
    gain_db: float = 0.0

    @property
    def kind(self) -> str:
        """What is new to the models, besides the music."""
        return LEVEL if self.gain_db else MUSIC if self.is_seen else POSITION

    @property
    def where(self) -> str:
        """Position and level, for tables."""
        words = [f"{name} {value:.4g}" for name, value in self.position.items()]
        return ", ".join([*words, *([f"{self.gain_db:+g} dB".replace("-", "−")] if self.gain_db else [])])


@final
@dataclasses.dataclass(frozen=True)
class Positions:
    """Where knobs stand, for training and for the test.

    Training and validation have recordings at `seen`, one position after the other until all pieces have one. The test
    has the same music at each of `seen`, at each of `unseen`, and at each of `seen` once more with each gain: what
    changes from one to the next is the knob, or the level, alone.

    Attributes:
        seen: positions of training; one empty position for a device without knobs.
        unseen: positions that only the test has.
        gains_db: levels that only the test has, in dB against those of training.

    Raises:
        ValueError: for positions of different knobs, two that are the same, and numbers that are none.
    """

    seen: tuple[Position, ...] = ({},)
    unseen: tuple[Position, ...] = ()
    gains_db: tuple[float, ...] = ()

    def __post_init__(self):
        both = [*self.seen, *self.unseen]
        if not self.seen and not self.unseen:
            raise ValueError("positions: there is none")
        for position in both:
            if set(position) != set(both[0]):
                raise ValueError(
                    f"positions: each has to say where all knobs are: {_words(both[0])}, and {_words(position)}"
                )
        twice = [p for p, q in itertools.combinations(both, 2) if all(p[name] == q[name] for name in p)]
        if twice:
            raise ValueError(f"positions: {_words(twice[0]) or 'the one without knobs'} is there twice")
        if not all(math.isfinite(value) for position in both for value in position.values()):
            raise ValueError("positions: knobs stand at finite numbers")
        if not all(0 < abs(gain) <= LOUDEST_DB for gain in self.gains_db):
            raise ValueError(
                f"positions: gains_db are from -{LOUDEST_DB:g} to {LOUDEST_DB:g} and not 0, got {self.gains_db}"
            )
        if len(set(self.gains_db)) < len(self.gains_db):
            raise ValueError(f"positions: gains_db has a level twice, got {self.gains_db}")

    @classmethod
    def grid(
        cls, *, unseen: Iterable[Position] = (), gains_db: Sequence[float] = (), **axes: Sequence[float]
    ) -> "Positions":
        """All combinations of the positions of each knob, without those that are held out.

        Args:
            unseen: held out, whether they are in the grid or between its points.
            gains_db: see the class.
            axes: positions of each knob, by its name.
        """
        held = tuple({name: float(position[name]) for name in axes} for position in unseen)
        points = (dict(zip(axes, map(float, point), strict=True)) for point in itertools.product(*axes.values()))
        seen = tuple(point for point in points if point not in held)
        return cls(seen, held, tuple(map(float, gains_db)))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the knobs."""
        return tuple((*self.seen, *self.unseen)[0])

    def training(self, pieces: int) -> dict[str, np.ndarray]:
        """Knobs of so many recordings, (pieces, 1) each.

        Raises:
            ValueError: for fewer pieces than positions.
        """
        if pieces < len(self.seen):
            raise ValueError(f"{len(self.seen)} positions need as many recordings; there are {pieces}")
        chosen = [self.seen[number % len(self.seen)] for number in range(pieces)]
        return columns(chosen)

    @property
    def conditions(self) -> list[Condition]:
        """Of the recordings of the test, in order."""
        return [
            *(Condition(position) for position in self.seen),
            *(Condition(position, is_seen=False) for position in self.unseen),
            *(Condition(position, gain_db=gain) for gain in self.gains_db for position in self.seen),
        ]


def columns(positions: Sequence[Position]) -> dict[str, np.ndarray]:
    """Positions as arrays by the names of the knobs, (positions, 1) each."""
    return {name: np.array([[position[name]] for position in positions], float) for name in positions[0]}


def _words(position: Position) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in position.items())

"""Models of one device at several positions of a knob, as one model that has the knob."""

import functools
import itertools
import operator
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.arguments import spread_level
from circuitnn.composition import SideBySide
from circuitnn.knobs import MID_POSITION, check_value, joined, within
from circuitnn.model import Controls, Level, Model, Rest
from circuitnn.settings import register, settings_of


def _built(models: Any, **arguments: Any) -> "Crossfade":
    return Crossfade(**models, **arguments) if isinstance(models, Mapping) else Crossfade(*models, **arguments)


@functools.partial(register, build=_built)
@final
class Crossfade(SideBySide):
    """Models side by side, of which a knob is heard between two: made by `crossfade`.

    Attributes:
        knob: its name.
        positions: of the models, rising.
        default: where the knob stands.
    """

    def __init__(
        self,
        *models: Model,
        knob: str = "gain",
        positions: Sequence[float] | None = None,
        default: float = MID_POSITION,
        **named: Model,
    ):
        super().__init__("crossfade", models, named)
        count = len(self.models)
        spread = np.linspace(0, 1, count) if count > 1 else np.zeros(1)
        self.positions = tuple(float(place) for place in (spread if positions is None else positions))
        if len(self.positions) != count:
            raise ValueError(f"crossfade: {count} models, and {len(self.positions)} positions of the knob {knob}")
        check_value(knob, np.asarray([*self.positions, default]))
        if any(low >= high for low, high in itertools.pairwise(self.positions)):
            raise ValueError(f"crossfade: the positions of the knob {knob} have to rise, got {self.positions}")
        self.knob, self.default = str(knob), float(default)

    @property
    def controls(self) -> Mapping[str, float]:
        return joined([{self.knob: self.default}, super().controls])

    @property
    def settings(self) -> dict[str, Any]:
        """The kind, the knob and its positions, and the settings of the parts, by name where they have names."""
        parts = dict(zip(self.names, self.models, strict=True)) if self.names else list(self.models)
        return settings_of(self, models=parts)

    def rebuilt_at(self, fs: float) -> Model | None:
        parts = [model.rebuilt_at(fs) for model in self.models]
        if any(part is None for part in parts):
            return None
        models = dict(zip(self.names, parts, strict=True)) if self.names else parts
        return _built(models, knob=self.knob, positions=self.positions, default=self.default)

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        carry, outputs = self.at_rest(batch, controls, level, [True] * len(self.models))
        volts = [spread_level(output, (*batch, self.out_features), self.dtype)[..., None, :] for output in outputs]
        place = jnp.asarray(self._place(controls))
        return carry, self._weighted(volts, place[..., :1] if place.ndim else place)[..., 0, :]

    def mixed(self, outputs: list[Array], controls: Controls | None) -> Array:
        return self._weighted(outputs, jnp.asarray(self._place(controls)))

    def _place(self, controls: Controls | None) -> Any:
        return jnp.asarray((within(controls, {self.knob: 0}) or {}).get(self.knob, self.default), self.dtype)

    def _weighted(self, outputs: list[Array], place: Array) -> Array:
        """Outputs (..., time, out_features) each; the place () or (..., time)."""
        return functools.reduce(
            operator.add,
            (weight[..., None] * y for weight, y in zip(weights(place, self.positions), outputs, strict=True)),
        )


def weights(place: Array, positions: Sequence[float]) -> list[Array]:
    """How much of each model is heard with the knob at that place: in straight lines, in all 1."""
    rising: list[Any] = [  # how far the knob is on the way from each position to the next
        jnp.clip((place - low) / (high - low), 0, 1) for low, high in itertools.pairwise(positions)
    ]
    one = jnp.ones_like(place)
    return [a - b for a, b in itertools.pairwise([one, *rising, jnp.zeros_like(place)])]


def crossfade(
    *models: Model,
    knob: str = "gain",
    positions: Sequence[float] | None = None,
    default: float = MID_POSITION,
    **named: Model,
) -> Crossfade:
    """Models of one device, each made or trained at another position of a knob, as one model with that knob.

    Between two positions both models are heard, in a straight line from one to the other. All run all the time, so that
    a knob that moves meets each of them warm; what comes early waits for what is late. A knob of that name inside of
    the models moves too.

    Args:
        models: in the order of the positions, or
        knob: name of the knob.
        positions: of the models, from 0 to 1 and rising; evenly from 0 to 1 when None.
        default: where the knob stands when nothing is said.
        named: the models with names, as for `circuitnn.chain`.

    Raises:
        ValueError: for models that differ in their features, rate or precision, and positions that are not one for
            each model, outside of 0..1, or do not rise.

    Source: Chowdhury (2020), A comparison of virtual analog modelling techniques for desktop and embedded
    implementations (arXiv 2009.02833): networks trained at several positions of the gain knob of a Klon Centaur.
    """
    return Crossfade(*models, knob=knob, positions=positions, default=default, **named)

"""Which numbers of a carry are to be found, and what is tried for them."""

import dataclasses
import math
from typing import Any, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray

from circuitnn.composition import Chain
from circuitnn.hybrid.oscillator import Movement, Oscillator
from circuitnn.model import Carry, Model

TURN = 0.25  # of a turn, by which neighbouring rates of the grid come apart over the context
APART = 1.5  # steps of the grid that two of its points are apart, to be followed up both


@final
@dataclasses.dataclass(frozen=True)
class UnknownMemory:
    """The unknowns of a carry at the start of a context, as one vector (p,); static.

    They are the oscillator's phase in radians, its rate against the learnt one and the speed of that, on the scale of
    its bounds, as far as they are unknown; then all numbers of the other memory, as differences from what it is at
    rest, if they are.

    Attributes:
        place: of the oscillator in the chain; None where there is none.
        is_rate_known: whether the rate is the learnt one.
        sweeps: whether it moves.
        sizes: of the other memory's arrays, how many of their numbers are unknown.
    """

    place: int | None
    is_rate_known: bool
    sweeps: bool
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, model: Model, *, is_rate_known: bool, sweeps: bool, memory: bool | None) -> "UnknownMemory":
        """Of a model.

        Raises:
            ValueError: for several oscillators, and where none is and its rate is asked for, or no memory is left.
        """
        parts = list(model.models) if isinstance(model, Chain) else []
        places = [k for k, part in enumerate(parts) if isinstance(part, Oscillator)]
        if len(places) > 1:
            raise ValueError(f"the model has {len(places)} oscillators; the phase of one can be found")
        if not places and (sweeps or not is_rate_known):
            raise ValueError("rates and sweeps are an oscillator's; cn.chain(cn.hybrid.Oscillator(...), model) has one")
        found = cls(places[0] if places else None, is_rate_known, sweeps, ())
        rest = jax.tree.leaves(found._others(jax.eval_shape(lambda: model.init_carry((1,)))))
        has_memory = not places if memory is None else memory
        sizes = tuple(math.prod(leaf.shape[1:]) if has_memory and _is_real(leaf) else 0 for leaf in rest)
        if not places and not sum(sizes):
            raise ValueError(f"a {type(model).__name__} has no memory to be found")
        return dataclasses.replace(found, sizes=sizes)

    @property
    def movements(self) -> int:
        """How many of the unknowns are the oscillator's."""
        return 0 if self.place is None else 1 + (not self.is_rate_known) + self.sweeps

    @property
    def count(self) -> int:
        """How many there are in all."""
        return self.movements + sum(self.sizes)

    def oscillator(self, model: Any) -> Oscillator | None:
        """That of the model."""
        return None if self.place is None else model.models[self.place]

    def grid(self, model: Model, rates: tuple[float, float] | None, phases: int, seconds: float) -> NDArray:
        """What is tried first, (candidates, p).

        Args:
            model: the one with the oscillator.
            rates: hertz, the lowest and the highest.
            phases: how many.
            seconds: of the context.

        Raises:
            ValueError: for rates that do not rise or are beyond the bounds, and for no phases.
        """
        oscillator = self.oscillator(model)
        if oscillator is None:
            return np.zeros((1, self.count))
        if phases < 1:
            raise ValueError(f"phases must be at least 1, got {phases}")
        shifts = [0.0]
        if rates is not None:
            low, high = oscillator.bounds
            if not low <= rates[0] <= rates[1] <= high:
                raise ValueError(f"rates: expected {low:g} <= lowest <= highest <= {high:g} Hz (bounds), got {rates}")
            number = 1 + math.ceil((rates[1] - rates[0]) * seconds / TURN)
            hertz = np.linspace(*rates, number) if number > 1 else np.asarray(rates[:1])
            shifts = np.asarray(oscillator.carry_at(rate=hertz)[:, 2], float).tolist()
        turns = 2 * np.pi * np.arange(phases) / phases
        points = np.zeros((len(shifts) * phases, self.count))
        points[:, 0] = np.tile(turns, len(shifts))
        if rates is not None:
            points[:, 1] = np.repeat(shifts, phases)
        return points

    def apart(self, points: NDArray, errors: NDArray, count: int) -> NDArray:
        """Of a grid the best points that are no neighbours, (at most count, p)."""
        near = np.ones(self.count)
        for column in range(self.movements):
            values = np.unique(points[:, column])
            near[column] = APART * np.diff(values).max() if len(values) > 1 else np.inf
        chosen: list[NDArray] = []
        for index in np.argsort(np.where(np.isfinite(errors), errors, np.inf)):
            point = points[index]
            if not np.isfinite(errors[index]) or len(chosen) == count:
                break
            if all((np.abs(self.difference(point, other)) > near)[: self.movements].any() for other in chosen):
                chosen.append(point)
        return np.stack(chosen)

    def difference(self, point: NDArray, other: NDArray) -> NDArray:
        """point - other, phases the short way round."""
        away = point - other
        if self.movements:
            away[0] = (away[0] + np.pi) % (2 * np.pi) - np.pi
        return away

    def carry(self, points: Array, rest: Carry) -> Carry:
        """The carries of points (k, p); `rest` is the model's for a batch of k."""
        columns, start, leaves = points[:, self.movements :], 0, []
        others, tree = jax.tree.flatten(self._others(rest))
        for leaf, size in zip(others, self.sizes, strict=True):
            part = columns[:, start : start + size]
            leaves.append(leaf + part.reshape(leaf.shape).astype(leaf.dtype) if size else leaf)
            start += size
        found = jax.tree.unflatten(tree, leaves)
        if self.place is None:
            return found
        return (*found[: self.place], self._moved(points), *found[self.place :])

    def movement(self, model: Model, carry: Carry) -> Movement | None:
        """Of the oscillator in a carry."""
        oscillator = self.oscillator(model)
        return None if oscillator is None else oscillator.movement(carry[self.place])

    def turned(self, oscillator: Oscillator, point: Array, time: int) -> Array:
        """Phase in radians, rate in hertz and sweep after so many samples, (3,), from the unknowns (p,)."""
        x = jnp.zeros((1, time, oscillator.in_features), oscillator.dtype)
        after, _ = oscillator(self._moved(point[None]), x)
        return jnp.concatenate(oscillator.movement(after))

    def _moved(self, points: Array) -> Array:
        phase, zero = points[:, 0], jnp.zeros(len(points), points.dtype)
        shift = zero if self.is_rate_known else points[:, 1]
        speed = points[:, self.movements - 1] if self.sweeps else zero
        return jnp.stack([jnp.cos(phase), jnp.sin(phase), shift, speed], axis=-1)

    def _others(self, carry: Carry) -> Any:
        return carry if self.place is None else (*carry[: self.place], *carry[self.place + 1 :])


def _is_real(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating)) and leaf.ndim > 0

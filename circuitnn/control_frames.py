"""Knobs that are held for frames of samples: the control rate of a plug-in, for any model."""

from typing import Any, NamedTuple, final

import jax.numpy as jnp
from jax import Array

from circuitnn.arguments import at_level, checked_width
from circuitnn.knobs import along
from circuitnn.model import Carry, Controls, Forcing, Level, Model, Rest, StateModel, all_controls, checked_model
from circuitnn.numerics.holding import held_frames
from circuitnn.settings import register
from circuitnn.wrapper import AroundStates, SameRate


@final
class HeldCarry(NamedTuple):
    """The carry of the model inside, and where its frame is.

    Attributes:
        inner: of the model.
        knobs: (..., controls) of the frame that has begun.
        phase: () samples of it that have passed.
    """

    inner: Carry
    knobs: Array
    phase: Array


def control_rate(model: Model, *, frame: int = 64) -> "HeldControls":
    """A model that looks at its knobs once in a frame of samples, and holds them until the next one begins.

    What a plug-in does whose host moves knobs in blocks, for training and for comparing. Frames go through the blocks:
    where the signal is cut changes nothing. Each sample hears the knobs as an array along time; of a circuit that costs
    as much as knobs that move with every sample.

    Args:
        model: any with knobs; a `StateModel` is one here too.
        frame: samples.

    Raises:
        ValueError: for a model without knobs, or a frame that is no positive whole number.
    """
    return HeldControls(model, frame)


@register
class HeldControls(SameRate):
    """A model with knobs that are held for frames; made by `control_rate`.

    Attributes:
        frame: samples.
    """

    def __new__(cls, model: Model | None = None, frame: int = 64) -> "HeldControls":
        return super().__new__(HeldControlsStates if isinstance(model, StateModel) else cls)

    def __init__(self, model: Model, frame: int = 64):
        super().__init__(checked_model(model))
        self.frame = checked_width("frame", frame)
        if not model.controls:
            raise ValueError(f"this {type(model).__name__} has no knobs that could be held for frames")

    def rebuilt_at(self, fs: float) -> Model | None:
        inner = self.model.rebuilt_at(fs)
        frame = self.frame if self.fs is None else max(1, round(self.frame * fs / self.fs))
        return None if inner is None else type(self)(inner, frame)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return self._begun(at_level(self.model, batch, controls, level), batch, controls)

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        carry, y = self.model.resting(batch, controls, level=level)
        return self._begun(carry, batch, controls), y

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        after, held = self._held(carry, x, controls)
        inner, y = self.model(carry.inner, x, held)
        return after._replace(inner=inner), y

    def _begun(self, inner: Carry, batch: tuple[int, ...], controls: Controls | None) -> HeldCarry:
        """With a frame that begins at the next sample."""
        first = {name: knob[..., :1] if knob.ndim else knob for name, knob in all_controls(self, controls).items()}
        knobs = along(first, (*batch, 1), self.dtype)[..., 0, :]
        return HeldCarry(inner, jnp.broadcast_to(knobs, (*batch, len(first))), jnp.zeros((), jnp.int32))

    def _held(self, carry: HeldCarry, x: Array, controls: Controls | None) -> tuple[HeldCarry, dict[str, Any]]:
        """The frame after a block, and the knobs at each sample of it (..., time)."""
        time, values = x.shape[-2], all_controls(self, controls)
        knobs = along(values, x.shape[:-1], self.dtype)
        frames, of_sample = held_frames(knobs, carry.knobs, carry.phase, self.frame, time)
        held = jnp.take(frames, of_sample, axis=-2, mode="clip")
        after = HeldCarry(carry.inner, held[..., -1, :], (carry.phase + time) % self.frame)
        return after, {name: held[..., place] for place, name in enumerate(values)}


@register
@final
class HeldControlsStates(AroundStates, HeldControls):
    """`HeldControls` around a model with circuit states."""

    def trace(
        self, carry: Carry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        after, held = self._held(carry, x, controls)
        inner, y, states = self.model.trace(carry.inner, x, held, forcing)
        return after._replace(inner=inner), y, states

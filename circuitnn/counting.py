"""A report for models that have none: what was not finite is counted where nothing can be said."""

from typing import Any, NamedTuple, final

import jax.numpy as jnp
from jax import Array

from circuitnn.arguments import at_level
from circuitnn.model import Carry, Controls, Forcing, Level, Model, Rest, StateModel
from circuitnn.numerics.report import SolveReport, tally
from circuitnn.settings import register
from circuitnn.wrapper import AroundStates, SameRate


@final
class CountedCarry(NamedTuple):
    """The carry of the model inside, and how many samples were not finite."""

    inner: Carry
    report: SolveReport


@register
class Counted(SameRate):
    """A model that counts, inside a compiled function too, samples with an input or a knob that is NaN or infinite.

    Circuits do so by themselves. Around a network, ``carry.report.not_finite`` and ``first_not_finite`` are counted as
    theirs, and the next `circuitnn.run` says so.

    Args:
        model: any model. A `StateModel` is one here too.
    """

    def __new__(cls, model: Model | None = None) -> "Counted":
        return super().__new__(CountedStates if isinstance(model, StateModel) else cls)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return CountedCarry(at_level(self.model, batch, controls, level), SolveReport.zero(batch))

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        carry, y = self.model.resting(batch, controls, level=level)
        return CountedCarry(carry, SolveReport.zero(batch)), y

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        after, y = self.model(carry.inner, x, controls)
        return CountedCarry(after, _counted(carry.report, x, controls)), y


@register
@final
class CountedStates(AroundStates, Counted):
    """`Counted` around a model with circuit states."""

    def trace(
        self, carry: Carry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        after, y, states = self.model.trace(carry.inner, x, controls, forcing)
        return CountedCarry(after, _counted(carry.report, x, controls)), y, states


def _counted(report: SolveReport, x: Array, controls: Any) -> SolveReport:
    """The report after a block x (..., time, in_features)."""
    is_wrong = ~jnp.all(jnp.isfinite(x), axis=-1)
    for knob in (controls or {}).values():
        is_wrong = is_wrong | ~jnp.isfinite(jnp.asarray(knob))
    none = jnp.zeros(x.shape[:-2], jnp.int32)
    return report.including(x.shape[-2], (none, none), tally(is_wrong, axis=-1))

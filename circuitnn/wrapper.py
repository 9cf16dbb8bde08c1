"""What stands around one model: it has the model's knobs, its silence and its precision."""

from collections.abc import Mapping
from typing import Any

from jax import Array

from circuitnn.model import Carry, Controls, Model, StateModel


class Wrapper(Model):
    """A model around another one, of the same features (abstract).

    Attributes:
        model: what is inside.
    """

    def __init__(self, model: Model):
        self.model = model
        self.in_features, self.out_features, self.dtype = model.in_features, model.out_features, model.dtype

    @property
    def controls(self) -> Mapping[str, float]:
        return self.model.controls

    def silence(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> Array | None:
        return self.model.silence(batch, controls)


class SameRate(Wrapper):
    """A wrapper at the rate of the model inside, and as late as it (abstract)."""

    @property
    def fs(self) -> float | None:  # type: ignore[override]
        """That of the model."""
        return self.model.fs

    def trained_at(self, fs: float) -> None:
        self.model.trained_at(fs)

    def rebuilt_at(self, fs: float) -> Model | None:
        inner = self.model.rebuilt_at(fs)
        return None if inner is None else type(self)(inner)

    @property
    def latency(self) -> int:
        return self.model.latency


class AroundStates(StateModel):
    """The circuit states of a wrapper are those of the model inside (abstract); the other base is the wrapper.

    The carry of the model is the field `inner` of the wrapper's, unless the subclass says where else it is.
    """

    model: Any

    @property
    def state_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of the model."""
        return self.model.state_names

    @property
    def states_are_outputs(self) -> bool:  # type: ignore[override]
        """Whether they are the model's."""
        return self.model.states_are_outputs

    def inner(self, carry: Carry) -> Carry:
        """The carry of the model in that of the wrapper."""
        return carry.inner

    def with_inner(self, carry: Carry, inner: Carry) -> Carry:
        """The wrapper's carry with another one of the model."""
        return carry._replace(inner=inner)

    def states(self, carry: Carry) -> Array:
        return self.model.states(self.inner(carry))

    def with_input(self, carry: Carry, x: Array) -> Carry:
        return self.with_inner(carry, self.model.with_input(self.inner(carry), x))

    def force(self, carry: Carry, states: Array, *, controls: Controls | None = None) -> Carry:
        return self.with_inner(carry, self.model.force(self.inner(carry), states, controls=controls))

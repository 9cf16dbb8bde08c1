"""A model, and a network that adds what it leaves."""

from collections.abc import Mapping
from typing import Any, final

import jax.numpy as jnp
from jax import Array

from circuitnn.arguments import at_level, checked_level, spread_level
from circuitnn.composition import delay_line, delayed
from circuitnn.knobs import joined, within
from circuitnn.model import Carry, Controls, Level, Model, Rest
from circuitnn.settings import register, settings_of


@register
@final
class Corrected(Model):
    """``y = model(x) + network([x; model(x)])``: the network hears what goes into a model and what comes out of it.

    x is as late there as the model's output is. The carry is the model's, the delay line of x, and the network's.

    Args:
        model: as a circuit that was identified.
        network: of as many inputs as the model has inputs and outputs together, and as many outputs as the model.

    Raises:
        ValueError: where the numbers of features or the precisions do not fit, or the network comes late.
    """

    def __init__(self, model: Model, network: Model):
        wanted = (model.in_features + model.out_features, model.out_features)
        if (network.in_features, network.out_features) != wanted:
            raise ValueError(
                f"the network has to take {wanted[0]} features, those of what goes in and of what comes out, and give "
                f"{wanted[1]}; it takes {network.in_features} and gives {network.out_features}"
            )
        if jnp.dtype(model.dtype) != jnp.dtype(network.dtype):
            raise ValueError(f"the model has the dtype {model.dtype}, the network {network.dtype}")
        if network.latency:
            raise ValueError(f"the network comes {network.latency} samples late, which is not allowed here")
        rates = {part.fs for part in (model, network) if part.fs is not None}
        if rates and max(rates) - min(rates) > 1e-6 * max(rates):
            raise ValueError(f"the model runs at {model.fs:g} Hz, the network at {network.fs:g} Hz")
        self.model, self.network = model, network
        self.in_features, self.out_features, self.dtype = model.in_features, model.out_features, model.dtype

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self)

    @property
    def controls(self) -> Mapping[str, float]:
        return joined(part.controls for part in (self.model, self.network))

    @property
    def fs(self) -> float | None:  # type: ignore[override]
        """The rate of the parts that have one."""
        return next((part.fs for part in (self.model, self.network) if part.fs is not None), None)

    @property
    def latency(self) -> int:
        return self.model.latency

    def trained_at(self, fs: float) -> None:
        for part in (self.model, self.network):
            part.trained_at(fs)

    def rebuilt_at(self, fs: float) -> Model | None:
        parts = [part.rebuilt_at(fs) for part in (self.model, self.network)]
        return None if any(part is None for part in parts) else Corrected(*parts)  # type: ignore[arg-type]

    def silence(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> Array | None:
        return self.model.silence(batch, within(controls, self.model.controls))

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        carry, line, both = self._before(batch, controls, level)
        return carry, line, at_level(self.network, batch, within(controls, self.network.controls), both)

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        carry, line, both = self._before(batch, controls, level)
        of_network, added = self.network.resting(batch, within(controls, self.network.controls), level=both)
        y = both[..., self.in_features :]
        return (carry, line, of_network), y if added is None else y + added

    def _before(self, batch: tuple[int, ...], controls: Controls | None, level: Level) -> tuple[Carry, Array, Array]:
        """The model's carry, the delay line of x, and what the network hears at rest."""
        level = self.silence(batch, controls) if level is None else level
        carry, y = self.model.resting(batch, within(controls, self.model.controls), level=level)
        x = None if level is None else checked_level(level, (*batch, self.in_features), self.dtype)
        x = spread_level(x, (*batch, self.in_features), self.dtype)
        y = spread_level(y, (*batch, self.out_features), self.dtype)
        return carry, delay_line(self.latency, x), jnp.concatenate([x, y], axis=-1)

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        after, y = self.model(carry[0], x, within(controls, self.model.controls))
        line, late = delayed(carry[1], x)
        both = jnp.concatenate([late, y], axis=-1)
        of_network, added = self.network(carry[2], both, within(controls, self.network.controls))
        return (after, line, of_network), y + added

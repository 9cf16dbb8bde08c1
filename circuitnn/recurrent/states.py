"""What the models with circuit states share: named states, their scale, and the choice of the output."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from flax import nnx
from jax import Array

from circuitnn.networks.dense import Dense
from circuitnn.networks.scaling import Scaling, output_units


def checked_names(state_names: Sequence[str]) -> tuple[str, ...]:
    """The state names as a tuple.

    Raises:
        ValueError: for a string, no name, or a name that occurs twice.
    """
    if isinstance(state_names, str):
        raise ValueError(f"state_names must be a sequence of names, got the string {state_names!r}")
    names = tuple(state_names)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"state_names must be one or more different names, got {names}")
    return names


@final
class Output(nnx.Module):
    """The output as some of the circuit states, as they are, or as a learned linear map.

    Attributes:
        features: width of y.
        picked: indices of the states that are the output, or None for a linear map.
        names: of those states, or None.
    """

    def __init__(
        self,
        output: str | Sequence[str] | None,
        out_features: int,
        state_names: tuple[str, ...],
        seen: int,
        scaling: Scaling | None,
        *,
        dtype: Any,
        rngs: nnx.Rngs,
    ):
        self.picked, self.names = None, None
        self.features = out_features
        if output is None:
            self.linear = Dense(seen, out_features, dtype=dtype, rngs=rngs)
            self.units = output_units(scaling, out_features, dtype=dtype)
            return
        names = (output,) if isinstance(output, str) else tuple(output)
        unknown = [name for name in names if name not in state_names]
        if unknown or not names:
            raise ValueError(f"output: no state named {', '.join(unknown)}; the states are {', '.join(state_names)}")
        if out_features not in (1, len(names)):
            raise ValueError(f"out_features is {out_features}, but output names {len(names)} state(s)")
        self.picked, self.names = tuple(state_names.index(name) for name in names), names
        self.features = len(names)

    def __call__(self, states: Array, seen: Array) -> Array:
        """y (..., features) in volts, of the states in SI units and of what the linear map sees."""
        if self.picked is not None:
            return states[..., np.array(self.picked)]
        return self.units.to_si(self.linear(seen))

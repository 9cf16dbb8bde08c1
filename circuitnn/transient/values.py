"""The numbers of a circuit inside a model: which are learnt, on what scale, within what tolerance."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, final

import jax
from flax import nnx
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.patterns import tolerances


@final
class Nominal(nnx.Variable):
    """A component value that is not trained."""


@final
class CircuitValues(nnx.Module):
    """Values of a circuit as variables, the learnable ones as `nnx.Param`.

    Args:
        circuit: with concrete values.
        trainable: patterns of value names, or a mapping from patterns to tolerances (None for no bounds).
        dtype: of the values.

    Raises:
        ValueError: for a pattern that matches nothing, or a tolerance that is not between 0 and 1.
    """

    def __init__(self, circuit: Circuit, trainable: Sequence[str] | Mapping[str, float | None], dtype: Any):
        self.layout = jax.tree.structure(circuit)
        cast = {name: jnp.asarray(value, dtype) for name, value in circuit.values.items()}
        bounds = tolerances(circuit.values, trainable)
        positive = set(circuit.values) - _signed(circuit)
        unbounded = {name for name, bound in bounds.items() if bound is None}
        logarithmic = sorted(unbounded & positive)
        self.tolerance = tuple((name, bound) for name, bound in bounds.items() if bound is not None)
        self.nominal = nnx.Dict({name: Nominal(cast[name]) for name in cast if name not in unbounded - positive})
        self.log_scale = nnx.Dict({name: nnx.Param(jnp.zeros_like(cast[name])) for name in logarithmic})
        self.within = nnx.Dict({name: nnx.Param(jnp.zeros_like(cast[name])) for name, _ in self.tolerance})
        self.linear = nnx.Dict({name: nnx.Param(cast[name]) for name in sorted(unbounded - positive)})

    @property
    def learnt(self) -> set[str]:
        """Names of the learnable values."""
        return {*self.log_scale, *self.within, *self.linear}

    @property
    def trainable(self) -> dict[str, float | None]:
        """The learnable values, each with its tolerance, None for no bounds: patterns that match one name alone."""
        bounds = dict(self.tolerance) | dict.fromkeys((*self.log_scale, *self.linear))
        return {re.sub(r"([*?[])", r"[\1]", name): bound for name, bound in bounds.items()}

    @property
    def start(self) -> Circuit:
        """The circuit with the values that learning starts from, where they keep a part of their own."""
        values = {name: variable[...] for name, variable in (*self.nominal.items(), *self.linear.items())}
        return jax.tree.unflatten(self.layout, [values[name] for name in sorted(values)])

    @property
    def circuit(self) -> Circuit:
        """The circuit with the present values."""
        values: dict[str, Array] = {name: variable[...] for name, variable in self.nominal.items()}
        values |= {name: values[name] * jnp.exp(scale[...]) for name, scale in self.log_scale.items()}
        for name, tolerance in self.tolerance:
            values[name] = values[name] * (1 + tolerance * (2 * jax.nn.sigmoid(self.within[name][...]) - 1))
        values |= {name: value[...] for name, value in self.linear.items()}
        return jax.tree.unflatten(self.layout, [values[name] for name in sorted(values)])


def _signed(circuit: Circuit) -> set[str]:
    """Names of the values that may be zero or negative: sources, gains, knobs, pinch-off voltages."""
    parts = {part.name for part in circuit.components if part.rule.is_signed}
    of_models = {
        f"{model.name}.{parameter.name}"
        for model in circuit.models
        for parameter in model.device.parameters
        if parameter.rule.is_signed
    }
    return parts | set(circuit.controls) | of_models | {clamp.name for clamp in circuit.clamps}

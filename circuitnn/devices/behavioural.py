"""Behavioural sources: a voltage or a current that is any function of voltages, currents and parameters."""

from dataclasses import dataclass
from typing import Any, final

from jax import Array, lax
from jax import numpy as jnp

from circuitnn.devices.device import Source
from circuitnn.devices.law import Exponentials, Law, Parameters
from circuitnn.expressions.tree import Expression, evaluate

BEHAVIOURAL_SOURCE = Source(
    letter="B", word="behavioural source", quantity="expression", unit="", fixes="", senses="expression",
    expressions={"v": "V", "i": "I"}, equation="v or i is what the expression says",
)  # fmt: skip


@final
@dataclass(frozen=True)
class ExpressionLaw:
    """The law that an expression is.

    Attributes:
        expression: the tree.
        leaves: the voltages and currents in it, in the order of the ports.
    """

    expression: Expression
    leaves: tuple[Expression, ...]

    def __call__(self, p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
        """The voltage or current of the source; no charges."""
        leaf_values: dict[Any, Any] = {**p, **dict(zip(self.leaves, v, strict=True))}
        value = evaluate(self.expression, leaf_values, jnp)
        dtype = v[0].dtype if v else jnp.result_type(value)
        shape = jnp.broadcast_shapes(jnp.shape(value), *(volts.shape for volts in v))
        return [lax.convert_element_type(jnp.broadcast_to(value, shape), dtype)], []


def expression_law(expression: Expression, leaves: tuple[Expression, ...]) -> Law:
    """The law of one behavioural source."""
    return Law(ExpressionLaw(expression, leaves), is_costly=True)

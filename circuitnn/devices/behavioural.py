"""Behavioural sources: a voltage or a current that is any function of voltages, currents and parameters."""

from dataclasses import dataclass
from typing import Any, final

from circuitnn.deferred import Array, jnp, lax
from circuitnn.devices.device import Source
from circuitnn.devices.law import Exponentials, Law, Parameters
from circuitnn.expressions.tree import (
    Binary,
    Call,
    Current,
    Expression,
    Name,
    Negative,
    Number,
    Voltage,
    evaluate,
    leaves_in,
)

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


@final
@dataclass(frozen=True)
class GeneralLaw:
    """An expression without what is a source's own: others that differ in numbers and nodes alone have the same.

    Attributes:
        law: of leaves and names by their places.
        parameters: the names in it that stand for the names of the source, in their order.
        constants: those that stand for its coefficients.
    """

    law: ExpressionLaw
    parameters: tuple[str, ...]
    constants: tuple[str, ...]


def general_law(law: ExpressionLaw, parameters: tuple[str, ...]) -> tuple[GeneralLaw, tuple[float, ...]]:
    """What a source has in common with others, and the coefficients that are its own.

    Coefficients are numbers that are added or multiplied; a power, a divisor or a limit stays what it is.
    """
    leaves = {leaf: Voltage(f"{place}") for place, leaf in enumerate(law.leaves)}
    names = {name: f"name {place}" for place, name in enumerate(parameters)}
    coefficients: list[float] = []

    def within(tree: Expression) -> Expression:
        return visit(tree) if any(True for _ in leaves_in(tree)) else tree

    def visit(tree: Expression) -> Expression:
        match tree:
            case Number(value) if value != 1:
                coefficients.append(value)
                return Name(f"coefficient {len(coefficients) - 1}")
            case Name(name):
                return Name(names[name])
            case Voltage() | Current():
                return leaves[tree]
            case Negative(operand):
                return Negative(visit(operand))
            case Binary("+" | "-" | "*" as operator, left, right):
                return Binary(operator, visit(left), visit(right))
            case Binary(operator, left, right):
                return Binary(operator, within(left), within(right))
            case Call(function, arguments):
                return Call(function, tuple(within(argument) for argument in arguments))
        return tree

    general = ExpressionLaw(visit(law.expression), tuple(leaves.values()))
    constants = tuple(f"coefficient {place}" for place in range(len(coefficients)))
    return GeneralLaw(general, tuple(names.values()), constants), tuple(coefficients)


def expression_law(expression: Expression, leaves: tuple[Expression, ...]) -> Law:
    """The law of one behavioural source."""
    return Law(ExpressionLaw(expression, leaves), is_costly=True)

"""Values of a netlist: numbers, or expressions where they depend on something."""

from circuitnn.expressions.composed import is_random
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.tree import Binary, Expression, constant, leaves_in, number

Value = float | Expression


def combined(operator: str, value: Value, other: Value) -> Value:
    """The two with an operator between them."""
    neutral = {"+": 0.0, "-": 0.0, "*": 1.0, "/": 1.0}[operator]
    if other == neutral:
        return value
    return folded(Binary(operator, tree_of(value), tree_of(other)))


def tree_of(value: Value) -> Expression:
    """The value as an expression."""
    return number(value) if isinstance(value, float) else value


def folded(expression: Expression, text: str = "") -> Value:
    """The number of an expression that depends on nothing, else the expression."""
    if any(True for _ in leaves_in(expression)) or is_random(expression):
        return expression
    number = constant(expression)
    if number != number or abs(number) == float("inf"):
        raise NetlistError(f"the expression {text or expression} has no finite value")
    return number

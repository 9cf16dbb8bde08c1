"""Arithmetic in braces: a small frozen tree, evaluated in JAX so that gradients reach the knobs."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, final

import jax.numpy as jnp
import numpy as np
from jax import Array

# name -> (number of arguments, implementation for numpy or jax.numpy); log is the natural logarithm, as in ngspice.
FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "exp": (1, lambda xp, a: xp.exp(a)),
    "ln": (1, lambda xp, a: xp.log(a)),
    "log": (1, lambda xp, a: xp.log(a)),
    "log10": (1, lambda xp, a: xp.log10(a)),
    "sqrt": (1, lambda xp, a: xp.sqrt(a)),
    "abs": (1, lambda xp, a: xp.abs(a)),
    "min": (2, lambda xp, a, b: xp.minimum(a, b)),
    "max": (2, lambda xp, a, b: xp.maximum(a, b)),
    "pow": (2, lambda xp, a, b: xp.power(a, b)),
}


@final
@dataclass(frozen=True)
class Number:
    """A constant, not negative (a sign is a `Negative`)."""

    value: float

    def __str__(self) -> str:
        return repr(self.value)


@final
@dataclass(frozen=True)
class Name:
    """The value of a ``.param``."""

    name: str

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class Negative:
    """Unary minus."""

    operand: "Expression"

    def __str__(self) -> str:
        return f"(-{self.operand})"


@final
@dataclass(frozen=True)
class Binary:
    """One of ``+ - * /``."""

    operator: str
    left: "Expression"
    right: "Expression"

    def __str__(self) -> str:
        return f"({self.left}{self.operator}{self.right})"


@final
@dataclass(frozen=True)
class Call:
    """A function of `FUNCTIONS`; a power is a call of ``pow``."""

    function: str
    arguments: "tuple[Expression, ...]"

    def __str__(self) -> str:
        return f"{self.function}({','.join(map(str, self.arguments))})"


Expression = Number | Name | Negative | Binary | Call


def children(expression: Expression) -> "tuple[Expression, ...]":
    """The operands of a node."""
    match expression:
        case Negative(operand):
            return (operand,)
        case Binary(_, left, right):
            return left, right
        case Call(_, arguments):
            return arguments
    return ()


def names_in(expression: Expression) -> Iterator[str]:
    """The ``.param`` names that an expression uses, from left to right, with repetitions."""
    if isinstance(expression, Name):
        yield expression.name
    for child in children(expression):
        yield from names_in(child)


def rename(expression: Expression, spelling: Callable[[str], str]) -> Expression:
    """The expression with every name replaced by `spelling(name)`."""
    match expression:
        case Name(name):
            return Name(spelling(name))
        case Negative(operand):
            return Negative(rename(operand, spelling))
        case Binary(operator, left, right):
            return Binary(operator, rename(left, spelling), rename(right, spelling))
        case Call(function, arguments):
            return Call(function, tuple(rename(argument, spelling) for argument in arguments))
    return expression


def evaluate(expression: Expression, values: Mapping[str, Any], xp: ModuleType = jnp) -> Array | Any:
    """The value of an expression, differentiable with respect to `values`.

    Args:
        expression: the tree.
        values: the value of every name in it; arrays broadcast.
        xp: `jax.numpy`, or `numpy` for checks outside of JAX (which keep float64 whatever JAX is set to).
    """
    match expression:
        case Number(value):
            return value
        case Name(name):
            return values[name]
        case Negative(operand):
            return -evaluate(operand, values, xp)
        case Binary(operator, left, right):
            a, b = evaluate(left, values, xp), evaluate(right, values, xp)
            match operator:
                case "+":
                    return a + b
                case "-":
                    return a - b
                case "*":
                    return a * b
            return xp.divide(a, b)
        case Call(function, arguments):
            return FUNCTIONS[function][1](xp, *(evaluate(argument, values, xp) for argument in arguments))
    raise TypeError(f"no expression: {expression!r}")


def constant(expression: Expression) -> float:
    """The value of an expression without names, in float64; NaN or infinite where it has none."""
    try:
        with np.errstate(all="ignore"):
            return float(evaluate(expression, {}, np))
    except OverflowError:
        return math.inf

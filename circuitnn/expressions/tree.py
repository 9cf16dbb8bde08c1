"""Arithmetic of braces and of B sources: a small frozen tree, evaluated in JAX so that gradients reach the knobs."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, final

import numpy as np

from circuitnn.deferred import Array, jnp
from circuitnn.expressions.functions import FUNCTIONS, compare, divide, softplus

GROUND = "0"  # the node whose voltage is zero


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
class Voltage:
    """The voltage of the node `plus` against the node `minus`, in volts; in B sources and outputs."""

    plus: str
    minus: str = GROUND

    def __str__(self) -> str:
        return f"v({self.plus})" if self.minus == GROUND else f"v({self.plus},{self.minus})"


def voltage(plus: str, minus: str) -> "Expression":
    """The voltage between two nodes; of a node against itself it is 0."""
    plus, minus = (GROUND if node.lower() in ("0", "gnd") else node for node in (plus, minus))
    if plus.lower() == minus.lower():
        return Number(0.0)
    return Negative(Voltage(minus)) if plus == GROUND else Voltage(plus, minus)


@final
@dataclass(frozen=True)
class Current:
    """The current through a component, from its first node to its second.

    In the expressions of a circuit it is that of a voltage source; while reading also of any other component, "D1", and
    into a pin, "Q1.c".
    """

    source: str

    def __str__(self) -> str:
        return f"i({self.source})"


@final
@dataclass(frozen=True)
class Time:
    """The time in seconds, from the beginning of the signal; 0 at rest."""

    def __str__(self) -> str:
        return "time"


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
    """One of ``+ - * /``, or a relation or ``&& ||`` whose value is 1 or 0."""

    operator: str
    left: "Expression"
    right: "Expression"

    def __str__(self) -> str:
        return f"({self.left}{self.operator}{self.right})"


@final
@dataclass(frozen=True)
class Call:
    """A function of `FUNCTIONS`; a power is a call of ``pow``, ``a ? b : c`` one of ``ternary_fcn``."""

    function: str
    arguments: "tuple[Expression, ...]"

    def __str__(self) -> str:
        return f"{self.function}({','.join(map(str, self.arguments))})"


Expression = Number | Name | Voltage | Current | Time | Negative | Binary | Call


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


def rebuilt(expression: Expression, replacement: "Callable[[Expression], Expression]") -> Expression:
    """A node with `replacement(child)` in the place of each of its operands; itself where none changes."""
    match expression:
        case Negative(operand):
            after: Expression = Negative(replacement(operand))
        case Binary(operator, left, right):
            after = Binary(operator, replacement(left), replacement(right))
        case Call(function, arguments):
            after = Call(function, tuple(replacement(argument) for argument in arguments))
        case _:
            return expression
    same = all(new is old for new, old in zip(children(after), children(expression), strict=True))
    return expression if same else after


def leaves_in(expression: Expression) -> Iterator[Expression]:
    """What an expression depends on: names, voltages, currents and the time, from left to right, with repetitions."""
    if isinstance(expression, (Name, Voltage, Current, Time)):
        yield expression
    for child in children(expression):
        yield from leaves_in(child)


def names_in(expression: Expression) -> Iterator[str]:
    """The ``.param`` names that an expression uses, from left to right, with repetitions."""
    return (leaf.name for leaf in leaves_in(expression) if isinstance(leaf, Name))


def substitute(expression: Expression, replacement: "Callable[[Expression], Expression]") -> Expression:
    """The expression with every name, voltage, current and the time replaced by `replacement(leaf)`."""
    done: dict[int, Expression] = {}  # by identity: what occurs twice stays one object

    def visit(tree: Expression) -> Expression:
        if id(tree) not in done:
            match tree:
                case Number():
                    replaced: Expression = tree
                case Negative(operand):
                    replaced = Negative(visit(operand))
                case Binary(operator, left, right):
                    replaced = Binary(operator, visit(left), visit(right))
                case Call(function, arguments):
                    replaced = Call(function, tuple(visit(argument) for argument in arguments))
                case _:
                    replaced = replacement(tree)
            done[id(tree)] = replaced
        return done[id(tree)]

    return visit(expression)


def evaluate(expression: Expression, values: Mapping[Any, Any], xp: ModuleType = jnp) -> Array | Any:
    """The value of an expression, differentiable with respect to `values`.

    Args:
        expression: the tree.
        values: the value of every leaf in it: of a name under its text, of a `Voltage` or `Current` under the leaf
            itself; arrays broadcast. The time is 0 where it is not among them.
        xp: `jax.numpy`, or `numpy` for checks outside of JAX (which keep float64 whatever JAX is set to).
    """
    match expression:
        case Number(value):
            return value
        case Name(name):
            return values[name]
        case Voltage() | Current():
            return values[expression]
        case Time():
            return values.get(expression, 0.0)
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
                case "/":
                    return divide(xp, a, b)
            return compare(xp, operator, a, b)
        case Call(
            "ln" | "log", (Binary("+", Number(1.0), Call("exp", (x,))) | Binary("+", Call("exp", (x,)), Number(1.0)),)
        ):
            return softplus(xp, evaluate(x, values, xp))
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


def number(value: float) -> Expression:
    """The tree of a constant of any sign."""
    return Negative(Number(-value)) if value < 0 else Number(value)


def extent(expression: Expression) -> tuple[int, int]:
    """(height, number of nodes) of a tree, without walking twice through what occurs twice."""
    done: dict[int, tuple[int, int]] = {}

    def visit(tree: Expression) -> tuple[int, int]:
        if id(tree) not in done:
            inner = [visit(child) for child in children(tree)]
            done[id(tree)] = (1 + max((h for h, _ in inner), default=0), 1 + sum(size for _, size in inner))
        return done[id(tree)]

    return visit(expression)

"""Powers, which programs take otherwise than each other, in the words of ngspice."""

import math

from circuitnn.expressions.dialect import Dialect
from circuitnn.expressions.functions import RELATIONS
from circuitnn.expressions.tree import (
    Binary,
    Call,
    Expression,
    Number,
    constant,
    leaves_in,
    number,
    rebuilt,
)


def raised(base: Expression, exponent: Expression, *, behavioural: bool, dialect: Dialect) -> Expression:
    """base**exponent, as the program reads it."""
    if dialect.keeps_sign:
        return power(base, exponent, behavioural=behavioural)
    return magnitude_power(base, exponent)


def truth(tree: Expression, dialect: Dialect) -> Expression:
    """What is taken for true: a relation, or what is above a number; all but 0 where the program has no such number."""
    limit = dialect.truth
    return tree if limit is None or is_relation(tree) else Binary(">", tree, Number(limit))


def magnitude_power(base: Expression, exponent: Expression) -> Expression:
    """abs(base)**exponent."""
    return Call("pow", (base if is_magnitude(base) else Call("abs", (base,)), exponent))


def power(base: Expression, exponent: Expression, *, behavioural: bool) -> Expression:
    """The real part of base**exponent: of a negative base abs(base)**exponent cos(pi exponent).

    Args:
        base: with any sign.
        exponent: a whole number keeps or takes away the sign of the base.
        behavioural: in a B source, where ``pwr`` is the power with the sign of its base.
    """
    if is_magnitude(base):
        return magnitude_power(base, exponent)
    if any(True for _ in leaves_in(exponent)):
        turned = Call("cos", (Binary("*", Number(math.pi), exponent),))
        return Binary("*", _where_negative(base, turned), magnitude_power(base, exponent))
    value = constant(exponent)
    if value < 0:  # ngspice has no such power at 0, where its search starts
        return Binary("/", Number(1.0), power(base, number(-value), behavioural=behavioural))
    if value % 2 == 0 or not math.isfinite(value):
        return magnitude_power(base, exponent)
    if value % 2 == 1:
        return Call("pwr" if behavioural else "pow", (base, exponent))
    if value % 2 in (0.5, 1.5):
        return magnitude_power(Call("max", (base, Number(0.0))), exponent)
    return Binary("*", _where_negative(base, number(math.cos(math.pi * value))), magnitude_power(base, exponent))


def signed_as_in_parameters(tree: Expression) -> Expression:
    """A tree of a ``.param`` as a part of a B source, where ``pow`` means another thing and is written otherwise."""
    match tree:
        case Call("pow", (base, exponent)) if not is_magnitude(base):
            odd = isinstance(exponent, Number) and exponent.value % 2 == 1
            base, exponent = signed_as_in_parameters(base), signed_as_in_parameters(exponent)
            return Call("pwr", (base, exponent)) if odd else magnitude_power(base, exponent)
    return rebuilt(tree, signed_as_in_parameters)


def unsigned(tree: Expression) -> Expression:
    """A tree of a B source, powers of what is never negative in one form."""
    match tree:
        case Call("pwr", (base, exponent)) if is_magnitude(base):
            return Call("pow", (unsigned(base), unsigned(exponent)))
    return rebuilt(tree, unsigned)


def is_magnitude(tree: Expression) -> bool:
    """Whether it is never negative, as far as its form tells."""
    match tree:
        case Number():
            return True
        case Call("abs" | "sqrt" | "exp" | "cosh" | "u", _):
            return True
        case Call("max", arguments):
            return any(map(is_magnitude, arguments))
        case Call("min", arguments):
            return all(map(is_magnitude, arguments))
        case Call("pow", (base, _)):
            return is_magnitude(base)
        case Call("ln" | "log", (Binary("+", Number(1.0), term) | Binary("+", term, Number(1.0)),)):
            return is_magnitude(term)
        case Binary("+" | "*" | "/", left, right):
            return is_magnitude(left) and is_magnitude(right)
    return is_relation(tree)


def is_relation(tree: Expression) -> bool:
    """Whether it is 1 or 0."""
    return isinstance(tree, Binary) and tree.operator in RELATIONS


def _where_negative(base: Expression, factor: Expression) -> Expression:
    return Call("ternary_fcn", (Binary("<", base, Number(0.0)), factor, Number(1.0)))

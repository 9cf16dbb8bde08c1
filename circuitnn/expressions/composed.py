"""Functions of SPICE that are written in terms of others: tables, rounding, tolerances, polynomials."""

import itertools
import math
from collections.abc import Sequence
from typing import Protocol

from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.tree import (
    Binary,
    Call,
    Expression,
    Negative,
    Number,
    children,
    constant,
    leaves_in,
    number,
    rebuilt,
)

MAX_TERMS = 200  # of a table or a polynomial


class Draws(Protocol):
    """What random numbers come from: a `numpy.random.Generator`."""

    def uniform(self, low: float, high: float) -> float: ...

    def standard_normal(self) -> float: ...


def balanced(operator: str, terms: Sequence[Expression]) -> Expression:
    """The sum or product of terms (at least one), as flat as it can be."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return Binary(operator, balanced(operator, terms[:half]), balanced(operator, terms[half:]))


def table(x: Expression, points: Sequence[Expression]) -> Expression:
    """x0, y0, x1, y1, ...: lines between the points, constant outside of them.

    A sum of ramps, each of one piece: continuous, and at a point its derivative is the mean of those of both sides.

    Raises:
        NetlistError: for points that are no pairs, or whose x do not rise.
    """
    if len(points) % 2 or not points:
        raise NetlistError(f"a table has pairs of numbers, x and y, got {len(points)} numbers")
    if len(points) > 2 * MAX_TERMS:
        raise NetlistError(f"a table of more than {MAX_TERMS} points")
    terms = [points[1]]
    for (a, ya), (b, yb) in itertools.pairwise(zip(points[::2], points[1::2], strict=True)):
        width = _folded(Binary("-", b, a))
        if isinstance(width, (Negative, Number)) and constant(width) <= 0:
            raise NetlistError("the x of a table must rise from point to point")
        slope = _folded(Binary("/", Binary("-", yb, ya), width))
        if slope != Number(0.0):
            inside = Call("min", (Call("max", (x, a)), b))
            terms.append(Binary("*", slope, Binary("-", inside, a)))
    return balanced("+", terms)


def truncated(x: Expression) -> Expression:
    """``int``: the whole number next to x on the way to zero."""
    return Binary("*", Call("sgn", (x,)), Call("floor", (Call("abs", (x,)),)))


def angle(y: Expression, x: Expression) -> Expression:
    """``atan2(y,x)``, radians; of the two quotients the one that is at most 1: its slope is right everywhere."""
    zero, one = Number(0.0), Number(1.0)
    is_flat = Binary(">=", Call("abs", (x,)), Call("abs", (y,)))
    quotient = Binary("/", Call("ternary_fcn", (is_flat, y, x)), Call("ternary_fcn", (is_flat, x, y)))
    near = Call("atan", (quotient,))
    side = Binary("-", one, Binary("*", Number(2.0), Binary("<", y, zero)))  # of y, 1 at zero
    half_turn = Binary("*", Number(math.pi), Binary("*", Binary("<", x, zero), side))
    upright = Binary("-", Binary("*", Number(math.pi / 2), side), near)
    return Call("ternary_fcn", (is_flat, Binary("+", near, half_turn), upright))


def soft_limit(x: Expression, end: Expression, width: Expression, *, is_upper: bool) -> Expression:
    """LTspice's ``uplim(x,end,width)`` and ``dnlim``: x up (down) to the end, the last `width` before it a parabola."""
    if not is_upper:
        return Negative(soft_limit(Negative(x), Negative(end), width, is_upper=True))
    start = Binary("-", end, width)
    double = Binary("*", Number(2.0), width)
    beyond = Call("min", (Call("max", (Binary("-", x, start), Number(0.0))), double))
    rounded = Binary("-", beyond, Binary("/", Binary("*", beyond, beyond), Binary("*", Number(2.0), double)))
    return Binary("+", Call("min", (x, start)), rounded)


def polynomial(variables: Sequence[Expression], coefficients: Sequence[Expression]) -> Expression:
    """SPICE's POLY: 1, x1, x2, ..., then all products of two (x1 x1, x1 x2, ..., x2 x2, ...), of three, and so on."""
    terms: list[Expression] = []
    size = 0
    for coefficient, factors in zip(coefficients, _products(variables), strict=False):
        if coefficient != Number(0.0):
            size += 1 + len(factors)
            if size > 5 * MAX_TERMS:
                raise NetlistError("a polynomial with too many terms")
            terms.append(balanced("*", [coefficient, *factors]))
    return balanced("+", terms or [Number(0.0)])


def _products(variables: Sequence[Expression]):
    for degree in itertools.count():
        yield from itertools.combinations_with_replacement(variables, degree)


def tolerance(function: str, arguments: Sequence[Expression]) -> Expression:
    """LTspice's ``mc(x,tol)``, and ngspice's functions of a nominal value, by what is random in them."""
    nominal, spread = arguments[0], arguments[1]
    sigma = arguments[2] if len(arguments) > 2 else Number(1.0)
    match function:
        case "agauss":
            return Binary("+", nominal, Call("gauss", (Binary("/", spread, sigma),)))
        case "gauss":
            return _around(nominal, Call("gauss", (Binary("/", spread, sigma),)))
        case "aunif":
            return Binary("+", nominal, Call("flat", (spread,)))
        case "limit":  # one end or the other
            return Binary("+", nominal, Binary("*", spread, Call("sgn", (Call("flat", (Number(1.0),)),))))
    return _around(nominal, Call("flat", (spread,)))


def _around(nominal: Expression, relative: Expression) -> Expression:
    return Binary("*", nominal, Binary("+", Number(1.0), relative))


def is_random(tree: Expression) -> bool:
    """Whether a tolerance is drawn in it."""
    if isinstance(tree, Call) and tree.function in ("gauss", "flat"):
        return True
    return any(is_random(child) for child in children(tree))


def drawn(tree: Expression, draws: Draws | None) -> Expression:
    """The tree with a number for each draw; nominal, which is the middle, without a source of them."""
    match tree:
        case Call("gauss" | "flat" as kind, (spread,)):
            if draws is None:
                return Number(0.0)
            share = draws.standard_normal() if kind == "gauss" else draws.uniform(-1.0, 1.0)
            return Binary("*", drawn(spread, draws), number(float(share)))
    return rebuilt(tree, lambda child: drawn(child, draws))


def _folded(tree: Expression) -> Expression:
    if any(True for _ in leaves_in(tree)) or is_random(tree):
        return tree
    value = constant(tree)
    if value != value or abs(value) == float("inf"):
        raise NetlistError("a table with points that are no numbers")
    return number(value)

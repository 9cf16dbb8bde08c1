"""Expressions of the time as expressions of clocks: integrals of rates, which go on where they are when a knob turns.

``sin(2*pi*rate*time)`` is an oscillator of `rate` hertz: its phase is the integral of the rate, the same thing while
the rate stays. The phases of sines and cosines are counted in turns and wrapped; any other ``a*time`` is not.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from circuitnn.expressions.tree import (
    Binary,
    Call,
    Current,
    Expression,
    Name,
    Negative,
    Number,
    Time,
    Voltage,
    leaves_in,
    rebuilt,
)

ZERO, ONE, TURN = Number(0.0), Number(1.0), Number(2 * math.pi)


@final
@dataclass(frozen=True)
class ClockRate:
    """A clock: the integral of `rate`, an expression of parameters, over the time; wrapped to 0 to 1 or not."""

    rate: Expression
    is_wrapped: bool


def clock_name(place: int) -> Name:
    """What stands for the clock at that place in `with_clocks`."""
    return Name(f"#{place}")


def with_clocks(tree: Expression, clocks: list[ClockRate]) -> Expression:
    """The tree with clocks in the place of the time; those that are not there yet are added to the list."""

    def of(rate: Expression, *, is_wrapped: bool) -> Expression:
        clock = ClockRate(rate, is_wrapped)
        if clock not in clocks:
            clocks.append(clock)
        return clock_name(clocks.index(clock))

    match tree:
        case Call("sin" | "cos" as function, (phase,)) if knows_time(phase):
            steady, others = [], []
            for term in _terms(phase):
                parts = affine(term)
                if parts is None:
                    others.append(with_clocks(term, clocks))
                else:
                    steady.append(parts[0])
                    others.append(parts[1])
            rate = _sum(steady)
            if rate != ZERO:
                others.append(_product(TURN, of(_quotient(rate, TURN), is_wrapped=True)))
            return Call(function, (_sum(others),))
    parts = affine(tree)
    if parts is not None and parts[0] != ZERO:
        return _sum([of(parts[0], is_wrapped=False), parts[1]])
    return rebuilt(tree, lambda child: with_clocks(child, clocks))


def knows_time(tree: Expression) -> bool:
    """Whether it depends on the time."""
    return any(isinstance(leaf, Time) for leaf in leaves_in(tree))


def knows_circuit(tree: Expression) -> bool:
    """Whether it depends on a voltage or a current."""
    return any(isinstance(leaf, Voltage | Current) for leaf in leaves_in(tree))


def apart(tree: Expression) -> Expression:
    """The same with sines of ``a + b``, where a knows the time and b the circuit, as sums of products of both."""
    tree = rebuilt(tree, apart)
    match tree:
        case Call("sin" | "cos" as function, (phase,)) if knows_time(phase) and knows_circuit(phase):
            terms = list(_terms(phase))
            of_time = _sum([term for term in terms if not knows_circuit(term)])
            rest = _sum([term for term in terms if knows_circuit(term)])
            if knows_time(of_time) and not knows_time(rest):
                other = "cos" if function == "sin" else "sin"
                left = Binary("*", Call(function, (of_time,)), Call("cos", (rest,)))
                right = Binary("*", Call(other, (of_time,)), Call("sin", (rest,)))
                return Binary("+" if function == "sin" else "-", left, right)
    return tree


def affine(tree: Expression) -> tuple[Expression, Expression] | None:
    """(a, b) of ``a*time + b``, both without the time; None of any other expression."""
    if not knows_time(tree):
        return ZERO, tree
    match tree:
        case Time():
            return ONE, ZERO
        case Negative(operand):
            parts = affine(operand)
            return None if parts is None else (_negative(parts[0]), _negative(parts[1]))
        case Binary("+" | "-" as sign, left, right):
            first, second = affine(left), affine(right)
            if first is None or second is None:
                return None
            turned = (lambda part: part) if sign == "+" else _negative
            return _sum([first[0], turned(second[0])]), _sum([first[1], turned(second[1])])
        case Binary("*", left, right) if not (knows_time(left) and knows_time(right)):
            factor, moving = (right, left) if knows_time(left) else (left, right)
            parts = affine(moving)
            return None if parts is None else (_product(factor, parts[0]), _product(factor, parts[1]))
        case Binary("/", left, right) if not knows_time(right):
            parts = affine(left)
            return None if parts is None else (_quotient(parts[0], right), _quotient(parts[1], right))
    return None


def _terms(tree: Expression) -> Iterator[Expression]:
    """What is added up."""
    match tree:
        case Negative(operand):
            yield from (_negative(term) for term in _terms(operand))
        case Binary("+" | "-" as sign, left, right):
            yield from _terms(left)
            yield from (term if sign == "+" else _negative(term) for term in _terms(right))
        case _:
            yield tree


def _sum(terms: list[Expression]) -> Expression:
    total: Expression = ZERO
    for term in terms:
        if term != ZERO:
            total = term if total == ZERO else Binary("+", total, term)
    return total


def _negative(tree: Expression) -> Expression:
    match tree:
        case Negative(operand):
            return operand
        case Number(0.0):
            return tree
    return Negative(tree)


def _product(a: Expression, b: Expression) -> Expression:
    if ZERO in (a, b):
        return ZERO
    return b if a == ONE else a if b == ONE else Binary("*", a, b)


def _quotient(a: Expression, b: Expression) -> Expression:
    return a if a == ZERO or b == ONE else Binary("/", a, b)

"""LTspice's idealised diode, straight lines between corners that may be round: a behavioural source in its place."""

import dataclasses

from circuitnn.circuit.models import ModelCard
from circuitnn.circuit.parsed import Element
from circuitnn.circuit.values import parse_value
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.tree import Binary, Call, Expression, Negative, Number, voltage
from circuitnn.expressions.values import Value, combined, tree_of

_LARGEST_RESISTANCE = 1e12  # ohms, where Roff is not given
_CHOOSING = {"ron", "roff", "vfwd", "vrev", "rrev"}
_OTHERS = {"ilimit", "revilimit", "epsilon", "revepsilon"}


def is_ideal(card: ModelCard) -> bool:
    """Whether a model of a diode is one of straight lines, as LTspice takes it by any of its parameters."""
    return card.kind == "D" and any(key in _CHOOSING for key, _ in card.assigned(lambda line, message: None))


def as_source(element: Element, card: ModelCard, functions: Functions) -> Element:
    """The diode as a source of the current that flows through it, "G.D1"; its numbers are in the expression.

    With G = 1/R it is ``v Goff + on(v - Vfwd) - back(-v - Vrev)``: on is 0 below 0, and rises with ``Gon - Goff`` from
    Epsilon on, along a parabola before, towards Ilimit as a hyperbolic tangent does; back is the same with Rrev (Ron
    where not given), RevEpsilon and RevIlimit, and is not there without Vrev.
    """
    stated = {
        key: parse_value(text, functions) if isinstance(text, str) else text
        for key, text in card.assigned(lambda line, message: None)
        if key in _CHOOSING | _OTHERS
    }
    part = element.component
    v = voltage(*part.nodes)
    off = _inverse(stated.get("roff", _LARGEST_RESISTANCE))
    ron = stated.get("ron", 1.0)
    current: Expression = Binary("*", v, tree_of(off))
    forward = Binary("-", v, tree_of(stated.get("vfwd", 0.0)))
    gains = combined("-", _inverse(ron), off)
    current = Binary("+", current, _branch(forward, gains, stated.get("epsilon", 0.0), stated.get("ilimit")))
    if "vrev" in stated:
        backward = Binary("-", Negative(v), tree_of(stated["vrev"]))
        gains = combined("-", _inverse(stated.get("rrev", ron)), off)
        back = _branch(backward, gains, stated.get("revepsilon", 0.0), stated.get("revilimit"))
        current = Binary("-", current, back)
    area = part.value if element.number is None else element.number
    scaled = current if area in (1.0, None) else Binary("*", tree_of(area), current)  # type: ignore[arg-type]
    component = dataclasses.replace(
        part, name=f"G.{part.name}", kind=BEHAVIOURAL_SOURCE.letter, value=scaled, model=None, quantity="I"
    )
    return dataclasses.replace(element, component=component, number=None, stands_for=part.name)


def _inverse(value: Value) -> Value:
    # A milliohm stands for none, as in ngspice.
    return 1 / (value or 1e-3) if isinstance(value, float) else Binary("/", Number(1.0), value)


def _branch(over: Expression, gain: Value, width: Value, limit: Value | None) -> Expression:
    """The current that sets in where a voltage goes over 0, along a parabola first."""
    positive = Call("max", (over, Number(0.0)))
    if width == 0.0:
        straight: Expression = Binary("*", tree_of(gain), positive)
        return straight if limit is None else _limited(straight, limit)
    bent = Call("min", (positive, tree_of(width)))
    parabola = Binary("*", tree_of(combined("/", combined("*", gain, 0.5), width)), Binary("*", bent, bent))
    straight = Binary("*", tree_of(gain), Call("max", (Binary("-", over, tree_of(width)), Number(0.0))))
    if limit is not None:
        straight = _limited(straight, combined("-", limit, combined("*", combined("*", gain, 0.5), width)))
    return Binary("+", parabola, straight)


def _limited(current: Expression, limit: Value) -> Expression:
    return Binary("*", tree_of(limit), Call("tanh", (Binary("/", current, tree_of(limit)),)))

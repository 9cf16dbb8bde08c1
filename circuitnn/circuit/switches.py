"""Switches by a voltage (S) or a current (W): resistances that follow what controls them, smoothly in the logarithm."""

import dataclasses
import math
from collections.abc import Callable

from circuitnn.circuit.elements import check_ends, node, words_of
from circuitnn.circuit.lines import Line
from circuitnn.circuit.memories import memory
from circuitnn.circuit.models import ModelCard
from circuitnn.circuit.parsed import Element, element
from circuitnn.circuit.values import parse_value
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.tree import Binary, Call, Current, Expression, Negative, Number, number, voltage
from circuitnn.expressions.values import Value, combined, tree_of

_KINDS = {"S": {"SW": "v", "VSWITCH": "v"}, "W": {"CSW": "i", "ISWITCH": "i"}}
_SHARP = 1e-3  # half the transition of a switch without hysteresis, of its threshold
_SHARPEST = {"v": 1e-3, "i": 1e-6}  # and at least this, volts and amperes
_UNSUPPORTED = ("ilimit", "vser", "lser")  # of LTspice; they change the answer


def switch(line: Line) -> Element:
    """``S1 a b c d MODEL [on|off]`` or ``W1 a b Vsense MODEL``: "G.S1", whose value is what controls it for now."""
    name, rest = words_of(line)
    count = 4 if name[0].upper() == "S" else 3
    words, state = rest[: count + 1], [word.lower() for word in rest[count + 1 :]]
    if len(words) <= count or "=" in words or state not in ([], ["on"], ["off"]):
        what = "two nodes, two nodes that control it" if count == 4 else "two nodes, the voltage source that is sensed"
        raise NetlistError(f"{name} needs {what} and the name of a .model ({' or '.join(_KINDS[name[0].upper()])})")
    nodes = (node(words[0]), node(words[1]))
    if not line.file:
        check_ends(name, nodes)
    control: Expression = Current(words[2]) if count == 3 else _between(node(words[2]), node(words[3]))
    source = f"G.{name}"
    part = element(
        line, source, BEHAVIOURAL_SOURCE.letter, nodes, control, quantity="I", model=words[count], stands_for=name
    )
    return dataclasses.replace(part, numbers={"ON": float(state == ["on"])})


def as_resistance(part: Element, card: ModelCard, functions: Functions, note: Callable[[Line, str], None]) -> Element:
    """The switch with the current that flows through it as its value.

    With t from 0 where it is off to 1 where it is on, ``log R`` goes from ``log ROFF`` to ``log RON`` as t² (3 - 2t),
    as PSpice has it between VOFF and VON. VT and a VH that is negative span VT + VH to VT - VH; between the two of a
    positive one it stays as it was, see `circuitnn.circuit.memories`.

    Raises:
        NetlistError: where the model is of another kind, or has what is not modelled.
    """
    component, name = part.component, part.stands_for or ""
    kinds = _KINDS[name[0].upper()]
    if card.kind not in kinds:
        raise card.line.error(f"{name} needs a .model of {' or '.join(kinds)}, and {card.name} is of {card.kind}")
    stated = {key: parse_value(text, functions) if isinstance(text, str) else text for key, text in card.assigned(note)}
    letter = kinds[card.kind]
    for key in _UNSUPPORTED:
        if stated.pop(key, 0.0) != 0.0:
            raise card.line.error(f".model {card.name}: {key.upper()} is not supported")
    resistances = stated.pop("ron", 1.0), stated.pop("roff", 1e6 if card.kind.endswith("SWITCH") else 1e12)
    if any(isinstance(resistance, float) and resistance <= 0 for resistance in resistances):
        raise card.line.error(f".model {card.name}: RON and ROFF must be positive")
    control, hysteresis = tree_of(component.value), 0.0  # type: ignore[arg-type]
    if card.kind.endswith("SWITCH") and f"{letter}t" not in stated:
        on, off = stated.pop(f"{letter}on", 1.0 if letter == "v" else 1e-3), stated.pop(f"{letter}off", 0.0)
    else:
        threshold, half = stated.pop(f"{letter}t", 0.0), stated.pop(f"{letter}h", 0.0)
        if isinstance(half, float):
            sharp = max(_SHARPEST[letter], _SHARP * abs(threshold) if isinstance(threshold, float) else 0.0)
            half, hysteresis = abs(half) or sharp, max(half, 0.0)
        else:
            half = Call("abs", (half,))
        on, off = combined("+", threshold, half), combined("-", threshold, half)
    if stated:
        note(card.line, f".model {card.name}: {', '.join(stated).upper()} passed over: a switch has no such parameter")
    if on == off:
        raise card.line.error(
            f".model {card.name}: it is on and off at the same {letter.upper()}ON and {letter.upper()}OFF"
        )
    if hysteresis:
        is_on = bool(part.numbers and part.numbers["ON"])
        step = memory(control, tree_of(threshold), hysteresis, is_on=is_on)
    else:
        step = _smooth_step(Binary("/", Binary("-", control, tree_of(off)), tree_of(combined("-", on, off))))
    log_on, log_off = (_logarithm(resistance) for resistance in resistances)
    rest = Binary("-", Number(1.0), step)
    exponent = Binary("+", Binary("*", log_on, step), Binary("*", log_off, rest))
    current = Binary("*", voltage(*component.nodes), Call("exp", (Negative(exponent),)))
    return dataclasses.replace(part, component=dataclasses.replace(component, value=current, model=None))


def _between(plus: str, minus: str) -> Expression:
    return Number(0.0) if plus.lower() == minus.lower() else voltage(plus, minus)


def _smooth_step(t: Expression) -> Expression:
    """t² (3 - 2t) of t between 0 and 1, beyond which it stays."""
    t = Call("min", (Call("max", (t, Number(0.0))), Number(1.0)))
    return Binary("*", Binary("*", t, t), Binary("-", Number(3.0), Binary("*", Number(2.0), t)))


def _logarithm(value: Value) -> Expression:
    return number(math.log(value)) if isinstance(value, float) else Call("ln", (value,))

"""The waveforms of independent sources, ``SIN(0 1 5)``, as expressions of the time."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from circuitnn.circuit.components import Component
from circuitnn.circuit.journal import Journal
from circuitnn.circuit.piecewise import REPEATED, repeated
from circuitnn.expressions.composed import table
from circuitnn.expressions.dialect import LTSPICE
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.tree import Binary, Call, Expression, Number, Time, number, substitute
from circuitnn.expressions.values import Value, folded

if TYPE_CHECKING:
    from circuitnn.circuit.scopes import Flat

_PWL = (
    "PWL needs t1 v1 t2 v2 ..., maybe r= and td=, or one REPEAT FOR n or REPEAT FOREVER (t v ...) ENDREPEAT; file= is "
    "a file of up to 200 points in the folder of the netlist"
)
TIME, TURN = Time(), Number(2 * math.pi)
# The least and the largest number of arguments.
LENGTHS = {"SIN": (3, 7), "PULSE": (2, 8), "EXP": (6, 6), "SFFM": (5, 5), "AM": (4, 5)}


def along_time(part: Component, flat: "Mapping[str, Flat]", journal: Journal, inputs: Sequence[str]) -> Component:
    """A component; where it is a source with a waveform and no input, with an expression of the time as its value."""
    element, line = flat[part.name.lower()].element, flat[part.name.lower()].line
    waveform = element.waveform
    if waveform is None:
        return part
    if part.name in inputs:
        if waveform.function == "WAVEFILE":
            journal.note(line, f"{part.name}: the signal takes the place of the file")
        return part
    arguments = waveform.arguments
    if waveform.function == "SIN" and len(arguments) > 6 and line.dialect.name != LTSPICE.name:
        arguments = arguments[:6]
        journal.note(line, f"{part.name}: a seventh number of SIN is passed over: to LTspice alone it counts cycles")
    try:
        if waveform.function in ("PWL", REPEATED) and not waveform.arguments:
            raise NetlistError(_PWL)
        value = waveform_expression(waveform.function, arguments)
        start = folded(substitute(value, lambda leaf: Number(0.0) if leaf == TIME else leaf))
    except NetlistError as error:
        message = f"{part.name} is no input: {error}; a DC value, or its name in inputs, helps"
        journal.fault(line.error(message))
        return part
    message = f"{part.name} runs along time as its {waveform.function.split()[0]} says; at rest it is where that begins"
    stated = element.numbers and element.numbers["DC"]
    if isinstance(stated, float) and isinstance(start, float) and stated != start:
        message += f", {start:g}, and not at its DC value, {stated:g}, which ngspice has in .op and .ac alone"
    journal.note(line, message)
    return dataclasses.replace(part, value=value, waveform=waveform)


def with_arguments(waveform: Call, value_of: Callable[[Expression], Value]) -> Call:
    """The waveform with what its arguments mean in their place; with none where they mean nothing."""
    try:
        values = [value_of(argument) for argument in waveform.arguments]
    except NetlistError:  # on an input they say nothing
        values = []
    return Call(waveform.function, tuple(number(value) if isinstance(value, float) else value for value in values))


def waveform_expression(word: str, arguments: Sequence[Expression]) -> Expression:
    """What a source gives at a time, as ngspice has it; edges of no length are jumps.

    The seventh number of SIN and the eighth of PULSE say after how many periods it stays as it is.

    Args:
        word: SIN, PULSE, PWL, EXP, SFFM or AM.
        arguments: numbers and expressions of parameters.

    Raises:
        NetlistError: for another word, or another number of arguments.
    """
    a = list(arguments)
    if word == "PWL":
        return table(TIME, a)
    if word == REPEATED:
        return repeated(a)
    if word not in LENGTHS:
        raise NetlistError(f"{word} beside the input is not supported")
    least, most = LENGTHS[word]
    if not least <= len(a) <= most:
        raise NetlistError(f"{word} takes {least} to {most} numbers here, got {len(a)}")
    match word:
        case "SIN":
            return _sine(*a)
        case "PULSE":
            return _pulse(*a)
        case "EXP":
            return _exponential(*a)
        case "SFFM":
            offset, size, carrier, index, signal = a
            return _plus(
                offset, _times(size, Call("sin", (_plus(_angle(carrier, TIME), _times(index, _wave(signal))),)))
            )
    size, offset, modulating, carrier, *delay = a
    since = _since(delay[0]) if delay else TIME
    wave = _times(size, _times(_plus(offset, _wave(modulating, since)), _wave(carrier, since)))
    return _after(delay[0], wave, Number(0.0)) if delay else wave


def _sine(offset: Expression, size: Expression, rate: Expression, *rest: Expression) -> Expression:
    delay, damping, degrees = (*rest[:3], *(Number(0.0),) * 3)[:3]
    phase = _times(degrees, Number(math.pi / 180))
    since = _since(delay)
    if rest[3:] not in ((), (Number(0.0),)):
        since = Call("min", (since, Binary("/", rest[3], rate)))
    wave: Expression = Call("sin", (_plus(_angle(rate, since), phase),))
    if damping != Number(0.0):
        wave = _times(wave, Call("exp", (Binary("-", Number(0.0), _times(since, damping)),)))
    if delay != Number(0.0):
        wave = _after(delay, wave, Call("sin", (phase,)))
    return _plus(offset, _times(size, wave))


def _pulse(first: Expression, second: Expression, *rest: Expression) -> Expression:
    delay, rise, fall = (*rest, *(Number(0.0),) * 3)[:3]
    width, period, pulses = (*rest[3:], None, None, None)[:3]
    since = _since(delay)
    if period is not None and period != Number(0.0):
        turns = Binary("/", since, period)
        since = _times(Binary("-", turns, Call("floor", (turns,))), period)
    up = _ramp(since, rise)
    if width is not None and width != Number(0.0):
        up = Binary("-", up, _ramp(Binary("-", Binary("-", since, rise), width), fall))
    if period is not None and pulses not in (None, Number(0.0)):
        up = _times(up, Binary("<=", _since(delay), _times(period, pulses)))  # type: ignore[arg-type]
    return _plus(first, _times(Binary("-", second, first), _after(delay, up, Number(0.0))))


def _exponential(first: Expression, second: Expression, *rest: Expression) -> Expression:
    def settled(delay: Expression, tau: Expression) -> Expression:
        since = Call("max", (_since(delay), Number(0.0)))
        return Binary("-", Number(1.0), Call("exp", (Binary("-", Number(0.0), Binary("/", since, tau)),)))

    shares = Binary("-", settled(*rest[:2]), settled(*rest[2:]))
    return _plus(first, _times(Binary("-", second, first), shares))


def _ramp(since: Expression, length: Expression) -> Expression:
    """From 0 to 1 between 0 and `length` seconds."""
    if length == Number(0.0):
        return Binary(">", since, Number(0.0))
    return Call("min", (Call("max", (Binary("/", since, length), Number(0.0))), Number(1.0)))


def _wave(rate: Expression, since: Expression = TIME) -> Expression:
    return Call("sin", (_angle(rate, since),))


def _angle(rate: Expression, since: Expression) -> Expression:
    return _times(_times(TURN, rate), since)


def _since(delay: Expression) -> Expression:
    return TIME if delay == Number(0.0) else Binary("-", TIME, delay)


def _after(delay: Expression, then: Expression, before: Expression) -> Expression:
    return Call("ternary_fcn", (Binary(">", TIME, delay), then, before))


def _plus(a: Expression, b: Expression) -> Expression:
    return b if a == Number(0.0) else a if b == Number(0.0) else Binary("+", a, b)


def _times(a: Expression, b: Expression) -> Expression:
    return b if a == Number(1.0) else a if b == Number(1.0) else Binary("*", a, b)

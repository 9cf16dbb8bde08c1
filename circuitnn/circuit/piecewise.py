"""PWL in the words of ngspice, PSpice and LTspice: points in time, steps of time, what is repeated, delays, scales."""

from collections.abc import Sequence

from circuitnn.circuit.values import assignments, is_value, parse_value
from circuitnn.expressions.composed import MAX_TERMS, table
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions
from circuitnn.expressions.tree import Binary, Call, Expression, Negative, Number, Time
from circuitnn.expressions.values import Value, combined, tree_of

REPEATED = "PWL r= td="  # the name of a call that no expression can have
_SCALES = {"time_scale_factor": "time", "value_scale_factor": "value"}
_NAMES = {"r", "td", *_SCALES}


def pwl(words: Sequence[str], functions: Functions) -> Call:
    """``PWL`` with its points; `REPEATED` with where it goes back to (-1: nowhere) and its delay before them.

    ``t1 v1 +dt2 v2``; ``r=t`` goes back to that time at the end, again and again (ngspice), and so does ``REPEAT
    FOREVER ... ENDREPEAT`` from its first point (PSpice, LTspice); ``REPEAT FOR n`` is written out. ``td=`` is a delay.

    Raises:
        NetlistError: for what is none of these, or a point that is no number where it must be one.
    """
    words, assigned = assignments(list(words))
    unknown = next((key for key in assigned if key not in _NAMES), None)
    if unknown is not None:
        raise NetlistError(f"PWL: {unknown}= is unknown, or a file that is not there")
    scale = {what: parse_value(assigned.pop(key, "1"), functions) for key, what in _SCALES.items()}
    back = parse_value(assigned["r"], functions) if "r" in assigned else None
    delay = parse_value(assigned.get("td", "0"), functions)
    points, again = _unrolled(words, functions)
    back = again if back is None else back
    scaled = [(combined("*", time, scale["time"]), combined("*", value, scale["value"])) for time, value in points]
    flat = tuple(tree_of(number) for point in scaled for number in point)
    if back is None and delay == 0.0:
        return Call("PWL", flat)
    back = -1.0 if back is None else combined("*", back, scale["time"])
    return Call(REPEATED, (tree_of(back), tree_of(delay), *flat))


def _unrolled(words: Sequence[str], functions: Functions) -> tuple[list[tuple[Value, Value]], Value | None]:
    """The points, and the time that REPEAT FOREVER goes back to."""
    lowered = [word.lower() for word in words]
    back: Value | None = None
    if "repeat" in lowered:
        start, end = lowered.index("repeat"), lowered.index("endrepeat") if "endrepeat" in lowered else len(words)
        forever = lowered[start + 1 : start + 2] == ["forever"]
        first = start + (2 if forever else 3)
        before, inside, after = words[:start], words[first:end], words[end + 1 :]
        is_known = forever or (lowered[start + 1 : start + 2] == ["for"] and first <= len(words))
        if not is_known or "repeat" in lowered[first:] or (forever and after):
            raise NetlistError("PWL: one REPEAT FOR n or REPEAT FOREVER, with nothing after the latter, is read")
        points = _points([], before, functions)
        period = _points([], inside, functions)
        times = 1.0 if forever else parse_value(words[start + 2], functions)
        if not isinstance(times, float) or not 1 <= times <= MAX_TERMS / max(1, len(period)):
            raise NetlistError(f"PWL: REPEAT FOR needs a number of times, for at most {MAX_TERMS} points in all")
        for _ in range(int(times)):
            at = back = points[-1][0] if points else 0.0
            points += [(combined("+", time, at), value) for time, value in period if not (points and time == 0.0)]
        points, back = (points, back) if forever else (_points(points, after, functions), None)
    else:
        points = _points([], words, functions)
    return points, back


def _points(before: list[tuple[Value, Value]], words: Sequence[str], functions: Functions) -> list[tuple[Value, Value]]:
    """Those before, and what words say: times with a plus sign are counted from the point before."""
    points = list(before)
    if len(words) % 2:
        raise NetlistError(f"PWL has pairs of numbers, times and values, got {len(words)} numbers")
    for time, value in zip(words[::2], words[1::2], strict=True):
        at = parse_value(time, functions)
        if time.startswith("+") and points and is_value(time):
            at = combined("+", at, points[-1][0])
        points.append((at, parse_value(value, functions)))
    return points


def repeated(arguments: Sequence[Expression]) -> Expression:
    """The values of a `REPEATED` along time; the arguments are as `pwl` has them.

    Raises:
        NetlistError: for a table that is none, or one that goes back to its end.
    """
    back, delay, *points = arguments
    since: Expression = Time() if delay == Number(0.0) else Call("max", (Binary("-", Time(), delay), Number(0.0)))
    if isinstance(back, Negative):
        return table(since, points)
    end = points[-2]
    if isinstance(end, Number) and isinstance(back, Number) and end.value <= back.value:
        raise NetlistError("PWL: r= must be before the last point")
    length, ahead = (end, since) if back == Number(0.0) else (Binary("-", end, back), Binary("-", since, back))
    turns = Binary("/", ahead, length)
    again: Expression = Binary("*", Binary("-", turns, Call("floor", (turns,))), length)
    if back != Number(0.0):
        again = Call("ternary_fcn", (Binary(">", since, back), Binary("+", again, back), since))
    return table(again, points)


def words_of_pwl(waveform: Call) -> str:
    """A ``PWL`` or `REPEATED` as ngspice reads it."""
    back, delay, *points = waveform.arguments if waveform.function == REPEATED else (None, None, *waveform.arguments)
    text = f"PWL({' '.join(f'{{{point}}}' for point in points)})"
    if back is not None and not isinstance(back, Negative):
        text += f" r={{{back}}}"
    return text if delay in (None, Number(0.0)) else f"{text} td={{{delay}}}"

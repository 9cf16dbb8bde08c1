"""Loops and branches."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from circuitnn.native.atoms import TYPES, Name, is_known
from circuitnn.native.inlining import Step
from circuitnn.native.values import Known, Stored, Value, Written, scoped, written
from circuitnn.native.writer import NUMBERS, ROUNDS, Writer, array_name


def changing(w: Writer, shape: tuple[int, ...], dtype: Any, start: Value | None) -> Value:
    """Variables or an array in the present scope, with what they begin with."""
    if np.prod(shape) > NUMBERS[w.here.is_once]:
        out = w.array(shape, dtype, w.here)
        w.copy(out, Known(np.zeros(shape, dtype)) if start is None else start)
        return out
    atoms = np.empty(shape, object)
    first: Any = None if start is None else w.written(start).atoms
    for place in np.ndindex(shape):
        atoms[place] = w.variable(dtype, np.dtype(dtype).type(0) if first is None else first[place])
    return Written(atoms, dtype)


def seen_in(value: Value, scope: Any) -> Value:
    """The same variables, which change in that scope."""
    if isinstance(value, Stored):
        return Stored(value.name, value.index, value.dtype, scope)
    atoms = np.empty(value.shape, object)
    for place, atom in np.ndenumerate(written(value).atoms):
        atoms[place] = Name(atom.text, atom.dtype, scope)
    return Written(atoms, value.dtype)


def assign(w: Writer, targets: Sequence[Value], results: Sequence[Value]) -> None:
    """Give variables new values, all at once."""
    names = {atom.text for target in targets if isinstance(target, Written) for atom in target.atoms.flat}
    arrays = {array_name(target.name) for target in targets if isinstance(target, Stored)}
    later: list[str] = []
    copies: list[tuple[Stored, Value]] = []
    for target, result in zip(targets, results, strict=True):
        if isinstance(target, Stored):
            if isinstance(result, Stored) and result.name == target.name and np.array_equal(result.index, target.index):
                continue
            reads = [array_name(atom.text) for atom in scoped([result]) if isinstance(atom, Name)]
            reads += [array_name(result.name)] if isinstance(result, Stored) else []
            if arrays & set(reads):
                kept = w.array(result.shape, result.dtype, w.here)
                w.copy(kept, result)
                result = kept
            elif isinstance(result, Stored):
                w.settle(result.name)
            copies.append((target, result))
            continue
        for place, atom in np.ndenumerate(w.written(result).atoms):
            name = written(target).atoms[place]
            text = w.text(atom, target.dtype)
            if text == name.text:
                continue
            if text in names or array_name(text) in arrays:
                kept_text = w.fresh()
                w.here.lines.append(f"const {TYPES[target.dtype.name]} {kept_text} = {text};")
                text = kept_text
            later.append(f"{name.text} = {text};")
    for target, result in copies:
        w.copy(target, result)
    w.here.lines += later


def while_loop(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """A loop until a condition does not hold any more."""
    p = step.params
    conditions, consts = p["cond_nconsts"], p["body_nconsts"]
    outside, start = operands[:conditions], operands[conditions + consts :]
    body_consts = operands[conditions : conditions + consts]
    body = p["body_jaxpr"]
    stays = [body.jaxpr.outvars[n] is body.jaxpr.invars[consts + n] for n in range(len(start))]
    with w.at(w.scope_of(scoped(operands))):
        carry = [v if still else changing(w, v.shape, v.dtype, v) for v, still in zip(start, stays, strict=True)]
        with w.inside("for (;;)") as loop:
            inside = [v if still else seen_in(v, loop) for v, still in zip(carry, stays, strict=True)]
            (goes_on,) = w.evaluate(w, p["cond_jaxpr"], [*outside, *inside])
            loop.lines.append(f"if (!{w.text(w.written(goes_on).atoms[()], np.bool_)}) break;")
            results = w.evaluate(w, body, [*body_consts, *inside])
            moved = [n for n, still in enumerate(stays) if not still]
            w.settle_all(loop)
            assign(w, [inside[n] for n in moved], [results[n] for n in moved])
    return carry


def branches(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """One of several programs."""
    atom: Any = w.written(operands[0]).atoms[()]
    rest, programs = operands[1:], step.params["branches"]
    if is_known(atom):
        return w.evaluate(w, programs[int(np.clip(int(atom), 0, len(programs) - 1))], rest)
    with w.at(w.scope_of(scoped(operands))):
        out = [changing(w, aval.shape, aval.dtype, None) for aval in avals]
        for number, program in enumerate(programs):
            sign = "<=" if number == 0 else ">=" if number == len(programs) - 1 else "=="
            with w.inside(f"if ({atom.text} {sign} {number})", is_branch=True) as scope:
                results = w.evaluate(w, program, rest)
                w.settle_all(scope)
                assign(w, out, results)
    return out


def scan(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """A loop of known length."""
    p = step.params
    length, consts, held = p["length"], p["num_consts"], p["num_carry"]
    fixed, carry, along = operands[:consts], list(operands[consts : consts + held]), operands[consts + held :]
    order = range(length - 1, -1, -1) if p["reverse"] else range(length)
    if w.fits(length, ROUNDS, operands):
        rows: dict[int, list[Value]] = {}
        for n in order:
            taken = [value.moved(lambda array, n=n: array[n, ...]) for value in along]
            results = w.evaluate(w, p["jaxpr"], [*fixed, *carry, *taken])
            carry, rows[n] = results[:held], results[held:]
        stacked = [_stacked(w, [rows[n][k] for n in range(length)], aval) for k, aval in enumerate(avals[held:])]
        return [*carry, *stacked]
    with w.at(w.scope_of(scoped(operands))):
        packed = [w.packed(value) for value in along]
        changed = [changing(w, v.shape, v.dtype, v) for v in carry]
        outs = [w.array(aval.shape, aval.dtype, w.here) for aval in avals[held:]]
        count = w.fresh("n")
        head = f"for (int {count} = 0; {count} < {length}; {count}++)"
        if p["reverse"]:
            head = f"for (int {count} = {length - 1}; {count} >= 0; {count}--)"
        with w.inside(head) as loop:
            inside = [seen_in(v, loop) for v in changed]
            taken = [_row_at(value, count, loop) for value in packed]
            results = w.evaluate(w, p["jaxpr"], [*fixed, *inside, *taken])
            w.settle_all(loop)
            for out, result in zip(outs, results[held:], strict=True):
                w.copy(_row_at(out, count, loop), result)
            assign(w, inside, results[:held])
    return [*changed, *outs]


def _row_at(value: Stored, count: str, scope: Any) -> Stored:
    size = int(np.prod(value.shape[1:]))
    return Stored(f"({value.name} + {size}*{count})", np.arange(size).reshape(value.shape[1:]), value.dtype, scope)


def _stacked(w: Writer, rows: Sequence[Value], aval: Any) -> Value:
    if all(row.is_known for row in rows):
        return Known(np.stack([row.known() for row in rows]))
    if all(not isinstance(row, Stored) for row in rows) or w.fits(int(np.prod(aval.shape)), NUMBERS, rows):
        return Written(np.stack([w.written(row).atoms for row in rows]), aval.dtype)
    out = w.array(aval.shape, aval.dtype, w.scope_of(scoped(rows)))
    with w.at(out.scope):
        for n, row in enumerate(rows):
            w.copy(out.moved(lambda array, n=n: array[n, ...]), row)
    return out


RULES = {"while": while_loop, "cond": branches, "scan": scan}

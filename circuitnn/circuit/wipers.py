"""Potentiometers that are subcircuits, as LTspice's users draw them: the wiper of one, given as a number, is a knob."""

import re
from contextlib import suppress
from dataclasses import replace

from circuitnn.circuit.blocks import Block
from circuitnn.circuit.instances import Instance
from circuitnn.circuit.journal import words_in
from circuitnn.circuit.lines import Line
from circuitnn.circuit.standard import standard_part
from circuitnn.circuit.values import parse_parameter
from circuitnn.expressions.errors import NetlistError

_USUAL = {
    "wiper",
    "ratio",
    "x",
    "pos",
    "position",
    "p",
    "t",
    "set",
    "w",
    "k",
    "rot",
    "rotation",
    "turn",
    "alpha",
    "knob",
}


def with_knobs(block: Block) -> Block:
    """The netlist with a ``.param`` for each wiper: "P1" of the line ``XP1 a b c pot R=10k wiper=0.3``.

    A potentiometer is an instance of a subcircuit of three nodes and two resistors, and its wiper the one parameter of
    theirs that is a number from 0 to 1.
    """
    contents = block.contents
    taken = {name.lower() for name, _, _ in contents.parameters}
    taken |= {line.text.split()[0].lower() for line in contents.elements}
    changed: dict[int, list[Line]] = {}
    for line in contents.elements:
        if line.text[0] not in "xX":
            continue
        with suppress(NetlistError):  # told where its parts are asked for
            wiper = _wiper(block, block.instance(line))
            whole = line.text.split()[0]
            bare = whole[1:].lstrip("§")
            knob = bare if re.fullmatch(r"[A-Za-z_]\w*", bare) and bare.lower() not in taken else whole
            if wiper is None or not re.fullmatch(r"\w+", knob):
                continue
            taken.add(knob.lower())
            name, position = wiper
            assigned = re.compile(rf"\b{re.escape(name)}\s*=\s*(\{{[^{{}}]*\}}|'[^']*'|[^\s,()]+)", re.IGNORECASE)
            text, count = assigned.subn(f"{name}={{{knob}}}", line.text, count=1)
            text = text if count else f"{text} {name}={{{knob}}}"
            changed[id(line)] = [replace(line, text=f".param {knob}={position!r}"), replace(line, text=text)]
            message = f"the wiper of {whole}, {name}={position:g}, is taken as the knob {knob}"
            block.journal.note(line, message)
    if not changed:
        return block
    lines = [part for line in block.lines for part in changed.get(id(line), [line])]
    return Block(lines, journal=block.journal)


def _wiper(block: Block, instance: Instance) -> tuple[str, float] | None:
    """The name of the parameter that is the position of a potentiometer, and its value; None of anything else."""
    inner = block.contents.blocks.get(instance.subcircuit.lower()) or _own(instance.subcircuit)
    if inner is None or len(inner.ports) != 3 or len(inner.contents.elements) != 2:
        return None
    elements = [line.text for line in inner.contents.elements]
    if not all(text[0] in "rR" for text in elements):
        return None
    texts = {name.lower(): text for name, text in inner.defaults.items()}
    texts |= {name.lower(): text for name, text, _ in inner.contents.parameters}
    used = set().union(*(_names(text) for text in elements))
    for _ in texts:
        used |= set().union(*(_names(text) for name, text in texts.items() if name in used))
    values = {name: parse_parameter(text) for name, text in texts.items() if not _names(text) & {*texts}}
    values |= {name.lower(): value for name, value in instance.assigned.items()}
    between = {name: value for name, value in values.items() if isinstance(value, float) and 0 <= value <= 1}
    candidates = [name for name in between if name in used]
    if len(candidates) > 1:
        candidates = [name for name in candidates if name in _USUAL]
    return (candidates[0], between[candidates[0]]) if len(candidates) == 1 else None


def _own(name: str) -> Block | None:
    """This library's own subcircuit of a name."""
    part = standard_part(name, directive=".subckt")
    return next(iter(Block(list(part.lines)).contents.blocks.values())) if part else None


def _names(text: str) -> set[str]:
    return {name for word in words_in(text) for name in re.findall(r"[^\W\d]\w*", word)}

"""The hysteresis of switches: a source of a voltage that depends on itself and stays where it was between thresholds.

"B.G.S1.m" drives 1 A into "R.G.S1.m" of 1 ohm above VT + VH and nothing below VT - VH; where both are possible the
solution is the one that the search comes to from the sample before, here as in ngspice. The search for rest begins with
what is said of the switch, "on" or "off" (the default), by a ``.nodeset``.
"""

import dataclasses
from typing import TYPE_CHECKING

from circuitnn.circuit.clamps import ClampLine
from circuitnn.circuit.parsed import element
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.expressions.tree import GROUND, Binary, Call, Expression, Number, Voltage, rebuilt

if TYPE_CHECKING:
    from circuitnn.circuit.circuit import Circuit
    from circuitnn.circuit.scopes import Flat

_NAME = "memory"  # of a call that no netlist can write


def memory(control: Expression, threshold: Expression, hysteresis: float, *, is_on: bool) -> Expression:
    """1 where it is on and 0 where it is off, and between the thresholds as it was before.

    Args:
        control: what switches it.
        threshold: the middle.
        hysteresis: how far from there it switches, in the unit of the control.
        is_on: whether it begins so.
    """
    return Call(_NAME, (control, threshold, Number(hysteresis), Number(float(is_on))))


def remembers(circuit: "Circuit") -> bool:
    """Whether what it does depends on where the search for a solution begins."""
    return any(part.is_behavioural and part.name == f"B.{part.nodes[1]}" for part in circuit.components)


def with_memories(flat: "dict[str, Flat]", clamps: list[ClampLine]) -> "dict[str, Flat]":
    """The elements by lower-case name, with what remembers for them; where that begins is added to the clamps."""
    result: dict[str, Flat] = {}
    for key, part in flat.items():
        component, line = part.element.component, part.line
        laws: dict[str, tuple[Expression, float]] = {}
        if component.is_behavioural:
            tree = _without(component.value, f"{component.name}.m", laws)  # type: ignore[arg-type]
            changed = dataclasses.replace(component, value=tree)
            part = dataclasses.replace(part, element=dataclasses.replace(part.element, component=changed))
        result[key] = part
        for node, (law, on) in laws.items():
            source = element(line, f"B.{node}", BEHAVIOURAL_SOURCE.letter, (GROUND, node), law, quantity="I")
            for beside in (source, element(line, f"R.{node}", "R", (node, GROUND), 1.0)):
                result[beside.component.name.lower()] = dataclasses.replace(part, element=beside)
            clamps.append(ClampLine(dataclasses.replace(line, text=".nodeset"), "v", (node, GROUND), on))
    return result


def _without(tree: Expression, node: str, laws: dict[str, tuple[Expression, float]]) -> Expression:
    """The tree with the voltage of a node in the place of a memory, whose law and start come to have that name."""
    match tree:
        case Call("memory", (control, threshold, Number(hysteresis), Number(on))):
            held = Voltage(node)  # the threshold is VH lower where it is on, and higher where it is off
            shift = _product(Number(hysteresis), Binary("-", _product(Number(2.0), held), Number(1.0)))
            # A jump: along a slope that feeds back to itself a search would come to a stop where it begins to rise.
            laws[node] = Binary(">", Binary("+", Binary("-", control, threshold), shift), Number(0.0)), on
            return held
    return rebuilt(tree, lambda child: _without(child, node, laws))


def _product(a: Expression, b: Expression) -> Expression:
    return Binary("*", a, b)

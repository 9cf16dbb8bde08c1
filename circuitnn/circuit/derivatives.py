"""Derivatives and integrals in expressions, as one builds them in SPICE of a capacitor that is a state like any other.

``ddt(x)``: "B.B1.d1" (or a source "E.B1.d1", where x is one voltage) holds a node "B1.d1" at x volts, "C.B1.d1" of 1 uF
is between that and "V.B1.d1", of 0 V; the current of V.B1.d1 is dx/dt microamperes. So the derivative is taken by the
circuit's own rule of integration.

``idt(x, start)``: "B.B1.s1" sends x milliamperes into "C.B1.s1", of 1 mF, whose voltage begins at `start`. "R.B1.s1" is
so large that nothing is lost in years; it gives the node a rest.
"""

import dataclasses

from circuitnn.circuit.clamps import ClampLine
from circuitnn.circuit.components import Component
from circuitnn.circuit.parsed import element
from circuitnn.circuit.scopes import Flat
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.controlled import VOLTAGE_OF_VOLTAGE
from circuitnn.expressions.tree import GROUND, Binary, Call, Current, Expression, Number, Voltage, rebuilt
from circuitnn.expressions.values import folded

CAPACITANCE = 1e-6  # farads, of derivatives
STORE = 1e-3  # farads, of integrals
LEAK = 1e12  # ohms across it, which discharge it in 30 years


def with_derivatives(flat: dict[str, Flat], clamps: list[ClampLine]) -> dict[str, Flat]:
    """The elements by lower-case name, with what takes the derivatives and integrals that their expressions ask for.

    Args:
        flat: the elements.
        clamps: where integrals begin is added to them.
    """
    result: dict[str, Flat] = {}
    for key, part in flat.items():
        component = part.element.component
        if not component.is_behavioural:
            result[key] = part
            continue
        names: dict[Call, str] = {}
        tree = _in_states(component.value, component.name, names)  # type: ignore[arg-type]
        result[key] = _with(part, dataclasses.replace(component, value=tree)) if names else part
        for call, name in names.items():
            parts = _differentiator(part, name, call) if call.function == "ddt" else _integrator(part, name, call)
            result |= {sub.element.component.name.lower(): sub for sub in parts}
            if call.function == "idt":
                clamps.append(ClampLine(part.line, "v", (name, GROUND), folded(call.arguments[1])))
    return result


def _in_states(tree: Expression, name: str, names: dict[Call, str]) -> Expression:
    """The tree with currents in the place of derivatives, voltages in that of integrals; those come to have names."""
    tree = rebuilt(tree, lambda child: _in_states(child, name, names))
    match tree:
        case Call("ddt"):
            sensor = names.setdefault(tree, f"{name}.d{len(names) + 1}")
            return Binary("*", Number(1 / CAPACITANCE), Current(f"V.{sensor}"))
        case Call("idt"):
            return Voltage(names.setdefault(tree, f"{name}.s{len(names) + 1}"))
    return tree


def _differentiator(part: Flat, name: str, call: Call) -> list[Flat]:
    line, ends, inside = part.line, (name, f"{name}.i"), call.arguments[0]
    if isinstance(inside, Voltage):
        sensed = (inside.plus, inside.minus)
        held = element(line, f"E.{name}", VOLTAGE_OF_VOLTAGE.letter, (name, GROUND, *sensed), 1.0)
    else:
        held = element(line, f"B.{name}", BEHAVIOURAL_SOURCE.letter, (name, GROUND), inside, quantity="V")
    parts = (
        held,
        element(line, f"C.{name}", "C", ends, CAPACITANCE),
        element(line, f"V.{name}", "V", (ends[1], GROUND), 0.0),
    )
    return [dataclasses.replace(part, element=sub) for sub in parts]


def _integrator(part: Flat, name: str, call: Call) -> list[Flat]:
    line, ends = part.line, (name, GROUND)
    current = Binary("*", Number(STORE), call.arguments[0])
    parts = (
        element(line, f"B.{name}", BEHAVIOURAL_SOURCE.letter, (GROUND, name), current, quantity="I"),
        element(line, f"C.{name}", "C", ends, STORE),
        element(line, f"R.{name}", "R", ends, LEAK),
    )
    return [dataclasses.replace(part, element=sub) for sub in parts]


def _with(flat: Flat, component: Component) -> Flat:
    return dataclasses.replace(flat, element=dataclasses.replace(flat.element, component=component))

"""Derivatives in expressions, ``ddt(x)``: the current of a capacitor that has the voltage x, as one builds it in SPICE.

"B.B1.d1" (or a source "E.B1.d1", where x is one voltage) holds a node "B1.d1" at x volts, "C.B1.d1" of 1 uF is between
that and "V.B1.d1", of 0 V; the current of V.B1.d1 is dx/dt microamperes. So the derivative is taken by the circuit's
own rule of integration, and x before it is a state like any other.
"""

import dataclasses

from circuitnn.circuit.components import Component
from circuitnn.circuit.parsed import element
from circuitnn.circuit.scopes import Flat
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.controlled import VOLTAGE_OF_VOLTAGE
from circuitnn.expressions.tree import GROUND, Binary, Call, Current, Expression, Number, Voltage, rebuilt

CAPACITANCE = 1e-6  # farads


def with_derivatives(flat: dict[str, Flat]) -> dict[str, Flat]:
    """The elements by lower-case name, with what takes the derivatives that their expressions ask for."""
    result: dict[str, Flat] = {}
    for key, part in flat.items():
        component = part.element.component
        if not component.is_behavioural:
            result[key] = part
            continue
        names: dict[Expression, str] = {}
        tree = _without_derivatives(component.value, component.name, names)  # type: ignore[arg-type]
        result[key] = _with(part, dataclasses.replace(component, value=tree)) if names else part
        for inside, name in names.items():
            result |= {sub.element.component.name.lower(): sub for sub in _differentiator(part, name, inside)}
    return result


def _without_derivatives(tree: Expression, name: str, names: dict[Expression, str]) -> Expression:
    """The tree with currents in the place of derivatives, whose arguments come to have names."""
    tree = rebuilt(tree, lambda child: _without_derivatives(child, name, names))
    match tree:
        case Call("ddt", (inside,)):
            sensor = names.setdefault(inside, f"{name}.d{len(names) + 1}")
            return Binary("*", Number(1 / CAPACITANCE), Current(f"V.{sensor}"))
    return tree


def _differentiator(part: Flat, name: str, inside: Expression) -> list[Flat]:
    line, ends = part.line, (name, f"{name}.i")
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


def _with(flat: Flat, component: Component) -> Flat:
    return dataclasses.replace(flat, element=dataclasses.replace(flat.element, component=component))

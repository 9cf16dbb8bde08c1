"""Currents of any component in expressions: a source of 0 V in series, as one writes it by hand in SPICE."""

import dataclasses

from circuitnn.circuit.components import Component
from circuitnn.circuit.parsed import Element
from circuitnn.circuit.scopes import Flat
from circuitnn.devices.sources import VOLTAGE_SOURCE
from circuitnn.expressions.tree import Current, leaves_in


def with_sensors(flat: dict[str, Flat]) -> tuple[dict[str, Flat], dict[str, str]]:
    """The elements by lower-case name, "V.D1" between a node and "D1.i" for what expressions ask the current of.

    Asked of is a component, "D1", for the current through its first pin, or a pin, "Q1.c".

    Returns:
        All elements, and the name of the sensor by what is asked of, in lower case. What is not there has none.
    """
    result, sensors = dict(flat), dict[str, str]()
    standing = {part.element.stands_for.lower(): key for key, part in flat.items() if part.element.stands_for}
    trees = [element.element.component.value for element in flat.values() if element.element.component.is_behavioural]
    for leaf in dict.fromkeys(leaf for tree in trees if tree is not None for leaf in leaves_in(tree)):
        if not isinstance(leaf, Current) or leaf.source.lower() in sensors:
            continue
        name, pin = standing.get(leaf.source.lower(), leaf.source), ""
        if name.lower() not in flat:
            name, _, pin = name.rpartition(".")
        place = _place(result.get(name.lower()), pin.lower())
        if place is None:
            continue
        element = result[name.lower()]
        part = element.element.component
        sensor, inner = f"V.{leaf.source}", f"{leaf.source}.i"
        moved = dataclasses.replace(part, nodes=(*part.nodes[:place], inner, *part.nodes[place + 1 :]))
        source = Component(sensor, VOLTAGE_SOURCE.letter, (part.nodes[place], inner), line=part.line)
        result[name.lower()] = dataclasses.replace(
            element, element=dataclasses.replace(element.element, component=moved)
        )
        result.setdefault(sensor.lower(), Flat(Element(source, 0.0), element.line))
        sensors[leaf.source.lower()] = sensor
    return result, sensors


def _place(flat: Flat | None, pin: str) -> int | None:
    """Where the pin is among the nodes; None where there is no such pin, or a source of voltage needs no other one."""
    if flat is None or flat.element.component.device is VOLTAGE_SOURCE:
        return None
    letters = [name[0].lower() for name in flat.element.component.device.pins]
    if not letters or (pin and pin not in letters):
        return None
    return letters.index(pin) if pin else 0

"""Currents of any component in expressions: a source of 0 V in series, as one writes it by hand in SPICE."""

import dataclasses

from circuitnn.circuit.components import Component
from circuitnn.circuit.parsed import Element
from circuitnn.circuit.scopes import Flat
from circuitnn.devices.sources import VOLTAGE_SOURCE
from circuitnn.expressions.tree import Current, leaves_in


def with_sensors(flat: dict[str, Flat]) -> tuple[dict[str, Flat], dict[str, str]]:
    """The elements by lower-case name, "V.D1" between a node and "D1.i" for what expressions, F and H ask the current
    of; of F and H that may be any source of voltage.

    Asked of is a component, "D1", for the current through its first pin, or a pin, "Q1.c".

    Returns:
        All elements, and the name of the sensor by what is asked of, in lower case. What is not there has none.
    """
    result, sensors = dict(flat), dict[str, str]()
    standing = {part.element.stands_for.lower(): key for key, part in flat.items() if part.element.stands_for}
    trees = [element.element.component.value for element in flat.values() if element.element.component.is_behavioural]
    leaves = (leaf for tree in trees if tree is not None for leaf in leaves_in(tree))
    asked_of = [leaf.source for leaf in leaves if isinstance(leaf, Current)]
    asked_of += [part.element.component.sense or "" for part in flat.values() if _senses_controlled(part, flat)]
    for source_name in dict.fromkeys(asked_of):
        if source_name.lower() in sensors:
            continue
        name, pin = standing.get(source_name.lower(), source_name), ""
        if name.lower() not in flat:
            name, _, pin = name.rpartition(".")
        place = _place(result.get(name.lower()), pin.lower())
        if place is None:
            continue
        element = result[name.lower()]
        part = element.element.component
        sensor, inner = f"V.{source_name}", f"{source_name}.i"
        moved = dataclasses.replace(part, nodes=(*part.nodes[:place], inner, *part.nodes[place + 1 :]))
        source = Component(sensor, VOLTAGE_SOURCE.letter, (part.nodes[place], inner), line=part.line)
        result[name.lower()] = dataclasses.replace(
            element, element=dataclasses.replace(element.element, component=moved)
        )
        result.setdefault(sensor.lower(), Flat(Element(source, 0.0), element.line))
        sensors[source_name.lower()] = sensor
    return result, sensors


def _senses_controlled(part: Flat, flat: dict[str, Flat]) -> bool:
    """Whether it is an F or H that senses the current of an E, H or B, as in LTspice."""
    sensed = flat.get((part.element.component.sense or "").lower())
    if sensed is None:
        return False
    component = sensed.element.component
    return component.fixes_voltage and not component.is_independent_source


def _place(flat: Flat | None, pin: str) -> int | None:
    """Where the pin is among the nodes; None where there is no such pin, or a source of voltage needs no other one."""
    if flat is None or flat.element.component.device is VOLTAGE_SOURCE:
        return None
    letters = [name[0].lower() for name in flat.element.component.device.pins]
    if not letters or (pin and pin not in letters):
        return None
    return letters.index(pin) if pin else 0

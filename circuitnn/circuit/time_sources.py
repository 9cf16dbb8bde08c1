"""What depends on the time alone, as sources of their own: it is known before the circuit is solved."""

import dataclasses
from collections.abc import Iterable

from circuitnn.circuit.parsed import element
from circuitnn.circuit.scopes import Flat
from circuitnn.devices.sources import CURRENT_SOURCE, VOLTAGE_SOURCE
from circuitnn.expressions.phases import apart, knows_circuit, knows_time
from circuitnn.expressions.tree import GROUND, Expression, Voltage, rebuilt


def with_time_sources(flat: dict[str, Flat]) -> dict[str, Flat]:
    """The elements by lower-case name; B sources that depend on the time and parameters alone are independent ones.

    In others "B.B1.t1" gives the voltage of a node "B1.t1" to what knows the time alone.
    """
    result: dict[str, Flat] = {}
    for key, part in flat.items():
        component = part.element.component
        if not component.is_behavioural or not knows_time(component.value):  # type: ignore[arg-type]
            result[key] = part
            continue
        tree: Expression = apart(component.value)  # type: ignore[arg-type]
        names: dict[Expression, str] = {}
        if knows_circuit(tree):
            changed = dataclasses.replace(component, value=_without_time(tree, component.name, names))
        else:
            device = VOLTAGE_SOURCE if component.quantity == "V" else CURRENT_SOURCE
            changed = dataclasses.replace(component, kind=device.letter, quantity=None, value=tree)
        result[key] = dataclasses.replace(part, element=dataclasses.replace(part.element, component=changed))
        for inside, name in names.items():
            source = element(part.line, f"B.{name}", VOLTAGE_SOURCE.letter, (name, GROUND), inside)
            result[source.component.name.lower()] = dataclasses.replace(part, element=source)
    return result


def _without_time(tree: Expression, name: str, names: dict[Expression, str]) -> Expression:
    """The tree with voltages in the place of what knows the time and not the circuit, which comes to have names."""
    if knows_time(tree) and not knows_circuit(tree):
        return Voltage(names.setdefault(tree, f"{name}.t{len(names) + 1}"))
    return rebuilt(tree, lambda child: _without_time(child, name, names))


def time_sources(components: Iterable) -> tuple[str, ...]:
    """The names of the sources that depend on the time."""
    return tuple(
        part.name
        for part in components
        if part.is_independent_source and part.value is not None and knows_time(part.value)
    )

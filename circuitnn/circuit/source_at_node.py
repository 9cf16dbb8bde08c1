"""Inputs that are nodes: a netlist of a pedal need not say what is plugged into it."""

from collections.abc import Mapping, Sequence

from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.journal import Journal
from circuitnn.circuit.parsed import element
from circuitnn.circuit.scopes import Flat
from circuitnn.circuit.topology import terminals
from circuitnn.devices.sources import VOLTAGE_SOURCE


def sources_at_nodes(
    flat: Mapping[str, Flat], components: Sequence[Component], names: Sequence[str], title: str, journal: Journal
) -> tuple[list[Flat], tuple[str, ...]]:
    """Voltage sources to ground for those of the names that are nodes, "in", or "Vin" where that is no component.

    Args:
        flat: all elements, by name in lower case.
        components: of the circuit.
        names: of inputs.
        title: of the netlist; a source that stands there by mistake is none of these.
        journal: is told of each.

    Returns:
        The sources, and the names with theirs in the place of nodes. A node that a source of voltage is at is none.
    """
    nodes = {node.lower(): node for part in components for node in part.nodes if node != GROUND}
    held = {node for part in components if part.fixes_voltage for node in terminals(part)}
    mistaken = title.lower().split()[:1]
    added, found = [], []
    for name in names:
        key = name.lower()
        node = nodes.get(key) or (nodes.get(key[1:]) if key[:1] == "v" else None)
        if key in flat or key in mistaken or node is None or node in held:
            found.append(name)
            continue
        source = f"V{name}" if key in nodes else name
        source = f"V.{name}" if source.lower() in flat else source
        line = next(part.line for part in flat.values() if node in part.element.component.nodes)
        journal.note(line, f"{source}, a voltage source from the node {node} to ground, is added as the input")
        added.append(Flat(element(line, source, VOLTAGE_SOURCE.letter, (node, GROUND), 0.0), line))
        found.append(source)
    return added, tuple(found)

"""What a circuit is heard by: the voltage or the current that the name of an output stands for."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, final

from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.journal import listing
from circuitnn.circuit.topology import terminals
from circuitnn.devices.device import Passive
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.tree import Current, Voltage

_FORM = re.compile(r"([vi])\s*\(\s*([^\s,()]+)\s*(?:,\s*([^\s,()]+)\s*)?\)", re.IGNORECASE)


@final
class Probe(NamedTuple):
    """One output.

    Attributes:
        name: spelled as the netlist does: "out", "v(a,b)", "v(C1)" or "i(R1)"; a node has its own name alone.
        quantity: a voltage between two nodes, or the current from a component's first node through it to its second.
    """

    name: str
    quantity: Voltage | Current


def probe(components: Sequence[Component], name: str) -> Probe:
    """What an output is: ``out``, ``v(out)``, ``v(a,b)``, ``v(C1)`` or ``i(R1)``; case does not matter.

    Where a node and a component have the same name, ``v(...)`` is the voltage of the node.

    Raises:
        NetlistError: for a node or component that is not there, and for a current that is no unknown of the equations.
    """
    nodes = {node.lower(): node for part in components for node in part.nodes if node != GROUND}
    alone = nodes.get(name.lower())
    if alone is not None:
        return Probe(alone, Voltage(alone))
    form = _FORM.fullmatch(name.strip())
    parts = {part.name.lower(): part for part in components if part.nodes}
    if form is None:
        raise _no_output(name, nodes, parts)
    letter, first, second = form.group(1).lower(), form.group(2), form.group(3)
    if letter == "i":
        if second is not None:
            raise NetlistError(f"{name}: a current is that of one component, i({first})")
        return _current(name, parts.get(first.lower()), components)
    part = parts.get(first.lower())
    if second is not None or first.lower() in nodes or part is None:
        return _voltage(name, first, second or GROUND, nodes)
    ends = terminals(part)
    if len(ends) != 2:
        raise NetlistError(f"{name}: {part.name} has {len(ends)} terminals; name two nodes, v(a,b): {', '.join(ends)}")
    return _between(name, f"v({part.name})", *ends)


def probed_nodes(outputs: Iterable[Probe]) -> set[str]:
    """The nodes whose voltages the outputs are made of."""
    voltages = [output.quantity for output in outputs if isinstance(output.quantity, Voltage)]
    return {node for voltage in voltages for node in (voltage.plus, voltage.minus)}


def _voltage(name: str, first: str, second: str, nodes: dict[str, str]) -> Probe:
    spelling = nodes | {GROUND: GROUND, "gnd": GROUND}
    for node in (first, second):
        if node.lower() not in spelling:
            or_component = "" if name.count(",") else " or component"
            raise NetlistError(
                f"{name}: no node{or_component} named {node!r} for the output; the nodes are {_listed(nodes)}"
            )
    plus, minus = spelling[first.lower()], spelling[second.lower()]
    return _between(name, plus if minus == GROUND else f"v({plus},{minus})", plus, minus)


def _between(name: str, spelled: str, plus: str, minus: str) -> Probe:
    if plus == minus:
        raise NetlistError(f"{name}: the output is zero whatever the circuit does, both ends are node {plus}")
    return Probe(spelled, Voltage(plus, minus))


def _current(name: str, part: Component | None, components: Sequence[Component]) -> Probe:
    if part is None:
        offered = listing(other.name for other in components if _has_current(other))
        raise NetlistError(f"{name}: no such component for the output; those whose currents can be heard are {offered}")
    if not _has_current(part):
        raise NetlistError(
            f"{name}: a current can be heard of R, C, L and of sources that fix a voltage (V, E, H, B with V=); "
            f"put a voltage source of 0 V in series with {part.name} and ask for its current"
        )
    return Probe(f"i({part.name})", Current(part.name))


def _listed(nodes: dict[str, str]) -> str:
    """The nodes, those inside of subcircuits last."""
    return listing(sorted(nodes.values(), key=lambda node: "." in node))


def _has_current(part: Component) -> bool:
    """Whether its current is an unknown of the equations, or can be made one."""
    return isinstance(part.device, Passive) or part.fixes_voltage


def _no_output(name: str, nodes: dict[str, str], parts: dict[str, Component]) -> NetlistError:
    message = f"no node named {name!r} for the output; the nodes are {_listed(nodes)}"
    part = parts.get(name.lower())
    if part is not None:
        return NetlistError(f"{message}; {part.name} is a component: v({part.name}) is the voltage across it")
    return NetlistError(f"{message}; outputs= names one; v(a,b), v(C1) and i(R1) are outputs as well")

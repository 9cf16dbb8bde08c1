"""Is the circuit solvable? Each check names the component or the node at fault, where SPICE says "singular matrix"."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, final

from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.groups import Groups
from circuitnn.devices.device import Passive
from circuitnn.devices.inductor import INDUCTOR
from circuitnn.expressions.tree import Voltage, leaves_in


@final
class Fault(NamedTuple):
    """Why a circuit has no unique solution."""

    message: str
    component: str | None = None
    members: tuple[str, ...] = ()


def topology_faults(
    components: Sequence[Component],
    *,
    uncharged: bool = False,
    unsure: Collection[str] = (),
    is_incomplete: bool = False,
) -> list[Fault]:
    """No ground; loops of voltage sources and inductors; floating nodes, or those without a DC path. None if solvable.

    Where there are controlled sources, a node that one of them drives or senses counts as held, since feedback may hold
    it; whether it does is for the matrix of the circuit to say. Of an uncharged circuit direct current need not
    determine everything; loops with controlled sources are for its matrix, too.

    Args:
        components: of the circuit.
        uncharged: as of `read_netlist`.
        unsure: names of nodes (lower case, in whatever subcircuit) that parts not among the components may hold.
        is_incomplete: whether there may be more components than these anywhere; then loops alone are sure.
    """
    held = {GROUND, *(node for part in components for node in touched(part) if node.lower().split(".")[-1] in unsure)}
    if not unsure and not is_incomplete and not any(GROUND in touched(part) for part in components):
        return [Fault("no component is connected to ground: one node must be named 0 (or gnd)")]
    shorts = [
        part
        for part in components
        if (part.fixes_voltage and (part.is_independent_source or not uncharged))
        or (part.device is INDUCTOR and not uncharged)
    ]
    if is_incomplete:
        return [*_loops(shorts)]
    faults = [*_loops(shorts), *_sensed_only(components, held), *_floating(components, held)]
    return faults if uncharged else [*faults, *_without_dc_path(components, held)]


def touched(part: Component) -> tuple[str, ...]:
    """The nodes that a component is at or senses."""
    if not part.is_behavioural or part.value is None:
        return part.nodes
    leaves = (leaf for leaf in leaves_in(part.value) if isinstance(leaf, Voltage))
    return (*part.nodes, *(node for leaf in leaves for node in (leaf.plus, leaf.minus)))


def _loops(parts: Iterable[Component]) -> Iterator[Fault]:
    """Voltage sources and inductors (shorts at rest) must form no loop: its current would be undetermined."""
    edges: dict[str, list[tuple[str, Component]]] = {}
    groups: Groups[str] = Groups()
    for part in parts:
        a, b = part.nodes[:2]
        if groups.find(a) == groups.find(b):
            members = tuple(member.name for member in [*_path(edges, a, b), part])
            message = f"loop of voltage sources and inductors: {', '.join(members)}; put a resistor in series"
            yield Fault(message, part.name, members)
            continue
        groups.join(a, b)
        edges.setdefault(a, []).append((b, part))
        edges.setdefault(b, []).append((a, part))


def _path(edges: dict[str, list[tuple[str, Component]]], start: str, goal: str) -> list[Component]:
    """The components between two nodes of a forest."""
    came_from: dict[str, tuple[str, Component]] = {}
    front = [start]
    while front:
        node = front.pop()
        for neighbour, part in edges.get(node, ()):
            if neighbour != start and neighbour not in came_from:
                came_from[neighbour] = (node, part)
                front.append(neighbour)
    path = []
    while goal != start:
        goal, part = came_from[goal]
        path.append(part)
    return path[::-1]


def terminals(part: Component) -> tuple[str, ...]:
    """The nodes of a component through which a current may flow."""
    return part.nodes[: len(part.device.pins)]


def _sensed_only(components: Sequence[Component], held: set[str]) -> Iterator[Fault]:
    """Each node that is at fault counts as held afterwards, here and below: one fault is told once."""
    connected = {node for part in components for node in terminals(part)}
    for part in components:
        for node in touched(part):
            if node not in connected and node not in held:
                held.add(node)
                yield Fault(f"node {node} (of {part.name}) is floating: it is sensed and nothing else", part.name)


def _floating(components: Sequence[Component], held: set[str]) -> Iterator[Fault]:
    for part, node in _not_reached(components, _together, held):
        yield Fault(f"node {node} (of {part.name}) is floating: nothing connects it to ground", part.name)


def dangling(components: Sequence[Component], probed: set[str]) -> Iterator[tuple[str, Component, bool]]:
    """Nodes that only one terminal is at, except where they are heard, and the component.

    And whether that is open: a capacitor, or a passive part that has only capacitors at its other end. No current flows
    in it; what is behind it comes next, as if it were not there.
    """
    at: dict[str, dict[str, Component]] = {}
    for part in components:
        for node in touched(part):
            at.setdefault(node, {})[part.name] = part
    waiting = list(at)[::-1]
    while waiting:
        node = waiting.pop()
        if len(at[node]) != 1 or node == GROUND or node in probed:
            continue
        (part,) = at[node].values()
        if node not in terminals(part):
            continue
        others = [end for end in part.nodes if end != node]
        beside = [neighbour for end in others for neighbour in at[end].values() if neighbour is not part]
        is_behind = bool(beside) and GROUND not in others and all(map(_is_capacitor, beside))
        is_open = _is_capacitor(part) or (isinstance(part.device, Passive) and is_behind)
        yield node, part, is_open
        if is_open:
            for end in part.nodes:
                at[end].pop(part.name, None)
            waiting += others


def _is_capacitor(part: Component) -> bool:
    return isinstance(part.device, Passive) and part.device.state == "V"


def _without_dc_path(components: Sequence[Component], held: set[str]) -> Iterator[Fault]:
    for part, node in _not_reached(components, _held_by, held):
        yield Fault(
            f"node {node} has no DC path to ground (through R, L, V, D, Q or J): its voltage at rest is undetermined",
            part.name,
        )


def open_nodes(components: Sequence[Component], nodes: Iterable[str], *, gates: bool = False) -> Iterator[str]:
    """Those of the nodes which, with others or alone, are at capacitors and at what senses them only.

    Args:
        components: of the circuit.
        nodes: that are asked about.
        gates: whether they may be at terminals of transistors that take no direct current as well.
    """
    groups: Groups[str] = Groups()
    connected: Groups[str] = Groups()
    for part in components:
        for joined in _held_by(part):
            for a, b in pairwise(joined):
                groups.join(a, b)
        for a, b in pairwise(touched(part)):
            connected.join(a, b)
    ends = {part.name: {*map(groups.find, terminals(part))} for part in components}
    at: dict[str, list[Component]] = {}
    for part in components:
        for group in ends[part.name]:
            at.setdefault(group, []).append(part)
    ground = groups.find(GROUND)
    for node in sorted(nodes):
        group = groups.find(node)
        if group == ground or group not in at or connected.find(node) != connected.find(GROUND):
            continue
        if all(
            _is_capacitor(part) or ends[part.name] == {group} or (gates and part.model is not None)
            for part in at.pop(group)
        ):
            yield node


def loops_of_coils(components: Iterable[Component], silent: Collection[str]) -> list[Fault]:
    """The loops at rest, where there is a coil in each and else sources of 0 V alone: without current they stay so.

    Args:
        components: of the circuit.
        silent: names of what has the value 0.
    """
    coils = [part for part in components if part.device is INDUCTOR]
    sources = [part for part in components if part.fixes_voltage]
    loops = list(_loops([*sources, *coils]))  # where sources make loops of their own these are told of first
    names = {part.name for part in coils}
    driven = any(part.name not in silent or not part.is_independent_source for part in _in_loops(loops, sources))
    return [] if driven or not all(loop.component in names for loop in loops) else loops


def _in_loops(loops: Iterable[Fault], parts: Iterable[Component]) -> list[Component]:
    return [part for part in parts if any(part.name in loop.members for loop in loops)]


def _held_by(part: Component) -> Sequence[Sequence[str]]:
    """The nodes that a direct current through a component may connect; of a controlled source all that it touches."""
    if part.is_behavioural:
        return [touched(part)]
    return [[part.nodes[place] for place in group] for group in part.device.dc_groups]


def _together(part: Component) -> Sequence[Sequence[str]]:
    return [touched(part)]


def _not_reached(
    components: Sequence[Component], connected: Callable[[Component], Sequence[Sequence[str]]], held: set[str]
) -> Iterator[tuple[Component, str]]:
    """Of each group of nodes that is not connected to what is held the first component, and its node."""
    groups: Groups[str] = Groups()
    for node in held:
        groups.join(node, GROUND)
    for part in components:
        for joined in connected(part):
            for a, b in pairwise(joined):
                groups.join(a, b)
    told = {groups.find(GROUND)}
    for part in components:
        for node in touched(part):
            if groups.find(node) not in told:
                told.add(groups.find(node))
                yield part, node
            if groups.find(node) != groups.find(GROUND):
                held.add(node)

"""Is the circuit solvable? Each check names the component or the node at fault, where SPICE says "singular matrix"."""

from collections.abc import Iterable, Sequence

from circuitnn.circuit.components import GROUND, Component
from circuitnn.circuit.errors import NetlistError

DC_KINDS = "RLVD"  # what carries direct current and so fixes a node's voltage at rest


def check_topology(components: Sequence[Component], outputs: Iterable[str]) -> None:
    """Ground, dangling and floating nodes, loops of voltage sources and inductors.

    Raises:
        NetlistError: for the first fault found.
    """
    if not any(GROUND in part.nodes for part in components):
        raise NetlistError("no component is connected to ground: one node must be named 0 (or gnd)")
    _check_loops(components)
    _check_connected(components)
    _check_dangling(components, set(outputs))
    _check_dc_paths(components)


def _check_loops(components: Sequence[Component]) -> None:
    """Voltage sources and inductors (shorts at rest) must form no loop: its current would be undetermined."""
    edges: dict[str, list[tuple[str, Component]]] = {}
    groups = _Groups()
    for part in components:
        if part.kind not in "VL":
            continue
        a, b = part.nodes
        if groups.find(a) == groups.find(b):
            loop = [*_path(edges, a, b), part]
            names = ", ".join(member.name for member in loop)
            raise NetlistError(f"loop of voltage sources and inductors: {names}; put a resistor in series", part.line)
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


def _check_connected(components: Sequence[Component]) -> None:
    apart = _not_reached(components)
    if apart:
        part, node = apart
        raise NetlistError(f"node {node} (of {part.name}) is floating: nothing connects it to ground", part.line)


def _check_dangling(components: Sequence[Component], outputs: set[str]) -> None:
    touching: dict[str, list[Component]] = {}
    for part in components:
        for node in part.nodes:
            touching.setdefault(node, []).append(part)
    for node, parts in touching.items():
        if len(parts) == 1 and node != GROUND and node not in outputs:
            raise NetlistError(f"node {node} is dangling: only {parts[0].name} is connected to it", parts[0].line)


def _check_dc_paths(components: Sequence[Component]) -> None:
    apart = _not_reached(components, DC_KINDS)
    if apart:
        part, node = apart
        raise NetlistError(
            f"node {node} has no DC path to ground (through R, L, V or D): its voltage at rest is undetermined",
            part.line,
        )


def _not_reached(components: Sequence[Component], kinds: str = "RCLVID") -> tuple[Component, str] | None:
    """The first component with a node that the components of those kinds do not connect to ground, and the node."""
    groups = _Groups()
    for part in components:
        if part.kind in kinds:
            groups.join(*part.nodes)
    for part in components:
        for node in part.nodes:
            if groups.find(node) != groups.find(GROUND):
                return part, node
    return None


class _Groups:
    """Disjoint sets of nodes."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, node: str) -> str:
        root = node
        while (parent := self.parent.get(root, root)) != root:
            root = parent
        while (parent := self.parent.get(node, node)) != root:  # shorten the way for the next one
            self.parent[node], node = root, parent
        return root

    def join(self, a: str, b: str) -> None:
        self.parent[self.find(a)] = self.find(b)

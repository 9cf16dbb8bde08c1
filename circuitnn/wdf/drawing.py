"""A wave digital filter drawn as text, for ``print(model)``."""

from typing import Any

from circuitnn.wdf.decompose import children
from circuitnn.wdf.tree import Junction, Leaf, Parallel, Series, Tree

STATE = " z⁻¹"  # behind the name of what has a state
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")  # R6 may be a resistor, R₆ is an adaptor
WIDTH = 100
COUNTS = ("no ports", "one port", "two ports", "three ports", "four ports")


def drawing(root: Junction) -> str:
    """The tree below its root: adaptors S, P and R with their number of ports, leaves by the names of the components.

    The leaves of an adaptor stand in its line, the adaptors below it in lines of their own. What has a state is marked.
    The first line is the root: nonlinear devices with the ports that they have together, and what else has no port.
    """
    lines = _wrapped("root: ", _at_root(root), "      ")
    # One tree and one device are connected by a wire.
    below = root.parts if _is_wire(root) else (root,)
    for k, tree in enumerate(below):
        lines += _subtree(tree, "", k == len(below) - 1)
    return "\n".join(lines)


def _subtree(tree: Tree, before: str, is_last: bool) -> list[str]:
    branch, inside = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
    if isinstance(tree, Leaf):
        return [f"{before}{branch}{_name(tree)}"]
    adaptors = [child for child in children(tree) if not isinstance(child, Leaf)]
    names = [_name(child) for child in children(tree) if isinstance(child, Leaf)]
    title = _title(tree) + (": " if names else "")
    follow = before + inside + ("│" if adaptors else " ") + " " * (len(title) - 1)
    lines = _wrapped(before + branch + title, names, follow)
    for k, child in enumerate(adaptors):
        lines += _subtree(child, before + inside, k == len(adaptors) - 1)
    return lines


def _title(tree: Series | Parallel | Junction) -> str:
    letter = {Series: "S", Parallel: "P", Junction: "R"}[type(tree)]
    ports = len(tree.network.ports) if isinstance(tree, Junction) and not tree.terminal else 1
    return letter + str(len(tree.parts) + ports).translate(SUBSCRIPTS)


def _name(leaf: Leaf) -> str:
    return leaf.name + (STATE if leaf.kind in "CL" else "")


def _is_wire(root: Junction) -> bool:
    network = root.network
    fixed = network.voltage + network.current + network.reactive[1:]
    return len(root.parts) == len(network.nodes) == 1 and len(network.ports) <= 1 and not fixed


def _at_root(root: Junction) -> list[str]:
    """Devices on the same ports together, then controlled and sensed sources, and states without a tree."""
    network = root.network
    sharing: dict[frozenset[int], list[str]] = {}
    for device in network.devices:
        ports = frozenset(port for port, _ in device.ports)
        sharing.setdefault(ports, []).extend((*device.names, *device.backward))
    titles = [f"{', '.join(names)} ({_count(len(ports))})" for ports, names in sharing.items()]
    nonlinear = {name for names in sharing.values() for name in names}
    sources: list[Any] = [*network.voltage, *network.current, *network.controlled, *network.sensing]
    titles += [name for name in dict.fromkeys(source.name for source in sources) if name not in nonlinear]
    titles += [branch.name + STATE for branch in network.reactive[len(root.parts) :]]
    return titles or ["open"]


def _count(n: int) -> str:
    return COUNTS[n] if n < len(COUNTS) else f"{n} ports"


def _wrapped(first: str, names: list[str], follow: str) -> list[str]:
    """Names one after the other; where a line is full, they go on in the next one under the first name."""
    lines = [first]
    for k, name in enumerate(names):
        item = name + (", " if k + 1 < len(names) else "")
        if len(lines[-1]) + len(item) > WIDTH and k:
            lines.append(follow)
        lines[-1] += item
    return [line.rstrip() for line in lines]

"""Waves through a tree: up to the root, and down again, before a block is run.

With ``a = v + R i`` into a port and ``b = v - R i`` out of it (Fettweis 1986), a tree whose port resistance R is chosen
so that b does not depend on a is, to whoever looks at it, ``v = R i + b``. Going up, each adaptor finds R and b of the
whole from those of its parts. Coming down, the current into the whole is divided among the parts. Each part's a is
``b + 2 R i``; it is the current that is handed down, because it may be lost in the difference of two large waves.

All of it is linear, and happens once a block for each column (states, inputs, constants, what the nonlinear devices do)
rather than once a sample. While the filter runs no wave is computed: a sample is the product of these columns with
states, inputs and drives, whatever the tree.
"""

from typing import NamedTuple, final

from jax import numpy as jnp

from circuitnn.mna.elements import Output
from circuitnn.mna.network import Network
from circuitnn.mna.topology import REFERENCE
from circuitnn.wdf.columns import Columns, Port, Potential, Row
from circuitnn.wdf.junctions import SolvedJunction
from circuitnn.wdf.tree import Junction, Leaf, Parallel, Series, Tree


@final
class Adapted(NamedTuple):
    """A tree with its port, from below."""

    tree: Tree
    port: Port
    parts: tuple["Adapted", ...] = ()
    junction: SolvedJunction | None = None


@final
class Solution(NamedTuple):
    """What is filled in on the way down.

    Attributes:
        dual: of each state: a capacitor's current, an inductor's voltage.
        currents: of each leaf, and of those other branches whose current is an output.
        potentials: of the nodes.
    """

    dual: dict[str, Row]
    currents: dict[str, Row]
    potentials: dict[str, Potential]


def network_of(columns: Columns, tree: Junction) -> Network:
    """The whole circuit seen from its nonlinear ports, in the columns of the circuit."""
    topology = columns.topology
    parts = tuple(ascend(columns, part) for part in tree.parts)
    junction = SolvedJunction(columns, tree, [part.port for part in parts])
    solution = Solution({}, {}, {})
    _into_junction(columns, junction, parts, columns.zero(), columns.zero, solution)
    outputs = [_output(columns, solution, output) for output in topology.outputs]
    dual = columns.affine([solution.dual[branch.name] for branch in topology.reactive])
    ports = [junction.row(junction.solved.ports, k, columns.zero()) for k in range(len(topology.ports))]
    return Network(ports=columns.affine(ports), across=dual, through=dual, outputs=columns.affine(outputs))


def ascend(columns: Columns, tree: Tree) -> Adapted:
    """Port resistances and reflected waves, from the leaves on."""
    if isinstance(tree, Leaf):
        return Adapted(tree, _leaf(columns, tree))
    if isinstance(tree, Junction):
        parts = tuple(ascend(columns, part) for part in tree.parts)
        junction = SolvedJunction(columns, tree, [part.port for part in parts])
        return Adapted(tree, junction.port(), parts, junction)
    parts = tuple(ascend(columns, part) for part, _ in tree.parts)
    if isinstance(tree, Series):
        r = sum((part.port.r for part in parts[1:]), parts[0].port.r)
        b = sum(sign * part.port.b for part, (_, sign) in zip(parts, tree.parts, strict=True))
        return Adapted(tree, Port(r, jnp.asarray(b)), parts)
    joined, _, drawn = _side_by_side(tree, parts)
    return Adapted(tree, Port(joined[-1].r, joined[-1].b - joined[-1].r[:, None] * drawn), parts)


def descend(columns: Columns, adapted: Adapted, current: Row, high: Potential, solution: Solution) -> None:
    """Currents from the whole to its parts.

    Args:
        columns: of the rows.
        adapted: from `ascend`.
        current: into its positive terminal.
        high: potential of that terminal.
        solution: filled with what is in the tree.
    """
    tree, port, parts = adapted.tree, adapted.port, adapted.parts
    match tree:
        case Leaf(name, kind):
            solution.currents[name] = current
            if kind in "CL":
                solution.dual[name] = current if kind == "C" else port.b + port.r[:, None] * current
        case Series():
            for k, (part, (_, sign)) in enumerate(zip(parts, tree.parts, strict=True)):
                low = _below(high, part.port, sign, current)
                descend(columns, part, sign * current, high if sign > 0 else low, solution)
                if k < len(tree.nodes):
                    solution.potentials[tree.nodes[k]] = high = low
        case Parallel():
            joined, rest, drawn = _side_by_side(tree, parts)
            current = current - drawn
            low = _below(high, joined[-1], 1, current)
            for k in reversed(range(len(rest))):
                part, sign = rest[k]
                into = current
                if k:
                    signed = Port(part.port.r, sign * part.port.b)
                    into, current = _divided(signed, joined[k - 1], current), _divided(joined[k - 1], signed, current)
                descend(columns, part, sign * into, high if sign > 0 else low, solution)
        case Junction():
            assert adapted.junction is not None
            _into_junction(columns, adapted.junction, parts, current, _below(high, port, 1, current), solution)


def _into_junction(
    columns: Columns,
    junction: SolvedJunction,
    parts: tuple[Adapted, ...],
    current: Row,
    low: Potential,
    solution: Solution,
) -> None:
    """Currents from a junction to its parts; `low` is the potential of its reference."""
    network, highs = junction.junction.network, junction.potentials(current, low)
    for name, potential in zip(network.nodes, highs, strict=True):
        solution.potentials.setdefault(name, potential)
    for part, branch, into in zip(parts, network.reactive, junction.currents(current), strict=False):
        descend(columns, part, into, low if branch.a == REFERENCE else highs[branch.a], solution)
    solution.dual.update(junction.duals(current))
    solution.currents.update(junction.probed_currents(current))


def _output(columns: Columns, solution: Solution, output: Output) -> Row:
    topology = columns.topology
    if output.branch >= 0:
        # A resistor across itself is in no tree.
        return solution.currents.get(topology.branches[output.branch - len(topology.nodes)].name, columns.zero())
    high, low = (
        columns.zero() if node == REFERENCE else solution.potentials[topology.nodes[node]]()
        for node in (output.a, output.b)
    )
    return high - low


def _leaf(columns: Columns, leaf: Leaf) -> Port:
    name = leaf.name
    match leaf.kind:
        case "R":
            return Port(columns.value(name), columns.zero())
        case "RS":
            resistance = columns.series[name]
            return Port(columns.value(resistance.parameter) / columns.value(resistance.device), columns.zero())
        case "C":
            return Port(columns.step / columns.value(name), columns.wave(name))
        case "L":
            r = columns.value(name) / columns.step
            return Port(r, -r[:, None] * columns.wave(name))
    # A source. Of one of current b is the current: its Parallel is what makes something of it.
    return Port(jnp.zeros((1, 1), columns.dtype), columns.source(name))


def _side_by_side(tree: Parallel, parts: tuple[Adapted, ...]) -> tuple[list[Port], list[tuple[Adapted, int]], Row]:
    """Parts joined one after the other, those parts with their signs, and what the sources of current draw."""
    rest: list[tuple[Adapted, int]] = []
    drawn = jnp.zeros((1, 1, 1), parts[0].port.b.dtype)
    for part, (_, sign) in zip(parts, tree.parts, strict=True):
        if isinstance(part.tree, Leaf) and part.tree.kind == "I":
            drawn = drawn + sign * part.port.b
        else:
            rest.append((part, sign))
    joined: list[Port] = []
    for part, sign in rest:
        r, b = part.port.r, sign * part.port.b
        if joined:
            before = joined[-1]
            share = 1 / (before.r + r)
            b = (r * share)[:, None] * before.b + (before.r * share)[:, None] * b
            r = before.r * r * share
        joined.append(Port(r, b))
    return joined, rest, drawn


def _divided(one: Port, other: Port, current: Row) -> Row:
    """The part of a current that goes into one of two ports side by side."""
    return (other.b - one.b + other.r[:, None] * current) / (one.r + other.r)[:, None]


def _below(high: Potential, port: Port, sign: int, current: Row) -> Potential:
    """The potential at the lower end of a port."""
    return lambda: high() - (sign * port.b + port.r[:, None] * current)

"""Waves through a tree: up to the root, and down again.

With ``a = v + R i`` into a port and ``b = v - R i`` out of it (Fettweis 1986), a tree whose port resistance R is chosen
so that b does not depend on a is, to whoever looks at it, ``v = R i + b``. Going up, each adaptor finds R and b of the
whole from those of its parts. Coming down, the current into the whole is divided among the parts. Each part's a is
``b + 2 R i``; it is the current that is handed down, because it may be lost in the difference of two large waves.

Everything is linear, so it is done once for each column (states, inputs, constants, what the nonlinear devices do)
outside of the loop over time: what is left inside is one packed step, whatever the tree.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple, final

from jax import Array
from jax import numpy as jnp

from circuitnn.mna.batches import solved_network
from circuitnn.mna.elements import Branch, Output
from circuitnn.mna.network import Affine, Network
from circuitnn.mna.stamps import Reactive, Values, companion, two_axes
from circuitnn.mna.topology import REFERENCE, Topology
from circuitnn.wdf.tree import Junction, Leaf, Parallel, Series, Tree

UP = "up"  # the source of current that stands for what is above a junction

Row = Array  # (time or 1, columns, batch or 1): a quantity in terms of the columns
Found = Callable[[], Row]  # not computed unless somebody asks


@final
class Port(NamedTuple):
    """What a tree looks like from above: ``v = r i + b``."""

    r: Array  # (time or 1, batch or 1) ohms
    b: Row


@final
class Seen(NamedTuple):
    """A tree with what was found going up."""

    tree: Tree
    port: Port
    parts: tuple["Seen", ...]
    solved: Network | None = None  # of a junction


@final
class Inside(NamedTuple):
    """What is found going down.

    Attributes:
        dual: of each state: a capacitor's current, an inductor's voltage.
        currents: of each leaf, and of those other branches whose current is heard.
        nodes: voltages.
    """

    dual: dict[str, Row]
    currents: dict[str, Row]
    nodes: dict[str, Found]


@final
class Columns:
    """The columns of all rows: states, inputs, the constant one, drives of the devices."""

    def __init__(self, top: Topology, values: Values, step: float):
        self.top, self.values, self.step = top, values, step
        self.dtype = jnp.result_type(*values.values())
        self.widths = len(top.reactive), len(top.inputs), 1, len(top.drives)
        self.unit = jnp.eye(sum(self.widths), dtype=self.dtype)
        self.state = {branch.name: k for k, branch in enumerate(top.reactive)}
        self.inside = {top.nodes[inner.b]: inner for inner in top.series}
        self.heard = {top.branches[output.branch - len(top.nodes)].name for output in top.outputs if output.branch >= 0}

    def zero(self) -> Row:
        return jnp.zeros((1, sum(self.widths), 1), self.dtype)

    def column(self, k: int) -> Row:
        return self.unit[None, k, :, None]

    def value(self, name: str) -> Array:
        return two_axes(jnp.asarray(self.values[name]))

    def source(self, name: str) -> Row:
        """The voltage or current of an independent source."""
        n, m, *_ = self.widths
        if name in self.top.inputs:
            return self.column(n + self.top.inputs.index(name))
        return self.value(name)[:, None] * self.column(n + m)

    def affine(self, rows: list[Row]) -> Affine:
        """Rows as a part of a `Network`."""
        n, m, *_ = self.widths
        shape = jnp.broadcast_shapes((1, sum(self.widths), 1), *(row.shape for row in rows))
        full = [jnp.broadcast_to(row, shape) for row in rows]
        stacked = jnp.stack(full, 1) if full else jnp.zeros((shape[0], 0, *shape[1:]), self.dtype)
        return Affine(
            z=stacked[:, :, :n], u=stacked[:, :, n : n + m], one=stacked[:, :, n + m], i=stacked[:, :, n + m + 1 :]
        )


def ascend(columns: Columns, tree: Tree) -> Seen:
    """Port resistances and reflected waves, from the leaves on."""
    match tree:
        case Leaf():
            return Seen(tree, _leaf(columns, tree), ())
        case Series():
            parts = tuple(ascend(columns, part) for part, _ in tree.parts)
            r = sum((part.port.r for part in parts[1:]), parts[0].port.r)
            b = sum(sign * part.port.b for part, (_, sign) in zip(parts, tree.parts, strict=True))
            return Seen(tree, Port(r, jnp.asarray(b)), parts)
        case Parallel():
            parts = tuple(ascend(columns, part) for part, _ in tree.parts)
            joined, _, current = _side_by_side(tree, parts)
            return Seen(tree, Port(joined[-1].r, joined[-1].b - joined[-1].r[:, None] * current), parts)
        case Junction():
            return _junction(columns, tree)


def descend(columns: Columns, seen: Seen, current: Row, high: Found, found: Inside) -> None:
    """Currents from the whole to its parts.

    Args:
        columns: of the rows.
        seen: from `ascend`.
        current: into its positive terminal.
        high: voltage of that terminal.
        found: filled with what is in the tree.
    """
    tree, port = seen.tree, seen.port
    match tree:
        case Leaf(name, kind):
            found.currents[name] = current
            if kind in "CL":
                found.dual[name] = current if kind == "C" else port.b + port.r[:, None] * current
        case Series():
            for k, (part, (_, sign)) in enumerate(zip(seen.parts, tree.parts, strict=True)):
                low = _below(high, part.port, sign, current)
                descend(columns, part, sign * current, high if sign > 0 else low, found)
                if k < len(tree.nodes):
                    found.nodes[tree.nodes[k]] = high = low
        case Parallel():
            joined, rest, drawn = _side_by_side(tree, seen.parts)
            current = current - drawn
            low = _below(high, joined[-1], 1, current)
            for k in reversed(range(len(rest))):
                part, sign = rest[k]
                if k:
                    own = Port(part.port.r, sign * part.port.b)
                    into, current = _divided(own, joined[k - 1], current), _divided(joined[k - 1], own, current)
                else:
                    into = current
                descend(columns, part, sign * into, high if sign > 0 else low, found)
        case Junction():
            low = _below(high, port, 1, current)
            _into_junction(columns, seen, current, low, found)


def root(columns: Columns, tree: Junction) -> Network:
    """The whole circuit seen from its nonlinear ports, in the columns of the circuit."""
    seen = _junction(columns, tree)
    found = Inside({}, {}, {})
    _into_junction(columns, seen, columns.zero(), columns.zero, found)
    top = columns.top
    outputs = [_output(columns, found, output) for output in top.outputs]
    assert seen.solved is not None
    dual = columns.affine([found.dual[branch.name] for branch in top.reactive])
    ports = [_row(columns, seen, seen.solved.ports, k, columns.zero()) for k in range(len(top.ports))]
    return Network(ports=columns.affine(ports), across=dual, through=dual, outputs=columns.affine(outputs))


def _output(columns: Columns, found: Inside, output: Output) -> Row:
    top = columns.top
    if output.branch >= 0:
        # A resistor across itself is in no tree.
        return found.currents.get(top.branches[output.branch - len(top.nodes)].name, columns.zero())
    a, b = (columns.zero() if k == REFERENCE else found.nodes[top.nodes[k]]() for k in (output.a, output.b))
    return a - b


def _leaf(columns: Columns, leaf: Leaf) -> Port:
    name = leaf.name
    match leaf.kind:
        case "R":
            return Port(columns.value(name), columns.zero())
        case "RS":
            inner = columns.inside[name]
            return Port(columns.value(inner.parameter) / columns.value(inner.device), columns.zero())
        case "C":
            return Port(columns.step / columns.value(name), columns.column(columns.state[name]))
        case "L":
            r = columns.value(name) / columns.step
            return Port(r, -r[:, None] * columns.column(columns.state[name]))
    # A source. Of one of current b is the current: its Parallel is what makes something of it.
    return Port(jnp.zeros((1, 1), columns.dtype), columns.source(name))


def _side_by_side(tree: Parallel, parts: tuple[Seen, ...]) -> tuple[list[Port], list[tuple[Seen, int]], Row]:
    """Parts joined one after the other, those parts with their signs, and what the sources of current draw."""
    rest: list[tuple[Seen, int]] = []
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


def _below(high: Found, port: Port, sign: int, current: Row) -> Found:
    """The voltage at the lower end of a port."""
    return lambda: high() - (sign * port.b + port.r[:, None] * current)


def _junction(columns: Columns, tree: Junction) -> Seen:
    parts = tuple(ascend(columns, part) for part in tree.parts)
    network = tree.network
    places = {name: k for k, name in enumerate(network.nodes)}
    outputs = tuple(Output(k, REFERENCE) for k in range(len(network.nodes))) + _heard(columns, network)
    if tree.terminal:
        source = Branch(UP, REFERENCE, places[tree.terminal])
        network = dataclasses.replace(network, current=(*network.current, source), inputs=(UP,), outputs=outputs)
    else:
        network = dataclasses.replace(network, outputs=outputs)
    values = dict(columns.values)
    for branch, part in zip(network.reactive, parts, strict=False):
        values[branch.name] = part.port.r
    others = [columns.state[branch.name] for branch in network.reactive[len(parts) :]]

    def reactive(values: Values) -> Reactive:
        own = companion(columns.top, values, columns.step) if others else None
        resistances = [values[branch.name] for branch in network.reactive[: len(parts)]]
        across = [jnp.ones_like(each) for each in resistances]
        through = [-each for each in resistances]
        if own is not None:
            across += [own.across[..., k] for k in others]
            through += [own.through[..., k] for k in others]
        nothing = jnp.zeros(0, columns.dtype)
        # Each for itself: along time only those that move cost anything.
        return Reactive(
            across=tuple(across),
            through=tuple(through),
            mutual_across=own.mutual_across if own is not None else nothing,
            mutual_through=own.mutual_through if own is not None else nothing,
        )

    solved = solved_network(network, values, reactive)
    seen = Seen(tree, Port(jnp.zeros((1, 1), columns.dtype), columns.zero()), parts, solved)
    if not tree.terminal:
        return seen
    terminal = places[tree.terminal]
    r = solved.outputs.u[:, terminal, 0]
    return seen._replace(port=Port(r, _row(columns, seen, solved.outputs, terminal, columns.zero())))


def _heard(columns: Columns, network: Topology) -> tuple[Output, ...]:
    """Branches of a junction's own whose currents are heard: they come after its nodes."""
    first = len(network.nodes)
    return tuple(
        Output(REFERENCE, REFERENCE, first + k)
        for k, branch in enumerate(network.branches)
        if branch.name in columns.heard
    )


def _into_junction(columns: Columns, seen: Seen, current: Row, low: Found, found: Inside) -> None:
    """Currents from a junction to its parts; `low` is the voltage of its reference."""
    assert isinstance(seen.tree, Junction)
    assert seen.solved is not None
    network, solved = seen.tree.network, seen.solved
    highs: list[Found] = []
    for k, name in enumerate(network.nodes):
        highs.append(_once(functools.partial(_potential, columns, seen, k, current, low)))
        found.nodes.setdefault(name, highs[-1])
    for k, (part, branch) in enumerate(zip(seen.parts, network.reactive, strict=False)):
        into = _row(columns, seen, solved.through, k, current)
        descend(columns, part, into, low if branch.a == REFERENCE else highs[branch.a], found)
    for k, branch in enumerate(network.reactive):
        if k >= len(seen.parts):
            side = solved.across if network.is_inductor[k] else solved.through
            found.dual[branch.name] = _row(columns, seen, side, k, current)
    first = len(network.nodes)
    for k, output in enumerate(_heard(columns, network), first):
        found.currents[network.branches[output.branch - first].name] = _row(columns, seen, solved.outputs, k, current)


def _row(columns: Columns, seen: Seen, part: Affine, k: int, current: Row) -> Row:
    """A row of a junction's solution in the columns of the circuit."""
    assert isinstance(seen.tree, Junction)
    n, m, _, drives = columns.widths
    network = seen.tree.network
    waves = [each.port.b for each in seen.parts]
    waves += [columns.column(columns.state[b.name]) for b in network.reactive[len(waves) :]]
    row = part.one[:, k, None] * columns.column(n + m)
    for j, wave in enumerate(waves):
        row = row + part.z[:, k, j, None] * wave
    if seen.tree.terminal:
        return row + part.u[:, k, 0, None] * current
    for j, name in enumerate(network.inputs):
        row = row + part.u[:, k, j, None] * columns.source(name)
    if drives:
        row = row + jnp.pad(part.i[:, k], ((0, 0), (n + m + 1, 0), (0, 0)))
    return row


def _potential(columns: Columns, seen: Seen, k: int, current: Row, low: Found) -> Row:
    """The voltage of a junction's node."""
    assert seen.solved is not None
    return low() + _row(columns, seen, seen.solved.outputs, k, current)


def _once(compute: Found) -> Found:
    kept: list[Row] = []

    def get() -> Row:
        if not kept:
            kept.append(compute())
        return kept[0]

    return get

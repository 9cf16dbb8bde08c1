"""R-type adaptors by nodal analysis (Werner, Smith and Abel 2015): each tree a source behind its port resistance."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import final

from jax import numpy as jnp

from circuitnn.mna.batches import solved_network
from circuitnn.mna.elements import Branch, Output
from circuitnn.mna.network import Affine
from circuitnn.mna.stamps import Reactive, Values, companion
from circuitnn.mna.topology import REFERENCE, Topology
from circuitnn.wdf.columns import Columns, Port, Potential, Row
from circuitnn.wdf.tree import Junction

UP = "up"  # the source of current that stands for what is above a junction


@final
class SolvedJunction:
    """A junction with trees on its ports, solved. Where a method has a `current`, it is the one that comes from above.

    Args:
        columns: of the rows.
        junction: its structure.
        ports: of the trees.
    """

    def __init__(self, columns: Columns, junction: Junction, ports: Sequence[Port]):
        network = junction.network
        self.columns, self.junction, self.width = columns, junction, len(ports)
        self.nodes = {name: k for k, name in enumerate(network.nodes)}
        self.probed = [k for k, branch in enumerate(network.branches) if branch.name in columns.probed]
        self.waves = [port.b for port in ports]
        self.waves += [columns.wave(branch.name) for branch in network.reactive[self.width :]]
        first = len(network.nodes)
        outputs = [Output(k, REFERENCE) for k in range(first)]
        outputs += [Output(REFERENCE, REFERENCE, first + k) for k in self.probed]
        changes: dict = {"outputs": tuple(outputs)}
        if junction.terminal:
            source = Branch(UP, REFERENCE, self.nodes[junction.terminal])
            changes |= {"current": (*network.current, source), "inputs": (UP,)}
        network = dataclasses.replace(network, **changes)
        values = dict(columns.values)
        for branch, port in zip(network.reactive, ports, strict=False):
            values[branch.name] = port.r
        self.solved = solved_network(network, values, functools.partial(self._reactive, network))

    def port(self) -> Port:
        """What it looks like from above, below the root."""
        terminal = self.nodes[self.junction.terminal]
        solved = self.solved.outputs
        return Port(solved.u[:, terminal, 0], self.row(solved, terminal, self.columns.zero()))

    def potentials(self, current: Row, low: Potential) -> list[Potential]:
        """Of its nodes; `low` is that of its reference."""

        def potential(k: int) -> Row:
            return low() + self.row(self.solved.outputs, k, current)

        return [functools.cache(functools.partial(potential, k)) for k in range(len(self.nodes))]

    def currents(self, current: Row) -> list[Row]:
        """Into the trees."""
        return [self.row(self.solved.through, k, current) for k in range(self.width)]

    def duals(self, current: Row) -> dict[str, Row]:
        """Of the states that have no tree."""
        network, solved = self.junction.network, self.solved
        return {
            branch.name: self.row(solved.across if network.is_inductor[k] else solved.through, k, current)
            for k, branch in enumerate(network.reactive)
            if k >= self.width
        }

    def probed_currents(self, current: Row) -> dict[str, Row]:
        """Of those branches of its own whose currents are outputs: they come after its nodes."""
        branches, first = self.junction.network.branches, len(self.nodes)
        return {
            branches[branch].name: self.row(self.solved.outputs, k, current)
            for k, branch in enumerate(self.probed, first)
        }

    def row(self, part: Affine, k: int, current: Row) -> Row:
        """A row of the solution in the columns of the circuit."""
        columns = self.columns
        row = columns.constant(part.one[:, k])
        for j, wave in enumerate(self.waves):
            row = row + part.z[:, k, j, None] * wave
        if self.junction.terminal:
            return row + part.u[:, k, 0, None] * current
        for j, name in enumerate(self.junction.network.inputs):
            row = row + part.u[:, k, j, None] * columns.source(name)
        return row + columns.drives(part.i[:, k]) if columns.topology.drives else row

    def _reactive(self, network: Topology, values: Values) -> Reactive:
        """The trees as sources behind resistances, and the states that have none as everywhere."""
        columns, branches = self.columns, network.reactive
        others = [columns.state[branch.name] for branch in branches[self.width :]]
        states = companion(columns.topology, values, columns.steps) if others else None
        resistances = [values[branch.name] for branch in branches[: self.width]]
        across = [jnp.ones_like(resistance) for resistance in resistances]
        through = [-resistance for resistance in resistances]
        if states is not None:
            across += [states.across[..., k] for k in others]
            through += [states.through[..., k] for k in others]
        nothing = jnp.zeros(0, columns.dtype)
        # In tuples and not stacked: along time only those that move cost anything.
        return Reactive(
            across=tuple(across),
            through=tuple(through),
            mutual_across=nothing if states is None else states.mutual_across,
            mutual_through=nothing if states is None else states.mutual_through,
        )

"""What everything linear in a circuit is written in: a column for each state, input, the constant one, each drive."""

from collections.abc import Callable
from typing import Any, NamedTuple, final

from jax import Array
from jax import numpy as jnp

from circuitnn.mna.network import Affine
from circuitnn.mna.stamps import Values, two_axes
from circuitnn.mna.topology import Topology

Row = Array  # (time or 1, columns, batch or 1): a quantity in terms of the columns
Potential = Callable[[], Row]  # of a node, computed where an output asks for it


@final
class Port(NamedTuple):
    """What a tree looks like from above: ``v = r i + b``."""

    r: Array  # (time or 1, batch or 1) ohms
    b: Row


@final
class Columns:
    """The columns of a circuit, with its values at a step of the rule."""

    def __init__(self, topology: Topology, values: Values, step: float, steps: Any):
        self.topology, self.values, self.step, self.steps = topology, values, step, steps
        self.dtype = jnp.result_type(*values.values())
        self.widths = len(topology.reactive), len(topology.inputs), 1, len(topology.drives)
        self.unit = jnp.eye(sum(self.widths), dtype=self.dtype)
        self.state = {branch.name: k for k, branch in enumerate(topology.reactive)}
        self.series = {topology.nodes[resistance.b]: resistance for resistance in topology.series}
        first = len(topology.nodes)
        probes = (output.branch - first for output in topology.outputs if output.branch >= 0)
        self.probed = {topology.branches[k].name for k in probes}

    def zero(self) -> Row:
        """Nothing."""
        return jnp.zeros((1, sum(self.widths), 1), self.dtype)

    def wave(self, state: str) -> Row:
        """The companion state of a capacitor or inductor."""
        return self._column(self.state[state])

    def constant(self, number: Array) -> Row:
        """A number (time or 1, batch or 1) as a row."""
        return number[:, None] * self._column(self.widths[0] + self.widths[1])

    def value(self, name: str) -> Array:
        """Of a component, (time or 1, batch or 1)."""
        return two_axes(jnp.asarray(self.values[name]))

    def source(self, name: str) -> Row:
        """The voltage or current of an independent source."""
        inputs = self.topology.inputs
        return self._column(self.widths[0] + inputs.index(name)) if name in inputs else self.constant(self.value(name))

    def drives(self, influence: Array) -> Row:
        """What the drives do, from the influence (time or 1, drives, batch or 1) of each."""
        return jnp.pad(influence, ((0, 0), (sum(self.widths[:3]), 0), (0, 0)))

    def affine(self, rows: list[Row]) -> Affine:
        """Rows as a part of a `Network`."""
        n, m, *_ = self.widths
        shape = jnp.broadcast_shapes((1, sum(self.widths), 1), *(row.shape for row in rows))
        full = [jnp.broadcast_to(row, shape) for row in rows]
        stacked = jnp.stack(full, 1) if full else jnp.zeros((shape[0], 0, *shape[1:]), self.dtype)
        return Affine(
            z=stacked[:, :, :n], u=stacked[:, :, n : n + m], one=stacked[:, :, n + m], i=stacked[:, :, n + m + 1 :]
        )

    def _column(self, k: int) -> Row:
        return self.unit[None, k, :, None]

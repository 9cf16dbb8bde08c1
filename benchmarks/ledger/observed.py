"""All voltages and branch currents of a circuit along a signal, those inside of devices too."""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple, final

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from circuitnn.circuit import Circuit
from circuitnn.mna.elements import Output
from circuitnn.mna.topology import REFERENCE, Topology
from circuitnn.model import trace
from circuitnn.nodal import NodalModel
from circuitnn.numerics.rules import Rule


@final
class Observed(NamedTuple):
    """What a model says of a signal.

    Attributes:
        volts: of each node by name, ground too, (..., time).
        across: between two nodes, which are less rounded than their difference where both are far from ground.
        amperes: of each branch whose current is an unknown of the equations, by the component's name.
        topology: what is where.
        failed: samples without a solution.
    """

    volts: dict[str, NDArray]
    across: dict[tuple[str, str], NDArray]
    amperes: dict[str, NDArray]
    topology: Topology
    failed: int

    def between(self, a: str, b: str) -> NDArray:
        """The voltage from one node to another."""
        return self.across[a, b] if (a, b) in self.across else self.volts[a] - self.volts[b]


def observe(
    circuit: Circuit, x: NDArray, fs: float, *, rule: str | Rule = "trapezoidal", states: NDArray | None = None
) -> Observed:
    """Run the nodal model in double precision, from rest or from given states.

    Args:
        circuit: with its knobs at their defaults.
        x: (..., time, inputs).
        fs: in hertz.
        rule: of the model.
        states: (..., n_states) that are forced before the first sample.
    """
    model: Any = NodalModel(circuit, fs, rule=rule, dtype=jnp.float64)
    top = model.topology
    first = len(top.nodes)
    place = {name: k for k, name in enumerate(top.nodes)} | {"0": REFERENCE}
    pairs = [pair for group in _groups(circuit, top) for pair in itertools.permutations(group, 2)]
    pairs = list(dict.fromkeys(pairs))
    seen = [Output(k, REFERENCE) for k in range(first)]
    seen += [Output(REFERENCE, REFERENCE, first + k) for k in range(len(top.branches))]
    seen += [Output(place[a], place[b]) for a, b in pairs]
    model.topology, model.out_features = dataclasses.replace(top, outputs=tuple(seen)), len(seen)
    carry = model.init_carry(x.shape[:-2])
    if states is not None:
        carry = model.force(carry, states)
    carry, outputs, _ = trace(model, x, carry)
    y = np.asarray(outputs)
    volts = {name: y[..., k] for k, name in enumerate(top.nodes)} | {"0": np.zeros_like(y[..., 0])}
    amperes = {branch.name: y[..., first + k] for k, branch in enumerate(top.branches)}
    across = {pair: y[..., top.size + k] for k, pair in enumerate(pairs)}
    return Observed(volts, across, amperes, top, int(np.sum(carry.report.failed)))


def _groups(circuit: Circuit, top: Topology) -> Iterator[set[str]]:
    """The nodes of each component, with those inside of it."""
    for part in circuit.components:
        yield {*part.nodes, *(name for name in top.nodes if name.startswith(f"{part.name}#"))}

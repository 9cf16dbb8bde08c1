"""What a block of the nodal model needs of the circuit: prepared once per block, outside of the loop over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.junctions import Junctions, junctions
from circuitnn.mna.stamps import Affine, Network, Values, companion, imposed, network, reactive_values
from circuitnn.mna.topology import Topology


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class System:
    """The discretised circuit. With z the companion states, u the inputs and i the currents of the ports:

    ``v = ports(z, u, i)``, ``dual = dual(z, u, i)``, ``states = z + rate dual``, ``z' = z + update(z, u, i)``.

    Each array ends in a batch axis (length 1 when the batch shares it) and starts with a time axis when a control
    varies along time.
    """

    ports: Affine
    dual: Affine  # capacitor currents and inductor voltages
    update: Affine  # increments of the companion states, without the cancellation of "new minus old"
    outputs: Affine
    rate: Array  # (n_states, batch): step / value, volts per ampere or amperes per volt
    diodes: Junctions


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Imposed:
    """The circuit at given states: which dual and which port voltages belong to them."""

    ports: Affine
    dual: Affine
    diodes: Junctions


@final
@dataclass(frozen=True)
class Discretisation:
    """Constants of the rule: step is h/2 for the trapezoidal rule and h for backward Euler; static."""

    step: float
    memory: float
    imposed_step: float  # zero, or small where states constrain each other


def prepare(top: Topology, circuit: Circuit, controls: Mapping[str, Array], how: Discretisation) -> tuple[System, bool]:
    """The system for a block, and whether it has a time axis.

    Args:
        top: shape of the circuit.
        circuit: its present values.
        controls: knobs, all of shape (batch or 1,) or all (time, batch or 1).
        how: the rule.
    """
    values, axes = _common(circuit.resolve(controls))

    def one(values: Values):
        linear = network(top, values, companion(top, values, how.step))
        rate = how.step / reactive_values(top, values)
        return linear.ports, _dual(top, linear), linear.outputs, rate, junctions(top, values)

    ports, dual, outputs, rate, diodes = _mapped(one, axes)(values)
    following = jnp.concatenate([rate[1:], rate[-1:]]) if axes == 2 else rate
    scale = rate + how.memory * following
    update = Affine(
        z=dual.z * scale[..., :, None, :],
        u=dual.u * scale[..., :, None, :],
        one=dual.one * scale,
        i=dual.i * scale[..., :, None, :],
    )
    return System(ports, dual, update, outputs, rate, diodes), axes == 2


def prepare_imposed(top: Topology, circuit: Circuit, controls: Mapping[str, Array], how: Discretisation) -> Imposed:
    """The circuit with its states imposed; with a time axis, each sample has the controls of the one before."""
    values, axes = _common(circuit.resolve(controls))

    def one(values: Values):
        linear = network(top, values, imposed(top, values, how.imposed_step))
        return Imposed(linear.ports, _dual(top, linear), junctions(top, values))

    found = _mapped(one, axes)(values)
    if axes == 2:
        found = jax.tree.map(lambda leaf: jnp.concatenate([leaf[:1], leaf[:-1]]), found)
    return found


def _dual(top: Topology, linear: Network) -> Affine:
    coils = np.asarray(top.is_inductor, bool)

    def rows(across: Array, through: Array) -> Array:
        return jnp.where(coils.reshape(-1, *[1] * (across.ndim - 1)), across, through)

    return jax.tree.map(rows, linear.across, linear.through)


def _common(values: Values) -> tuple[Values, int]:
    """All values in one shape: (), (batch,) or (time, batch); and the number of its axes."""
    shape = jnp.broadcast_shapes(*(value.shape for value in values.values()))
    return {name: jnp.broadcast_to(value, shape) for name, value in values.items()}, len(shape)


def _mapped(function, axes: int):
    """Batched over the axes of its values; the batch comes last, time stays first."""
    if axes == 0:
        return lambda values: jax.tree.map(lambda leaf: leaf[..., None], function(values))
    for axis in range(axes):
        function = jax.vmap(function, out_axes=-1 if axis == 0 else 0)
    return function

"""What a block needs of the circuit: prepared once per block, outside of the loop over time."""

import abc
import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.batches import solved_network
from circuitnn.mna.network import Affine, Network
from circuitnn.mna.nonlinear import around
from circuitnn.mna.operating_point import evaluate, open_circuit
from circuitnn.mna.port_map import Devices, PortMap, devices, port_map_of
from circuitnn.mna.ports import held_apart
from circuitnn.mna.stamps import Values, imposed, reactive_values, shares
from circuitnn.mna.topology import Topology
from circuitnn.numerics.double import halves, in_double
from circuitnn.transient.carry import Reference


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class System:
    """The discretised circuit. With z the companion states, u the inputs and i what the devices put in, all counted
    from a `Reference`, which states and ports are counted from as well, but neither the dual nor the outputs:

    ``v = ports(z, u, i)``, ``dual = dual(z, u, i)``, ``states = z + rate dual``, ``s' = s + update(s, u, i)``.

    Here s is z, followed for a rule with a history by the states of the sample before. Each array has a time axis in
    front, of length one where nothing in it varies, and a batch axis last, of length one where the batch shares it.
    """

    ports: Affine
    held: Array  # (time, n_ports, n_ports, batch), from `held_apart`
    dual: Affine  # capacitor currents and inductor voltages
    update: Affine  # increments, without the cancellation of "new minus old"
    outputs: Affine
    rate: Array  # (time, n_states, batch): step / value, volts per ampere or amperes per volt
    devices: Devices


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Imposed:
    """The circuit at given states: which dual and which port voltages belong to them, counted as in a `System`."""

    ports: Affine
    dual: Affine
    devices: Devices


SOLVERS = ("auto", "sequential", "parallel")
DAMPED = 0.8  # alpha of `alpha_transform` for what is sensed alone
SHORTEST_PARALLEL = 64  # samples: below, an accelerator too has the loop done by the time


@final
@dataclass(frozen=True)
class Discretisation:
    """Constants of the rule at a sample rate; static."""

    step: float  # gain times the sample period
    memory: float
    history: float
    period: float
    imposed_step: float  # zero, or small where states constrain each other

    def steps(self, topology: Topology) -> Any:
        """The step; for each state where they differ: what is sensed alone must not ring, for nothing damps it."""
        if not self._damps(topology):
            return self.step
        return np.where([branch.senses for branch in topology.reactive], self.period / (1 + DAMPED), self.step)

    def memories(self, topology: Topology, dtype: Any) -> Any:
        """The memory; for each state, (n_states, 1), where they differ."""
        if not self._damps(topology):
            return self.memory
        return np.where([[branch.senses] for branch in topology.reactive], DAMPED, self.memory).astype(dtype)

    def _damps(self, topology: Topology) -> bool:
        return self.memory > DAMPED and any(branch.senses for branch in topology.reactive)


class Linear(abc.ABC):
    """A way to solve the linear part of a circuit; a device at its ports may have numbers that are no circuit's."""

    @property
    def numbers(self) -> Any:
        """Those of the device at its ports that are no circuit's; a pytree of arrays."""
        return ()

    def with_numbers(self, numbers: Any) -> "Linear":
        """The same with others."""
        del numbers
        return self

    @abc.abstractmethod
    def solve(self, topology: Topology, values: Values, discretisation: Discretisation) -> Network:
        """The discretised circuit seen from its ports, with a time axis in front and a batch axis at the end.

        Args:
            topology: shape of the circuit.
            values: from `Circuit.resolve`, each of shape () or (time or 1, batch or 1).
            discretisation: the rule at the sample rate.

        Returns:
            Of the states' voltages and currents those that belong to the dual are enough: `across` of the inductors,
            `through` of the rest.
        """

    def port_map(self, topology: Topology) -> PortMap:
        """Which device sits on which ports."""
        return port_map_of(topology)

    def at_ports(self, topology: Topology, values: Values, solved: Network) -> tuple[Network, Devices]:
        """The devices, and the network as they want to see it.

        Args:
            topology: shape of the circuit.
            values: as for `solve`.
            solved: from `solve`.
        """
        return solved, devices(topology, values)

    def imposed_map(self, topology: Topology) -> PortMap:
        """Which device sits on which ports where the states are given."""
        return port_map_of(topology)

    def at_imposed_ports(
        self, topology: Topology, values: Values, solved: Network, discretisation: Discretisation
    ) -> tuple[Network, Devices]:
        """As `at_ports`, of the circuit with its states given, for `imposed_map`.

        Args:
            topology: shape of the circuit.
            values: as for `solve`.
            solved: the linear part with the states as sources.
            discretisation: with which it runs otherwise.
        """
        del discretisation
        return solved, devices(topology, values)


@final
@dataclass(frozen=True)
class Engine:
    """What runs, but for the circuit's values: its shape, a way to solve the linear part, the rule, the way in time."""

    topology: Topology
    linear: Linear
    discretisation: Discretisation
    solver: str = "auto"

    @property
    def apart(self) -> "tuple[Any, Engine]":
        """The numbers of the device at its ports, and the rest, which is static."""
        return self.linear.numbers, dataclasses.replace(self, linear=self.linear.with_numbers(None))

    def is_parallel(self, time: int) -> bool:
        """Whether a block of that length is solved for all samples at once."""
        if self.solver == "auto":
            return jax.default_backend() != "cpu" and time >= SHORTEST_PARALLEL
        return self.solver == "parallel"


def prepare(engine: Engine, circuit: Circuit, controls: Mapping[str, Array], reference: Reference) -> System:
    """The system for a block, in double precision unless a knob moves.

    Args:
        engine: what runs.
        circuit: its present values.
        controls: knobs, each of shape () or (time or 1, batch or 1).
        reference: in columns, (n, batch).
    """
    numbers, engine = engine.apart
    make = functools.partial(_system, engine, reference.states.dtype)
    return _once(controls)(make, numbers, circuit, controls, lax.stop_gradient(reference))


def _once(controls: Mapping[str, Array]) -> Callable[..., Any]:
    """How to call what prepares: precision costs time where it is for each sample."""
    moves = any(value.ndim and value.shape[0] > 1 for value in controls.values())
    return _as_it_is if moves else in_double


def _as_it_is(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def _system(
    engine: Engine, dtype: Any, numbers: Any, circuit: Circuit, controls: Mapping[str, Array], at: Reference
) -> System:
    topology, linear, discretisation = engine.topology, engine.linear.with_numbers(numbers), engine.discretisation
    values = circuit.resolve(controls)
    solved, parameters = linear.at_ports(topology, values, linear.solve(topology, values, discretisation))
    dual = _dual(topology, values, solved)
    rate = rate_of(topology, discretisation, values)
    following = jnp.concatenate([rate[1:], rate[-1:]]) if discretisation.memory else rate
    scale = (1 + discretisation.history) * rate + discretisation.memories(topology, rate.dtype) * following
    update = _scaled(dual, scale)
    ports, outputs = solved.ports, solved.outputs
    if discretisation.history:
        update, ports = _with_history(update, _scaled(dual, rate), discretisation.history), _padded(ports)
    port_map = linear.port_map(topology)
    at = jax.tree.map(lambda column: column[None], at)
    if port_map.is_explicit:  # the waves at the reference, not the voltages
        at = at._replace(ports=lax.stop_gradient(halves(open_circuit(solved.ports, at.states, at.inputs)[:1])[0]))
    parameters, current = around(port_map, parameters, at.ports, dtype)
    before = at._replace(states=jnp.concatenate([at.states] * (1 + bool(discretisation.history)), axis=-2))
    return System(
        ports=_from(at.ports, _at(ports, before, current)),
        held=held_apart(port_map, -ports.i, dtype),
        dual=_at(dual, at, current),
        update=_at(update, before, current),
        outputs=_at(outputs, at, current),
        rate=rate,
        devices=parameters,
    )


def rate_of(topology: Topology, discretisation: Discretisation, values: Values) -> Array:
    """(time or 1, n_states, batch or 1): step / value, volts per ampere or amperes per volt."""
    reactive, steps = reactive_values(topology, values), discretisation.steps(topology)
    return _last_to_middle((np.asarray(steps, reactive.dtype) if np.ndim(steps) else steps) / reactive)


def prepare_imposed(engine: Engine, circuit: Circuit, controls: Mapping[str, Array], reference: Reference) -> Imposed:
    """The circuit with its states imposed; along time, each sample has the knobs of the one before."""
    numbers, engine = engine.apart
    make = functools.partial(_imposed, engine, reference.states.dtype)
    result: Imposed = _once(controls)(make, numbers, circuit, controls, lax.stop_gradient(reference))
    return jax.tree.map(lambda leaf: jnp.concatenate([leaf[:1], leaf[:-1]]), result)


def _imposed(
    engine: Engine, dtype: Any, numbers: Any, circuit: Circuit, controls: Mapping[str, Array], at: Reference
) -> Imposed:
    topology, linear, discretisation = engine.topology, engine.linear.with_numbers(numbers), engine.discretisation
    values, step = circuit.resolve(controls), discretisation.imposed_step
    solved = solved_network(topology, values, lambda values: imposed(topology, values, step))
    solved, parameters = linear.at_imposed_ports(topology, values, solved, discretisation)
    at = jax.tree.map(lambda column: column[None], at)
    parameters, current = around(linear.imposed_map(topology), parameters, at.ports, dtype)
    return Imposed(
        ports=_from(at.ports, _at(solved.ports, at, current)),
        dual=_at(_dual(topology, values, solved), at, current),
        devices=parameters,
    )


def _at(part: Affine, at: Reference, current: Array) -> Affine:
    """The same of what is counted from a point, where the devices put in that current."""
    return dataclasses.replace(part, one=evaluate(part, at.states, at.inputs, current))


def _from(start: Array, part: Affine) -> Affine:
    return dataclasses.replace(part, one=part.one - start)


def _dual(topology: Topology, values: Values, linear: Network) -> Affine:
    """Value times derivative of each state: a capacitor's current; an inductor's voltage, less what is induced."""
    coils = np.asarray(topology.is_inductor, bool)

    def rows(across: Array, through: Array) -> Array:
        return jnp.where(coils.reshape(-1, *[1] * (across.ndim - 2)), across, through)

    across = linear.across
    if topology.mutual:
        share = shares(topology, values)
        share = share[None, ..., None] if share.ndim == 2 else jnp.moveaxis(share, 1, -1)
        across = Affine(*(_mixed(share, part) for part in (across.z, across.u, across.one, across.i)))
    return jax.tree.map(rows, across, linear.through)


def _mixed(share: Array, rows: Array) -> Array:
    if rows.ndim == 3:
        return jnp.sum(share * rows[:, None], axis=2)
    return jnp.sum(share[..., None, :] * rows[:, None], axis=2)


def _scaled(part: Affine, scale: Array) -> Affine:
    matrix = scale[..., :, None, :]
    return Affine(z=part.z * matrix, u=part.u * matrix, one=part.one * scale, i=part.i * matrix)


def _with_history(update: Affine, increment: Affine, history: float) -> Affine:
    """Rows for the companion states and then for the states themselves; columns likewise."""
    unit = jnp.broadcast_to(jnp.eye(update.z.shape[-2], dtype=update.z.dtype)[:, :, None], update.z.shape)
    upper = jnp.concatenate([update.z + history * unit, -history * unit], axis=-2)
    lower = jnp.concatenate([increment.z + unit, -unit], axis=-2)
    return Affine(
        z=jnp.concatenate([upper, lower], axis=-3),
        u=jnp.concatenate([update.u, increment.u], axis=-3),
        one=jnp.concatenate([update.one, increment.one], axis=-2),
        i=jnp.concatenate([update.i, increment.i], axis=-3),
    )


def _padded(part: Affine) -> Affine:
    """No influence of the states of the sample before."""
    return Affine(z=jnp.concatenate([part.z, jnp.zeros_like(part.z)], axis=-2), u=part.u, one=part.one, i=part.i)


def _last_to_middle(values: Array) -> Array:
    """(n,) or (time or 1, batch or 1, n) as (time or 1, n, batch or 1)."""
    return values[None, :, None] if values.ndim == 1 else jnp.moveaxis(values, -1, 1)

"""A circuit sample by sample, whatever its linear part is solved with."""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp

from circuitnn.arguments import checked_dtype, checked_level, checked_rate
from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.memories import remembers
from circuitnn.knobs import matched
from circuitnn.mna.checks import check_sizes, check_solvable, states_are_independent
from circuitnn.mna.operating_point import STARTS
from circuitnn.mna.topology import Topology, topology
from circuitnn.model import Carry, Controls, Forcing, Level, Model, Rest, StateModel
from circuitnn.numerics.half_band import half_band
from circuitnn.numerics.report import warn_of_rounding
from circuitnn.numerics.rules import Rule, rule_named
from circuitnn.oversampling import Oversampling
from circuitnn.settings import settings_of
from circuitnn.transient import engine
from circuitnn.transient.carry import CircuitCarry
from circuitnn.transient.clock import Clocks, extended
from circuitnn.transient.knobs import flat_controls
from circuitnn.transient.several import may_have_several, warn_of_others
from circuitnn.transient.system import SOLVERS, Discretisation, Engine, Linear
from circuitnn.transient.values import CircuitValues

IMPOSED_FRACTION = 1e-6  # of a step, where states constrain each other


class CircuitModel(StateModel):
    """A circuit discretised: ``x_n = F(x_{n-1}, u_n)``, ``y_n = G(x_n, u_n)`` (abstract).

    A subclass says in `linear` how the linear part of the circuit is solved. The rest is the same for all: at each
    sample a damped Newton iteration solves for all nonlinear devices together; gradients are implicit; knobs, learnable
    values, oversampling, forced states and the parallel solution work alike.

    Args:
        circuit: from `read_netlist` or the catalogue.
        fs: sample rate, Hz.
        rule: name of a discretisation rule, or one made by `alpha_transform`.
        trainable: patterns of value names.
        oversampling: 1, 2, 4, 8 or 16.
        solver: "auto", "sequential" or "parallel".
        dtype: of the signals and the values.

    Raises:
        ValueError: for a rate that is not positive, an unknown rule or solver, a pattern that matches nothing, or a
            circuit without an input.
        CircuitError: for equations without a unique solution.
    """

    def __init__(
        self,
        circuit: Circuit,
        *,
        fs: float,
        rule: str | Rule,
        trainable: Sequence[str] | Mapping[str, float | None],
        oversampling: int,
        solver: str,
        dtype: Any,
    ):
        dtype = checked_dtype(dtype)
        fs = checked_rate(fs)
        if solver not in SOLVERS:
            raise ValueError(f"no solver named {solver!r}; there are {', '.join(SOLVERS)}")
        self.fs, self.rule, self.solver, self.dtype = fs, rule, solver, dtype
        self.oversampling = Oversampling(half_band(oversampling))
        self.topology = topology(circuit)
        self._remembers = remembers(circuit)
        self.clocks = Clocks.of(circuit, 1 / (fs * oversampling))
        check_sizes(circuit, dtype)
        self.discretisation = _discretised(self.topology, circuit, rule, 1 / (self.fs * oversampling))
        self.in_features, self.out_features = len(circuit.inputs), len(circuit.outputs)
        self.state_names = tuple(branch.name for branch in self.topology.reactive)
        if self.clocks is not None:
            inputs = self.topology.inputs + self.clocks.sources
            start = self.topology.start and dataclasses.replace(self.topology.start, inputs=inputs)
            self.topology = dataclasses.replace(self.topology, inputs=inputs, start=start)
            self.state_names += self.clocks.names
        self.values = CircuitValues(circuit, trainable, dtype)

    @property
    @abc.abstractmethod
    def linear(self) -> Linear:
        """How the linear part of the circuit is solved, with the present numbers of what is at its ports."""

    @property
    def engine(self) -> Engine:
        """What runs, but for the circuit's values."""
        return Engine(self.topology, self.linear, self.discretisation, "sequential" if self._remembers else self.solver)

    @property
    def circuit(self) -> Circuit:
        """The circuit with the model's present values."""
        return self.values.circuit

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, circuit=self.values.start, **self.numerical_settings)

    def rebuilt_at(self, fs: float) -> Model:
        """The same circuit with the same values, learnt ones too, discretised at another rate."""
        graph, _ = nnx.split(Model.from_settings(self.settings | {"fs": fs}))
        return nnx.merge(graph, nnx.state(self))

    @property
    def numerical_settings(self) -> dict[str, Any]:
        """Those of the arguments that are no attributes, but for the circuit."""
        return {
            "trainable": self.values.trainable,
            "oversampling": self.oversampling.filters.factor,
            "solver": self.solver,
        }

    @property
    def latency(self) -> int:
        """By how many samples the output comes late, which is zero without oversampling."""
        return self.oversampling.filters.latency

    @property
    def controls(self) -> Mapping[str, float]:
        """The knobs: the netlist's independent ``.param`` names, with their default values."""
        return self.circuit.controls

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        """The operating point: inputs at their DC values, capacitors open, inductors short; differentiable.

        Where the netlist says with which voltages the circuit begins (``.ic``), it is the point at which these are
        held, from where it is let go.

        Args:
            batch: shape of the batch.
            controls: knobs, at their positions at the first sample; the defaults when None.
            level: (..., in_features), in place of the inputs' DC values.
        """
        return self.resting(batch, controls, level=level)[0]

    def silence(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> Array:
        """The DC values of the inputs."""
        level = engine.silence(self.topology, self.circuit, self._first_knobs(batch, controls), batch)
        return level[..., : self.in_features]

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        """The operating point, and the outputs there."""
        volts = None if level is None else checked_level(level, (*batch, self.in_features), self.dtype)
        has_history, knobs = bool(self.discretisation.history), self._first_knobs(batch, controls)
        circuit = self.circuit

        def rest_from(start: np.ndarray) -> tuple[CircuitCarry, Array, Array]:
            return engine.at_rest(
                self.topology.start or self.topology, has_history, circuit, knobs, volts, batch, start
            )

        carry, y, rounding = rest_from(STARTS[0])
        if self.dtype == np.float32:
            warn_of_rounding(rounding)
        if self.topology.start is not None:  # let go, currents flow
            states = carry.states
            carry = engine.at_states(self.engine, circuit, carry, states, knobs)
        elif may_have_several(self.topology):
            warn_of_others(rest_from, carry, y, (*self.state_names, *circuit.outputs), (circuit, knobs, volts, batch))
        if self.clocks is not None:
            carry = dataclasses.replace(carry, clock=self.clocks.start(batch, self.dtype))
        return self.oversampling.carry(
            carry, carry.u[..., : self.in_features], jnp.broadcast_to(y, (*batch, self.out_features))
        ), y

    def _first_knobs(self, batch: tuple[int, ...], controls: Controls | None) -> dict[str, Array]:
        return flat_controls(matched(controls, self.controls), batch, None, self.dtype)

    def states(self, carry: Carry) -> Array:
        """(..., n_states): capacitor voltages and inductor currents, in the order of `state_names`.

        The charges of junctions come after them ("Q1.CJE"), in volts across 10 pF; last the clocks of what depends on
        the time: phases in turns, from 0 to 1, and seconds.
        """
        inner = self.oversampling.inner(carry)
        return inner.states if inner.clock is None else jnp.concatenate([inner.states, inner.clock[..., 0]], -1)

    def with_input(self, carry: Carry, x: Array) -> Carry:
        """The carry with x (..., in_features) volts as its last input; where it is oversampled, as if held for long."""
        inner = self.oversampling.inner(carry)
        x = jnp.broadcast_to(jnp.asarray(x, self.dtype), (*inner.u.shape[:-1], self.in_features))
        driven = inner.u[..., self.in_features :]
        heard = dataclasses.replace(inner, u=jnp.concatenate([x, driven], axis=-1))
        return self.oversampling.with_input(carry, heard, x)

    def force(self, carry: Carry, states: Array, *, controls: Controls | None = None) -> Carry:
        """The carry with other states; the currents that belong to them follow from the circuit and the last input.

        Args:
            carry: from `init_carry` or a block.
            states: (..., n_states), volts and amperes.
            controls: knobs, for those currents, at their positions at the first sample; the defaults when None.
        """
        inner = self.oversampling.inner(carry)
        batch, count = inner.states.shape[:-1], len(self.topology.reactive)
        states = jnp.broadcast_to(jnp.asarray(states, self.dtype), (*batch, len(self.state_names)))
        knobs = self._first_knobs(batch, controls)
        if self.clocks is not None:
            turned, states = states[..., count:], states[..., :count]
            driven = self.clocks.at(self.circuit, knobs, turned)
            clock = jnp.stack([turned, jnp.zeros_like(turned)], -1)
            inner = dataclasses.replace(inner, clock=clock, u=extended(inner.u[..., : self.in_features], driven))
        forced = engine.at_states(self.engine, self.circuit, inner, states, knobs)
        return self.oversampling.with_inner(carry, forced)

    def trace(
        self, carry: Carry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        """One block: carry, y (..., time, n_out), states after each sample (..., time, n_states).

        A control may be constant, one value for each batch entry (batch, 1), or vary along time.
        """
        return self.oversampling.trace(self._block, carry, x, controls, forcing)

    def _block(
        self, carry: CircuitCarry, x: Array, controls: Controls | None, forcing: Forcing | None
    ) -> tuple[CircuitCarry, Array, Array]:
        """At the circuit's own rate."""
        knobs = flat_controls(matched(controls, self.controls), x.shape[:-2], x.shape[-2], self.dtype)
        circuit, clocks, count = self.circuit, self.clocks, len(self.topology.reactive)
        if clocks is None or carry.clock is None:
            return engine.run_block(self.engine, circuit, carry, x, knobs, forcing)
        shown, mask = (None, None) if forcing is None else (forcing.previous[..., count:], forcing.mask)
        clock, counted, driven = clocks.run(circuit, knobs, carry.clock, x.shape[-2], shown, mask)
        if forcing is not None:
            forcing = forcing._replace(previous=forcing.previous[..., :count])
        carry, y, states = engine.run_block(self.engine, circuit, carry, extended(x, driven), knobs, forcing)
        return dataclasses.replace(carry, clock=clock), y, jnp.concatenate([states, counted], -1)


def _discretised(topology: Topology, circuit: Circuit, rule: str | Rule, period: float) -> Discretisation:
    """The rule at that sample period, once it is known to have a solution."""
    rule = rule if isinstance(rule, Rule) else rule_named(rule)
    values, step = circuit.resolve(), rule.gain * period
    check_solvable(topology, values, step)
    can_be_imposed = states_are_independent(topology, values) and not any(topology.is_charge)
    imposed_step = 0.0 if can_be_imposed else IMPOSED_FRACTION * step
    return Discretisation(step, rule.memory, rule.history, period, imposed_step)

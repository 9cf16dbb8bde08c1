"""The nodal model: any circuit of resistors, capacitors, inductors, sources and diodes, sample by sample."""

import dataclasses
import fnmatch
import functools
from collections.abc import Mapping, Sequence
from typing import Any, final

import jax
import numpy as np
from flax import nnx
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.checks import check_solvable, states_are_independent
from circuitnn.mna.junctions import law, port_map
from circuitnn.mna.operating_point import evaluate, open_circuit, operating_point
from circuitnn.mna.ports import converged, solve_ports
from circuitnn.mna.topology import Topology, topology
from circuitnn.model import Controls, Forcing, StateModel
from circuitnn.nodal.block import Shown, Stepper, solve_block
from circuitnn.nodal.carry import NodalCarry
from circuitnn.nodal.layout import flat_controls, to_columns, to_rows
from circuitnn.nodal.system import Discretisation, Imposed, System, prepare, prepare_imposed
from circuitnn.numerics.report import SolveReport
from circuitnn.numerics.rules import rule_named

IMPOSED_FRACTION = 1e-6  # of a step, where states constrain each other


@final
class Nominal(nnx.Variable):
    """A component value that is not trained."""


@final
class NodalModel(StateModel):
    """Discrete nodal analysis of a circuit: ``x_n = F(x_{n-1}, u_n)``, ``y_n = G(x_n, u_n)``.

    The circuit is discretised (trapezoidal rule or backward Euler), its linear part is solved once per block, and at
    each sample a damped Newton iteration solves for all diodes together (Yeh, Abel and Smith 2010; Holters and Zoelzer
    2015). Gradients are implicit. `trainable` says which values are `nnx.Param`; the others are variables as well, so
    that they can be changed, batched and differentiated.

    Args:
        circuit: from `read_netlist` or the catalogue.
        fs: sample rate, Hz.
        rule: "trapezoidal" (second order) or "backward_euler" (first order, damps more than the circuit does).
        trainable: patterns of value names ("R*", "C1", "DCLIP.*", a knob); these become parameters. Values that are
            positive by nature are ``nominal exp(p)`` with p = 0 at first; knobs and sources are linear.
        dtype: of the signals and the values.

    Raises:
        ValueError: for a rate that is not positive, an unknown rule, a pattern that matches nothing, a circuit without
            an input, equations without a unique solution.
    """

    def __init__(
        self,
        circuit: Circuit,
        fs: float = 48_000,
        *,
        rule: str = "trapezoidal",
        trainable: Sequence[str] = (),
        dtype: Any = jnp.float32,
    ):
        if not (np.isfinite(fs) and fs > 0):
            raise ValueError(f"fs must be a positive sample rate in Hz, got {fs}")
        how = rule_named(rule)
        self.fs, self.rule, self.dtype = float(fs), rule, dtype
        self.topology = topology(circuit)
        resolved = circuit.resolve()
        check_solvable(self.topology, resolved, how.gain / fs)
        fraction = 0.0 if states_are_independent(self.topology, resolved) else IMPOSED_FRACTION
        step = how.gain / self.fs
        self.discretisation = Discretisation(step=step, memory=how.memory, imposed_step=fraction * step)
        self.in_features, self.out_features = len(circuit.inputs), len(circuit.outputs)
        self.state_names = circuit.state_names
        self.layout = jax.tree.structure(circuit)
        names = _matching(circuit, (trainable,) if isinstance(trainable, str) else trainable)
        cast = {name: jnp.asarray(value, dtype) for name, value in circuit.values.items()}
        logarithmic = [name for name in names if name in _positive(circuit)]
        self.nominal = nnx.Dict(
            {name: Nominal(cast[name]) for name in cast if name not in names or name in logarithmic}
        )
        self.log_scale = nnx.Dict({name: nnx.Param(jnp.zeros_like(cast[name])) for name in logarithmic})
        self.linear = nnx.Dict({name: nnx.Param(cast[name]) for name in names if name not in logarithmic})

    @property
    def circuit(self) -> Circuit:
        """The circuit with the model's present values."""
        values = {name: variable[...] for name, variable in self.nominal.items()}
        values |= {name: values[name] * jnp.exp(scale[...]) for name, scale in self.log_scale.items()}
        values |= {name: value[...] for name, value in self.linear.items()}
        return jax.tree.unflatten(self.layout, [values[name] for name in sorted(values)])

    @property
    def controls(self) -> Mapping[str, float]:
        """The knobs: the netlist's independent ``.param`` names, with their default values."""
        return self.circuit.controls

    def init_carry(self, batch: tuple[int, ...] = ()) -> NodalCarry:
        """The operating point: inputs at their DC values, capacitors open, inductors short; differentiable."""
        return _at_rest(self.topology, self.circuit, batch)

    def states(self, carry: NodalCarry) -> Array:
        """(..., n_states): capacitor voltages and inductor currents, in the order of `state_names`."""
        return carry.states

    def force(self, carry: NodalCarry, states: Array, *, controls: Controls | None = None) -> NodalCarry:
        """The carry with other states; the currents that belong to them follow from the circuit and the last input.

        Args:
            carry: from `init_carry` or a block.
            states: (..., n_states), volts and amperes.
            controls: knobs, for those currents; the defaults when None.
        """
        batch = carry.states.shape[:-1]
        states = jnp.broadcast_to(jnp.asarray(states, self.dtype), carry.states.shape)
        knobs = flat_controls(controls, batch, 1, self.dtype)
        known = prepare_imposed(self.topology, self.circuit, knobs, self.discretisation)
        dual, ports = self._at_states(known, _column(states), _column(carry.u), _column(carry.ports))
        return dataclasses.replace(carry, states=states, dual=_row(dual, batch), ports=_row(ports, batch))

    def trace(
        self, carry: NodalCarry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[NodalCarry, Array, Array]:
        """One block: carry, y (..., time, n_out), states after each sample (..., time, n_states).

        A control may be constant, one value for each batch entry (batch, 1), or vary along time.
        """
        batch, time = x.shape[:-2], x.shape[-2]
        knobs = flat_controls(controls, batch, time, self.dtype)
        system, along_time = prepare(self.topology, self.circuit, knobs, self.discretisation)
        u = to_columns(x)
        before, ports = self._solve(carry, u, system, along_time, knobs, forcing)
        observe = functools.partial(self._observe, system)
        if u.shape[-1] == 1 and not along_time:  # one stream: time takes the place of the batch, which is contiguous
            dual, states, y, good = (
                _as_time(each) for each in observe(*(_as_batch(each) for each in (before, u, ports)))
            )
        else:
            dual, states, y, good = observe(before, u, ports)
        carry = NodalCarry(
            states=_row(states[-1], batch),
            dual=_row(dual[-1], batch),
            ports=_row(ports[-1], batch),
            u=x[..., -1, :],
            report=carry.report.add(jnp.reshape(~good, (time, *batch)), axis=0),
        )
        return carry, to_rows(y, batch), to_rows(states, batch)

    def _observe(self, system: System, before: Array, u: Array, ports: Array) -> tuple[Array, Array, Array, Array]:
        """Dual, states, outputs and whether the solve converged (one row), all samples at once."""
        where = port_map(self.topology)
        # Once, and not again for everything that needs it: the exponentials are most of the work here.
        current = lax.optimization_barrier(law(where, system.diodes, ports).current)
        dual = evaluate(system.dual, before, u, current)
        y = evaluate(system.outputs, before, u, current)
        y = jnp.broadcast_to(y, (*u.shape[:-2], self.out_features, u.shape[-1]))
        good = converged(-system.ports.i, open_circuit(system.ports, before, u), ports, current)
        if not where.ports:
            good = good & jnp.all(jnp.isfinite(y), axis=-2)
        return dual, before + system.rate * dual, y, good[..., None, :]

    def _solve(self, carry, u, system: System, along_time: bool, knobs, forcing: Forcing | None) -> tuple[Array, Array]:
        """Companion states before each sample and port voltages at it."""
        where = port_map(self.topology)
        stepper = Stepper(system.ports, system.update, system.diodes)
        v = _column(carry.ports)
        if forcing is None:
            rate = system.rate[0] if along_time else system.rate
            z = _column(carry.states) + self.discretisation.memory * rate * _column(carry.dual)
            return solve_block(where, along_time, stepper, z, v, u, None)[:2]
        known = prepare_imposed(self.topology, self.circuit, knobs, self.discretisation)
        true = to_columns(jnp.asarray(forcing.previous, self.dtype))
        earlier = jnp.concatenate([_column(carry.u)[None], u[:-1]])
        dual, guess = self._at_states(known, true, earlier, v)
        shown = true + self.discretisation.memory * system.rate * dual
        if forcing.mask is None:
            w = open_circuit(system.ports, shown, u)
            return shown, solve_ports(where, False, system.diodes, -system.ports.i, w, guess)
        rate = system.rate[0] if along_time else system.rate
        z = _column(carry.states) + self.discretisation.memory * rate * _column(carry.dual)
        mask = to_columns(jnp.asarray(forcing.mask, self.dtype)[..., None])
        return solve_block(where, along_time, stepper, z, v, u, Shown(shown, mask))[:2]

    def _at_states(self, known: Imposed, states: Array, u: Array, guess: Array) -> tuple[Array, Array]:
        """Dual and port voltages that belong to given states, all in columns."""
        where = port_map(self.topology)
        w = open_circuit(known.ports, states, u)
        ports = solve_ports(where, False, known.diodes, -known.ports.i, w, guess)
        return evaluate(known.dual, states, u, law(where, known.diodes, ports).current), ports


@jax.jit(static_argnums=(0, 2))
def _at_rest(top: Topology, circuit: Circuit, batch: tuple[int, ...]) -> NodalCarry:
    point = operating_point(top, circuit.resolve())

    def spread(each: Array) -> Array:
        return jnp.broadcast_to(each, (*batch, *each.shape))

    return NodalCarry(
        states=spread(point.states),
        dual=spread(jnp.zeros_like(point.states)),
        ports=spread(point.ports),
        u=spread(point.inputs),
        report=SolveReport.zero(batch),
    )


def _column(each: Array) -> Array:
    """(..., n) as (n, batch)."""
    return to_columns(each[..., None, :])[0]


def _as_batch(each: Array) -> Array:
    """(time, n, 1) as (n, time)."""
    return each[:, :, 0].T


def _as_time(each: Array) -> Array:
    """(n, time) as (time, n, 1)."""
    return each.T[:, :, None]


def _row(each: Array, batch: tuple[int, ...]) -> Array:
    """(n, batch) as (..., n)."""
    return to_rows(each[None], batch)[..., 0, :]


def _matching(circuit: Circuit, patterns: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for pattern in patterns:
        names = [name for name in circuit.values if fnmatch.fnmatchcase(name.lower(), pattern.lower())]
        if not names:
            raise ValueError(f"trainable: {pattern!r} matches no value; there are {', '.join(circuit.values)}")
        found |= dict.fromkeys(names)
    return list(found)


def _positive(circuit: Circuit) -> set[str]:
    """Names of the values that no circuit has at zero or below: all but sources and knobs."""
    signed = {part.name for part in circuit.components if part.kind in "VI"} | set(circuit.controls)
    return set(circuit.values) - signed

"""A circuit in discrete time as pure functions: at rest, at given states, and over a block."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, NamedTuple, final

import jax
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.nonlinear import law, port_map
from circuitnn.mna.operating_point import evaluate, open_circuit, operating_point
from circuitnn.mna.ports import converged, solve_ports
from circuitnn.mna.topology import Topology
from circuitnn.model import Forcing
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.numerics.lanes import lanes, over_lanes
from circuitnn.numerics.report import SolveReport, tally
from circuitnn.numerics.small import MAX_WRITTEN_OUT
from circuitnn.transient.block import solve_block
from circuitnn.transient.carry import CircuitCarry
from circuitnn.transient.parts import Shown, Stepper
from circuitnn.transient.system import Discretisation, Imposed, Linear, System, prepare, prepare_imposed

SOLVERS = ("auto", "sequential", "parallel")
SHORTEST_PARALLEL = 64  # samples: below, an accelerator too has the loop done by the time

Knobs = Mapping[str, Array]  # each (), or (time or 1, batch or 1)


@final
@dataclasses.dataclass(frozen=True)
class Engine:
    """What is fixed of a model: the circuit's shape, how its linear part is solved, the rule, the way along time."""

    top: Topology
    linear: Linear
    how: Discretisation
    solver: str = "auto"

    def is_parallel(self, time: int) -> bool:
        """Whether a block of that length is solved for all samples at once."""
        if self.solver == "auto":
            return jax.default_backend() != "cpu" and time >= SHORTEST_PARALLEL
        return self.solver == "parallel"


@jax.jit(static_argnums=(0, 3))
def at_rest(engine: Engine, circuit: Circuit, knobs: Knobs, batch: tuple[int, ...]) -> tuple[CircuitCarry, Array]:
    """The operating point and the outputs there, spread over a batch; knobs are of shape () or (1, batch)."""
    values = circuit.resolve({name: value[0] if value.ndim else value for name, value in knobs.items()})
    width = max((value.shape[0] for value in values.values() if value.ndim), default=0)
    solve = functools.partial(operating_point, engine.top)
    if width:
        axes = {name: 0 if value.ndim and value.shape[0] > 1 else None for name, value in values.items()}
        values = {name: value if value.ndim == 0 or axes[name] == 0 else value[0] for name, value in values.items()}
        if any(axis == 0 for axis in axes.values()):
            solve = jax.vmap(solve, in_axes=(axes,))
    point = solve(values)
    is_batched = point.states.ndim > 1

    def spread(each: Array) -> Array:
        return (
            jnp.reshape(each, (*batch, each.shape[-1])) if is_batched else jnp.broadcast_to(each, (*batch, *each.shape))
        )

    states = spread(point.states)
    report = SolveReport.zero(batch)
    # A rest that was not found is counted as a failure of the first sample.
    is_lost = ~(jnp.reshape(point.is_found, batch) if is_batched else jnp.broadcast_to(point.is_found, batch))
    carry = CircuitCarry(
        states=states,
        dual=jnp.zeros_like(states),
        previous=states if engine.how.history else states[..., :0],
        ports=spread(point.ports),
        u=spread(point.inputs),
        report=dataclasses.replace(
            report,
            failed=report.failed + is_lost.astype(jnp.int32),
            first_failed=jnp.where(is_lost, 0, report.first_failed),
        ),
    )
    return carry, spread(point.outputs)


@jax.jit(static_argnums=0)
def at_states(
    engine: Engine, circuit: Circuit, carry: CircuitCarry, states: Array, knobs: Knobs, weights: Any = None
) -> CircuitCarry:
    """The carry with other states, and the currents that belong to them."""
    batch = carry.states.shape[:-1]
    known = prepare_imposed(engine.top, circuit, knobs, engine.how)
    columns = _column(states)
    dual, ports = _imposed(
        engine, jax.tree.map(lambda leaf: leaf[0], known), columns, _column(carry.u), _column(carry.ports)
    )
    previous = carry.previous
    if engine.how.history:
        rate = prepare(engine.top, engine.linear, circuit, knobs, engine.how, weights).rate[0]
        previous = _row(columns - rate * (engine.how.period / engine.how.step) * dual, batch)
    return dataclasses.replace(
        carry, states=states, dual=_row(dual, batch), previous=previous, ports=_row(ports, batch)
    )


def run_block(
    engine: Engine,
    circuit: Circuit,
    carry: CircuitCarry,
    x: Array,
    knobs: Knobs,
    forcing: Forcing | None,
    weights: Any = None,
) -> tuple[CircuitCarry, Array, Array]:
    """One block: carry, y (..., time, n_out) and states (..., time, n_states); `weights` as for `Linear.at_ports`."""
    top, how = engine.top, engine.how
    batch, time = x.shape[:-2], x.shape[-2]
    u = to_columns(x)
    system = prepare(top, engine.linear, circuit, knobs, how, weights)
    forced = None
    if forcing is not None:
        true = to_columns(jnp.asarray(forcing.previous, u.dtype))
        mask = None if forcing.mask is None else to_columns(jnp.asarray(forcing.mask, u.dtype)[..., None])
        forced = _Forced(prepare_imposed(top, circuit, knobs, how), true, mask)
    start = _Columns(*(_column(each) for each in (carry.states, carry.dual, carry.previous, carry.ports, carry.u)))
    run = functools.partial(_columns_of_block, engine)
    width = u.shape[-1] if engine.is_parallel(time) else lanes(u.shape[-1], is_small=len(top.ports) < MAX_WRITTEN_OUT)
    found = over_lanes(run, u.shape[-1], width, system, start, u, forced)
    last = found.last
    carry = CircuitCarry(
        states=_row(last.states, batch),
        dual=_row(last.dual, batch),
        previous=_row(last.previous, batch),
        ports=_row(last.ports, batch),
        u=x[..., -1, :],
        report=carry.report.including(time, *(jnp.reshape(each, batch) for each in found.tally)),
    )
    return carry, to_rows(found.y, batch), to_rows(found.states, batch)


@final
class _Columns(NamedTuple):
    """A carry, the batch last."""

    states: Array
    dual: Array
    previous: Array
    ports: Array
    u: Array


@final
class _Forced(NamedTuple):
    """Teacher forcing: the true states before each sample (time, n_states, batch), and where they are shown."""

    known: Imposed
    true: Array
    mask: Array | None


@final
class _Found(NamedTuple):
    """A block. What is not asked for costs nothing, which is why the last samples stand apart from the states."""

    last: _Columns
    states: Array
    y: Array
    tally: tuple[Array, Array]


def _columns_of_block(engine: Engine, system: System, start: _Columns, u: Array, forced: _Forced | None) -> _Found:
    """A block of a group of streams."""
    before, ports = _solution(engine, system, start, u, forced)
    z = before[..., : len(engine.top.reactive), :]
    observe = functools.partial(_observe, engine)
    if u.shape[-1] == 1 and all(leaf.shape[0] == 1 for leaf in jax.tree.leaves(system)):
        # One stream: time takes the place of the batch, which is contiguous.
        still = jax.tree.map(lambda leaf: leaf[0], system)
        dual, states, y, good = (
            _as_time(each) for each in observe(still, *(_as_batch(each) for each in (z, u, ports)))
        )
    else:
        dual, states, y, good = observe(system, z, u, ports)
    previous = start.previous
    if engine.how.history:
        previous = states[-2] if len(u) > 1 else start.states
    last = _Columns(states[-1], dual[-1], previous, ports[-1], u[-1])
    return _Found(last, states, y, tally(~good[:, 0], axis=0))


def _observe(engine: Engine, system: System, z: Array, u: Array, ports: Array) -> tuple[Array, Array, Array, Array]:
    """Dual, states, outputs and whether the solve converged (one row), all samples at once."""
    top, where = engine.top, engine.linear.port_map(engine.top)
    # Once, and not again for everything that needs it: the laws are most of the work here.
    current = lax.optimization_barrier(law(where, system.devices, ports).current)
    dual = evaluate(system.dual, z, u, current)
    y = evaluate(system.outputs, z, u, current)
    y = jnp.broadcast_to(y, (*u.shape[:-2], len(top.outputs), u.shape[-1]))
    seen = system.ports.z[..., : z.shape[-2], :]
    w = open_circuit(dataclasses.replace(system.ports, z=seen), z, u)
    good = converged(-system.ports.i, w, ports, current)
    if not where.ports:
        good = good & jnp.all(jnp.isfinite(y), axis=-2)
    return dual, z + system.rate * dual, y, good[..., None, :]


def _solution(engine: Engine, system: System, start: _Columns, u: Array, forced: _Forced | None) -> tuple[Array, Array]:
    """Companion states before each sample and port voltages at it."""
    how, where = engine.how, engine.linear.port_map(engine.top)
    stepper = Stepper(system.ports, system.update, system.devices)
    z = _companion(how, system.rate[0], start.states, start.dual, start.previous)
    if forced is None:
        return solve_block(where, engine.is_parallel(len(u)), stepper, z, start.ports, u, None)[:2]
    true = forced.true
    earlier = jnp.concatenate([start.u[None], u[:-1]])
    dual, guess = _imposed(engine, forced.known, true, earlier, start.ports)
    previous = jnp.concatenate([start.previous[None], true[:-1]]) if how.history else true[..., :0, :]
    shown = _companion(how, system.rate, true, dual, previous)
    if forced.mask is None:
        w = open_circuit(system.ports, shown, u)
        return shown, solve_ports(where, False, system.devices, -system.ports.i, w, guess)
    return solve_block(where, engine.is_parallel(len(u)), stepper, z, start.ports, u, Shown(shown, forced.mask))[:2]


def _companion(how: Discretisation, rate: Array, states: Array, dual: Array, previous: Array) -> Array:
    """What the next sample needs to know of the last one, (..., n, batch); with a history twice as many rows."""
    z = states + how.memory * rate * dual
    if not how.history:
        return z
    return jnp.concatenate([z + how.history * (states - previous), jnp.broadcast_to(states, z.shape)], axis=-2)


def _imposed(engine: Engine, known: Imposed, states: Array, u: Array, guess: Array) -> tuple[Array, Array]:
    """Dual and port voltages that belong to given states, all in columns."""
    where = port_map(engine.top)
    w = open_circuit(known.ports, states, u)
    ports = solve_ports(where, False, known.devices, -known.ports.i, w, guess)
    return evaluate(known.dual, states, u, law(where, known.devices, ports).current), ports


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

"""A circuit in discrete time as pure functions: at rest, at given states, and over a block."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, NamedTuple, final

import jax
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.mna.nonlinear import law
from circuitnn.mna.operating_point import OperatingPoint, evaluate, open_circuit, operating_point, rounding
from circuitnn.mna.ports import converged, solve_ports
from circuitnn.mna.topology import Topology
from circuitnn.model import Forcing
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.numerics.double import halves, in_double
from circuitnn.numerics.lanes import lanes, over_lanes
from circuitnn.numerics.report import SolveReport, tally
from circuitnn.numerics.small import MAX_WRITTEN_OUT
from circuitnn.transient.block import solve_block
from circuitnn.transient.carry import CircuitCarry, Reference
from circuitnn.transient.parts import Shown, Solution, Stepper, no_fallbacks
from circuitnn.transient.system import Engine, Imposed, System, prepare, prepare_imposed, rate_of

Knobs = Mapping[str, Array]  # each (), or (time or 1, batch or 1)


def silence(topology: Topology, circuit: Circuit, knobs: Knobs, batch: tuple[int, ...]) -> Array:
    """The DC values of the inputs: (n_in,), or (*batch, n_in) where knobs of shape (1, batch) tell them apart."""
    values = circuit.resolve({name: value[0] if value.ndim else value for name, value in knobs.items()})
    inputs = jnp.stack(jnp.broadcast_arrays(*(values[name] for name in topology.inputs)), axis=-1)
    if inputs.ndim == 1:
        return inputs
    return inputs.reshape(*batch, -1) if len(inputs) > 1 else inputs[0]


@jax.jit(static_argnums=(0, 1, 5))
def at_rest(
    topology: Topology,
    has_history: bool,
    circuit: Circuit,
    knobs: Knobs,
    level: Array | None,
    batch: tuple[int, ...],
    start: Array,
) -> tuple[CircuitCarry, Array, Array]:
    """The operating point, spread over a batch, outputs there, which broadcast against (*batch, n_out), `rounding`.

    Knobs are of shape () or (1, batch); the level (..., n_in) takes the place of the inputs' DC values; the search
    begins at `start`, one of `STARTS`.
    """
    point, rests = in_double(functools.partial(_rest, topology, batch), circuit, knobs, level, start)
    is_batched = point.states.ndim > 1

    def spread(level: Array) -> Array:
        shape = (*batch, level.shape[-1])
        return jnp.reshape(level, shape) if is_batched else jnp.broadcast_to(level, shape)

    # A rest that was not found is counted as a failure of the first sample, and is nothing to count from.
    is_lost = ~(jnp.reshape(point.is_found, batch) if is_batched else jnp.broadcast_to(point.is_found, batch))
    inputs = spread(point.inputs)
    at = Reference(spread(point.states), spread(point.ports), inputs)
    reference = jax.tree.map(lambda rows: jnp.where(is_lost[..., None], 0, lax.stop_gradient(rows)), at)
    states, ports = (spread(rest) + (rows - from_) for rest, rows, from_ in zip(rests, at, reference, strict=False))
    carry = CircuitCarry(
        reference=reference,
        deviation=states,
        dual=jnp.zeros_like(states),
        previous=states if has_history else states[..., :0],
        ports=ports,
        u=inputs,
        report=SolveReport.zero(batch).including(0, (is_lost.astype(jnp.int32), jnp.zeros(batch, jnp.int32))),
    )
    return carry, spread(point.outputs) if is_batched else point.outputs, rounding(topology, point)


def _rest(
    topology: Topology, batch: tuple[int, ...], circuit: Circuit, knobs: Knobs, level: Array | None, start: Array
) -> tuple[OperatingPoint, tuple[Array, Array]]:
    """The operating point, one an entry of a batch where they differ; what rounding loses of its states and ports."""
    values = circuit.resolve({name: value[0] if value.ndim else value for name, value in knobs.items()})
    if level is not None:
        rows = level if level.ndim == 1 else jnp.broadcast_to(level, (*batch, level.shape[-1]))
        volts = rows.reshape(-1, rows.shape[-1]).T if rows.ndim > 1 else rows
        values |= dict(zip(topology.inputs, volts, strict=False))  # sources of the time are inputs beside these
    width = max((value.shape[0] for value in values.values() if value.ndim), default=0)
    solve = functools.partial(operating_point, topology, start=start)
    if width:
        axes = {name: 0 if value.ndim and value.shape[0] > 1 else None for name, value in values.items()}
        values = {name: value if value.ndim == 0 or axes[name] == 0 else value[0] for name, value in values.items()}
        if any(axis == 0 for axis in axes.values()):
            solve = jax.vmap(solve, in_axes=(axes,))
    point = solve(values)
    (states, rest_of_states), (ports, rest_of_ports) = halves(point.states), halves(point.ports)
    return dataclasses.replace(point, states=states, ports=ports), (rest_of_states, rest_of_ports)


def at_states(engine: Engine, circuit: Circuit, carry: CircuitCarry, states: Array, knobs: Knobs) -> CircuitCarry:
    """The carry with other states, and the currents that belong to them, however the linear part is solved."""
    numbers, static = engine.apart
    return _at_states(static, numbers, circuit, carry, states, knobs)


@jax.jit(static_argnums=0)
def _at_states(
    engine: Engine, numbers: Any, circuit: Circuit, carry: CircuitCarry, states: Array, knobs: Knobs
) -> CircuitCarry:
    engine = dataclasses.replace(engine, linear=engine.linear.with_numbers(numbers))
    topology, discretisation = engine.topology, engine.discretisation
    batch, reference = carry.deviation.shape[:-1], jax.tree.map(_column, carry.reference)
    imposed = prepare_imposed(engine, circuit, knobs, reference)
    imposed = jax.tree.map(lambda leaf: leaf[0], imposed)
    states = states - carry.reference.states
    columns, u = _column(states), _column(carry.u) - reference.inputs
    dual, ports = _solved_imposed(engine, imposed, columns, u, _column(carry.ports))
    previous = carry.previous
    if discretisation.history:
        rate = rate_of(topology, discretisation, circuit.resolve(knobs))[0]
        previous = _row(columns - rate * (discretisation.period / discretisation.step) * dual, batch)
    return dataclasses.replace(
        carry, deviation=states, dual=_row(dual, batch), previous=previous, ports=_row(ports, batch)
    )


def run_block(
    engine: Engine,
    circuit: Circuit,
    carry: CircuitCarry,
    x: Array,
    knobs: Knobs,
    forcing: Forcing | None,
) -> tuple[CircuitCarry, Array, Array]:
    """One block: carry, y (..., time, n_out) and states (..., time, n_states)."""
    batch, time = x.shape[:-2], x.shape[-2]
    point = carry.reference
    if all(value.ndim == 0 or value.shape[-1] == 1 for value in knobs.values()):
        point, carry = carry.from_one_point()
    reference = jax.tree.map(_column, point)
    u = to_columns(x) - reference.inputs
    system = prepare(engine, circuit, knobs, reference)
    forced = None
    if forcing is not None:
        true = to_columns(jnp.asarray(forcing.previous, u.dtype)) - reference.states
        mask = None if forcing.mask is None else to_columns(jnp.asarray(forcing.mask, u.dtype)[..., None])
        imposed = prepare_imposed(engine, circuit, knobs, reference)
        forced = _Forced(imposed, true, mask)
    before = carry.u - carry.reference.inputs
    start = _Columns(*(_column(rows) for rows in (carry.deviation, carry.dual, carry.previous, carry.ports, before)))
    run = functools.partial(_columns_of_block, engine)
    is_small = len(engine.topology.ports) < MAX_WRITTEN_OUT
    width = u.shape[-1] if engine.is_parallel(time) else lanes(u.shape[-1], is_small=is_small)
    block = over_lanes(run, u.shape[-1], width, system, start, u, forced, _is_no_number(knobs, u))
    last = block.last
    carry = CircuitCarry(
        reference=carry.reference,
        deviation=_row(last.states, batch),
        dual=_row(last.dual, batch),
        previous=_row(last.previous, batch),
        ports=_row(last.ports, batch),
        u=x[..., -1, :],
        report=carry.report.including(time, *jax.tree.map(lambda count: jnp.reshape(count, batch), block.counts)),
    )
    return carry, to_rows(block.y, batch), to_rows(block.states + reference.states, batch)


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

    imposed: Imposed
    true: Array
    mask: Array | None


@final
class _Block(NamedTuple):
    """A block. What is not asked for costs nothing, which is why the last samples stand apart from the states."""

    last: _Columns
    states: Array
    y: Array
    counts: tuple[tuple[Array, Array], tuple[Array, Array], Array]  # as `SolveReport.including` wants them


def _is_no_number(knobs: Knobs, u: Array) -> Array:
    """Where an input or a knob is NaN or infinite, (time, batch)."""
    is_wrong = ~jnp.all(jnp.isfinite(u), axis=-2)
    for knob in knobs.values():
        is_wrong = is_wrong | ~jnp.isfinite(knob)
    return is_wrong


def _columns_of_block(
    engine: Engine, system: System, start: _Columns, u: Array, forced: _Forced | None, is_no_number: Array
) -> _Block:
    """A block of a group of streams."""
    before, ports, currents, _, fallbacks = _solution(engine, system, start, u, forced)
    z = before[..., : len(engine.topology.reactive), :]
    observe = functools.partial(_observe, engine)
    if u.shape[-1] == 1 and all(leaf.shape[0] == 1 for leaf in jax.tree.leaves(system)):
        # One stream: time takes the place of the batch, which is contiguous.
        still = jax.tree.map(lambda leaf: leaf[0], system)
        dual, states, y, good = (
            _as_time(result) for result in observe(still, *map(_as_batch, (z, u, ports, currents)))
        )
    else:
        dual, states, y, good = observe(system, z, u, ports, currents)
    previous = start.previous
    if engine.discretisation.history:
        previous = states[-2] if len(u) > 1 else start.states
    last = _Columns(states[-1], dual[-1], previous, ports[-1], u[-1])
    failed = tally(~good[:, 0] & ~is_no_number, axis=0)
    return _Block(last, states, y, (failed, tally(is_no_number, axis=0), fallbacks))


def _observe(
    engine: Engine, system: System, z: Array, u: Array, ports: Array, current: Array
) -> tuple[Array, Array, Array, Array]:
    """Dual, states, outputs and whether the solve converged (one row), all samples at once."""
    topology, port_map = engine.topology, engine.linear.port_map(engine.topology)
    dual = evaluate(system.dual, z, u, current)
    y = evaluate(system.outputs, z, u, current)
    y = jnp.broadcast_to(y, (*u.shape[:-2], len(topology.outputs), u.shape[-1]))
    seen = system.ports.z[..., : z.shape[-2], :]
    w = open_circuit(dataclasses.replace(system.ports, z=seen), z, u)
    good = converged(-system.ports.i, w, ports, current)
    if not port_map.ports:
        good = good & jnp.all(jnp.isfinite(y), axis=-2)
    return dual, z + system.rate * dual, y, good[..., None, :]


def _solution(engine: Engine, system: System, start: _Columns, u: Array, forced: _Forced | None) -> Solution:
    """Companion states before each sample and port voltages at it."""
    discretisation, port_map = engine.discretisation, engine.linear.port_map(engine.topology)
    stepper = Stepper(system.ports, system.held, system.update, system.devices)
    z = _companion(engine, system.rate[0], start.states, start.dual, start.previous)
    is_parallel = engine.is_parallel(len(u))
    if forced is None:
        return solve_block(port_map, is_parallel, stepper, z, start.ports, u, None)
    true = forced.true
    earlier = jnp.concatenate([start.u[None], u[:-1]])
    dual, guess = _solved_imposed(engine, forced.imposed, true, earlier, start.ports)
    previous = jnp.concatenate([start.previous[None], true[:-1]]) if discretisation.history else true[..., :0, :]
    shown = _companion(engine, system.rate, true, dual, previous)
    if forced.mask is None:
        w = open_circuit(system.ports, shown, u)
        ports = solve_ports(port_map, False, system.devices, -system.ports.i, w, guess)
        return Solution(shown, ports, law(port_map, system.devices, ports).current, z, no_fallbacks(u))
    return solve_block(port_map, is_parallel, stepper, z, start.ports, u, Shown(shown, forced.mask))


def _companion(engine: Engine, rate: Array, states: Array, dual: Array, previous: Array) -> Array:
    """What the next sample needs to know of the last one, (..., n, batch); with a history twice as many rows."""
    discretisation = engine.discretisation
    z = states + discretisation.memories(engine.topology, rate.dtype) * rate * dual
    if not discretisation.history:
        return z
    return jnp.concatenate(
        [z + discretisation.history * (states - previous), jnp.broadcast_to(states, z.shape)], axis=-2
    )


def _solved_imposed(engine: Engine, imposed: Imposed, states: Array, u: Array, guess: Array) -> tuple[Array, Array]:
    """Dual and port voltages that belong to given states, all in columns."""
    port_map = engine.linear.imposed_map(engine.topology)
    w = open_circuit(imposed.ports, states, u)
    ports = solve_ports(port_map, False, imposed.devices, -imposed.ports.i, w, guess)
    return evaluate(imposed.dual, states, u, law(port_map, imposed.devices, ports).current), ports


def _column(rows: Array) -> Array:
    """(..., n) as (n, batch)."""
    return to_columns(rows[..., None, :])[0]


def _as_batch(columns: Array) -> Array:
    """(time, n, 1) as (n, time)."""
    return columns[:, :, 0].T


def _as_time(columns: Array) -> Array:
    """(n, time) as (time, n, 1)."""
    return columns.T[:, :, None]


def _row(column: Array, batch: tuple[int, ...]) -> Array:
    """(n, batch) as (..., n)."""
    return to_rows(column[None], batch)[..., 0, :]

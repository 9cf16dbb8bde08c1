"""One Newton step on the ports, ``v + K i(v) = w``, and when it is small."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, cast, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.mna.elements import with_laws
from circuitnn.mna.limits import Ports
from circuitnn.mna.nonlinear import Layout, in_one, laid_out, linearise
from circuitnn.mna.port_map import PortMap, Rows
from circuitnn.numerics.small import MAX_WRITTEN_OUT, Sums, apply, linearised_solver, solve, solve_arrays, taken


@final
class Linearised(NamedTuple):
    """What the devices do at port voltages, as `circuitnn.mna.nonlinear.linearise` gives it."""

    current: Layout
    slopes: Layout
    curvature: Rows

    def after(self, port_map: PortMap, step: Layout) -> Layout:
        """The currents after a small step."""
        if isinstance(step, list) and isinstance(self.current, list) and isinstance(self.slopes, list):
            current = list(self.current)
            for (drive, port), slope in zip(port_map.slopes, self.slopes, strict=True):
                bent = slope + 0.5 * step[port] * self.curvature[0] if port_map.is_scalar else slope
                current[drive] = current[drive] + bent * step[port]
            return current
        moved = in_one(self.slopes) * taken(in_one(step), [port for _, port in port_map.slopes])
        return in_one(self.current) + Sums(tuple((drive, 1) for drive, _ in port_map.slopes), port_map.drives).of(moved)


def linearised(port_map: PortMap, prepared: Ports, v: Layout, law_values: Rows) -> Linearised:
    """As the search for a solution sees it: with slopes that do not lead astray."""
    searching = with_laws(port_map.devices, [device.law.search for device in port_map.devices])
    return Linearised(*linearise(port_map._replace(devices=searching), prepared.devices, v, law_values))


def newton_step(port_map: PortMap, prepared: Ports, w: Layout, v: Layout, devices: Linearised) -> tuple[Layout, Layout]:
    """One Newton step, and the residual before it.

    For one port with one law the step is Halley's, which costs no further exponential.
    """
    current, slopes, curvature = devices
    ports = range(port_map.ports)
    residual: Layout
    step: Layout
    if port_map.is_scalar:
        k = prepared.resistance[..., 0, 0, :]
        residual = [v[0] + k * current[0] - w[0]]
        slope = 1 + k * slopes[0]
        square = slope * slope
        # Bounded below: half of it is what the exponential itself gives far above the solution.
        step = [-residual[0] * slope / jnp.maximum(square - 0.5 * residual[0] * (k * curvature[0]), 0.4 * square)]
    elif port_map.ports <= MAX_WRITTEN_OUT:
        residual = [
            sum(prepared.held[..., i, j, :] * v[j] for j in ports)
            + sum(prepared.resistance[..., i, d, :] * current[d] for d in range(port_map.drives))
            - w[i]
            for i in ports
        ]
        step = [-row for row in solve(_matrix(port_map, prepared, cast(Rows, slopes)), residual)]
    else:
        both = prepared.held, prepared.resistance
        if isinstance(slopes, list):
            total = apply(both[0], in_one(v)) + apply(both[1], in_one(current)) - in_one(w)
            solution = solve_arrays(_matrix_array(port_map, prepared, slopes), total)
        else:
            solution, total = linearised_solver(port_map.slopes)(*both, slopes, *map(in_one, (v, current, w)))
        residual, step = laid_out(port_map, total), laid_out(port_map, -solution)
    return step, residual


def _matrix(port_map: PortMap, prepared: Ports, slopes: Rows) -> list[Rows]:
    """``I + K G``."""
    rows = [[prepared.held[..., i, j, :] for j in range(port_map.ports)] for i in range(port_map.ports)]
    for (drive, port), slope in zip(port_map.slopes, slopes, strict=True):
        for i in range(port_map.ports):
            rows[i][port] = rows[i][port] + prepared.resistance[..., i, drive, :] * slope
    return rows


def _matrix_array(port_map: PortMap, prepared: Ports, slopes: Rows) -> Array:
    """The same as one array, (..., n_ports, n_ports, batch)."""
    columns = [prepared.held[..., port, :] for port in range(port_map.ports)]
    for (drive, port), slope in zip(port_map.slopes, slopes, strict=True):
        columns[port] = columns[port] + prepared.resistance[..., drive, :] * slope[..., None, :]
    return jnp.stack(jnp.broadcast_arrays(*columns), axis=-2)


def is_rounding(residual: Layout, w: Layout, v: Layout) -> Array:
    """Whether all residuals are no more than rounding."""

    def is_small(r: Array, a: Array, b: Array) -> Array:
        return jnp.abs(r) <= 8 * float(jnp.finfo(r.dtype).eps) * (1 + jnp.abs(a) + jnp.abs(b))

    small = jax.tree.map(is_small, residual, w, v)
    return over_ports(functools.partial(functools.reduce, jnp.logical_and), jnp.all, small)


def left_of(port_map: PortMap, v: Layout, step: Layout) -> Array:
    """By how much the largest of the steps is longer than what ends the iteration; no division is waited for."""
    return _largest(port_map, v, step, lambda moved, small: jnp.abs(moved) - small)


def excess_of(port_map: PortMap, v: Layout, step: Layout) -> Array:
    """The same as a ratio."""
    return _largest(port_map, v, step, lambda moved, small: jnp.abs(moved) / small)


def _largest(port_map: PortMap, v: Layout, step: Layout, compared: Callable[[Array, Array], Array]) -> Array:
    """Of the steps against what ends the iteration: the step after it would be below rounding.

    The scalar iteration is of third order, the other of second; dv^3/V_T^2, dv^2/V_T stand against the rounding of v,
    and of the currents, which are followed to the same order.
    What has no junctions, such as a B source, may bend more sharply than any junction.
    """
    dtype = jax.tree.leaves(v)[0].dtype
    single = dtype == jnp.float32
    bends = any(not device.law.junctions for device in port_map.devices)
    absolute = (2e-4 if single else 1e-6) if port_map.is_scalar else (1e-4 if single else 1e-8)
    absolute = 0.1 * absolute if bends and port_map.is_scalar else absolute
    relative = 4 * float(jnp.finfo(dtype).eps)

    def excess(moved: Array, port: Array) -> Array:
        return compared(moved, absolute + relative * jnp.abs(port))

    return over_ports(functools.partial(functools.reduce, jnp.maximum), jnp.max, jax.tree.map(excess, step, v))


def over_ports(of_rows: Callable[[Rows], Any], along_axis: Callable[..., Array], v: Layout) -> Array:
    """A reduction over all ports, (..., batch)."""
    return of_rows(v) if isinstance(v, list) else along_axis(v, axis=-2)


def zeros_of(function: Callable[[Layout], Any], v: Layout) -> Any:
    """Zeros of the shapes that a function of the ports gives, which is not computed."""
    return jax.tree.map(lambda row: jnp.zeros(row.shape, row.dtype), jax.eval_shape(function, v))


def infinite(v: Layout) -> Array:
    one = v[0] if isinstance(v, list) else v[..., 0, :]
    return jnp.full_like(one, jnp.inf)


def for_ports(one: Array, v: Array) -> Array:
    """(..., batch) so that it broadcasts against a row, or several together."""
    return one[..., None, :] if v.ndim > one.ndim else one


def added(v: Layout, step: Layout) -> Layout:
    return jax.tree.map(jnp.add, v, step)


def chosen(which: Array, yes: Any, no: Any) -> Any:
    """Of ports or law values, rows or several together."""
    return jax.tree.map(lambda a, b: jnp.where(for_ports(which, a), a, b), yes, no)

"""The circuit at a multiple of the sample rate: half-band filters around the nonlinear part."""

import dataclasses
from dataclasses import dataclass
from typing import Any, final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.model import Forcing
from circuitnn.numerics.half_band import HalfBand, decimate, decimation_carry, interpolate, interpolation_carry
from circuitnn.numerics.report import SolveReport
from circuitnn.transient.carry import CircuitCarry
from circuitnn.transient.engine import Engine, Knobs, run_block
from circuitnn.transient.layout import to_columns, to_rows


@final
@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class OversampledCarry:
    """A circuit between two samples, and what the filters around it remember.

    Attributes:
        circuit: its carry; the report counts samples at the high rate.
        up: of each stage of the interpolation the last inputs, (..., n, n_in).
        down: the same of the decimation, (..., n, n_out).
    """

    circuit: CircuitCarry
    up: tuple[Array, ...]
    down: tuple[Array, ...]

    @property
    def report(self) -> SolveReport:
        """How the solves went, at the high rate."""
        return self.circuit.report


def resting(design: HalfBand, carry: CircuitCarry, outputs: Array) -> OversampledCarry:
    """Filters that have seen nothing but the circuit at rest; outputs (..., n_out) are its voltages there."""
    batch = carry.u.shape[:-1]

    def filled(shapes: tuple[Array, ...], value: Array) -> tuple[Array, ...]:
        return tuple(jnp.broadcast_to(value[..., None, :], (*batch, len(each), value.shape[-1])) for each in shapes)

    dtype = carry.u.dtype
    return OversampledCarry(
        circuit=carry,
        up=filled(interpolation_carry(design, (), dtype), carry.u),
        down=filled(decimation_carry(design, (), dtype), outputs),
    )


def run_oversampled(
    engine: Engine,
    design: HalfBand,
    circuit: Circuit,
    carry: OversampledCarry,
    x: Array,
    knobs: Knobs,
    forcing: Forcing | None,
    weights: Any = None,
) -> tuple[OversampledCarry, Array, Array]:
    """`run_block` at `design.factor` times the rate of x; knobs are held, states taken at the samples of x."""
    batch, factor = x.shape[:-2], design.factor
    up, columns = interpolate(design, _columns(carry.up), to_columns(x))
    held = {
        name: jnp.repeat(value, factor, axis=0) if value.ndim and value.shape[0] > 1 else value
        for name, value in knobs.items()
    }
    inner, y, states = run_block(
        engine, circuit, carry.circuit, to_rows(columns, batch), held, _at_high_rate(forcing, x, factor), weights
    )
    down, columns = decimate(design, _columns(carry.down), to_columns(y))
    following = OversampledCarry(inner, _rows(up, batch), _rows(down, batch))
    return following, to_rows(columns, batch), states[..., factor - 1 :: factor, :]


def _at_high_rate(forcing: Forcing | None, x: Array, factor: int) -> Forcing | None:
    """Each true state is shown once, before the first of the samples that a sample becomes."""
    if forcing is None:
        return None
    mask = jnp.ones(x.shape[:-1], bool) if forcing.mask is None else forcing.mask
    first = jnp.arange(factor) == 0
    high = (mask[..., None] & first).reshape(*mask.shape[:-1], -1)
    return Forcing(jnp.repeat(forcing.previous, factor, axis=-2), high)


def _columns(carry: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(to_columns(each) for each in carry)


def _rows(carry: tuple[Array, ...], batch: tuple[int, ...]) -> tuple[Array, ...]:
    return tuple(to_rows(each, batch) for each in carry)


def with_circuit(carry: CircuitCarry | OversampledCarry, circuit: CircuitCarry) -> CircuitCarry | OversampledCarry:
    """The carry with another one of the circuit."""
    return dataclasses.replace(carry, circuit=circuit) if isinstance(carry, OversampledCarry) else circuit

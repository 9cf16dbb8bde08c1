"""Oscillators and the time of a circuit: integrals of rates that know no voltage, so that a block of them is one sum.

A clock counts seconds, or turns of a phase from 0 to 1, as a number of the signals' precision and what is left of it:
together they have the digits for years. What they drive are inputs beside those of the signal.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, final

from jax import Array, lax
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.time_sources import time_sources
from circuitnn.expressions.phases import ONE, ClockRate, clock_name, with_clocks
from circuitnn.expressions.tree import Expression, evaluate
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.numerics.double import halves, in_double

Knobs = Mapping[str, Array]  # each (), or (time or 1, batch or 1)


@final
@dataclass(frozen=True)
class Clocks:
    """All clocks of a circuit; static.

    Attributes:
        names: of the clocks as states: "time", or that of the first source that needs it, "B1.phase".
        rates: what each counts.
        sources: that depend on them.
        laws: of the sources, in which `clock_name` stands for the clocks.
        period: of a sample, seconds.
    """

    names: tuple[str, ...]
    rates: tuple[ClockRate, ...]
    sources: tuple[str, ...]
    laws: tuple[Expression, ...]
    period: float

    @classmethod
    def of(cls, circuit: Circuit, period: float) -> Self | None:
        """Those of a circuit; None where nothing depends on the time."""
        sources = time_sources(circuit.components)
        values = {part.name: part.value for part in circuit.components}
        rates: list[ClockRate] = []
        laws: list[Expression] = []
        names: list[str] = []
        for source in sources:
            law = values[source]
            laws.append(with_clocks(law, rates) if law is not None else ONE)
            for place in range(len(names), len(rates)):
                wrapped = rates[place].is_wrapped
                name = "time" if rates[place].rate == ONE and not wrapped else f"{source}.{_kind(wrapped)}"
                names.append(name if name not in names else f"{name}{place + 1}")
        return cls(tuple(names), tuple(rates), sources, tuple(laws), period) if sources else None

    def start(self, batch: tuple[int, ...], dtype: Any) -> Array:
        """All at 0, (*batch, n_clocks, 2)."""
        return jnp.zeros((*batch, len(self.rates), 2), dtype)

    def at(self, circuit: Circuit, knobs: Knobs, values: Array) -> Array:
        """What the sources give while the clocks stand at (..., n_clocks), (..., n_sources)."""
        batch = values.shape[:-1]
        stand = _with_rest(to_columns(values[..., None, :])[0])
        first = {name: value[:1] if value.ndim else value for name, value in knobs.items()}
        return to_rows(in_double(functools.partial(_standing, self), circuit, first, stand), batch)[..., 0, :]

    def run(
        self, circuit: Circuit, knobs: Knobs, clock: Array, time: int, shown: Array | None, mask: Array | None
    ) -> tuple[Array, Array, Array]:
        """A block.

        Args:
            circuit: its present values.
            knobs: along the block.
            clock: (*batch, n_clocks, 2), before it.
            time: its length.
            shown: true clocks before each sample, (..., time, n_clocks), or None.
            mask: (..., time) where they count; everywhere when None.

        Returns:
            The clock after the block, the clocks at each sample (..., time, n_clocks) and what the sources give
            (..., time, n_sources).
        """
        batch = clock.shape[:-2]
        start = jnp.moveaxis(clock.reshape(-1, *clock.shape[-2:]), 0, -1)
        true = None if shown is None else to_columns(jnp.asarray(shown, clock.dtype))
        where = None if mask is None else to_columns(jnp.asarray(mask, clock.dtype)[..., None])
        run = functools.partial(_running, self, time)
        last, counted, driven = in_double(run, circuit, dict(knobs), start, true, where)
        last = jnp.moveaxis(last, -1, 0).reshape(clock.shape)
        return last, to_rows(counted, batch), to_rows(driven, batch)


def _kind(is_wrapped: bool) -> str:
    return "phase" if is_wrapped else "time"


def _with_rest(columns: Array) -> Array:
    """(n, batch) as (n, 2, batch), with nothing left."""
    return jnp.stack([columns, jnp.zeros_like(columns)], 1)


def _standing(clocks: Clocks, circuit: Circuit, knobs: Knobs, stand: Array) -> Array:
    """(1, n_sources, batch) at clocks (n, 2, batch)."""
    values = circuit.resolve(knobs)
    return _driven(clocks, values, [(row[0] + row[1])[None] for row in stand], 1, stand.shape[-1])


def _running(
    clocks: Clocks, time: int, circuit: Circuit, knobs: Knobs, start: Array, true: Array | None, where: Array | None
) -> tuple[Array, Array, Array]:
    values = circuit.resolve(knobs)
    width = start.shape[-1]
    counted, lasts = [], []
    for k, rate in enumerate(clocks.rates):
        step = jnp.asarray(evaluate(rate.rate, values), start.dtype) * clocks.period
        steps = jnp.broadcast_to(step, (time, width)) if step.ndim else step
        shown = None if true is None else true[:, k]
        mask = None if where is None else where[:, 0]
        total = _counted(start[k, 0] + start[k, 1], steps, time, shown, mask)
        if rate.is_wrapped:
            total = total - jnp.floor(total)
        counted.append(total)
        lasts.append(jnp.stack(halves(total[-1])))
    return jnp.stack(lasts), jnp.stack(counted, 1), _driven(clocks, values, counted, time, width)


def _counted(start: Array, steps: Array, time: int, shown: Array | None, mask: Array | None) -> Array:
    """The integral after each sample, (time, batch), from `start` (batch,) or from what is shown."""
    if shown is not None and mask is None:
        return shown + steps
    if steps.ndim:
        total = jnp.cumsum(steps, 0)
    else:
        total = jnp.arange(1, time + 1, dtype=steps.dtype)[:, None] * steps
    if shown is None or mask is None:
        return start + total
    # From where the last true one was shown on: what was counted before it falls out.
    before = jnp.concatenate([jnp.zeros_like(total[:1]), total[:-1]])
    last = lax.cummax(jnp.where(mask > 0, jnp.arange(time)[:, None], -1), axis=0)
    offset = jnp.take_along_axis(shown - before, jnp.maximum(last, 0), axis=0)
    return total + jnp.where(last >= 0, offset, start)


def _driven(clocks: Clocks, values: Mapping[str, Any], counted: list[Array], time: int, width: int) -> Array:
    """(time, n_sources, batch)."""
    known = dict(values) | {clock_name(k).name: total for k, total in enumerate(counted)}
    rows = [jnp.broadcast_to(evaluate(law, known), (time, width)) for law in clocks.laws]
    return jnp.stack(rows, 1).astype(jnp.result_type(*counted) if counted else rows[0].dtype)


def extended(x: Array, sources: Array) -> Array:
    """The signal's inputs and those of the sources."""
    return jnp.concatenate([x, jnp.broadcast_to(sources, (*x.shape[:-1], sources.shape[-1])).astype(x.dtype)], -1)

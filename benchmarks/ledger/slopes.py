"""Line 5: gradients of each device's currents against central differences, in every region of the test bench.

By every parameter of the model, the area factor and the voltage of every pin.
"""

import functools
from collections.abc import Callable

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from numpy.typing import NDArray

from benchmarks.ledger.bench import CARDS, Bench, bench
from benchmarks.ledger.line import Line

PARAMETER_STEP, VOLT_STEP = 1e-4, 1e-5
ROUNDING = 1e-14  # of the currents, that a difference of two has
Function = Callable[[dict[str, Array]], Array]


@functools.cache
def _functions(name: str, wrong: str) -> tuple[Function, Function]:
    """Currents into the pins for a batch of values, and their slopes by each value; a wrong one with its sign turned."""
    each = bench(name)

    def currents(values: dict[str, Array]) -> Array:
        if wrong:
            value = values[wrong]
            values = {**values, wrong: 2 * jax.lax.stop_gradient(value) - value}
        return each.into_pins(values)

    return jax.jit(jax.vmap(each.into_pins)), jax.jit(jax.jacfwd(currents))


def error(name: str, *, wrong: str = "") -> float:
    """The largest error of a slope, relative to it.

    Args:
        name: of a device.
        wrong: a value whose gradient has the wrong sign.
    """
    each = bench(name)
    return max(_error_at(each, *_functions(name, wrong), region) for region in each.regions)


def _error_at(each: Bench, currents: Function, slopes: Function, region: str) -> float:
    values = {key: np.asarray(value, float) for key, value in each.at(region).values.items()}
    keys = list(values)
    steps = [_step(key, float(values[key])) for key in keys]
    moves = [(key, factor * step) for key, step in zip(keys, steps, strict=True) for factor in (-2, -1, 1, 2)]
    batch = {key: np.array([values[key] + (step if key == moved else 0) for moved, step in moves]) for key in keys}
    rows = np.asarray(currents({key: jnp.asarray(column) for key, column in batch.items()}))
    found = slopes({key: jnp.asarray(value) for key, value in values.items()})
    worst = 0.0
    for place, (key, step) in enumerate(zip(keys, steps, strict=True)):
        far_below, below, above, far_above = rows[4 * place : 4 * place + 4]
        expected = (8 * (above - below) - (far_above - far_below)) / (12 * step)
        rounding = (ROUNDING * np.max(np.abs(rows)) + 1e-20) / step
        worst = max(worst, _relative(np.asarray(found[key]), expected, rounding))
    return worst


def _step(key: str, value: float) -> float:
    return PARAMETER_STEP * (abs(value) or 1.0) if not key.startswith("V") else VOLT_STEP * max(1.0, abs(value))


def _relative(found: NDArray, expected: NDArray, rounding: float) -> float:
    """How much larger than rounding the largest difference is, over the largest of the slopes there."""
    size = float(np.max(np.abs(expected)))
    excess = np.maximum(np.abs(found - expected) - rounding, 0)
    return float(np.max(excess)) / size if size else float(np.max(np.abs(found)) > 0)


LINE = Line(
    name="gradients",
    law="slopes of each device's currents by every parameter and voltage are central differences, in every region",
    figure="largest difference over the largest slope",
    bound=1e-6,
    subjects=tuple(CARDS),
    quick=("D", "NJF"),
    measure=error,
    controls=("D", "NMOS", "TRIODE"),
    broken=lambda name: error(name, wrong=f"DUT.{next(iter(CARDS[name]))}"),
    control="the first parameter's gradient with the wrong sign",
)

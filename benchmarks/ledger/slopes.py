"""Line 5: gradients of each device's currents against central differences, in every region of the test bench.

By every parameter of the model, the area factor and the voltage of every pin. Where every pin is at zero, laws of FETs
and of diodes with high injection have corners (``v|v|``, ``i^1.5``), which a difference sees by its step: there it is a
thousandth. What is below a difference's rounding is not compared: a current of 1e-15 A in cut-off has no figure.
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

PARAMETER_STEP, VOLT_STEP, CORNER_STEP = 1e-4, 1e-5, 1e-8
ROUNDING = 1e-14  # of the currents, that a difference of two has
VOLT_ROUNDING = 1e-16  # of the voltages across the device, which are found and not given
SHUNT_ROUNDING = 1e-18  # amperes a volt, that the equations' shunts round off
Function = Callable[[dict[str, Array]], Array]


@functools.cache
def _functions(name: str, wrong: str) -> tuple[Function, Function]:
    """Currents into the pins for a batch of values, and their slopes by each value; `wrong` has its sign turned."""
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
    largest = max(abs(volts) for volts in each.regions[region])
    volt_step = VOLT_STEP if largest else CORNER_STEP
    steps = [(volt_step if key[0] == "V" else PARAMETER_STEP) * (abs(float(values[key])) or 1.0) for key in keys]
    moves = [(key, factor * step) for key, step in zip(keys, steps, strict=True) for factor in (-2, -1, 1, 2)]
    batch = {key: np.array([values[key] + (step if key == moved else 0) for moved, step in moves]) for key in keys}
    rows = np.asarray(currents({key: jnp.asarray(column) for key, column in batch.items()}))
    found = slopes({key: jnp.asarray(value) for key, value in values.items()})
    steepest = max(float(np.max(np.abs(found[f"V{pin}"]))) for pin in each.pins)
    noise = ROUNDING * np.max(np.abs(rows)) + VOLT_ROUNDING * max(1.0, largest) * steepest + SHUNT_ROUNDING * largest
    worst = 0.0
    for place, (key, step) in enumerate(zip(keys, steps, strict=True)):
        far_below, below, above, far_above = rows[4 * place : 4 * place + 4]
        expected = (8 * (above - below) - (far_above - far_below)) / (12 * step)
        worst = max(worst, _relative(np.asarray(found[key]), expected, noise / step))
    return worst


def _relative(found: NDArray, expected: NDArray, rounding: float) -> float:
    """How much larger than rounding the largest difference is, over the largest of the slopes there."""
    excess = float(np.max(np.abs(found - expected))) - rounding
    return excess / float(np.max(np.abs(expected))) if excess > 0 else 0.0


LINE = Line(
    name="gradients",
    law="slopes of each device's currents by every parameter and voltage are central differences, in every region",
    figure="largest difference over the largest slope",
    bound=1e-6,
    subjects=tuple(CARDS),
    quick=("D",),
    measure=error,
    controls=("D", "NMOS", "TRIODE"),
    broken=lambda name: error(name, wrong=f"DUT.{next(iter(CARDS[name]))}"),
    control="the first parameter's gradient with the wrong sign",
)

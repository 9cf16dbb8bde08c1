"""Laws of the diode: Shockley's alone, and all that SPICE adds to it."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from circuitnn.deferred import Array, custom_jvp, jax, jnp, lax
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.devices.depletion import depletion
from circuitnn.devices.law import Exponentials, Parameters
from circuitnn.devices.temperature import thermal_voltage

_LEAST = 1e-18  # amperes, from which on high injection counts
_HIGHEST_GRADING = 0.9


def shockley(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """``i = IS (e^(v/(N kT/q)) - 1)``; charge of the depletion layer, and ``TT i`` on its way through."""
    current = p["IS"] * (e[0] - 1)
    return [current], _charge(p, v[0], current)


def junction_diode(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The diode of SPICE with what lies beside Shockley's current, as ngspice-39 has it.

    With ``V = N kT/q``, ``i_d`` is ``IS (e^(v/V) - 1)`` from -3 V on, below ``-IS (1 - (3 V / (e |v|))^3)`` and beyond
    the breakdown at B ``-IS e^(-(v + B)/(NBV kT/q))``. The sidewall has such a current, JSW with NS, or with N where
    that is not given. From -3 V on ``ISR (e^(v/(NR kT/q)) - 1) ((1 - v/VJ)^2 + 0.005)^(M/2)`` is added; everywhere
    the tunnel current ``-JTUN (e^(-v/(NTUN kT/q)) - 1)``. High injection divides the sum by ``1 + sqrt(i/IKF)``, below
    -3 V by ``1 + sqrt(-i/IKR)``.
    """
    return _with_generation(p, v, e, _generated)


def small_signal(p: Parameters, v: list[Array], e: Exponentials) -> tuple[list[Array], list[Array]]:
    """The same as ngspice's small signals see it: its conductance of the ISR is not quite the slope of the current."""
    return _with_generation(p, v, e, _generated_for_small_signals)


def _with_generation(
    p: Parameters, v: list[Array], e: Exponentials, generation: Callable[..., Array]
) -> tuple[list[Array], list[Array]]:
    (volts,) = v
    power, sidewall, recombined, avalanche, tunnel = e
    is_forward = volts >= -3 * THERMAL_VOLTAGE * p["N"]
    relatively = relative_to_saturation(p, volts, p["N"], power, avalanche)
    current = p["IS"] * relatively
    if "JSW" in p:
        own = relatively if sidewall is None else relative_to_saturation(p, volts, p["NS"], sidewall, avalanche)
        current = current + p["JSW"] * own
    if recombined is not None:
        generated = generation(volts, p["ISR"] * (recombined - 1), p["VJ"], p["M"])
        current = current + jnp.where(is_forward, generated, 0)
    if tunnel is not None:
        current = current - (p.get("JTUN", 0) + p.get("JTUNSW", 0)) * (tunnel - 1)
    if "IKF" in p:
        current = _injected(current, p["IKF"], is_forward & (current > _LEAST))
    if "IKR" in p:
        current = -_injected(-current, p["IKR"], ~is_forward & (current < -_LEAST))
    return [current], _charge(p, volts, current)


def _widening(volts: Array, potential: Array, power: Array) -> Array:
    return jnp.exp(power * jnp.log(jnp.square(1 - volts / potential) + 0.005))


def _generated(volts: Array, recombined: Array, potential: Array, grading: Array) -> Array:
    """The recombination current, which grows with the width of the depletion layer."""
    return recombined * _widening(volts, potential, 0.5 * grading)


_generated_for_small_signals = custom_jvp(_generated)


@_generated_for_small_signals.defjvp
def _small_signal_jvp(primals, tangents):
    """ngspice-39 takes ``-M (1 - v/VJ) ((1 - v/VJ)^2 + 0.005)^(M/2 - 1)`` for the slope of the factor, times itself."""
    volts, recombined, potential, grading = primals
    volts_dot, others_dot = tangents[0], tangents[1:]
    generated, through_others = jax.jvp(partial(_generated, volts), (recombined, potential, grading), others_dot)
    steep = -grading * (1 - volts / potential) * _widening(volts, potential, 0.5 * grading - 1)
    return generated, through_others + generated * steep * volts_dot


def relative_to_saturation(p: Parameters, volts: Array, emission: Array, power: Array, avalanche: Any) -> Array:
    """A junction's current over its saturation current.

    Args:
        p: BV among them where it breaks down.
        volts: across it.
        emission: N.
        power: the exponential of the voltage over N kT/q.
        avalanche: that of the breakdown; None where there is none.
    """
    relative_to_it = relative_current(volts, emission, power)
    return relative_to_it if avalanche is None else jnp.where(volts >= -p["BV"], relative_to_it, -avalanche)


def relative_current(volts: Array, emission: Array, power: Array) -> Array:
    """A junction's current over its saturation current, without breakdown: below -3 N kT/q a cube, as in SPICE."""
    corner, ratio = reverse_ratio(volts, emission)
    return jnp.where(volts >= corner, power - 1, ratio * ratio * ratio - 1)


def reverse_ratio(volts: Array, emission: Array) -> tuple[Array, Array]:
    """-3 N kT/q, and what SPICE takes the cube of below it: that corner over e times the voltage."""
    corner = -3 * THERMAL_VOLTAGE * emission
    return corner, corner / (math.e * jnp.minimum(volts, corner))


def _injected(current: Array, knee: Array, counts: Array) -> Array:
    """``i / (1 + sqrt(i/IK))`` where it counts."""
    root = jnp.sqrt(jnp.where(counts, current, knee) / knee)
    return jnp.where(counts, current / (1 + root), current)


def _charge(p: Parameters, volts: Array, current: Array) -> list[Array]:
    if "CJO" not in p:
        return []
    charge = depletion(volts, p["CJO"], p["VJ"], p["M"], p["FC"]) + p["TT"] * current
    if "CJSW" in p:
        charge = charge + depletion(volts, p["CJSW"], p["PHP"], p["MJSW"], p["FCS"])
    return [charge]


def prepare(p: Parameters) -> Parameters:
    """The breakdown voltage B at which the current at BV is IBV; the largest VJ and M of ngspice-39."""
    ready = dict(p)
    if "VJ" in p:
        ready["VJ"] = jnp.minimum(p["VJ"], 1 / p["FC"])
        ready["M"] = jnp.minimum(p["M"], _HIGHEST_GRADING)
    if "PHP" in p:
        ready["PHP"] = jnp.minimum(p["PHP"], 1 / p["FCS"])
    return with_breakdown(ready)


def with_breakdown(p: Parameters) -> dict[str, Any]:
    """The parameters with the voltage in place of BV from which the exponential of a breakdown begins."""
    ready = dict(p)
    if "BV" in p:
        thermal = thermal_voltage(p)
        ready["BV"] = breakdown(
            p["BV"], p["IBV"], p["IS"], emission=p["NBV"] * THERMAL_VOLTAGE / thermal, thermal=thermal
        )
    return ready


def breakdown(voltage: Array, current: Array, saturation: Array, *, emission: Array, thermal: Any) -> Array:
    """Where the exponential of a breakdown begins that carries a given current at a given voltage.

    It is x in ``x = BV - NBV V log(IBV/IS + 1 - x/V)``, BV itself where IBV is less than ``IS BV/V``. Solved by
    Newton's iteration, differentiable by its last step.

    Args:
        voltage: BV, volts.
        current: IBV, amperes.
        saturation: IS of the device, amperes.
        emission: NBV.
        thermal: V, kT/q.
    """
    target = jnp.maximum(current / saturation + 1 - voltage / thermal, 1.0)

    def step(y: Array, target: Array, emission: Array) -> Array:
        # y = IBV/IS + 1 - x/V is in y - NBV log(y) = target, which is convex: from the right it only comes down.
        return y - (y - emission * jnp.log(y) - target) / jnp.maximum(1 - emission / y, 1e-3)

    fixed = lax.stop_gradient((target, emission))
    start = fixed[0] + 2 * fixed[1] * jnp.log(1 + fixed[0] + fixed[1]) + fixed[1]
    reached = lax.fori_loop(0, 30, lambda _, y: jnp.maximum(step(y, *fixed), fixed[1]), start)
    y = step(lax.stop_gradient(reached), target, emission)
    fitted = voltage - emission * thermal * jnp.log(y)
    return jnp.where(current < saturation * voltage / thermal, voltage, fitted)

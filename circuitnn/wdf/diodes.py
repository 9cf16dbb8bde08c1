"""Waves reflected by diodes at the root of a wave digital filter: incident a = v + R i, reflected b = v - R i.

Strings of equal diodes in series, `up` of them conducting for v > 0, in parallel with `down` of them the other way
round; one of each is the pair of most clippers. Port equation, with V_t the emission coefficient times kT/q:

    i = I_s (exp(v / (up V_t)) - 1) - I_s (exp(-v / (down V_t)) - 1)

The approximations are those of Werner, Nangia, Bernardini, Smith and Sarti (2015), "An improved and generalized diode
clipper model for wave digital filters", numbered as there. All arrays broadcast; none is NaN where the wave is not.
"""

from functools import partial

import jax
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.numerics.exponential import exponential
from circuitnn.numerics.wright_omega import TOP, correction, nearest, wright_omega

# exp(-y) in y + 2 k sinh y = s, as a polynomial in s / (1 + 2 k) up to _STEEPEST: fitted so that the largest error of
# y, over all k and s, is smallest (0.004).
_FALLING = (0.995927, -0.953096, 0.470237, -0.115786, 0.011054)
_STEEPEST = 4.0
_LARGEST = {jnp.dtype(jnp.float32): 87.0, jnp.dtype(jnp.float64): 700.0}  # exponents
# Incident wave in thermal voltages, 13 megavolts, from which on the voltage of the port grows no more: no table ends
# nowhere. R I_s, in thermal voltages, is bounded by half of it.
_HIGHEST = 2.0 ** (TOP - 1)


def diode(a: ArrayLike, R: ArrayLike, *, saturation: ArrayLike, thermal: ArrayLike) -> Array:
    """One diode that conducts for v > 0: exact.

    Args:
        a: incident wave, volts.
        R: port resistance, ohms, positive.
        saturation: I_s, amperes, positive.
        thermal: V_t with the emission coefficient, volts.
    """
    a, R, saturation, thermal = _arrays(a, R, saturation, thermal)
    return 2 * _voltage(a, R, saturation, thermal, 1, 0) - a


def pair_exact(
    a: ArrayLike, R: ArrayLike, *, saturation: ArrayLike, thermal: ArrayLike, up: float = 1, down: float = 1
) -> Array:
    """Diodes both ways, exact to rounding; derivatives are those of the port equation. Arguments as for `diode`.

    Fastest where up is down: one correction of a start from a table, no exponential. Other strings take two or three
    steps with exponentials: to rounding for up to ten times as many diodes one way as the other.
    """
    a, R, saturation, thermal = _arrays(a, R, saturation, thermal)
    return 2 * _voltage(a, R, saturation, thermal, up, down) - a


def pair_simple(
    a: ArrayLike, R: ArrayLike, *, saturation: ArrayLike, thermal: ArrayLike, up: float = 1, down: float = 1
) -> Array:
    """Equation 18: only the diodes that conduct. Arguments as for `diode`."""
    a, R, saturation, thermal = _arrays(a, R, saturation, thermal)
    sign, ahead, _ = _directions(a, thermal, up, down)
    k = _bounded_ratio(R * saturation, ahead)
    return a + 2 * sign * ahead * (k - wright_omega(jnp.log(k) + sign * a / ahead + k))


def pair_better(
    a: ArrayLike, R: ArrayLike, *, saturation: ArrayLike, thermal: ArrayLike, up: float = 1, down: float = 1
) -> Array:
    """Equation 39, for strings 45: good where R I_s is much smaller than V_t. Arguments as for `diode`."""
    a, R, saturation, thermal = _arrays(a, R, saturation, thermal)
    sign, ahead, behind = _directions(a, thermal, up, down)
    log, log_behind = (jnp.log(_bounded_ratio(R * saturation, volts)) for volts in (ahead, behind))
    conducting = ahead * wright_omega(log + sign * a / ahead)
    return a - 2 * sign * (conducting - behind * wright_omega(log_behind - sign * a / behind))


@partial(jax.custom_jvp, nondiff_argnums=(4, 5))
def _voltage(a: Array, R: Array, saturation: Array, thermal: Array, up: float, down: float) -> Array:
    """Of the port; down = 0 for a diode alone."""
    if not down:
        k, s = _bounded_ratio(R * saturation, up * thermal), a / (up * thermal)
        log = jnp.log(k)
        start, rising, _ = nearest(log + k + s)
        y = start - log
        residual = jnp.minimum(s, _HIGHEST) - y - (rising - k)
        return up * thermal * (y + correction(residual, rising, jnp.zeros_like(rising)))
    sign, ahead, behind = _directions(a, thermal, up, down)
    k, s, ratio = _bounded_ratio(R * saturation, ahead), sign * a / ahead, ahead / behind
    log = jnp.log(k)
    steepness = jnp.minimum(s * (ratio / (1 + k * (1 + ratio))), _STEEPEST)
    c, square = _FALLING, steepness * steepness
    falling = (c[0] + c[1] * steepness) + square * ((c[2] + c[3] * steepness) + square * c[4])
    start, rising, inverse = nearest((log + s) + k * falling)
    y, s = start - log, jnp.minimum(s, _HIGHEST)
    if up == down:
        falling = k * (k * inverse)
        y = y + correction(s - y - (rising - falling), rising, falling)
    else:
        for _ in range(2 if max(up, down) <= 3 * min(up, down) else 3):
            y = _step(y, k, s, ratio)
    return jnp.sign(a) * ahead * y


def _step(y: Array, k: Array, s: Array, ratio: Array) -> Array:
    """Of fourth order, for y + k (exp(y) - exp(-ratio y)) = s: Schröder's series to its third term."""
    rising, falling = k * _bounded(y), k * _bounded(-ratio * y)
    slope = 1 / (1 + rising + ratio * falling)
    q = (s - y - (rising - falling)) * slope
    second, third = (rising - ratio**2 * falling) * slope / 2, (rising + ratio**3 * falling) * slope / 6
    return y + q * (1 + q * (q * (2 * second * second - third) - second))


@_voltage.defjvp
def _voltage_jvp(up, down, primals, tangents):
    """v + R i(v) = a, differentiated; conductance and currents in units of 1 / R and I_s."""
    a, R, saturation, thermal = primals
    da, dR, d_saturation, d_thermal = tangents
    v = _voltage(a, R, saturation, thermal, up, down)
    k = R * saturation / thermal
    rising, falling = _bounded(v / (up * thermal)), jnp.ones_like(v)
    conductance = k * (rising / up)
    if down:
        falling = _bounded(-v / (down * thermal))
        conductance = conductance + k * (falling / down)
    relative = rising - falling
    change = da - saturation * relative * dR - R * relative * d_saturation + v / thermal * conductance * d_thermal
    return v, change / (1 + conductance)


def _arrays(*operands: ArrayLike) -> tuple[Array, ...]:
    dtype = jnp.result_type(*operands)
    return tuple(jnp.asarray(operand, dtype) for operand in operands)


def _directions(a: Array, thermal: Array, up: float, down: float) -> tuple[Array, Array, Array]:
    """1 or -1 as a is, and the thermal voltage of the string that conducts then, and of the other one."""
    ahead = a >= 0
    sign = jnp.where(ahead, jnp.ones_like(a), -jnp.ones_like(a))
    if up == down:
        return sign, up * thermal, up * thermal
    return sign, jnp.where(ahead, up, down) * thermal, jnp.where(ahead, down, up) * thermal


def _bounded_ratio(voltage: Array, thermal: Array) -> Array:
    return jnp.clip(voltage / thermal, jnp.finfo(voltage.dtype).tiny, _HIGHEST / 2)


def _bounded(x: Array) -> Array:
    """e^x without overflow."""
    return exponential(jnp.minimum(x, _LARGEST[x.dtype]))

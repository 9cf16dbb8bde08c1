"""Wright's omega function, w + ln w = x, for loops over time: exact to rounding, and without a loop of its own.

What a sample waits for, when there is one stream, is the chain of operations. A logarithm or exponential is half of
what a chain should cost; so the start comes from a table of places where the logarithm is known, and one correction by
a series does the rest. `nearest` and `correction` also solve the diodes of wave digital filters.
"""

import math
from functools import cache

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.numerics.exponential import INTEGERS, estrin, exponential

CELL_BITS = 7  # 128 cells in each octave of |x| + OFFSET
OFFSET = 2.0
TOP = 30  # the right half of the table ends at 2**TOP
BOTTOM = 6  # the left half ends at -2**BOTTOM: omega is zero there, beside one
_SMALL = -9.0  # below, the series of omega in powers of e^x
_LARGE = 2.0 ** (TOP - 1)  # above, x - ln x


@jax.custom_jvp
def wright_omega(x: Array) -> Array:
    """The w > 0 with ``w + ln w = x`` (Corless and Jeffrey 2002), to three units of rounding.

    Args:
        x: any shape, real. Where e^x is below the smallest normal number, that number is the result, about.
    """
    large = jnp.maximum(x, x.dtype.type(_LARGE))
    log, omega, _ = nearest(x)
    d = correction(x - log - omega, omega, jnp.zeros_like(omega))
    terms = 8 if x.dtype == jnp.float64 else 5
    found = omega * _polynomial([1 / math.factorial(k) for k in range(terms)], d)
    # Lagrange's inversion of w e^w = e^x: the powers of e^x have the coefficients (-k)^(k - 1) / k!.
    small = exponential(jnp.minimum(x, x.dtype.type(_SMALL)))
    found = jnp.where(x < _SMALL, small * _polynomial([1.0, -1.0, 3 / 2, -8 / 3, 125 / 24], small), found)
    return jnp.where(x > _LARGE, large - jnp.log(large), found)


@wright_omega.defjvp
def _wright_omega_jvp(primals, tangents):
    omega = wright_omega(*primals)
    return omega, omega / (1 + omega) * tangents[0]


def nearest(x: Array) -> tuple[Array, Array, Array]:
    """ln w, w and 1 / w for a w close to ``wright_omega(x)``: ln w is off by less than 0.007 for x in (-2, 2**TOP).

    They fit to each other to rounding. On the left, cells are as wide as `correction` allows; below ``-2**BOTTOM``,
    where w is far smaller than the rounding of x, w and 1 / w are zero. On the right, the last cell stands for all.
    """
    dtype = np.dtype(x.dtype)
    bits = lax.bitcast_convert_type(jnp.abs(x) + dtype.type(OFFSET), INTEGERS[dtype])
    cell = (bits >> (jnp.finfo(dtype).nmant - CELL_BITS)) - (jnp.finfo(dtype).maxexp << CELL_BITS)
    right, left = (TOP - 1) << CELL_BITS, (BOTTOM - 1) << CELL_BITS
    place = jnp.where(x < 0, right + jnp.minimum(cell, left), jnp.minimum(cell, right - 1))
    log, omega, inverse = (jnp.asarray(each).at[place].get(mode="promise_in_bounds") for each in _table(dtype))
    return log, omega, inverse


def correction(residual: Array, rising: Array, falling: Array) -> Array:
    """The small d with ``d + rising (e^d - 1) - falling (e^-d - 1) = residual``.

    The reverted series to the sixth power, in single precision to the third: to rounding for |d| up to 0.01.
    """
    each = 1 / (1 + rising + falling)
    q, p, o = residual * each, (rising - falling) * each, (rising + falling) * each
    pp = p * p
    terms = [jnp.ones_like(p), p * (-1 / 2), pp * (1 / 2) - o * (1 / 6)]
    if residual.dtype == jnp.float64:
        po = p * o
        terms += [
            p * (pp * (-5 / 8) + (o * (5 / 12) - 1 / 24)),
            pp * pp * (7 / 8) + (pp * (1 / 8 - o * (7 / 8)) + o * (o * (1 / 12) - 1 / 120)),
            p * (pp * pp * (-21 / 16) + pp * (o * (7 / 4) - 7 / 24))
            + (po * (7 / 240 + 7 / 144 - o * (7 / 18)) - p * (1 / 720)),
        ]
    return q * estrin(terms, q)


@cache
def _table(dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """In the middle of each cell, for x >= 0 and then for x < 0."""
    from scipy.special import wrightomega  # here, because most programs know the table's results only

    edges = 2.0 ** np.arange(1, TOP)[:, None] * (1 + np.arange(1 << CELL_BITS) / (1 << CELL_BITS))
    middles = (edges + 2.0 ** np.arange(1, TOP)[:, None] / (2 << CELL_BITS)).reshape(-1) - OFFSET
    x = np.concatenate([middles, -middles[: (BOTTOM - 1) << CELL_BITS]])
    logs = (x - wrightomega(x)).astype(dtype)
    omegas = np.exp(logs.astype(np.longdouble))
    end = [(logs, -(2.0**BOTTOM)), (omegas, 0), (1 / omegas, 0)]
    first, second, third = (np.append(each, last).astype(dtype) for each, last in end)
    return first, second, third


def _polynomial(coefficients: list[float], x: Array) -> Array:
    return estrin([jnp.full_like(x, each) for each in coefficients], x)

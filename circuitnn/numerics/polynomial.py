"""Real polynomials, highest power first along the last axis: values, roots, the bilinear transform."""

import math

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

ITERATIONS = 60  # of the simultaneous iteration; simple roots take about 10, triple ones 40


def homogeneous(coefficients: Array, x: Array, w: Array, degree: int) -> Array:
    """``w^degree p(x/w)``, finite where w is zero; (..., n) and (points,) give (..., points).

    Args:
        coefficients: (..., n) with n <= degree + 1.
        x: (points,) numerators.
        w: (points,) denominators.
        degree: of the form.
    """
    n = coefficients.shape[-1]
    powers = [jnp.ones_like(w)]
    for _ in range(degree):
        powers.append(powers[-1] * w)
    total = jnp.zeros((*coefficients.shape[:-1], *jnp.shape(x)), jnp.result_type(coefficients, x, w))
    for k in range(n):
        total = total * x + coefficients[..., k, None] * powers[k + degree + 1 - n]
    return total


def bilinear(coefficients: Array, rate: float, degree: int) -> Array:
    """``(z + 1)^degree p(rate (z - 1)/(z + 1))`` over ``rate^degree``: (..., n) gives (..., degree + 1)."""
    n = coefficients.shape[-1]
    rows = []
    for k in range(n - 1, -1, -1):
        row = np.array([1.0])
        for factor in [-1.0] * k + [1.0] * (degree - k):
            row = np.convolve(row, [1.0, factor])
        rows.append(row * rate ** float(k - degree))
    return coefficients @ jnp.asarray(np.stack(rows), coefficients.dtype)


def inverse_bilinear(coefficients: Array, rate: float, degree: int) -> Array:
    """``(1 - s/rate)^degree p((rate + s)/(rate - s))``: (..., n) in z give (..., degree + 1) in s."""
    n = coefficients.shape[-1]
    scale = rate ** -np.arange(degree, -1, -1.0)
    rows = []
    for k in range(n - 1, -1, -1):
        row = np.array([1.0])
        for factor in [[1.0, 1.0]] * k + [[-1.0, 1.0]] * (degree - k):
            row = np.convolve(row, factor)
        rows.append(row * scale)
    return coefficients @ jnp.asarray(np.stack(rows), coefficients.dtype)


@jax.custom_jvp
def roots(coefficients: Array) -> Array:
    """All roots, complex (..., n - 1), ordered by size; differentiable where they are simple.

    Each zero among the first coefficients is a root at infinity. Roots of very different sizes are all found to
    rounding: the simultaneous iteration (Aberth 1973) starts from radii on the Newton polygon (Bini 1996).
    """
    n = coefficients.shape[-1]
    dtype = jnp.result_type(coefficients.dtype, jnp.complex64)
    if n < 2:
        return jnp.zeros((*coefficients.shape[:-1], 0), dtype)
    flat = coefficients.reshape(math.prod(coefficients.shape[:-1]), n)
    return jax.vmap(_roots)(flat).reshape(*coefficients.shape[:-1], n - 1)


@roots.defjvp
def _roots_jvp(primals, tangents):
    (coefficients,), (dot,) = primals, tangents
    found = roots(coefficients)
    n = coefficients.shape[-1]
    usable = jnp.isfinite(found)
    x = jnp.where(usable, found, 1)
    size = jnp.maximum(jnp.abs(x), 1)[..., None]  # common factors, so that no power overflows
    powers = (x[..., None] / size) ** np.arange(n - 1, -1, -1) * size ** -np.arange(n).astype(coefficients.dtype)
    slopes = coefficients[..., None, :-1] * np.arange(n - 1, 0, -1) * powers[..., 1:]
    moved = jnp.sum(dot[..., None, :] * powers, axis=-1) / jnp.sum(slopes, axis=-1)
    return found, jnp.where(usable, -moved, 0)


def _roots(coefficients: Array) -> Array:
    n = coefficients.shape[0]
    ascending = coefficients[::-1]
    logs = jnp.log(jnp.abs(ascending))  # minus infinity where it is zero
    low = jnp.argmax(ascending != 0)
    high = n - 1 - jnp.argmax(coefficients != 0)
    place = jnp.arange(n - 1)
    radii = _polygon(logs)
    inside = (place >= low) & (place < high)
    radii = jnp.where(inside, radii, 0)
    # In units of the middle of all radii, so that powers stay within range in single precision.
    centre = jnp.sum(radii) / jnp.maximum(jnp.sum(inside), 1)
    scaled = jnp.where(ascending != 0, logs + jnp.arange(n) * centre, -jnp.inf)
    ascending = jnp.sign(ascending) * jnp.exp(scaled - jnp.max(scaled))
    start = jnp.exp(radii - centre + 1j * (2 * math.pi * place / (n - 1) + 0.7))

    def step(_, x):
        ratio = _newton_ratio(ascending, x)
        apart = x[:, None] - x[None, :]
        counted = inside[None, :] & (place[:, None] != place[None, :]) & (apart != 0)
        push = jnp.sum(jnp.where(counted, 1 / jnp.where(counted, apart, 1), 0), axis=1)
        push = push + low / x  # roots at zero are there already
        moved = ratio / (1 - ratio * push)
        return jnp.where(inside & jnp.isfinite(moved), x - moved, x)

    x = lax.fori_loop(0, ITERATIONS, step, start)
    x = x * jnp.exp(centre).astype(x.dtype)
    # Roots of real polynomials that are real to rounding are real.
    is_real = jnp.abs(x.imag) <= 8 * float(jnp.finfo(coefficients.dtype).eps) * jnp.abs(x.real)
    x = lax.complex(x.real, jnp.where(is_real, 0, x.imag))
    x = jnp.where(place < low, 0, jnp.where(place < high, x, jnp.inf))
    return x[jnp.lexsort((x.imag, x.real, jnp.abs(x)))]


def _polygon(logs: Array) -> Array:
    """Logarithms of the radii that the Newton polygon gives the roots, (n - 1,), in rising order."""
    n = logs.shape[0]
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    slopes = (logs[:, None] - logs[None, :]) / np.where(i < j, j - i, 1)  # radius of the segment from power i to j
    usable = jnp.isfinite(logs)[:, None] & jnp.isfinite(logs)[None, :] & (i < j)
    found = []
    for k in range(n - 1):
        least = jnp.min(jnp.where(usable & (j > k), slopes, jnp.inf), axis=1)
        found.append(jnp.max(jnp.where(jnp.arange(n) <= k, jnp.where(jnp.isfinite(least), least, -jnp.inf), -jnp.inf)))
    return jnp.stack(found)


def _newton_ratio(ascending: Array, x: Array) -> Array:
    """``p/p'`` at x, (n - 1,); outside of the unit circle by the reversed polynomial, which does not overflow."""
    n = ascending.shape[0]

    def both(coefficients, x):
        p, slope = jnp.zeros_like(x), jnp.zeros_like(x)
        for k in range(n - 1, -1, -1):
            slope = slope * x + p
            p = p * x + coefficients[k]
        return p, slope

    is_outside = jnp.abs(x) > 1
    y = jnp.where(is_outside, 1 / jnp.where(is_outside, x, 1), x)
    p, slope = both(ascending, jnp.where(is_outside, 0, x))
    q, slope_q = both(ascending[::-1], jnp.where(is_outside, y, 0))
    # p(x) = x^(n-1) q(1/x): p/p' = x / (n - 1 - y q'(y)/q(y))
    p = jnp.where(is_outside, x * q, p)
    slope = jnp.where(is_outside, (n - 1) * q - y * slope_q, slope)
    return jnp.where(slope == 0, 0, p / jnp.where(slope == 0, 1, slope))

"""Numerators and denominator of a circuit's transfer functions, differentiable also where poles coincide.

With the matrices of `state_space.Implicit`, ``D(s) = det(s P - F)`` and ``N(s) = H(s) D(s)`` are polynomials. They are
evaluated on circles ``|s| = r`` and taken apart by a Fourier transform, which gives each coefficient to rounding
relative to the largest term on that circle. A stiff circuit has coefficients of very different sizes: each one is taken
from the circle on which it stands out. No root is computed on the way, and none of the powers of a matrix that the
method of Faddeev and Leverrier cancels against each other.
"""

import numpy as np
from jax import Array, lax
from jax import numpy as jnp

from circuitnn.mna.stamps import Values
from circuitnn.mna.state_space import STEP, implicit
from circuitnn.mna.structure import Structure
from circuitnn.mna.topology import Topology

RADII = np.geomspace(1e-3, 1e13, 33)  # rad/s


def rational(topology: Topology, values: Values, structure: Structure) -> tuple[Array, Array]:
    """Coefficients with the highest power of s first, for small signals around the operating point.

    The lowest coefficient of the denominator that is not always zero is one.

    Returns:
        Numerators (n_out, n_in, m) and denominator (n,), both without coefficients that are zero whatever the values
        are at the high end.
    """
    system = implicit(topology, values)
    kept = np.asarray(structure.states, int)
    f, g, c = system.f[kept][:, kept], system.g[kept], system.c[:, kept]
    order = len(kept)
    if not order:
        return system.d[..., None], jnp.ones(1, system.d.dtype)
    # A multiple of four, at odd multiples of half the angle between them: no point lies on the axes, where the poles
    # of RC and of LC circuits are. Those below the real axis are the conjugates of the others.
    count = 4 * (order // 4 + 1)
    angles = np.pi / count * (2 * np.arange(count // 2) + 1)
    weights = 2 / count * np.exp(-1j * np.outer(angles, np.arange(order + 1)))
    s = jnp.asarray(RADII[:, None] * np.exp(1j * angles), jnp.result_type(f.dtype, jnp.complex64))[..., None, None]

    matrix = s * (jnp.eye(order, dtype=f.dtype) + STEP * f) - f
    scale = lax.stop_gradient(jnp.max(jnp.abs(matrix), axis=-1, keepdims=True))
    sign, size = jnp.linalg.slogdet(matrix / scale)
    size = size + jnp.sum(jnp.log(scale), axis=(-2, -1))
    response = system.d + (1 - STEP * s) * (c @ jnp.linalg.solve(matrix / scale, g / scale))
    level = lax.stop_gradient(jnp.max(size, axis=-1))  # (radii,)
    determinant = sign * jnp.exp(size - level[:, None])  # (radii, angles)
    product = response * determinant[..., None, None]

    def parts(samples: Array, mask: np.ndarray) -> Array:
        """(radii, angles, ...) to (radii, ..., powers)."""
        return jnp.where(mask, jnp.real(jnp.tensordot(samples, jnp.asarray(weights, s.dtype), axes=(1, 0))), 0)

    denominator = parts(determinant, np.asarray(structure.denominator))
    numerators = parts(product, np.asarray(structure.numerators))
    # Where a coefficient vanishes, at the end of a knob, its gradient is taken where it would stand out.
    powers = np.arange(order + 1)
    near = float(jnp.finfo(f.dtype).eps) ** (0.5 * np.abs(powers[:, None] - powers))
    expected = lax.stop_gradient(jnp.abs(denominator)) @ jnp.asarray(near, f.dtype)
    faint = expected[:, None, None] * float(jnp.finfo(f.dtype).eps) ** 0.5
    # Of circles that are equally good the one nearest to the step, where the matrices are what they are exactly.
    close = jnp.asarray(np.exp(-0.25 * np.abs(np.log(RADII * STEP))), f.dtype)[:, None]
    rounding = 64 * float(jnp.finfo(f.dtype).eps)
    bottom, exponent = _chosen(denominator, expected * close, level, jnp.asarray(rounding, f.dtype))
    clear = lax.stop_gradient(jnp.abs(numerators)) + faint
    largest = lax.stop_gradient(jnp.max(jnp.abs(numerators), axis=(0, -1)))[..., None]
    top_parts, exponents = _chosen(numerators, clear * close[:, None, None], level, rounding * largest)
    lowest = structure.denominator.index(True)
    a = jnp.where(powers == lowest, 1, bottom / bottom[lowest] * jnp.exp(exponent - exponent[lowest]))
    b = top_parts / bottom[lowest] * jnp.exp(exponents - exponent[lowest])
    height = 1 + max(
        [k for rows in structure.numerators for row in rows for k, used in enumerate(row) if used], default=0
    )
    return b[..., :height][..., ::-1], a[: 1 + _last(structure.denominator)][::-1]


def _last(mask: tuple[bool, ...]) -> int:
    return max(k for k, used in enumerate(mask) if used)


def _chosen(parts: Array, score: Array, level: Array, rounding: Array) -> tuple[Array, Array]:
    """Of parts (radii, ..., powers) the one with the best score, and the logarithm of what it is to be scaled by.

    What is only rounding is zero: else a knob at its end, which takes away a power, would leave a pole far out in any
    direction, in the right half plane as well. The gradient stays.
    """
    best = jnp.argmax(score, axis=0)[None]
    value = jnp.take_along_axis(parts, best, axis=0)[0]
    value = jnp.where(jnp.abs(value) < rounding, value - lax.stop_gradient(value), value)
    powers = jnp.arange(parts.shape[-1])
    logarithm = jnp.asarray(np.log(RADII), parts.dtype)
    return value, level[best[0]] - powers * logarithm[best[0]]

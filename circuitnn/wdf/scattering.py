"""Scattering matrices: how the waves into the ports of a junction become the waves out of it, ``b = S a``.

Here all ports are looked at from the junction: a goes into it, b comes out of it, currents are positive into it. With
G = diag(1/R), a junction without losses or sources keeps ``S^T G S = G``: as much power comes out as goes in.
"""

from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.rooms import handed_on
from circuitnn.wdf.elements import Parallel, Series

__dir__ = handed_on(__name__)


def series(resistances: ArrayLike) -> Array:
    """Ports in series, ``v1 + v2 + ... = 0``: ``S = 1 - 2 R 1^T / (R1 + R2 + ...)``, (..., n, n) (Fettweis 1986)."""
    r = jnp.asarray(resistances)
    share = 2 * r / jnp.sum(r, axis=-1, keepdims=True)
    return jnp.eye(r.shape[-1], dtype=r.dtype) - share[..., :, None] * jnp.ones_like(r)[..., None, :]


def parallel(resistances: ArrayLike) -> Array:
    """Ports in parallel, ``v1 = v2 = ...``: ``S = 2 1 G^T / (G1 + G2 + ...) - 1``, (..., n, n) (Fettweis 1986)."""
    g = 1 / jnp.asarray(resistances)
    share = 2 * g / jnp.sum(g, axis=-1, keepdims=True)
    return jnp.ones_like(g)[..., :, None] * share[..., None, :] - jnp.eye(g.shape[-1], dtype=g.dtype)


def r_type(incidence: ArrayLike, resistances: ArrayLike, admittance: ArrayLike | None = None) -> Array:
    """Ports on any network: ``S = 2 P^T Y^-1 P G - 1`` with ``Y = P G P^T`` and what sits inside (Werner et al. 2015).

    Args:
        incidence: P, (nodes, n): 1 where the positive terminal of a port is, -1 where the negative one; ground has no
            row.
        resistances: (..., n) ohms.
        admittance: of the ideal elements inside, in siemens, (nodes, nodes); with unknowns of their own more rows and
            columns than there are nodes.

    Returns:
        (..., n, n), differentiable.
    """
    r = jnp.asarray(resistances)
    p = jnp.asarray(incidence, r.dtype)
    extra = 0 if admittance is None else jnp.shape(admittance)[-1] - p.shape[0]
    p = jnp.pad(p, ((0, extra), (0, 0)))
    y = jnp.einsum("ik,...k,jk->...ij", p, 1 / r, p)
    if admittance is not None:
        y = y + jnp.asarray(admittance, r.dtype)
    through = jnp.linalg.solve(y, p / r[..., None, :])
    return 2 * p.T @ through - jnp.eye(r.shape[-1], dtype=r.dtype)


def adapted(kind: type[Series] | type[Parallel] | ArrayLike, resistances: ArrayLike, port: int) -> Array:
    """The resistance that a port has to have so that nothing is reflected there: ``S[port, port] = 0``.

    Args:
        kind: `Series`, `Parallel`, or the incidence of an R-type adaptor.
        resistances: (n,) of all ports; what stands at `port` does not matter.
        port: index.
    """
    r = jnp.asarray(resistances)
    others = jnp.delete(r, port)
    if kind is Series:
        return jnp.sum(others)
    if kind is Parallel:
        return 1 / jnp.sum(1 / others)
    p = jnp.asarray(kind, r.dtype)
    columns = jnp.delete(p, port, axis=1)
    y = jnp.einsum("ik,k,jk->ij", columns, 1 / others, columns)
    return p[:, port] @ jnp.linalg.solve(y, p[:, port])


def imbalance(matrix: ArrayLike, resistances: ArrayLike) -> Array:
    """How far ``S^T G S`` is from G, relative to it: zero for a junction without losses or sources."""
    s, r = jnp.asarray(matrix), jnp.asarray(resistances)
    root = jnp.sqrt(r)
    unit = s * root[..., None, :] / root[..., :, None]  # waves of power: an orthogonal matrix then
    return jnp.max(jnp.abs(jnp.swapaxes(unit, -1, -2) @ unit - jnp.eye(r.shape[-1], dtype=r.dtype)))

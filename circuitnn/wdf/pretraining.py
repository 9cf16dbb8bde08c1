"""A network fitted to the waves that diodes reflect, before it runs in a circuit."""

from functools import partial
from typing import Any, NamedTuple, final

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike

from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.expressions.errors import CircuitError
from circuitnn.expressions.numbers import parse_number
from circuitnn.numerics.levenberg_marquardt import descend
from circuitnn.wdf import diodes
from circuitnn.wdf.elements import Value
from circuitnn.wdf.neural import NeuralOnePort, NeuralWeights, reflected
from circuitnn.wdf.roots import Diode, DiodePair

THIN = 8  # most of the work is done on every THIN-th wave
POLISH = 10  # steps on all of them


def pretrain(
    network: NeuralOnePort,
    like: DiodePair | Diode | None = None,
    *,
    resistances: ArrayLike | None = None,
    waves: ArrayLike | None = None,
    seed: int = 0,
    starts: int = 4,
    steps: int = 150,
) -> tuple[NeuralOnePort, float]:
    """Fit a network to the waves that diodes reflect (Chowdhury and Clarke 2022, with another optimiser).

    Levenberg and Marquardt's method in double precision: for some hundred weights it needs a hundred steps where
    gradient descent needs ten thousands, and gets further. It goes from the network's own weights and from others, and
    on from the best.

    Args:
        network: what to start from; it stays as it is.
        like: the diodes, with numbers for values; a `DiodePair` of the default ones when None.
        resistances: port resistances, ohms; 20 from 10 to 1e9, logarithmically spaced, when None.
        waves: incident waves, volts; 1000 from -2.5 to 2.5 when None.
        seed: of the other weights.
        starts: how many weights to start from.
        steps: of the best of them, half as many of each of the others.

    Returns:
        The fitted network, and its mean squared error in volts squared over all resistances and waves.

    Raises:
        ValueError: for values that are expressions, and for resistances that are not positive.
    """
    like = DiodePair() if like is None else like
    R = np.logspace(1, 9, 20) if resistances is None else np.asarray(resistances, float).ravel()
    a = np.linspace(-2.5, 2.5, 1000) if waves is None else np.asarray(waves, float).ravel()
    if not (R.size and a.size and (R > 0).all() and np.isfinite(R).all() and np.isfinite(a).all() and starts > 0):
        raise ValueError("resistances have to be positive, waves finite, and there has to be one of each and one start")
    is_odd = isinstance(like, DiodePair) and like.up == like.down
    if network.symmetric and not is_odd:
        raise ValueError(f"a symmetric network cannot be like {like}: make a NeuralOnePort(symmetric=False)")
    graph, variables = nnx.split(network)
    with jax.enable_x64(True):
        everything = _targets(like, a, R)
        thinned = _targets(like, a[:: THIN if a.size > 20 * THIN else 1], R)
        own = jax.tree.map(lambda each: jnp.asarray(np.asarray(each), jnp.float64), network.weights)
        flat, unravel = ravel_pytree((own.kernels, own.biases))
        fit = _Fit(network.symmetric, unravel, own)
        rng = np.random.default_rng(seed)
        spread = _spread(own)
        guesses = [flat, *(jnp.asarray(rng.normal(size=flat.size) * spread) for _ in range(starts - 1))]
        found = [_descend(fit, guess, thinned, steps // 2) for guess in guesses]
        best = min(found, key=lambda each: each[1])[0]
        best, _ = _descend(fit, best, thinned, steps)
        best, error = _descend(fit, best, everything, POLISH)
        kernels, biases = jax.tree.map(np.asarray, unravel(best))
    fitted = nnx.merge(graph, jax.tree.map(jnp.array, variables))
    for variable, value in zip((*fitted.kernels, *fitted.biases), (*kernels, *biases), strict=True):
        variable[...] = jnp.asarray(value, network.dtype)
    return fitted, error


@final
class _Fit(NamedTuple):
    """A network as a function of a flat vector."""

    symmetric: bool
    unravel: Any
    like: NeuralWeights

    def reflected(self, flat: Array, a: Array, R: Array) -> Array:
        kernels, biases = self.unravel(flat)
        return reflected(self.symmetric, self.like._replace(kernels=kernels, biases=biases), a, R)


def _targets(like: DiodePair | Diode, a: np.ndarray, R: np.ndarray) -> tuple[Array, Array, Array]:
    """All waves at all port resistances, and what the diodes make of them."""
    waves, resistances = (jnp.asarray(each.ravel()) for each in np.meshgrid(a, R))
    own = {"saturation": _number(like.saturation), "thermal": _number(like.emission) * THERMAL_VOLTAGE}
    if isinstance(like, Diode):
        return waves, resistances, diodes.diode(waves, resistances, **own)
    return waves, resistances, diodes.pair_exact(waves, resistances, **own, up=like.up, down=like.down)


def _number(value: Value) -> float:
    try:
        return parse_number(value.strip()) if isinstance(value, str) else float(value)
    except CircuitError:
        raise ValueError(f"a network can be like diodes whose values are numbers, not {value!r}") from None


def _spread(weights: NeuralWeights) -> np.ndarray:
    """How large the weights are to start from: outputs of each layer of order one."""
    kernels = [np.full(each.shape, each.shape[1] ** -0.5) for each in weights.kernels]
    biases = [np.full(each.shape, 0.6) for each in weights.biases]
    return np.asarray(ravel_pytree((tuple(kernels), tuple(biases)))[0])


def _descend(fit: _Fit, start: Array, points: tuple[Array, Array, Array], steps: int) -> tuple[Array, float]:
    # One program for each of the two sizes, whatever the start.
    a, R, target = points
    found = descend(lambda flat: _normal(fit.symmetric, fit.like, flat, a, R, target), start, steps=steps)
    return jnp.asarray(found.at), found.error


@partial(jax.jit, static_argnums=0)
def _normal(symmetric: bool, like: NeuralWeights, flat: Array, a: Array, R: Array, target: Array):
    """Gauss and Newton's matrix, half the gradient and the mean squared error."""
    fit = _Fit(symmetric, ravel_pytree((like.kernels, like.biases))[1], like)
    rows = jax.vmap(jax.grad(fit.reflected), (None, 0, 0))(flat, a, R)
    rest = fit.reflected(flat, a, R) - target
    return rows.T @ rows / a.size, rows.T @ rest / a.size, jnp.mean(rest**2)

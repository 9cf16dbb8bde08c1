"""A network fitted to the waves that diodes reflect, before it runs in a circuit."""

from functools import partial
from operator import itemgetter

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
        weights = jax.tree.map(lambda weight: jnp.asarray(np.asarray(weight), jnp.float64), network.weights)
        flat, unravel = ravel_pytree((weights.kernels, weights.biases))
        fit = partial(_descend, network.symmetric, weights)
        rng = np.random.default_rng(seed)
        spread = _spread(weights)
        guesses = [flat, *(jnp.asarray(rng.normal(size=flat.size) * spread) for _ in range(starts - 1))]
        best, _ = min((fit(guess, thinned, steps // 2) for guess in guesses), key=itemgetter(1))
        best, _ = fit(best, thinned, steps)
        best, error = fit(best, everything, POLISH)
        kernels, biases = jax.tree.map(np.asarray, unravel(best))
    fitted = nnx.merge(graph, jax.tree.map(jnp.array, variables))
    for variable, value in zip((*fitted.kernels, *fitted.biases), (*kernels, *biases), strict=True):
        variable[...] = jnp.asarray(value, network.dtype)
    return fitted, error


def _targets(like: DiodePair | Diode, a: np.ndarray, R: np.ndarray) -> tuple[Array, Array, Array]:
    """All waves at all port resistances, and what the diodes make of them."""
    waves, resistances = (jnp.asarray(grid.ravel()) for grid in np.meshgrid(a, R))
    diode = {"saturation": _number(like.saturation), "thermal": _number(like.emission) * THERMAL_VOLTAGE}
    if isinstance(like, Diode):
        return waves, resistances, diodes.diode(waves, resistances, **diode)
    return waves, resistances, diodes.pair_exact(waves, resistances, **diode, up=like.up, down=like.down)


def _number(value: Value) -> float:
    try:
        return parse_number(value.strip()) if isinstance(value, str) else float(value)
    except CircuitError:
        raise ValueError(f"a network can be like diodes whose values are numbers, not {value!r}") from None


def _spread(weights: NeuralWeights) -> np.ndarray:
    """How large the weights are to start from: outputs of each layer of order one."""
    kernels = [np.full(kernel.shape, kernel.shape[1] ** -0.5) for kernel in weights.kernels]
    biases = [np.full(bias.shape, 0.6) for bias in weights.biases]
    return np.asarray(ravel_pytree((tuple(kernels), tuple(biases)))[0])


def _descend(
    symmetric: bool, like: NeuralWeights, start: Array, points: tuple[Array, Array, Array], steps: int
) -> tuple[Array, float]:
    # One program for each of the two sizes, whatever the start.
    descent = descend(lambda flat: _normal(symmetric, like, flat, *points), start, steps=steps)
    return jnp.asarray(descent.at), descent.error


@partial(jax.jit, static_argnums=0)
def _normal(symmetric: bool, like: NeuralWeights, flat: Array, a: Array, R: Array, target: Array):
    """Gauss and Newton's matrix, half the gradient and the mean squared error."""
    unravel = ravel_pytree((like.kernels, like.biases))[1]

    def wave(flat: Array, a: Array, R: Array) -> Array:
        kernels, biases = unravel(flat)
        return reflected(symmetric, like._replace(kernels=kernels, biases=biases), a, R)

    rows = jax.vmap(jax.grad(wave), (None, 0, 0))(flat, a, R)
    residual = wave(flat, a, R) - target
    return rows.T @ rows / a.size, rows.T @ residual / a.size, jnp.mean(residual**2)

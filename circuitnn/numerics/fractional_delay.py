"""Delays by parts of a sample: band-limited interpolation that is differentiable in the delay."""

from types import ModuleType
from typing import Any

from circuitnn.deferred import Array, jax, jnp, lax

HALF = 48  # samples on each side that a new sample is made of
_WIDTH = HALF / 4.8  # of the Gaussian: 1e-5 at the ends, and flat to 1e-5 up to 0.43 of the sample rate


def taps(fraction: Any, xp: ModuleType = jnp, band: float = 1.0) -> Any:
    """A sinc under a Gaussian: (2 HALF + 1,), the filter that delays by HALF and `fraction`.

    The Gaussian is as smooth in the delay as the sinc is, which windows that end at zero with an edge are not.

    Args:
        fraction: of a sample, from -0.5 to 0.5.
        xp: numpy or jax.numpy.
        band: of the Nyquist frequency, what is to be left of the signal as well.

    Source: Laakso, Valimaki, Karjalainen and Laine 1996, Splitting the unit delay.
    """
    time = xp.arange(-HALF, HALF + 1) - fraction
    return band * xp.sinc(band * time) * xp.exp(-0.5 * (time / _WIDTH) ** 2)


def delayed(signals: Array, delay: Array, reach: int) -> Array:
    """Signals (..., time + 2 (reach + HALF)) later by `delay` samples, without their ends: (..., time).

    Args:
        signals: with what comes before and after.
        delay: (), at most `reach` either way; beyond it the whole samples stop there.
        reach: whole samples.
    """
    whole = jnp.clip(jnp.round(lax.stop_gradient(delay)), -reach, reach).astype(jnp.int32)
    length = signals.shape[-1] - 2 * reach
    moved = lax.dynamic_slice_in_dim(signals, reach - whole, length, axis=-1)
    rows = moved.reshape(-1, length)
    filtered = jax.vmap(jnp.convolve, in_axes=(0, None, None))(rows, taps(delay - whole), "valid")
    return filtered.reshape(*moved.shape[:-1], -1)

"""The most recent samples as one vector, and linear maps of parts of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.networks.dense import Dense
from circuitnn.networks.layer import Layer


@final
class Span(NamedTuple):
    """Samples of a window, and how many features are made of them.

    Attributes:
        first: index of the oldest sample, 0 the oldest of the window.
        stop: index behind the newest sample.
        width: features.
    """

    first: int
    stop: int
    width: int


@final
class Window(Layer):
    """Linear maps of the most recent samples, ``W [u_{n-length+1}; ...; u_n] + b``, each of its span of them.

    The features of the spans come one after the other. All samples are read at each sample, so the carry is the plain
    history, (..., length - 1, features), the oldest first.

    Args:
        features: of the input.
        spans: one after the other; the last one ends with the present sample.

    Attributes:
        length: samples in the window.
        maps: the linear map of each span; W is (width, samples * features), the oldest sample first.
    """

    def __init__(self, features: int, spans: Sequence[Span], *, dtype: Any, rngs: nnx.Rngs):
        self.spans = tuple(Span(*span) for span in spans)
        self.length, self.width = self.spans[-1].stop, sum(span.width for span in self.spans)
        self.maps = nnx.List(
            Dense((span.stop - span.first) * features, span.width, dtype=dtype, rngs=rngs) for span in self.spans
        )

    def rest(self, u: Array, knobs: Array) -> tuple[Array, Array]:
        heard = jnp.broadcast_to(u[..., None, :], (*u.shape[:-1], self.length, u.shape[-1]))
        return heard[..., 1:, :], self._mapped(heard, 1)[..., 0, :]

    def __call__(self, carry: Array, u: Array, knobs: Array) -> tuple[Array, Array]:
        heard = jnp.concatenate([carry, u], axis=-2)
        return heard[..., u.shape[-2] :, :], self._mapped(heard, u.shape[-2])

    def _mapped(self, heard: Array, time: int) -> Array:
        """(..., length - 1 + time, features) to (..., time, width)."""
        parts = []
        for span, linear in zip(self.spans, self.maps, strict=True):
            # One large product is several times as fast as a sum of small ones.
            samples = [heard[..., k : k + time, :] for k in range(span.first, span.stop)]
            parts.append(linear(jnp.concatenate(samples, axis=-1)))
        return jnp.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]

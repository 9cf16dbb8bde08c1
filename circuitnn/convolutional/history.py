"""What convolutions remember: rings of what they have heard, read at a few places by each sample."""

from collections.abc import Iterable
from typing import final

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from circuitnn.rings import Ring, in_order

# Channels from which on XLA's convolution of a block, which is quick in single precision alone, takes less time and
# memory than products with all taps side by side; with four channels it takes four times as long.
WIDE = 8


@final
class Memory:
    """The rings of a network's convolutions, in the order in which they are convolved.

    One sample reads its taps and writes one row. A block is convolved all at once, behind what the ring holds. At rest
    all that a ring holds is the constant that goes in.

    Attributes:
        after: the rings after the block.
    """

    def __init__(self, rings: Iterable[Ring] | None, batch: tuple[int, ...]):
        """Rings from a block before, or None at rest; arrays of a network have the batch as one axis in front."""
        self._is_at_rest, self._rings, self._batch = rings is None, iter(rings or ()), batch
        self.after = list[Ring]()

    def convolved(
        self,
        u: Array,
        weight: Array,
        bias: Array | None,
        *,
        dilation: int = 1,
        beside: Array | None = None,
        mixer: Array | None = None,
    ) -> Array:
        """A causal dilated convolution.

        Args:
            u: (batch, in, time).
            weight: (out, in, kernel) as PyTorch has it, the newest sample last.
            bias: (out,), or None.
            dilation: samples between taps.
            beside: (batch, others, time), which the mixer maps to the same outputs.
            mixer: (out, others).

        Returns:
            (batch, out, time).
        """
        out, features, kernel = weight.shape
        is_sample = u.shape[-1] == 1
        if kernel > 1 and not is_sample and max(out, features) >= WIDE and u.dtype == jnp.float32:
            y = lax.conv_general_dilated(self._behind(u), weight, (1,), "VALID", rhs_dilation=(dilation,))
            y = biased(y, bias)
        else:
            matrix = weight.transpose(0, 2, 1).reshape(out, kernel * features)
            taps = [u] if kernel == 1 else self._seen(u, kernel, dilation)
            if is_sample and beside is not None and mixer is not None:  # one product
                return mapped(jnp.concatenate([matrix, mixer], axis=1), bias, [*taps, beside])
            y = mapped(matrix, bias, taps)
        return y if beside is None or mixer is None else y + mapped(mixer, None, [beside])

    def _seen(self, u: Array, kernel: int, dilation: int) -> list[Array]:
        """What each tap sees, the oldest first; each (batch, features, time)."""
        reach = (kernel - 1) * dilation
        if self._is_at_rest:
            constant = jnp.broadcast_to(self._rows(u), (*self._batch, reach, u.shape[1]))
            self.after.append(Ring(constant, jnp.int32(0)))
            return [u] * kernel
        time = u.shape[-1]
        if time == 1:
            return self._taps(next(self._rings), u, kernel, dilation)
        signal = self._behind(u)
        return [signal[..., k * dilation : k * dilation + time] for k in range(kernel)]

    def _rows(self, u: Array) -> Array:
        return u.swapaxes(1, 2).reshape(*self._batch, u.shape[2], u.shape[1])

    def _taps(self, ring: Ring, u: Array, kernel: int, dilation: int) -> list[Array]:
        """What one sample meets, the oldest first; each (batch, features, 1)."""
        samples, position = ring
        length = np.int32(samples.shape[-2])
        places = [lax.rem(position + k * dilation, length) for k in range(kernel - 1)]
        after = lax.dynamic_update_slice_in_dim(samples, self._rows(u), position, samples.ndim - 2)
        self.after.append(Ring(after, lax.rem(position + 1, length)))
        return [*(lax.dynamic_slice_in_dim(samples, place, 1, -2).reshape(u.shape) for place in places), u]

    def _behind(self, u: Array) -> Array:
        """(batch, features, reach + time): the block behind what the next ring holds."""
        ring = next(self._rings)
        length = ring.samples.shape[-2]
        before = in_order(ring).reshape(u.shape[0], length, u.shape[1]).swapaxes(1, 2)
        signal = jnp.concatenate([before, u], axis=-1)
        self.after.append(Ring(self._rows(signal[..., -length:]), jnp.int32(0)))
        return signal


def mapped(matrix: Array, bias: Array | None, parts: list[Array]) -> Array:
    """``W v + b`` of parts (batch, in, time) side by side: (batch, out, time)."""
    v = jnp.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    if v.shape[1] == 1 < v.shape[2]:
        y = matrix[None] * v
    else:  # a product for each entry of the batch: one for all would transpose what goes in and what comes out
        y = jnp.broadcast_to(matrix, (v.shape[0], *matrix.shape)) @ v
    return biased(y, bias)


def biased(y: Array, bias: Array | None) -> Array:
    """(batch, out, time) and b (out,)."""
    return y if bias is None else y + jnp.broadcast_to(bias[:, None], y.shape)

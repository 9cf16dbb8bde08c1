"""Values that are held for frames of samples, whatever the blocks that they come in."""

import jax.numpy as jnp
from jax import Array


def held_frames(values: Array, before: Array, phase: Array, frame: int, time: int) -> tuple[Array, Array]:
    """What holds in the frames of a block: the values where each began; the first one began in the past.

    Args:
        values: (..., time or 1, features) in the block.
        before: (..., features) that the frame which has begun holds.
        phase: () samples of it that have passed; 0 where a frame begins with the block.
        frame: samples of a frame.
        time: samples of the block.

    Returns:
        Of the frames that the block has a part of, (..., frames, features); and the frame of each sample, (time,).
    """
    starts = jnp.arange(-(-time // frame) + 1) * frame - phase
    inside = jnp.take(values, starts, axis=-2, mode="clip")  # what is clipped is from before, or after the block
    frames = jnp.where((starts < 0)[:, None], before[..., None, :], inside)
    return frames, (jnp.arange(time) + phase) // frame

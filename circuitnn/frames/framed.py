"""Frames in a stream: buffered, computed when they are complete, overlapped and added; at every cut the same."""

from collections.abc import Mapping
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from circuitnn.arguments import checked_width
from circuitnn.frames.frame_network import FrameNetwork
from circuitnn.model import Carry, Controls, Level, Model
from circuitnn.networks.layered import spread
from circuitnn.networks.rest import what_rests
from circuitnn.rings import Ring, in_order
from circuitnn.settings import register

LONGEST = 2**22  # samples of a window


@final
class FramedCarry(NamedTuple):
    """The memory of a `Framed` network.

    Attributes:
        inner: what the network keeps from frame to frame.
        heard: as many inputs as a window has, volts.
        line: (..., samples, out_features) volts, what is to come out since the last frame was computed.
        phase: () whole number, samples heard since then.
    """

    inner: Carry
    heard: Ring
    line: Array
    phase: Array


@register
@final
class Framed(Model):
    """A network of frames as a model: every `hop` samples it is given [past | frame | future], and answers a frame.

    Frames that overlap are weighted by a Hann window and added; the weights of all frames at a sample sum to one. Those
    that do not overlap follow each other. The output comes late by `latency`, ``frame + future - 1`` samples: none for
    frames of one sample without future. Blocks of any size, down to single samples, give the same. Frames of one block
    are computed at once, unless the network keeps something from one to the next. A knob is heard where it is when a
    frame is computed.

    Args:
        network: what makes a frame of a window.
        frame: samples that it gives; None for the network's own.
        hop: samples from frame to frame, at most `frame`; None for the network's own.
        context: samples of past and of future that it sees beside the frame; one number for both; None for its own.

    Raises:
        ValueError: when the network does not make that frame of that window, or the frames leave gaps.
    """

    def __init__(
        self,
        network: FrameNetwork,
        frame: int | None = None,
        hop: int | None = None,
        context: int | tuple[int, int] | None = None,
    ):
        if not isinstance(network, FrameNetwork):
            raise TypeError(f"Framed: a {type(network).__name__} is no FrameNetwork")
        self.network = network
        self.frame = network.frame if frame is None else checked_width("frame", frame)
        self.hop = network.hop if hop is None else checked_width("hop", hop)
        sides: Any = network.context if context is None else (context, context) if _is_whole(context) else context
        if len(sides) != 2 or not all(_is_whole(side) and side >= 0 for side in sides):
            raise ValueError(f"context: whole numbers of samples before and after the frame, not {context!r}")
        self.context = (int(sides[0]), int(sides[1]))
        if self.hop > self.frame:
            raise ValueError(f"a hop of {self.hop} samples leaves gaps between frames of {self.frame}")
        if self.window > LONGEST:
            raise ValueError(f"a window of {self.window} samples; at most {LONGEST}")
        self.in_features, self.out_features, self.dtype = network.in_features, network.out_features, network.dtype
        self._check()

    def _check(self) -> None:
        """See that the network gives a frame of a window."""
        expected = (self.frame, self.out_features)

        def answer(x: Array, knobs: Array) -> Array:
            return self.network.in_volts(self.network.rest(self.network.seen(x, knobs)), x, knobs)[1]

        shapes = ((self.window, self.in_features), (len(self.controls),))
        y = jax.eval_shape(answer, *(jax.ShapeDtypeStruct(shape, self.dtype) for shape in shapes))
        if y.shape != expected:
            raise ValueError(
                f"a {type(self.network).__name__} makes {y.shape} of a window of {self.window} samples, not {expected}"
            )

    @property
    def window(self) -> int:
        """Samples that a frame is made of."""
        return self.context[0] + self.frame + self.context[1]

    @property
    def latency(self) -> int:
        return self.frame + self.context[1] - 1

    @property
    def controls(self) -> Mapping[str, float]:
        return self.network.controls

    @property
    def fs(self) -> float | None:  # type: ignore[override]
        """That of the network's training."""
        return self.network.fs

    def trained_at(self, fs: float) -> None:
        if self.network.fs is None:
            self.network.fs = float(fs)

    @property
    def _pieces(self) -> int:
        """Hops that a frame reaches over."""
        return -(-self.frame // self.hop)

    def _weighted(self, y: Array) -> Array:
        """A frame (..., frame, out_features) weighted, with zeros to whole hops behind."""
        shape = (*y.shape[:-2], self._pieces * self.hop, y.shape[-1])
        weights = jnp.asarray(overlap_window(self.frame, self.hop), y.dtype)[:, None]
        placed = [(0, 0)] * (y.ndim - 2) + [(0, shape[-2] - self.frame), (0, 0)]
        return jnp.pad(jnp.broadcast_to(weights, y.shape) * y, placed)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> FramedCarry:
        volts, positions = what_rests(self, batch, controls, level)
        shape = volts.shape[:-1]
        x = jnp.broadcast_to(volts[..., None, :], (*shape, self.window, self.in_features))
        knobs = self.network.inputs.knobs(x[..., :1, :], positions)
        knobs = jnp.broadcast_to(knobs[..., 0, :], (*shape, knobs.shape[-1]))
        inner = self.network.rest(self.network.seen(x, knobs))
        _, frame = self.network.in_volts(inner, x, knobs)
        # Of the frames before this one what reaches past the last hop.
        weighted = self._weighted(frame)
        line = sum(_moved(weighted, n * self.hop) for n in range(1, self._pieces)) + weighted
        carry = FramedCarry(inner, Ring(x, jnp.zeros((), jnp.int32)), line, jnp.zeros((), jnp.int32))
        return spread(lax.stop_gradient(carry), shape, batch)

    def __call__(self, carry: FramedCarry, x: Array, controls: Controls | None = None) -> tuple[FramedCarry, Array]:
        knobs = self.network.inputs.knobs(x, controls)
        return self._one(carry, x, knobs) if x.shape[-2] == 1 else self._several(carry, x, knobs)

    def _one(self, carry: FramedCarry, x: Array, knobs: Array) -> tuple[FramedCarry, Array]:
        """A single sample, which moves nothing but a row unless a frame is complete."""
        knobs = jnp.broadcast_to(knobs[..., 0, :], (*x.shape[:-2], knobs.shape[-1]))
        samples, position = carry.heard

        def computed(inner: Carry, line: Array, samples: Array, position: Array, x: Array, knobs: Array) -> Any:
            window = jnp.concatenate([in_order(Ring(samples, position))[..., 1:, :], x], axis=-2)
            inner, frame = self.network.in_volts(inner, window, knobs)
            return inner, _moved(line, self.hop) + self._weighted(frame)

        operands = (carry.inner, carry.line, samples, position, x, knobs)
        phase = lax.rem(carry.phase + 1, np.int32(self.hop))
        if self.hop == 1:
            inner, line = computed(*operands)
        else:
            inner, line = lax.cond(phase == 0, computed, lambda inner, line, *_: (inner, line), *operands)
        after = lax.dynamic_update_slice_in_dim(samples, x, position, axis=-2)
        heard = Ring(after, lax.rem(position + 1, np.int32(self.window)))
        return FramedCarry(inner, heard, line, phase), lax.dynamic_slice_in_dim(line, phase, 1, axis=-2)

    def _several(self, carry: FramedCarry, x: Array, knobs: Array) -> tuple[FramedCarry, Array]:
        """A block: the frames that there are in any case at once, and the last one where it is there."""
        time, hop, length = x.shape[-2], self.hop, self._pieces * self.hop
        heard = jnp.concatenate([in_order(carry.heard), x], axis=-2)
        along = knobs if knobs.shape[-2] == 1 else jnp.broadcast_to(knobs, (*x.shape[:-1], knobs.shape[-1]))
        whole, more = divmod(time, hop)
        first, inner, weighted = hop - carry.phase, carry.inner, None  # samples of the block until a frame is complete
        if whole:
            inner, frames = self._frames(inner, heard, along, first, whole)
            weighted = self._weighted(frames)
        line = self._overlapped(carry.line, weighted, whole, whole + (more > 0))
        count: Any = whole
        if more:
            count = whole + (carry.phase + more >= hop)

            def last(inner: Carry) -> Any:
                inner, frames = self._frames(inner, heard, along, first + whole * hop, 1)
                return inner, self._weighted(frames)[..., 0, :, :]

            def none(inner: Carry) -> Any:
                return inner, jnp.zeros((*x.shape[:-2], length, self.out_features), self.dtype)

            inner, added = lax.cond(count > whole, last, none, inner)
            line = line + _padded(added, (whole + 1) * hop, 0)
        y = lax.dynamic_slice_in_dim(line, carry.phase + 1, time, axis=-2)
        line = lax.dynamic_slice_in_dim(line, count * hop, length, axis=-2)
        phase = lax.rem(carry.phase + np.int32(more), np.int32(hop))
        ring = Ring(heard[..., heard.shape[-2] - self.window :, :], jnp.zeros_like(carry.heard.position))
        return FramedCarry(inner, ring, line, phase), y

    def _frames(self, inner: Carry, heard: Array, knobs: Array, first: Array, count: int) -> tuple[Carry, Array]:
        """So many frames, (..., count, frame, out_features), the first of them complete after `first` samples."""
        span = lax.dynamic_slice_in_dim(heard, first, self.window + (count - 1) * self.hop, axis=-2)
        windows = span[..., np.arange(count)[:, None] * self.hop + np.arange(self.window), :]
        if knobs.shape[-2] > 1:
            padded = _padded(knobs, 0, self.hop)  # for the last frame, where it is not there
            knobs = lax.dynamic_slice_in_dim(padded, first - 1, (count - 1) * self.hop + 1, axis=-2)
            knobs = knobs[..., :: self.hop, :]
        knobs = jnp.broadcast_to(knobs, (*windows.shape[:-2], knobs.shape[-1]))
        if not jax.tree.leaves(inner):
            return self.network.in_volts(inner, windows, knobs)
        axis = heard.ndim - 2

        def step(inner: Carry, inputs: tuple[Array, Array]) -> tuple[Carry, Array]:
            return self.network.in_volts(inner, *inputs)

        rows = jnp.moveaxis(windows, axis, 0), jnp.moveaxis(knobs, axis, 0)
        inner, frames = lax.scan(step, inner, rows)
        return inner, jnp.moveaxis(frames, 0, axis)

    def _overlapped(self, line: Array, weighted: Array | None, whole: int, hops: int) -> Array:
        """The line and behind it `hops` more hops, with the frames added, each a hop after the one before."""
        total = _padded(line, 0, hops * self.hop)
        if weighted is None:
            return total
        for piece in range(self._pieces):
            part = weighted[..., piece * self.hop : (piece + 1) * self.hop, :]
            part = part.reshape(*part.shape[:-3], whole * self.hop, part.shape[-1])
            start = (1 + piece) * self.hop
            total = total + _padded(part, start, total.shape[-2] - start - part.shape[-2])
        return total


def overlap_window(frame: int, hop: int) -> np.ndarray:
    """(frame,) weights that sum to one over frames a hop apart: Hann's, or ones where frames do not overlap."""
    if hop == frame:
        return np.ones(frame)
    weights = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(frame) + 0.5) / frame)
    sums = np.zeros(hop)
    np.add.at(sums, np.arange(frame) % hop, weights)
    return weights / sums[np.arange(frame) % hop]


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _moved(line: Array, hop: int) -> Array:
    """Without its first samples, and as many zeros behind."""
    return _padded(line[..., hop:, :], 0, min(hop, line.shape[-2]))


def _padded(signal: Array, before: int, after: int) -> Array:
    return jnp.pad(signal, [(0, 0)] * (signal.ndim - 2) + [(before, after), (0, 0)])

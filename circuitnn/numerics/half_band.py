"""Oversampling by 2, 4, 8 or 16 with linear-phase half-band filters: pure functions with an explicit carry.

Signals have time along the first axis and whatever else behind it. Every second coefficient of a half-band filter is
zero but the middle one, so that one phase of each stage is a mere delay (Bellanger, Daguet and Lepagnol 1974).
"""

import functools
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

FACTORS = (1, 2, 4, 8, 16)
PASSBAND = 20 / 48  # of the base rate: 20 kHz at 48 kHz
ATTENUATION = 110.0  # dB: a signal that goes up and down again is what it was to 1e-5
LONGEST = 200  # outer coefficients on each side

Carry = tuple[Array, ...]


@final
class HalfBand(NamedTuple):
    """The stages of an oversampling factor; static and hashable.

    Attributes:
        factor: of the rates.
        stages: for each doubling, from the base rate up, the coefficients that are not zero on one side of the middle,
            outermost first; they add up to a quarter. The middle one is 1/2.
        delay: samples at the highest rate that make the latency of interpolation and decimation a whole number of
            samples at the base rate.
    """

    factor: int
    stages: tuple[tuple[float, ...], ...]
    delay: int

    @property
    def latency(self) -> int:
        """Of interpolation and decimation together, samples at the base rate."""
        return (_group_delay(self.factor, self.stages) + self.delay) // self.factor


@functools.lru_cache(maxsize=64)
def half_band(factor: int, *, passband: float = PASSBAND, attenuation: float = ATTENUATION) -> HalfBand:
    """Equiripple half-band filters, each as short as it can be (Vaidyanathan and Nguyen 1987).

    Args:
        factor: 1, 2, 4, 8 or 16.
        passband: edge of the passband over the base rate, below 1/2. What lies as far above half the base rate as the
            edge is below it, and further, is rejected.
        attenuation: dB. The ripple of the passband is as large as that of the stopband: 100 dB means 0.0001 dB.

    Raises:
        ValueError: for another factor, or a specification that no reasonable length meets.
    """
    if factor not in FACTORS:
        raise ValueError(f"oversampling by {factor}: the factor must be one of {', '.join(map(str, FACTORS))}")
    if not (0 < passband < 0.5 and 20 <= attenuation <= 160):
        raise ValueError(
            "half_band: the passband must be between 0 and 0.5 of the base rate, the attenuation between 20 and 160 "
            f"dB; got {passband} and {attenuation}"
        )
    count = factor.bit_length() - 1
    stages = tuple(_stage(passband / 2 ** (k + 1), attenuation) for k in range(count))
    return HalfBand(factor, stages, delay=-_group_delay(factor, stages) % factor)


def _group_delay(factor: int, stages: tuple[tuple[float, ...], ...]) -> int:
    """Of interpolation and decimation together, samples at the highest rate."""
    return sum(2 * (2 * len(side) - 1) * factor // 2 ** (k + 1) for k, side in enumerate(stages))


def _stage(edge: float, attenuation: float) -> tuple[float, ...]:
    """One side of the shortest filter; `edge` over the higher of its two rates."""
    wanted = 10 ** (-attenuation / 20)
    freqs = np.linspace(0, edge, 2000)
    # Kaiser's estimate of the length is on the safe side for an equiripple filter: begin somewhat below.
    first = max(1, int((attenuation - 8) / (14.36 * (0.5 - 2 * edge)) / 4 * 0.7))
    for size in range(first, LONGEST):
        side = _equiripple(size, edge)
        if side is None:
            continue
        offsets = 2 * np.arange(size, 0, -1) - 1
        response = 0.5 + 2 * side @ np.cos(2 * np.pi * offsets[:, None] * freqs)
        if np.max(np.abs(response - 1)) <= wanted:
            return tuple(side.tolist())
    raise ValueError(f"half_band: no filter of reasonable length has {attenuation} dB with so narrow a transition")


def _equiripple(size: int, edge: float) -> np.ndarray | None:
    """The polyphase branch is an all-pass of one band, at half the rate."""
    if size == 1:
        return np.array([0.25])
    from scipy import signal  # here, because it takes a second to import

    try:
        branch = signal.remez(2 * size, [0, 2 * edge], [1], fs=1, maxiter=100)
    except ValueError:  # it does not converge at each length
        return None
    side = branch[:size] / 2
    return side * (0.25 / np.sum(side))  # direct voltages pass exactly


def interpolation_carry(design: HalfBand, shape: tuple[int, ...], dtype: Any) -> Carry:
    """The carry before the first sample; `shape` is that of one sample."""
    return tuple(jnp.zeros((2 * len(side) - 1, *shape), dtype) for side in design.stages)


def decimation_carry(design: HalfBand, shape: tuple[int, ...], dtype: Any) -> Carry:
    """The carry before the first sample; `shape` is that of one sample."""
    stages = tuple(jnp.zeros((4 * len(side) - 2, *shape), dtype) for side in design.stages)
    return (jnp.zeros((design.delay, *shape), dtype), *stages)


@jax.jit(static_argnums=0)
def interpolate(design: HalfBand, carry: Carry, x: Array) -> tuple[Carry, Array]:
    """x (time, ...) at the base rate to (factor time, ...); any time >= 1. The carry are the last inputs of each stage.

    Cutting x anywhere and handing the carry on gives the same samples.
    """
    following = []
    for side, past in zip(design.stages, carry, strict=True):
        time = x.shape[0]
        joined = jnp.concatenate([past, x])
        following.append(joined[time:])
        filtered = 2 * _filter(side, joined, time)
        delayed = joined[len(side) : len(side) + time]
        x = jnp.stack([filtered, delayed], axis=1).reshape(2 * time, *x.shape[1:])
    return tuple(following), x


@jax.jit(static_argnums=0)
def decimate(design: HalfBand, carry: Carry, x: Array) -> tuple[Carry, Array]:
    """x (factor time, ...) to (time, ...) at the base rate, the reverse of `interpolate`.

    Raises:
        ValueError: for a block that is not whole samples at the base rate.
    """
    if x.shape[0] % design.factor:
        raise ValueError(f"decimation by {design.factor}: a block of {x.shape[0]} samples is no multiple of it")
    past, *stages = carry
    joined = jnp.concatenate([past, x])
    x, following = joined[: x.shape[0]], [joined[x.shape[0] :]]
    states = []
    for side, past in zip(design.stages[::-1], stages[::-1], strict=True):
        time, size = x.shape[0] // 2, len(side)
        joined = jnp.concatenate([past, x])
        states.append(joined[2 * time :])
        filtered = _filter(side, joined[0::2], time)
        delayed = joined[2 * size - 1 :: 2][:time]
        x = filtered + 0.5 * delayed
    return (*following, *states[::-1]), x


def _filter(side: tuple[float, ...], joined: Array, time: int) -> Array:
    """The symmetric branch: (time + 2 size - 1, ...) gives (time, ...)."""
    size = len(side)
    total = jnp.zeros((), joined.dtype)
    for k, each in enumerate(side):
        mirrored = 2 * size - 1 - k
        total = total + each * (joined[k : k + time] + joined[mirrored : mirrored + time])
    return total

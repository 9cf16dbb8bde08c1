"""Networks of linear recurrences with a nonlinear mixing after each: what LRU, S4D and S6 share."""

import abc
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_rate, checked_rngs, checked_width
from circuitnn.networks.conditioning import Conditioning, Poles
from circuitnn.networks.layer import Layer
from circuitnn.networks.layered import Layered
from circuitnn.networks.pointwise import Pointwise
from circuitnn.networks.scaling import Scaling
from circuitnn.recurrent.diagonal import Numbers, Scan
from circuitnn.recurrent.mixed import Mixed, Mixing
from circuitnn.settings import settings_of

ASSUMED_FS = 48_000  # of a model that does not know its rate, when its first time constants are drawn
#: Seconds. Corners from 8 Hz (coupling capacitors of the signal path) to 3 kHz (treble cuts); what is faster is in D.
TIME_CONSTANTS = (5e-5, 2e-2)


class StateSpace(Layered):
    """A linear map to `hidden` features, linear recurrences each with a mixing and a way past both, a linear read-out.

    Abstract: the subclass says which recurrence.

    Attributes:
        depth: how many of them.
        trained_fs: sample rate in hertz that the weights belong to; None where it is that at which it runs.
        has_poles_to_turn: whether its recurrences take the conditioning "poles".
    """

    has_poles_to_turn: ClassVar[bool] = False

    def __init__(
        self,
        hidden: int = 16,
        layers: int = 4,
        *,
        states: int = 16,
        start: str | None = None,
        mixing: Mixing = "glu",
        time_constants: tuple[float, float] = TIME_CONSTANTS,
        scan: Scan = "auto",
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        trained_fs: float | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "inputs",
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, type(self).__name__)
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=fs,
            dtype=dtype,
            conditioning=conditioning,
        )
        self.hidden, self.states = checked_width("hidden", hidden), checked_width("states", states)
        self.depth = checked_width("layers", layers)
        self.start, self.mixing, self.scan = start, mixing, scan
        self.time_constants = checked_time_constants(time_constants)
        self.trained_fs = None if trained_fs is None else checked_rate(trained_fs, name="trained_fs")
        arguments: dict[str, Any] = ({} if start is None else {"start": start}) | {
            "time_constants": self.time_constants,
            "fs": self.trained_fs or self.fs,
            "rate": 1.0 if self.trained_fs is None else self.trained_fs / checked_rate(self.fs),
            "scan": scan,
            "dtype": self.dtype,
            "rngs": rngs,
        }
        is_inside = self.has_poles_to_turn and isinstance(self.conditioning, Poles)
        if is_inside:
            arguments |= {"turned": self.conditioning, "controls": len(self.inputs.defaults)}
        blocks = [
            Mixed(self.recurrent_layer(**arguments), mixing=mixing, dtype=self.dtype, rngs=rngs) for _ in range(layers)
        ]
        first = Pointwise(self.inputs.width, hidden, dtype=self.dtype, rngs=rngs)
        last = Pointwise(hidden, out_features, dtype=self.dtype, rngs=rngs)
        turned = None if is_inside else self.conditioned(hidden, rngs)
        self.in_a_row([first, turned, *blocks, last])

    @abc.abstractmethod
    def recurrent_layer(self, **arguments: Any) -> Layer:
        """One recurrence, `hidden` wide."""

    def rebuilt_at(self, fs: float) -> "StateSpace | None":
        """The same weights with the poles of the other rate; None where the rate of the training is not known."""
        if self.fs is None:
            return None
        rates = {"fs": checked_rate(fs), "trained_fs": self.trained_fs or self.fs}
        model = type(self).from_settings(self.settings | rates)
        nnx.update(model, nnx.state(self))
        return model

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, layers=self.depth)


def checked_time_constants(time_constants: Any) -> tuple[float, float]:
    """The shortest and the longest one, in seconds.

    Raises:
        ValueError: for anything but two positive numbers in order.
    """
    pair = np.asarray(time_constants, np.float64)
    if pair.shape != (2,) or not (np.isfinite(pair).all() and 0 < pair[0] <= pair[1]):
        raise ValueError(
            f"time_constants: the shortest and the longest in seconds, both positive, not {time_constants!r}"
        )
    return float(pair[0]), float(pair[1])


def decay_rates(count: int, time_constants: tuple[float, float], fs: float | None, rngs: nnx.Rngs) -> Array:
    """(count,) inverse time constants in samples, log-uniform, in single precision."""
    shortest, longest = (math.log(seconds * (fs or ASSUMED_FS)) for seconds in checked_time_constants(time_constants))
    return jnp.exp(-jax.random.uniform(rngs.params(), (count,), jnp.float32, shortest, longest))


def normal(rngs: nnx.Rngs, shape: tuple[int, ...], deviation: float, dtype: Any) -> Array:
    """Drawn in single precision, so that a seed means the same weights in both."""
    return (deviation * jax.random.normal(rngs.params(), shape, jnp.float32)).astype(dtype)


def time_first(u: Array) -> Array:
    """(..., time, features) as (time, lanes, features)."""
    return jnp.swapaxes(u.reshape(-1, *u.shape[-2:]), 0, 1)


def time_last(y: Array, shape: tuple[int, ...]) -> Array:
    """The way back, to the shape that was."""
    return jnp.swapaxes(y, 0, 1).reshape(*shape[:-1], y.shape[-1])


def parts(carry: Array) -> Numbers:
    """Real and imaginary part of (..., 2 n)."""
    half = carry.shape[-1] // 2
    return carry[..., :half], carry[..., half:]

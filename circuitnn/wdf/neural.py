"""A small network in place of the nonlinear device at the root of a wave digital filter (Chowdhury and Clarke 2022)."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, final

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike

from circuitnn.arguments import checked_dtype, checked_rngs
from circuitnn.devices.law import Law, Parameters
from circuitnn.mna.elements import DeviceInstance
from circuitnn.numerics.small import apply
from circuitnn.settings import register, settings_of
from circuitnn.transient.values import CircuitValues
from circuitnn.wdf.explicit import PairLaw

_BELOW_ONE = 1 - 1e-6  # in single precision tanh reaches 1
WIDTH = 1.5  # of the normalised inputs: they are between -WIDTH and WIDTH


@final
class Scale(nnx.Variable):
    """A fixed number of a network: saved with it, never trained."""


@final
class NeuralWeights(NamedTuple):
    """The numbers of a `NeuralOnePort`.

    Attributes:
        kernels: of each layer (rows, columns); the columns of the first are the wave and the port resistance.
        biases: of each layer (rows,).
        wave: volts per unit of the first input.
        center: natural logarithm of the port resistance where the second input is zero.
        width: change of that logarithm per unit of the second input.
    """

    kernels: tuple[Array, ...]
    biases: tuple[Array, ...]
    wave: Array
    center: Array
    width: Array


@partial(register, name="wdf.NeuralOnePort")
@final
class NeuralOnePort(nnx.Module):
    """A network that maps incident wave a and port resistance R to the reflected wave, with tanh in the hidden layers.

    ``b = a tanh(network(a, ln R))``: whatever the weights, no more comes back than came, so that the one-port is
    passive and silence stays silence; a circuit of passive elements around it cannot become unstable while it is
    trained. Chowdhury and Clarke (2022, "Emulating diode circuits with differentiable wave digital filters") have the
    same inputs and take b from the network as it is.

    Args:
        hidden: width of each hidden layer.
        rngs: for the weights.
        symmetric: the network sees the magnitude of a, so that b(-a) = -b(a), as of equal diodes both ways.
        largest_wave: volts up to which the network's input is of order one.
        resistances: ohms between which that of the other input is.
        dtype: of the weights.

    Raises:
        ValueError: for a width that is not positive, or ranges that are none.
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (16, 16),
        *,
        rngs: nnx.Rngs | None = None,
        symmetric: bool = True,
        largest_wave: float = 2.5,
        resistances: tuple[float, float] = (10.0, 1e9),
        dtype: Any = jnp.float32,
    ):
        dtype, rngs = checked_dtype(dtype), checked_rngs(rngs, type(self).__name__)
        low, high = resistances
        if not hidden or any(not (isinstance(width, int) and width > 0) for width in hidden):
            raise ValueError(f"hidden: widths of the hidden layers are needed, all positive, got {hidden!r}")
        if not (0 < low < high < np.inf and 0 < largest_wave < np.inf):
            raise ValueError(f"no range: port resistances {low} to {high} ohms, waves up to {largest_wave} V")
        self.hidden, self.symmetric, self.dtype = tuple(hidden), symmetric, dtype
        self.largest_wave, self.resistances = float(largest_wave), (float(low), float(high))
        sizes = (2, *hidden, 1)
        glorot = nnx.initializers.glorot_normal()
        self.kernels = nnx.List([nnx.Param(glorot(rngs.params(), (o, i), dtype)) for i, o in pairwise(sizes)])
        biases = [jax.random.uniform(rngs.params(), (o,), dtype, -1, 1) for o in hidden]
        self.biases = nnx.List([nnx.Param(bias) for bias in (*biases, jnp.zeros(1, dtype))])
        self.wave = Scale(jnp.asarray(largest_wave / (2 * WIDTH if symmetric else WIDTH), dtype))
        self.center = Scale(jnp.asarray(np.log(low * high) / 2, dtype))
        self.width = Scale(jnp.asarray(np.log(high / low) / (2 * WIDTH), dtype))

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self)

    @property
    def weights(self) -> NeuralWeights:
        """All numbers, as arrays."""
        return NeuralWeights(
            tuple(kernel[...] for kernel in self.kernels),
            tuple(bias[...] for bias in self.biases),
            self.wave[...],
            self.center[...],
            self.width[...],
        )

    def __call__(self, a: ArrayLike, R: ArrayLike) -> Array:
        """The reflected wave.

        Args:
            a: incident wave, volts.
            R: port resistance, ohms, positive; its shape broadcasts against that of a.
        """
        return reflected(self.symmetric, self.weights, a, R)


def reflected(symmetric: bool, weights: NeuralWeights, a: ArrayLike, R: ArrayLike) -> Array:
    """The reflected wave of the network with those weights, all shapes broadcast."""
    a, R = jnp.broadcast_arrays(jnp.asarray(a, weights.wave.dtype), jnp.asarray(R, weights.wave.dtype))
    prepared = _prepared(symmetric, weights, jnp.reshape(R, (1, -1)))
    return jnp.reshape(_reflected(symmetric, jnp.reshape(a, (1, -1)), prepared), a.shape)


@final
@dataclass(frozen=True)
class NeuralLaw:
    """A network at the root.

    Attributes:
        symmetric: as of `NeuralOnePort`.
        like: the diodes that it stands in for.
        weights: its numbers; None where a model keeps them, which puts them in.
        corrects: whether the network turns what the diodes reflect, ``b = a (t + s)/(1 + t s)`` with t the share b/a of
            the diodes and s = tanh(network): passive as well, and the diodes where the network is 0.
    """

    symmetric: bool
    like: PairLaw
    weights: NeuralWeights | None = None
    corrects: bool = False

    def __call__(self, p: Parameters, v: list[Array], e: list[Array | None]) -> tuple[list[Array], list[Array]]:
        """As a `Law` of which the incident wave is the voltage: the current that goes with it."""
        (a,), R = v, p["R"]
        if not self.corrects:
            return [(a - _reflected(self.symmetric, a, p)) / (2 * R)], []
        (current,), _ = self.like(p, v, e)
        turn = _BELOW_ONE * jnp.tanh(_network(self.symmetric, a, p))
        share = jnp.clip((a - 2 * R * current) / jnp.where(a == 0, 1, a), -1, 1)
        return [a * (1 - (share + turn) / (1 + share * turn)) / (2 * R)], []

    def device(self) -> DeviceInstance:
        """On the one port and drive that there are; static, hence without the numbers."""
        return self.like.device()._replace(law=Law(replace(self, weights=None), is_costly=True))

    def check(self, values: CircuitValues) -> None:
        """Refuse to learn values of diodes that do not run.

        Raises:
            ValueError: naming them.
        """
        if self.corrects:
            self.like.check(values)
            return
        idle = ", ".join(sorted(values.learnt & self.like.values))
        if idle:
            raise ValueError(
                f"trainable: {idle} would not change the sound, since a network runs in place of the diodes"
            )

    def parameters(self, values: Any, resistance: Array) -> dict[str, Array]:
        """What the law needs: R (time or 1, batch or 1), the others with a time axis in front and a batch axis last."""
        assert self.weights is not None
        prepared = _prepared(self.symmetric, self.weights, resistance)
        return prepared | self.like.parameters(values, resistance) if self.corrects else prepared


def _prepared(symmetric: bool, weights: NeuralWeights, R: Array) -> dict[str, Array]:
    """All that does not depend on the wave; R (..., batch)."""
    first, *following = weights.kernels
    middle = WIDTH if symmetric else 0.0  # of the range of |a|, where the network's input is zero
    level = (jnp.log(R) - weights.center) / weights.width
    prepared = {
        "R": R,
        "slope": first[None, :, :1, None] / weights.wave,
        "offset": first[:, 1, None] * level[..., None, :] + (weights.biases[0] - first[:, 0] * middle)[:, None],
    }
    for k, (kernel, bias) in enumerate(zip(following, weights.biases[1:], strict=True)):
        prepared |= {f"kernel{k}": kernel[None, ..., None], f"bias{k}": bias[None, :, None]}
    return prepared


def _reflected(symmetric: bool, a: Array, prepared: Parameters) -> Array:
    """The reflected wave, a (..., batch)."""
    return a * jnp.tanh(_network(symmetric, a, prepared))


def _network(symmetric: bool, a: Array, prepared: Parameters) -> Array:
    """What the last layer gives, a (..., batch)."""
    wave = jnp.abs(a)[..., None, :] if symmetric else a[..., None, :]
    x = apply(prepared["slope"], wave) + prepared["offset"]
    for k in range(sum(name.startswith("kernel") for name in prepared)):
        x = apply(prepared[f"kernel{k}"], jnp.tanh(x)) + prepared[f"bias{k}"]
    return x[..., 0, :]

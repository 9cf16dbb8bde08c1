"""Normalisation: the numbers that take volts and amperes to network units of about one, stored with the model."""

from typing import Any, Literal, NamedTuple, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from circuitnn.settings import register

PIECE = 2**18  # samples that are looked at at a time


@final
class Normalisation(nnx.Variable):
    """A fixed number of a model: saved with it, never trained."""


@register
class Scaling(NamedTuple):
    """SI units per network unit: a network sees ``(x - input_offset) / input``, and gives ``output y + output_offset``.

    Attributes:
        input: (in_features,) scale of the inputs, in volts.
        output: (out_features,) scale of the outputs, in volts.
        state: (n_states,) scale of the circuit states in volts and amperes, or None for models without states.
        state_peak: (n_states,) how far each state gets from its offset in the data, or None where it is not known.
            `StateMatchedGRU` needs room for it inside (-1, 1).
        input_offset: (in_features,) bias of the inputs, in volts: where the network sees zero; zeros when None.
        output_offset: (out_features,) bias of the outputs, likewise.
        state_offset: (n_states,) bias of the states in volts and amperes; where a model is at rest.
    """

    input: np.ndarray
    output: np.ndarray
    state: np.ndarray | None = None
    state_peak: np.ndarray | None = None
    input_offset: np.ndarray | None = None
    output_offset: np.ndarray | None = None
    state_offset: np.ndarray | None = None

    @staticmethod
    def from_data(
        x: ArrayLike, y: ArrayLike, states: ArrayLike | None = None, *, measure: Literal["rms", "std"] = "rms"
    ) -> "Scaling":
        """The scaling that gives the training data unit size.

        A feature whose mean is larger than its standard deviation has a bias (the capacitors of a stage with a supply,
        the gate voltage of a phaser): the mean becomes its offset. What swings around zero has none, so that silence
        stays silence.

        Args:
            x: (..., time, in_features) inputs; (time,) for one stream of one feature.
            y: (..., time, out_features) outputs, likewise.
            states: (..., time, n_states) circuit states, or None.
            measure: "rms" of what is left without the offset, or the standard deviation, "std".

        A feature that is zero throughout gets the scale 1.

        Raises:
            ValueError: for a signal without samples or with values that are not finite.
        """
        if measure not in ("rms", "std"):
            raise ValueError(f'measure must be "rms" or "std", got {measure!r}')
        signals = {"x": x, "y": y} | ({} if states is None else {"states": states})
        sizes = {name: _size(name, value) for name, value in signals.items()}
        scales = {name: _nonzero(size.rms if measure == "rms" else size.std) for name, size in sizes.items()}
        offsets = {name: size.bias for name, size in sizes.items()}
        peak = _nonzero(sizes["states"].peak) if states is not None else None
        return Scaling(
            scales["x"], scales["y"], scales.get("states"), peak, offsets["x"], offsets["y"], offsets.get("states")
        )


@final
class Affine(nnx.Module):
    """Between SI units and network units, feature by feature over the last axis.

    Attributes:
        scale: (features,) SI units per network unit.
        offset: (features,) in SI units, where the network has zero.
    """

    def __init__(self, name: str, scale: ArrayLike | None, offset: ArrayLike | None, features: int, *, dtype: Any):
        """Checked numbers; ones and zeros where there are none. `name` is that of the scale in messages."""
        self.scale = Normalisation(jnp.asarray(scale_vector(name, scale, features), dtype))
        shift = np.zeros(features) if offset is None else np.atleast_1d(np.asarray(offset, np.float64))
        if shift.shape != (features,) or not np.isfinite(shift).all():
            raise ValueError(f"scaling.{name}_offset: expected {features} finite number(s), got {offset}")
        self.offset = Normalisation(jnp.asarray(shift, dtype))

    def to_network(self, value: Array) -> Array:
        """(..., features) in SI units, to network units."""
        scale, offset = (jnp.broadcast_to(vector[...], value.shape) for vector in (self.scale, self.offset))
        return (value - offset) / scale

    def to_si(self, value: Array) -> Array:
        """(..., features) in network units, to SI units."""
        scale, offset = (jnp.broadcast_to(vector[...], value.shape) for vector in (self.scale, self.offset))
        return value * scale + offset


def output_units(scaling: Scaling | None, features: int, *, dtype: Any) -> Affine:
    """Network units to volts."""
    scale, offset = (None, None) if scaling is None else (scaling.output, scaling.output_offset)
    return Affine("output", scale, offset, features, dtype=dtype)


def stored_scaling(inputs: Affine, output: Affine | None, features: int, states: Affine | None = None) -> Scaling:
    """The normalisation that a model holds; ones where its outputs are states as they are."""

    def numbers(units: Affine | None) -> tuple[Any, Any]:
        return (None, None) if units is None else (np.asarray(units.scale[...]), np.asarray(units.offset[...]))

    (x, x_offset), (y, y_offset), (s, s_offset) = (numbers(units) for units in (inputs, output, states))
    y = np.ones(features) if y is None else y
    return Scaling(x, y, s, None, x_offset, y_offset, s_offset)


def scale_vector(name: str, value: ArrayLike | None, features: int) -> np.ndarray:
    """A stored scale as a float64 vector of `features` positive numbers; ones when there is none."""
    if value is None:
        return np.ones(features)
    vector = np.atleast_1d(np.asarray(value, np.float64))
    if vector.shape != (features,):
        raise ValueError(f"scaling.{name}: expected {features} number(s), got shape {np.shape(value)}")
    if not (np.isfinite(vector).all() and (vector > 0).all()):
        raise ValueError(f"scaling.{name}: scales must be positive and finite, got {vector}")
    return vector


class _Size(NamedTuple):
    """Of each feature of a signal: its bias, and what is left without it."""

    bias: np.ndarray
    rms: np.ndarray
    std: np.ndarray
    peak: np.ndarray


def _size(name: str, value: ArrayLike) -> _Size:
    """Of a signal (..., time, features); one of recordings that stay on disk is gone through piece by piece."""
    if np.ndim(value) == 3 and np.size(value) > PIECE:  # type: ignore[arg-type]  # what is on disk knows its shape
        signal: Any = value
        spans = [(row, at) for row in range(len(signal)) for at in range(0, signal.shape[1], PIECE)]
        pieces: Any = (_rows(name, signal[row, at : at + PIECE]) for row, at in spans)
    else:
        pieces = [_rows(name, value)]
    mean: Any = 0.0
    count, spread, low, high = 0, 0.0, np.inf, -np.inf
    for rows in pieces:  # the sums of Chan, Golub, LeVeque 1979
        more, own = len(rows), rows.mean(axis=0)
        spread = spread + more * rows.var(axis=0) + count * more / (count + more) * (own - mean) ** 2
        count, mean = count + more, mean + (own - mean) * more / (count + more)
        low, high = np.minimum(low, rows.min(axis=0)), np.maximum(high, rows.max(axis=0))
    std = np.sqrt(spread / count)
    bias = np.where(np.abs(mean) > std, mean, 0.0)
    return _Size(bias, np.hypot(std, mean - bias), std, np.maximum(high - bias, bias - low))


def _rows(name: str, value: ArrayLike) -> np.ndarray:
    array = np.asarray(value, np.float64)
    array = array[:, None] if array.ndim == 1 else array.reshape(-1, array.shape[-1])
    if array.size == 0:
        raise ValueError(f"{name} has no samples: shape {np.shape(value)}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite")
    return array


def _nonzero(scale: np.ndarray) -> np.ndarray:
    return np.where(scale > 0, scale, 1.0)

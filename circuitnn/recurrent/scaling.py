"""Normalisation: the numbers that take volts and amperes to network units of about one, stored with the model."""

from typing import Literal, NamedTuple, final

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike


@final
class Normalisation(nnx.Variable):
    """A fixed number of a model: saved with it, never trained."""


class Scaling(NamedTuple):
    """SI units per network unit: a network sees ``x / input``, and its answer is multiplied by ``output``.

    Attributes:
        input: (in_features,) scale of the inputs, in volts.
        output: (out_features,) scale of the outputs, in volts.
        state: (n_states,) scale of the circuit states in volts and amperes, or None for models without states.
        state_peak: (n_states,) largest magnitude of each state in the data, or None where it is not known.
            `StateMatchedGRU` needs room for it inside (-1, 1).
    """

    input: np.ndarray
    output: np.ndarray
    state: np.ndarray | None = None
    state_peak: np.ndarray | None = None

    @staticmethod
    def from_data(
        x: ArrayLike, y: ArrayLike, states: ArrayLike | None = None, *, measure: Literal["rms", "std"] = "rms"
    ) -> "Scaling":
        """The scaling that gives the training data unit size.

        Args:
            x: (..., time, in_features) inputs; (time,) for one stream of one feature.
            y: (..., time, out_features) outputs, likewise.
            states: (..., time, n_states) circuit states, or None.
            measure: "rms", or "std" where signals have an offset that should not count.

        A feature that is zero throughout gets the scale 1.

        Raises:
            ValueError: for a signal without samples or with values that are not finite.
        """
        size = {"rms": lambda v: np.sqrt(np.mean(v**2, axis=0)), "std": lambda v: np.std(v, axis=0)}
        if measure not in size:
            raise ValueError(f'measure must be "rms" or "std", got {measure!r}')
        given = {"x": x, "y": y} | ({} if states is None else {"states": states})
        rows = {name: _rows(name, value) for name, value in given.items()}
        scales = {name: _nonzero(size[measure](value)) for name, value in rows.items()}
        peak = _nonzero(np.max(np.abs(rows["states"]), axis=0)) if states is not None else None
        return Scaling(scales["x"], scales["y"], scales.get("states"), peak)


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


def stored(vector: np.ndarray, dtype) -> Normalisation:
    """The variable that holds a scale inside a model."""
    return Normalisation(jnp.asarray(vector, dtype))


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

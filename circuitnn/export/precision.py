"""A model in another precision: built anew from its settings, with the same numbers."""

import contextlib
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import numpy as jnp

from circuitnn.model import Model
from circuitnn.settings import build

REALS: dict[str, np.dtype[Any]] = {"float": np.dtype(np.float32), "double": np.dtype(np.float64)}


def double_precision(is_wanted: bool) -> contextlib.AbstractContextManager:
    """JAX computes in double precision inside of it, where that is wanted."""
    return jax.enable_x64(True) if is_wanted else contextlib.nullcontext()


def own_precision(model: Model) -> contextlib.AbstractContextManager:
    """JAX computes in the precision of the model inside of it, and in double precision if it does so already."""
    return double_precision(np.dtype(model.dtype) == REALS["double"])


def in_precision(model: Model, dtype: np.dtype) -> Model:
    """The model itself where it has that precision, else a new one.

    Raises:
        ValueError: for a model that does not say what it is made of.
    """
    if np.dtype(model.dtype) == dtype:
        return model
    try:
        settings = model.settings
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"a {type(model).__name__} of {np.dtype(model.dtype).name} cannot be built anew in {dtype.name}: {error}"
        ) from error
    twin = build(_with_dtype(settings, dtype.name))
    graph, variables = nnx.split(twin)
    numbers = {path: variable[...] for path, variable in nnx.to_flat_state(nnx.state(model))}
    cast = [
        (path, variable.replace(_cast(numbers[path], variable[...].dtype)) if path in numbers else variable)
        for path, variable in nnx.to_flat_state(variables)
    ]
    return nnx.merge(graph, nnx.from_flat_state(cast))


def _cast(number: Any, dtype: Any) -> Any:
    return jnp.asarray(np.asarray(number), dtype) if np.issubdtype(dtype, np.floating) else number


def _with_dtype(data: Any, name: str) -> Any:
    if isinstance(data, list):
        return [_with_dtype(entry, name) for entry in data]
    if isinstance(data, dict):
        return {key: name if key == "dtype" else _with_dtype(entry, name) for key, entry in data.items()}
    return data

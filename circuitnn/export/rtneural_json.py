"""RTNeural's JSON: layers in a row, in Keras' layout."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jax import numpy as jnp

from circuitnn.export.keras_layers import entry_of, layers_of
from circuitnn.export.model_of_row import model_of
from circuitnn.export.row import MOST_UNITS
from circuitnn.export.row_of_model import row_of
from circuitnn.export.strangers import Record, record_of
from circuitnn.files import replacing
from circuitnn.model import Model, checked_model
from circuitnn.version import __version__

MOST_KNOBS = 64


def rtneural(model: Model, path: str | os.PathLike) -> Path:
    """Write a model as the JSON that RTNeural loads.

    Scaling is folded into the weights, so that the player hears and gives volts as the model does. Knobs are further
    inputs behind the signal, in their order. RTNeural begins with a memory of zeros, where models here begin at rest.

    Args:
        model: a GRU or LSTM, a `CNN`, a `Memoryless`, or several of them in a chain (`Gain` too), with all knobs in the
            first.
        path: of the file; written whole or not at all.

    Returns:
        The path.

    Raises:
        FormatError: for a model that the format does not hold.
        OSError: when the file cannot be written.
    """
    return write_json(path, described(checked_model(model), "RTNeural's JSON") | {"metadata": notes(model)})


def read_rtneural(path: str | os.PathLike, *, dtype: Any = jnp.float32) -> Model:
    """The model in a file of RTNeural's JSON: GRU, LSTM, conv1d and dense layers, activations, in any order.

    Args:
        path: of the file.
        dtype: floating-point type of the model.

    Returns:
        A `GRU`, `LSTM`, `CNN` or `Memoryless`, or a chain of them. The knobs of a file that was written here
        have their names; all inputs of another one are signals.

    Raises:
        FormatError: for a file that is damaged, too large, or has layers that no model here has; says where.
    """
    record = record_of(path)
    metadata = record.record("metadata")
    fs = metadata.number("samplerate", low=1, high=1e7) if "samplerate" in metadata else None
    inputs = record.last_of("in_shape", MOST_UNITS)
    row, knobs = layers_of(record, inputs, dtype), knobs_of(metadata, inputs)
    try:
        return model_of(row, knobs, fs=fs, dtype=dtype)
    except ValueError as error:  # convolutions that reach too far back
        raise record.fault(str(error)) from error


def described(model: Model, form: str) -> dict[str, Any]:
    """The layers of a model as the format has them."""
    row = row_of(model, form)
    dtype = np.dtype(model.dtype)
    inputs = model.in_features + len(model.controls)
    return {"in_shape": [None, None, inputs], "layers": [entry_of(layer, dtype) for layer in row]}


def notes(model: Model) -> dict[str, Any]:
    """What players do not need, and a reader here likes to know."""
    known = {} if model.fs is None else {"samplerate": model.fs}
    knobs = {name: float(value) for name, value in model.controls.items()}
    return {"written_by": f"circuitnn {__version__}", **known, "knobs": knobs}


def write_json(path: str | os.PathLike, data: Mapping[str, Any]) -> Path:
    """The file, whole or not at all."""
    with replacing(path) as file:
        file.write(json.dumps(data, allow_nan=False).encode())
    return Path(path)


def knobs_of(metadata: Record, inputs: int) -> dict[str, float]:
    """Knobs with their defaults, as `notes` has them."""
    record = metadata.record("knobs")
    if len(record.fields) >= inputs or len(record.fields) > MOST_KNOBS:
        raise record.fault(f"{len(record.fields)} knobs, of {inputs} inputs")
    return {name[:100]: record.number(name) for name in record.fields}

"""RTNeural's JSON: layers in a row, in Keras' layout."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jax import numpy as jnp

from circuitnn.export.row import (
    GATES,
    MOST_LAYERS,
    MOST_UNITS,
    Linear,
    Recurrent,
    Row,
    checked_row,
    in_order,
    model_of,
    row_of,
    width_of,
)
from circuitnn.export.strangers import FormatError, Record, numbers, record_of, shown
from circuitnn.files import replacing
from circuitnn.model import Model, checked_model
from circuitnn.version import __version__

ORDER = {"gru": (1, 0, 2), "lstm": (0, 1, 2, 3)}  # PyTorch's r, z, n is z, r, c there, and the other way round
ACTIVATIONS = ("tanh", "relu", "sigmoid", "elu")
MOST_KNOBS = 64


def rtneural(model: Model, path: str | os.PathLike) -> Path:
    """Write a model as the JSON that RTNeural loads.

    Scaling is folded into the weights, so that the player hears and gives volts as the model does. Knobs are further
    inputs behind the signal, in their order. RTNeural begins with a memory of zeros, where models here begin at rest.

    Args:
        model: a GRU or LSTM, a `Memoryless`, or several of them in a chain (`Gain` too), with all knobs in the first.
        path: of the file; written whole or not at all.

    Returns:
        The path.

    Raises:
        FormatError: for a model that the format does not hold.
        OSError: when the file cannot be written.
    """
    return write_json(path, described(checked_model(model), "RTNeural's JSON") | {"metadata": notes(model)})


def read_rtneural(path: str | os.PathLike, *, dtype: Any = jnp.float32) -> Model:
    """The model in a file of RTNeural's JSON: GRU, LSTM, dense layers, activations, in any order.

    Args:
        path: of the file.
        dtype: floating-point type of the model.

    Returns:
        A `GRU`, `LSTM` or `Memoryless`, or a chain of them. The knobs of a file that was written here have their names;
        all inputs of another one are signals.

    Raises:
        FormatError: for a file that is damaged, too large, or has layers that no model here has; says where.
    """
    record = record_of(path)
    metadata = record.record("metadata")
    fs = metadata.number("samplerate", low=1, high=1e7) if "samplerate" in metadata else None
    inputs = record.last_of("in_shape", MOST_UNITS)
    return model_of(layers_of(record, inputs, dtype), knobs_of(metadata, inputs), fs=fs, dtype=dtype)


def described(model: Model, form: str) -> dict[str, Any]:
    """The layers of a model as the format has them."""
    row = row_of(model, form)
    dtype = np.dtype(model.dtype)
    inputs = model.in_features + len(model.controls)
    return {"in_shape": [None, None, inputs], "layers": [_entry(layer, dtype) for layer in row]}


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


def plain_numbers(array: np.ndarray, dtype: Any) -> list[Any]:
    """Numbers as they are in a precision, digit for digit.

    Raises:
        FormatError: for those that are not finite there.
    """
    with np.errstate(over="ignore"):
        rounded = np.asarray(array).astype(dtype)
    if not np.isfinite(rounded).all():
        raise FormatError(f"the model has weights that are not finite in {np.dtype(dtype).name}")
    return rounded.astype(np.float64).tolist()


def _entry(layer: Linear | Recurrent, dtype: np.dtype) -> dict[str, Any]:
    shape = [None, None, width_of(layer)]
    if isinstance(layer, Linear):
        activation = "" if layer.activation == "linear" else layer.activation
        if activation not in ("", *ACTIVATIONS):
            raise FormatError(
                f"RTNeural's JSON has no activation {activation}, it has {', '.join(ACTIVATIONS)}; "
                "C (cn.export.c) holds any model"
            )
        weights = [plain_numbers(layer.weight.T, dtype), plain_numbers(layer.bias, dtype)]
        return {"type": "dense", "activation": activation, "shape": shape, "weights": weights}
    order = ORDER[layer.kind]
    matrices = [plain_numbers(in_order(array, order).T, dtype) for array in (layer.ih, layer.hh)]
    if layer.kind == "gru":
        bias = np.stack([in_order(layer.bias_ih, order), in_order(layer.bias_hh, order)])
    else:
        bias = layer.bias_ih + layer.bias_hh
    weights = [*matrices, plain_numbers(bias, dtype)]
    return {"type": layer.kind, "activation": "", "shape": shape, "weights": weights}


def knobs_of(metadata: Record, inputs: int) -> dict[str, float]:
    """Knobs with their defaults, as `notes` has them."""
    record = metadata.record("knobs")
    if len(record.fields) >= inputs or len(record.fields) > MOST_KNOBS:
        raise record.fault(f"{len(record.fields)} knobs, of {inputs} inputs")
    return {name[:100]: record.number(name) for name in record.fields}


def layers_of(record: Record, inputs: int, dtype: Any) -> Row:
    """The layers in a file, checked, and in PyTorch's layout."""
    row: Row = []
    width = inputs
    for layer in record.records("layers", MOST_LAYERS):
        kind, units = layer.text("type"), layer.last_of("shape", MOST_UNITS)
        if kind in GATES:
            row.append(_recurrent(layer, kind, width, units, dtype))
        elif kind in ("dense", "time-distributed-dense"):
            weight, bias = _weights(layer, 1, 2)
            weight = numbers(weight, (width, units), f"{layer.where}: weights[0]", dtype)
            bias = (
                np.zeros(units, dtype) if bias is None else numbers(bias, (units,), f"{layer.where}: weights[1]", dtype)
            )
            row.append(Linear(weight.T, bias, _activation(layer)))
        elif kind == "activation":
            last = row[-1] if row else None
            if isinstance(last, Linear) and last.activation == "linear":
                row[-1] = last._replace(activation=_activation(layer))
            else:
                row.append(Linear(np.eye(width, dtype=dtype), np.zeros(width, dtype), _activation(layer)))
        else:
            raise layer.fault(f"a layer of the type {shown(kind)} is not read; there are gru, lstm, dense, activation")
        if width_of(row[-1]) != units:
            raise layer.fault(f"shape: {units} units, where {width_of(row[-1])} come in")
        width = units
    return checked_row(row, inputs, record.where)


def _weights(layer: Record, least: int, most: int) -> list[Any]:
    """The entries of a layer's weights; None for those that may be left out."""
    entries = layer.entries("weights", most)
    if len(entries) < least:
        raise layer.fault(f"weights: expected {most} entries, got {len(entries)}")
    return [*entries, *[None] * (most - len(entries))]


def _recurrent(layer: Record, kind: str, width: int, units: int, dtype: Any) -> Recurrent:
    ih, hh, bias = _weights(layer, 3, 3)
    rows, where = GATES[kind] * units, f"{layer.where}: weights"
    inputs, recurrent = (
        numbers(ih, (width, rows), f"{where}[0]", dtype),
        numbers(hh, (units, rows), f"{where}[1]", dtype),
    )
    order = ORDER[kind]
    weights = in_order(inputs.T, order), in_order(recurrent.T, order)
    if kind == "gru":
        both = numbers(bias, (2, rows), f"{where}[2]", dtype)
        return Recurrent(kind, *weights, in_order(both[0], order), in_order(both[1], order))
    return Recurrent(kind, *weights, numbers(bias, (rows,), f"{where}[2]", dtype), np.zeros(rows, dtype))


def _activation(layer: Record) -> str:
    name = layer.text("activation", "")
    if name in ("", "linear"):
        return "linear"
    if name not in ACTIVATIONS:
        raise layer.fault(f"activation: there are {', '.join(ACTIVATIONS)}, not {shown(name)}")
    return name

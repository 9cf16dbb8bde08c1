"""Layers as Keras and RTNeural have them, in JSON."""

from typing import Any

import numpy as np

from circuitnn.export.row import (
    GATES,
    MOST_LAYERS,
    MOST_UNITS,
    AnyLayer,
    Convolution,
    Linear,
    Recurrent,
    Row,
    checked_row,
    in_order,
    width_of,
)
from circuitnn.export.strangers import FormatError, Record, numbers, shown

ORDER = {"gru": (1, 0, 2), "lstm": (0, 1, 2, 3)}  # PyTorch's r, z, n is z, r, c there, and the other way round
ACTIVATIONS = ("tanh", "relu", "sigmoid", "elu")
DENSE = ("dense", "time-distributed-dense")
MOST_TAPS, LONGEST_GAP = 1024, 2**20


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


def entry_of(layer: AnyLayer, dtype: np.dtype) -> dict[str, Any]:
    """A layer in JSON.

    Raises:
        FormatError: for an activation that there is not.
    """
    shape = [None, None, width_of(layer)]
    if isinstance(layer, Recurrent):
        order = ORDER[layer.kind]
        matrices = [plain_numbers(in_order(array, order).T, dtype) for array in (layer.ih, layer.hh)]
        bias = layer.bias_ih + layer.bias_hh
        if layer.kind == "gru":
            bias = np.stack([in_order(layer.bias_ih, order), in_order(layer.bias_hh, order)])
        weights = [*matrices, plain_numbers(bias, dtype)]
        return {"type": layer.kind, "activation": "", "shape": shape, "weights": weights}
    activation = "" if layer.activation == "linear" else layer.activation
    if activation not in ("", *ACTIVATIONS):
        raise FormatError(
            f"RTNeural's JSON has no activation {activation}, it has {', '.join(ACTIVATIONS)}; "
            "C (cn.export.c) holds any model"
        )
    weights = [plain_numbers(layer.weight.T, dtype), plain_numbers(layer.bias, dtype)]
    entry = {"type": "dense", "activation": activation, "shape": shape, "weights": weights}
    if isinstance(layer, Linear):
        return entry
    taps = {"kernel_size": [layer.weight.shape[2]], "dilation": [layer.dilation], "groups": 1}
    return entry | {"type": "conv1d"} | taps


def layers_of(record: Record, inputs: int, dtype: Any) -> Row:
    """The layers in a file, checked, and in PyTorch's layout."""
    row: Row = []
    width = inputs
    for layer in record.records("layers", MOST_LAYERS):
        kind, units = layer.text("type"), layer.last_of("shape", MOST_UNITS)
        if kind in GATES:
            row.append(_recurrent(layer, kind, width, units, dtype))
        elif kind in DENSE:
            weight, bias = _weights(layer, (width, units), units, dtype)
            row.append(Linear(weight.T, bias, _activation(layer)))
        elif kind == "conv1d":
            taps, dilation = layer.last_of("kernel_size", MOST_TAPS), layer.last_of("dilation", LONGEST_GAP)
            layer.whole("groups", 1, high=1)
            weight, bias = _weights(layer, (taps, width, units), units, dtype)
            row.append(Convolution(weight.T, bias, dilation, _activation(layer)))
        elif kind == "activation":
            last = row[-1] if row else None
            if last is None or isinstance(last, Recurrent) or last.activation != "linear":
                row.append(Linear(np.eye(width, dtype=dtype), np.zeros(width, dtype), _activation(layer)))
            else:
                row[-1] = last._replace(activation=_activation(layer))
        else:
            known = ", ".join([*GATES, DENSE[0], "conv1d", "activation"])
            raise layer.fault(f"a layer of the type {shown(kind)} is not read; there are {known}")
        if width_of(row[-1]) != units:
            raise layer.fault(f"shape: {units} units, where {width_of(row[-1])} come in")
        width = units
    return checked_row(row, inputs, record.where)


def _weights(layer: Record, shape: tuple[int, ...], units: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias; a bias of zeros where there is none."""
    entries = layer.entries("weights", 2)
    weight = numbers(entries[0], shape, f"{layer.where}: weights[0]", dtype)
    if len(entries) == 1:
        return weight, np.zeros(units, dtype)
    return weight, numbers(entries[1], (units,), f"{layer.where}: weights[1]", dtype)


def _recurrent(layer: Record, kind: str, width: int, units: int, dtype: Any) -> Recurrent:
    entries, rows, order = layer.entries("weights", 3), GATES[kind] * units, ORDER[kind]
    if len(entries) != 3:
        raise layer.fault(f"weights: expected 3 entries, got {len(entries)}")
    shapes = ((width, rows), (units, rows), (2, rows) if kind == "gru" else (rows,))
    ih, hh, bias = (
        numbers(entry, shape, f"{layer.where}: weights[{k}]", dtype)
        for k, (entry, shape) in enumerate(zip(entries, shapes, strict=True))
    )
    weights = in_order(ih.T, order), in_order(hh.T, order)
    if kind == "gru":
        return Recurrent(kind, *weights, in_order(bias[0], order), in_order(bias[1], order))
    return Recurrent(kind, *weights, bias, np.zeros(rows, dtype))


def _activation(layer: Record) -> str:
    name = layer.text("activation", "")
    if name in ("", "linear"):
        return "linear"
    if name not in ACTIVATIONS:
        raise layer.fault(f"activation: there are {', '.join(ACTIVATIONS)}, not {shown(name)}")
    return name

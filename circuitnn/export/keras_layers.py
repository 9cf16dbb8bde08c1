"""Layers as Keras and RTNeural have them, in JSON."""

from typing import Any

import numpy as np

from circuitnn.convolutional.cnn import LARGEST
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
    ungrouped,
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
            row.append(_convolution(layer, width, units, dtype))
        elif kind == "activation":
            row.append(_plain(row, width, dtype)._replace(activation=_activation(layer)))
        elif kind == "batchnorm":
            row.append(_normalised(layer, _plain(row, width, dtype), width, dtype))
        elif kind == "prelu":
            row += _rectified(layer, _plain(row, width, dtype), width, dtype)
        else:
            known = ", ".join([*GATES, DENSE[0], "conv1d", "activation", "batchnorm", "prelu"])
            raise layer.fault(f"a layer of the type {shown(kind)} is not read; there are {known}")
        if width_of(row[-1]) != units:
            raise layer.fault(f"shape: {units} units, where {width_of(row[-1])} come in")
        width = units
    return checked_row(row, inputs, record.where)


def _plain(row: Row, width: int, dtype: Any) -> Linear | Convolution:
    """The last layer, taken away, when it has no activation; else one that does nothing."""
    last = row[-1] if row else None
    if last is None or isinstance(last, Recurrent) or last.activation != "linear":
        return Linear(np.eye(width, dtype=dtype), np.zeros(width, dtype))
    row.pop()
    return last


def _convolution(layer: Record, width: int, units: int, dtype: Any) -> Convolution:
    """A causal convolution; one in groups is a full one."""
    taps, dilation = layer.last_of("kernel_size", MOST_TAPS), layer.last_of("dilation", LONGEST_GAP)
    groups = layer.whole("groups", 1, high=MOST_UNITS)
    if width % groups or units % groups:
        raise layer.fault(f"groups: {width} channels to {units} cannot be in {groups} groups")
    if taps * width * units > LARGEST:  # before memory is asked for
        raise layer.fault(f"groups: a full convolution of {taps * width * units} weights; at most {LARGEST} are read")
    weight, bias = _weights(layer, (taps, width // groups, units), units, dtype)
    return Convolution(ungrouped(weight.T, (units, width, taps), groups), bias, dilation, _activation(layer))


def _normalised(layer: Record, before: Linear | Convolution, width: int, dtype: Any) -> Linear | Convolution:
    """A layer with what a trained normalisation makes of it: a gain and an offset of each unit."""
    entries = layer.entries("weights", 4)
    if len(entries) not in (2, 4):
        raise layer.fault(f"weights: expected mean and variance, or gain and offset before them, got {len(entries)}")
    arrays = [numbers(entry, (width,), f"{layer.where}: weights[{k}]", dtype) for k, entry in enumerate(entries)]
    mean, variance = arrays[-2:]
    deviation = np.sqrt(np.maximum(variance + layer.number("epsilon", low=0), 0))
    if not deviation.all():
        raise layer.fault("a variance that is not above zero")
    gain, offset = arrays[:2] if len(arrays) == 4 else (np.ones(width, dtype), np.zeros(width, dtype))
    gain = (gain / deviation).astype(dtype)
    weight = before.weight * gain.reshape(-1, *[1] * (before.weight.ndim - 1))
    return before._replace(weight=weight, bias=gain * (before.bias - mean) + offset)


def _rectified(layer: Record, before: Linear | Convolution, width: int, dtype: Any) -> Row:
    """A layer with slopes of its own below zero: ``max(v, 0) - a max(-v, 0)``."""
    if 2 * width > MOST_UNITS:
        raise layer.fault(f"shape: {width} units with slopes; at most {MOST_UNITS // 2} are read")
    entry = layer.entries("weights", 1)[0]
    where = f"{layer.where}: weights[0]"
    count = len(entry[0]) if isinstance(entry, list) and entry and isinstance(entry[0], list) else width
    slopes = numbers(entry, (1, 1 if count == 1 else width), where, dtype)[0]
    both = before._replace(
        weight=np.concatenate([before.weight, -before.weight]),
        bias=np.concatenate([before.bias, -before.bias]),
        activation="relu",
    )
    slopes = np.broadcast_to(slopes, width)
    return [both, Linear(np.hstack([np.eye(width, dtype=dtype), -np.diag(slopes)]), np.zeros(width, dtype))]


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
        raise layer.fault(
            f"activation: {shown(name)} is not read; train the layer with one of {', '.join(ACTIVATIONS)} instead"
        )
    return name

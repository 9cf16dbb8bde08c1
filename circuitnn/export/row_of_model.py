"""Layers in a row of a model: its scaling and the gains around it are in the weights."""

from typing import Any

import numpy as np

from circuitnn.composition import Chain, Residual
from circuitnn.convolutional import CNN
from circuitnn.export.row import AnyLayer, Convolution, Linear, Recurrent, Row
from circuitnn.export.strangers import FormatError
from circuitnn.hybrid import Gain
from circuitnn.model import Model
from circuitnn.networks import Network
from circuitnn.networks.folding import folded_input, folded_output
from circuitnn.recurrent import GRU, LSTM, Memoryless
from circuitnn.recurrent.torch_names import torch_names


def row_of(model: Model, form: str) -> Row:
    """The layers of a model that sees volts and gives volts: its scaling is in the weights.

    Args:
        model: a GRU, an LSTM, a `Memoryless`, a `CNN`, or these and `Gain` in a chain whose knobs are all in the first
            network.
        form: name of the format, for messages.

    Raises:
        FormatError: for what is no such model.
    """
    parts = list(model.models) if isinstance(model, Chain) else [model]
    row: Row = []
    factor = 1.0
    for part in parts:
        if isinstance(part, Gain):
            factor *= float(part.factor[...])
            continue
        if row and part.controls:
            raise FormatError(
                f"{form} has no way to a later network for knobs ({', '.join(part.controls)}): put all knobs into the "
                "first network of the chain; C (cn.export.c) holds any model"
            )
        first, *others = _layers(part, form)
        row += [_driven(first, factor, part.in_features), *others]
        factor = 1.0
    if not row:
        return [Linear(factor * np.eye(model.in_features), np.zeros(model.in_features))]
    last = row[-1]
    if isinstance(last, Linear) and factor != 1:
        row[-1] = Linear(factor * last.weight, factor * last.bias)
    return [layer for k, layer in enumerate(row) if not (k and isinstance(layer, Linear) and layer.is_identity)]


def _layers(model: Model, form: str) -> Row:
    if isinstance(model, Network) and not model.conditioning.is_input:
        raise FormatError(
            f"{form} has knobs as further inputs, and not FiLM, GLU or gates: train with conditioning='inputs'; "
            "C (cn.export.c) holds any model"
        )
    if isinstance(model, GRU | LSTM):
        state, kind = model.torch_state(), "gru" if isinstance(model, GRU) else "lstm"
        count = model.layers
        layers = [Recurrent(kind, *(state[name] for name in torch_names(k))) for k in range(count)]
        return [*layers, Linear(state["lin.weight"], state["lin.bias"])]
    if isinstance(model, Memoryless):
        weights = [(np.asarray(layer.weight[...]), np.asarray(layer.bias[...])) for layer in model.layers]
        weights[0] = folded_input(*weights[0], model.inputs.units)
        weights[-1] = folded_output(*weights[-1], model.units)
        activations = (*model.activations, "linear")
        return [Linear(*pair, name) for pair, name in zip(weights, activations, strict=True)]
    if isinstance(model, CNN):
        return _convolutions(model)
    if isinstance(model, Residual):
        raise FormatError(
            f"{form} has no wire beside a network: cn.export.aidax has for one GRU or LSTM, C (cn.export.c) for any "
            "model"
        )
    raise FormatError(f"{form} does not hold a {type(model).__name__}; C (cn.export.c) holds any model")


def _convolutions(model: CNN) -> Row:
    row: Row = []
    for layer in model.convolutions:
        weight, bias = np.array(layer.conv.weight[...]), np.asarray(layer.conv.bias[...])
        if not row:
            none, units = np.zeros(len(bias)), model.inputs.units
            taps = [folded_input(weight[:, :, k], none, units) for k in range(weight.shape[2])]
            weight, bias = np.stack([tap for tap, _ in taps], axis=2), bias + sum(shift for _, shift in taps)
        row.append(Convolution(weight, bias, layer.conv.dilation, layer.activation))
    reader = model.layers[-1].linear
    return [*row, Linear(*folded_output(reader.weight[...], reader.bias[...], model.units))]


def _driven(layer: AnyLayer, factor: float, signals: int) -> AnyLayer:
    """The layer behind a gain, which knobs do not go through."""
    if factor == 1:
        return layer
    name = "ih" if isinstance(layer, Recurrent) else "weight"
    weight = np.array(getattr(layer, name), np.float64)
    weight[:, :signals] *= factor
    changed: dict[str, Any] = {name: weight}
    return layer._replace(**changed)

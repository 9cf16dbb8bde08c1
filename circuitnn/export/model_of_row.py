"""The model of layers in a row: one for each stretch of a kind, with the linear layer that reads it."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import numpy as np
from flax import nnx
from jax import numpy as jnp

from circuitnn.composition import chain
from circuitnn.convolutional import CNN
from circuitnn.export.row import KINDS, AnyLayer, Convolution, Linear, Recurrent, Row, inputs_of, width_of
from circuitnn.model import Model
from circuitnn.networks import Scaling
from circuitnn.recurrent import Memoryless
from circuitnn.recurrent.torch_names import torch_names


def model_of(
    row: Row, controls: Mapping[str, float], *, fs: float | None, dtype: Any, scaling: Scaling | None = None
) -> Model:
    """The model of layers whose sizes fit each other; the last inputs of the first one are knobs.

    Args:
        row: at least one layer.
        controls: names and default values of the knobs.
        fs: sample rate in hertz, None where it is not known.
        dtype: floating-point type.
        scaling: what stands around a single recurrent network; nothing when None.
    """
    parts: list[Model] = []
    left = row
    while left:
        like = [type(layer) for layer in left]
        alike = left[: len(list(next(groupby(like))[1]))]
        if isinstance(left[0], Recurrent):
            sizes = [(layer.kind, layer.hidden) for layer in alike if isinstance(layer, Recurrent)]
            alike = alike[: len(list(next(groupby(sizes))[1]))]
        reader, is_read = _reader(alike[-1], left[len(alike) :])
        common = {"in_features": inputs_of(left[0]) - len(controls), "controls": controls, "dtype": dtype}
        if isinstance(left[0], Linear):
            part, is_read = _mlp(alike, common), False
        elif isinstance(left[0], Recurrent):
            part = _recurrent(alike, reader, common | {"scaling": scaling, "fs": fs})
        else:
            part = _convolutional(alike, reader, common | {"fs": fs})
        parts.append(part)
        left, controls = left[len(alike) + is_read :], {}
    return parts[0] if len(parts) == 1 else chain(*parts)


def _reader(last: AnyLayer, following: Row) -> tuple[Linear, bool]:
    """The linear layer that reads a layer, and whether it is there; one that does nothing where it is not."""
    if following and isinstance(following[0], Linear) and following[0].activation == "linear":
        return following[0], True
    return Linear(np.eye(width_of(last)), np.zeros(width_of(last))), False


def _recurrent(row: Row, reader: Linear, common: dict[str, Any]) -> Model:
    """Layers of one kind and size."""
    layers = [layer for layer in row if isinstance(layer, Recurrent)]
    state = {"lin.weight": reader.weight, "lin.bias": reader.bias}
    for k, layer in enumerate(layers):
        state |= zip(torch_names(k), (layer.ih, layer.hh, layer.bias_ih, layer.bias_hh), strict=True)
    first = layers[0]
    model = KINDS[first.kind](
        first.hidden, layers=len(layers), out_features=len(reader.bias), rngs=nnx.Rngs(0), **common
    )
    model.load_torch_state(state, folded=False)
    return model


def _convolutional(row: Row, reader: Linear, common: dict[str, Any]) -> Model:
    layers = [layer for layer in row if isinstance(layer, Convolution)]
    model = CNN(
        [len(layer.bias) for layer in layers],
        kernel_size=[layer.weight.shape[2] for layer in layers],
        dilations=[layer.dilation for layer in layers],
        activation=[layer.activation for layer in layers],
        out_features=len(reader.bias),
        rngs=nnx.Rngs(0),
        **common,
    )
    for target, layer in zip(model.convolutions, layers, strict=True):
        _take_over(target.conv, layer)
    _take_over(model.layers[-1].linear, reader)
    return model


def _mlp(row: Row, common: dict[str, Any]) -> Model:
    layers = [layer for layer in row if isinstance(layer, Linear)]
    if len(layers) == 1 or layers[-1].activation != "linear":  # a `Memoryless` has hidden layers and a linear one
        width = len(layers[-1].bias)
        layers.append(Linear(np.eye(width), np.zeros(width)))
    model = Memoryless(
        [len(layer.bias) for layer in layers[:-1]],
        out_features=len(layers[-1].bias),
        activation=[layer.activation for layer in layers[:-1]],
        rngs=nnx.Rngs(0),
        **common,
    )
    for target, layer in zip(model.layers, layers, strict=True):
        _take_over(target, layer)
    return model


def _take_over(target: Any, layer: Linear | Convolution) -> None:
    for variable, array in ((target.weight, layer.weight), (target.bias, layer.bias)):
        variable[...] = jnp.asarray(array, variable.dtype)

"""Layers in a row: what the formats of players hold, between a file and a model."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from circuitnn.export.strangers import FormatError
from circuitnn.recurrent import GRU, LSTM

KINDS: dict[str, type[GRU] | type[LSTM]] = {"gru": GRU, "lstm": LSTM}
GATES = {"gru": 3, "lstm": 4}
MOST_LAYERS, MOST_UNITS = 64, 1024


@final
class Linear(NamedTuple):
    """``f(W x + b)``: weight (out, in), bias (out,), and the name of f."""

    weight: np.ndarray
    bias: np.ndarray
    activation: str = "linear"

    @property
    def is_identity(self) -> bool:
        """Whether it does nothing."""
        out, inputs = self.weight.shape
        is_square = out == inputs and self.activation == "linear" and not self.bias.any()
        return is_square and bool((self.weight == np.eye(out)).all())


@final
class Recurrent(NamedTuple):
    """A layer with a memory, weights and gates in PyTorch's layout and order; `kind` is "gru" or "lstm"."""

    kind: str
    ih: np.ndarray
    hh: np.ndarray
    bias_ih: np.ndarray
    bias_hh: np.ndarray

    @property
    def hidden(self) -> int:
        """Number of units."""
        return self.hh.shape[1]


@final
class Convolution(NamedTuple):
    """``f`` of a causal convolution: weight (out, in, taps), the last tap of the present sample; bias (out,)."""

    weight: np.ndarray
    bias: np.ndarray
    dilation: int
    activation: str = "linear"


AnyLayer = Linear | Recurrent | Convolution
Row = list[AnyLayer]


def width_of(layer: AnyLayer) -> int:
    """Number of features that a layer gives."""
    return layer.hidden if isinstance(layer, Recurrent) else len(layer.bias)


def inputs_of(layer: AnyLayer) -> int:
    """Number of features that a layer sees."""
    return (layer.ih if isinstance(layer, Recurrent) else layer.weight).shape[1]


def checked_row(row: Row, inputs: int, where: str) -> Row:
    """The layers, whose inputs are as many as the layers before them give.

    Raises:
        FormatError: where they are not, or are too large.
    """
    for k, layer in enumerate(row):
        if inputs_of(layer) != inputs:
            raise FormatError(f"{where}: layer {k} sees {inputs_of(layer)} inputs, and gets {inputs}")
        inputs = width_of(layer)
        if inputs > MOST_UNITS:
            raise FormatError(f"{where}: layer {k} has {inputs} units; at most {MOST_UNITS} are read")
    return row


def in_order(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Blocks of rows, one for each gate, in another order."""
    blocks = np.split(array, len(order))
    return np.concatenate([blocks[k] for k in order])


def ungrouped(weight: np.ndarray, shape: Sequence[int], groups: int) -> np.ndarray:
    """The weight (out, in) or (out, in, taps) of a map in groups, zero from one group to another.

    Args:
        weight: the numbers within the groups, those of one group after the other.
        shape: of the whole; `groups` divides its first two lengths.
        groups: how many; each group of outputs sees its own group of inputs.
    """
    if groups == 1:
        return weight.reshape(shape)
    out, features, *taps = shape
    each = np.arange(groups)
    blocks = np.zeros((groups, out // groups, groups, features // groups, *taps), weight.dtype)
    blocks[each, :, each] = weight.reshape(groups, out // groups, features // groups, *taps)
    return blocks.reshape(shape)

"""LSTMs in a .nam: what stands in its config, and the order of its weights."""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from circuitnn.export.model_of_row import model_of
from circuitnn.export.row import MOST_LAYERS, MOST_UNITS, Linear, Recurrent, Row
from circuitnn.export.row_of_model import row_of
from circuitnn.export.strangers import FormatError, Record
from circuitnn.model import Model

FORM = "the .nam format"


def lstm_in_nam(model: Model) -> tuple[dict[str, Any], np.ndarray]:
    """Config and weights of an LSTM, with gains around it or not.

    Raises:
        FormatError: for a model that the format does not hold; names one that does.
    """
    row = row_of(model, FORM)
    *layers, reader = row
    sizes = {layer.hidden for layer in layers if isinstance(layer, Recurrent) and layer.kind == "lstm"}
    if not isinstance(reader, Linear) or len(sizes) != 1 or not all(isinstance(layer, Recurrent) for layer in layers):
        raise FormatError(
            f"{FORM} has one LSTM of layers of the same size: cn.export.rtneural holds layers in any order"
        )
    hidden = sizes.pop()
    state = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(model.init_carry(()))])
    weights = []
    for layer, rest in zip(layers, np.split(state, len(layers)), strict=True):
        assert isinstance(layer, Recurrent)
        weights += [np.concatenate([layer.ih, layer.hh], axis=1), layer.bias_ih + layer.bias_hh, rest]
    weights += [reader.weight, reader.bias]
    config = {"input_size": 1, "hidden_size": hidden, "num_layers": len(layers)}
    return config, np.concatenate([np.ravel(array) for array in weights])


def lstm_of_nam(config: Record, weights: np.ndarray, *, fs: float | None, dtype: Any) -> Model:
    """The LSTM of config and weights; it rests where silence leads it, as the player's does after its prewarming.

    Raises:
        FormatError: for another number of weights than its sizes have.
    """
    for name in ("input_size", "in_channels", "out_channels"):
        config.whole(name, 1, high=1)
    hidden, depth = config.whole("hidden_size", high=MOST_UNITS), config.whole("num_layers", high=MOST_LAYERS)
    counts = [4 * hidden * ((hidden if k else 1) + hidden + 1) + 2 * hidden for k in range(depth)]
    if len(weights) != sum(counts) + hidden + 1:
        raise config.fault(f"{depth} x {hidden} units have {sum(counts) + hidden + 1} weights, not {len(weights)}")
    *pieces, last = np.split(weights, np.cumsum(counts))
    row: Row = list(_layers(pieces, hidden))
    return model_of([*row, Linear(last[None, :hidden], last[hidden:])], {}, fs=fs, dtype=dtype)


def _layers(pieces: list[np.ndarray], hidden: int) -> Iterator[Recurrent]:
    for k, piece in enumerate(pieces):
        inputs = hidden if k else 1
        rows, size = 4 * hidden, 4 * hidden * (inputs + hidden)
        matrix = piece[:size].reshape(rows, inputs + hidden)
        bias = piece[size : size + rows]
        yield Recurrent("lstm", matrix[:, :inputs], matrix[:, inputs:], bias, np.zeros_like(bias))

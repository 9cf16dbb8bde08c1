"""Layers in a row: what the formats of players hold, between a file and a model."""

from collections.abc import Mapping, Sequence
from itertools import groupby, takewhile
from typing import Any, NamedTuple, final

import numpy as np
from flax import nnx
from jax import numpy as jnp

from circuitnn.composition import Chain, chain
from circuitnn.export.strangers import FormatError
from circuitnn.hybrid import Gain
from circuitnn.model import Model
from circuitnn.networks import Scaling
from circuitnn.networks.folding import folded_input, folded_output
from circuitnn.recurrent import GRU, LSTM, Memoryless

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


Row = list[Linear | Recurrent]


def width_of(layer: Linear | Recurrent) -> int:
    """Number of features that a layer gives."""
    return layer.hidden if isinstance(layer, Recurrent) else len(layer.bias)


def row_of(model: Model, form: str) -> Row:
    """The layers of a model that sees volts and gives volts: its scaling is in the weights.

    Args:
        model: a GRU, an LSTM, a `Memoryless`, or these and `Gain` in a chain whose knobs are all in the first network.
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
    if getattr(model, "cond", None) is not None:
        raise FormatError(
            f"{form} has knobs as further inputs, and not FiLM, GLU or gates: train with conditioning='inputs'; "
            "C (cn.export.c) holds any model"
        )
    if isinstance(model, GRU | LSTM):
        state, kind = model.torch_state(), "gru" if isinstance(model, GRU) else "lstm"
        count = sum(name.startswith("rec.weight_ih") for name in state)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        layers = [Recurrent(kind, *(state[f"rec.{name}_l{k}"] for name in names)) for k in range(count)]
        return [*layers, Linear(state["lin.weight"], state["lin.bias"])]
    if isinstance(model, Memoryless):
        weights = [(np.asarray(layer.weight[...]), np.asarray(layer.bias[...])) for layer in model.layers]
        weights[0] = folded_input(*weights[0], model.inputs.units)
        weights[-1] = folded_output(*weights[-1], model.units)
        activations = (*model.activations, "linear")
        return [Linear(*pair, name) for pair, name in zip(weights, activations, strict=True)]
    raise FormatError(
        f"{form} does not hold a {type(model).__name__}, it has GRU, LSTM and dense layers in a row; "
        "C (cn.export.c) holds any model"
    )


def _driven(layer: Linear | Recurrent, factor: float, signals: int) -> Linear | Recurrent:
    """The layer behind a gain, which knobs do not go through."""
    if factor == 1:
        return layer
    if isinstance(layer, Recurrent):
        return layer._replace(ih=np.concatenate([factor * layer.ih[:, :signals], layer.ih[:, signals:]], axis=1))
    weight = np.concatenate([factor * layer.weight[:, :signals], layer.weight[:, signals:]], axis=1)
    return layer._replace(weight=weight)


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
        knobs = controls if not parts else {}
        taken, part = (
            _recurrent(left, knobs, fs, dtype, scaling) if isinstance(left[0], Recurrent) else _mlp(left, knobs, dtype)
        )
        parts.append(part)
        left = left[taken:]
    return parts[0] if len(parts) == 1 else chain(*parts)


def _recurrent(
    row: Row, controls: Mapping[str, float], fs: float | None, dtype: Any, scaling: Scaling | None
) -> tuple[int, Model]:
    """Layers of one kind and size, and the linear layer that reads them; how many these are."""
    sizes = ((layer.kind, layer.hidden) if isinstance(layer, Recurrent) else None for layer in row)
    depth = len(list(next(groupby(sizes))[1]))
    layers = [layer for layer in row[:depth] if isinstance(layer, Recurrent)]
    first, following = layers[0], row[depth] if depth < len(row) else None
    is_read = isinstance(following, Linear) and following.activation == "linear"
    reader = following if is_read else Linear(np.eye(first.hidden), np.zeros(first.hidden))
    assert isinstance(reader, Linear)
    state = {"lin.weight": reader.weight, "lin.bias": reader.bias}
    for k, layer in enumerate(layers):
        names = {"weight_ih": layer.ih, "weight_hh": layer.hh, "bias_ih": layer.bias_ih, "bias_hh": layer.bias_hh}
        state |= {f"rec.{name}_l{k}": array for name, array in names.items()}
    model = KINDS[first.kind](
        first.hidden,
        layers=depth,
        in_features=first.ih.shape[1] - len(controls),
        out_features=len(reader.bias),
        controls=controls,
        scaling=scaling,
        fs=fs,
        dtype=dtype,
        rngs=nnx.Rngs(0),
    )
    model.load_torch_state(state, folded=False)
    return depth + is_read, model


def _mlp(row: Row, controls: Mapping[str, float], dtype: Any) -> tuple[int, Model]:
    """Dense layers up to the next one with a memory; how many these are."""
    dense = list(takewhile(lambda layer: isinstance(layer, Linear), row))
    layers = [layer for layer in dense if isinstance(layer, Linear)]
    if len(layers) == 1 or layers[-1].activation != "linear":  # a `Memoryless` has hidden layers and a linear one
        width = len(layers[-1].bias)
        layers.append(Linear(np.eye(width), np.zeros(width)))
    model = Memoryless(
        [len(layer.bias) for layer in layers[:-1]],
        in_features=layers[0].weight.shape[1] - len(controls),
        out_features=len(layers[-1].bias),
        controls=controls,
        activation=[layer.activation for layer in layers[:-1]],
        dtype=dtype,
        rngs=nnx.Rngs(0),
    )
    for target, layer in zip(model.layers, layers, strict=True):
        target.weight[...] = jnp.asarray(layer.weight, dtype)
        target.bias[...] = jnp.asarray(layer.bias, dtype)
    return len(dense), model


def checked_row(row: Row, inputs: int, where: str) -> Row:
    """The layers, whose inputs are as many as the layers before them give.

    Raises:
        FormatError: where they are not, or are too large.
    """
    for k, layer in enumerate(row):
        seen = layer.ih.shape[1] if isinstance(layer, Recurrent) else layer.weight.shape[1]
        if seen != inputs:
            raise FormatError(f"{where}: layer {k} sees {seen} inputs, and gets {inputs}")
        inputs = width_of(layer)
        if inputs > MOST_UNITS:
            raise FormatError(f"{where}: layer {k} has {inputs} units; at most {MOST_UNITS} are read")
    return row


def in_order(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Blocks of rows, one for each gate, in another order."""
    blocks = np.split(array, len(order))
    return np.concatenate([blocks[k] for k in order])

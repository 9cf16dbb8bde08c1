"""WaveNets in the .nam format of Neural Amp Modeler: sizes in JSON, and all weights in one row."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from circuitnn.composition import Chain
from circuitnn.convolutional import Head, LayerArray, WaveNet
from circuitnn.convolutional.layer_array import FILMS  # in the order of their weights there too
from circuitnn.export import nam_arrays, nam_groups, nam_words
from circuitnn.export.row import ungrouped
from circuitnn.export.strangers import FormatError, Record
from circuitnn.hybrid import Gain
from circuitnn.model import Model

MOST_ARRAYS, MOST_LAYERS = 16, 256
LATEST, OLDEST = "0.7.0", "0.5.4"
_CONFIG = ("layers", "head", "head_scale", "in_channels", "condition_dsp")
_HEAD = ("channels", "out_channels", "kernel_sizes", "activation", "in_channels")


def wavenet_of_nam(
    config: Record, weights: np.ndarray, *, fs: float | None, dtype: Any = jnp.float32, width: float = 1.0
) -> WaveNet:
    """The model that a configuration and a row of weights say.

    Args:
        config: of the file.
        weights: (n,) as many as the configuration needs.
        fs: sample rate in hertz.
        dtype: of the model.
        width: of a network that can be narrowed, from 0 to 1: which of its numbers of channels.

    Raises:
        FormatError: for what is no WaveNet, or one with parts that are not known here.
    """
    nam_arrays.check_keys(config, _CONFIG)
    if "condition_dsp" in config:
        raise config.fault(
            "condition_dsp: a second network that conditions this one is not read; a model can learn "
            "(cn.train.fit) from what the player makes of a sound"
        )
    config.whole("in_channels", 1, high=1)
    records = config.records("layers", MOST_ARRAYS)
    arrays = tuple(nam_arrays.layer_array(record, MOST_LAYERS) for record in records)
    nam_arrays.check_widths(records, arrays)
    groups = [nam_groups.groups_of(record, array) for record, array in zip(records, arrays, strict=True)]
    head = _head(config, arrays[-1].head_size)
    config.number("head_scale", 1.0)  # the last weight counts
    widths = [1, *(array.channels for array in arrays)]
    count = sum(array.weights(width, 1) for array, width in zip(arrays, widths, strict=False)) + 1
    count += 0 if head is None else head.weights(arrays[-1].head_size, 1)
    count -= sum(each.spared(array) for each, array in zip(groups, arrays, strict=True))
    if len(weights) != count:
        raise config.fault(f"a WaveNet of these sizes has {count} weights, the file {len(weights)}")
    try:
        model = _undrawn(arrays, head=head, head_scale=float(weights[-1]), fs=fs, dtype=dtype)
    except ValueError as error:
        raise config.fault(str(error)) from error
    _put(model, weights, groups)
    allowed = [
        nam_arrays.allowed_channels(record, array.channels) for record, array in zip(records, arrays, strict=True)
    ]
    chosen = [counts[min(int(width * len(counts)), len(counts) - 1)] for counts in allowed]
    if chosen == [array.channels for array in arrays]:
        return model
    if head is not None or any(array.head_kernel_size != 1 for array in arrays):
        raise config.fault("slimmable: a network whose head is a convolution is read in full width only")
    if any(each != nam_groups.Groups() for each in groups):
        raise config.fault("slimmable: a network with convolutions in groups is read in full width only")
    return _narrowed(model, nam_arrays.narrowed(arrays, chosen), fs=fs, dtype=dtype)


def _put(model: WaveNet, weights: np.ndarray, groups: Sequence[nam_groups.Groups]) -> None:
    """The weights of a file, in their order there."""
    counts = {id(variable): count for variable, count in nam_groups.grouped(model.stacks, groups)}
    start = 0
    for variable in _in_order(model):
        count = counts.get(id(variable), 1)
        stop = start + variable.size // count
        variable[...] = jnp.asarray(ungrouped(weights[start:stop], variable.shape, count), model.dtype)
        start = stop


def _narrowed(model: WaveNet, arrays: Sequence[LayerArray], *, fs: float | None, dtype: Any) -> WaveNet:
    """The network of narrower arrays, whose weights are the first rows and columns of the model's."""
    narrow = _undrawn(arrays, head_scale=model.head_scale, fs=fs, dtype=dtype)
    for variable, whole in zip(_in_order(narrow), _in_order(model), strict=True):
        variable[...] = whole[...][tuple(slice(length) for length in variable.shape)]
    return narrow


def wavenet_in_nam(model: Model) -> tuple[dict[str, Any], np.ndarray, str]:
    """Config, weights in single precision and the version of the format, with scaling and gains folded in.

    Args:
        model: a WaveNet, or one in a chain with gains.

    Raises:
        FormatError: for a model that the format does not hold; names one that does.
    """
    model, before, after = _alone(model)
    if why := _missing(model):
        raise FormatError(f"the .nam format has no {why}: C (cn.export.c) holds any model")
    arrays = model.arrays
    has_offset = bool(np.any(np.asarray(model.units.offset[...])))
    if has_offset and model.head is None:  # the last bias takes it
        arrays = (*arrays[:-1], nam_words.with_head_bias(arrays[-1]))
    is_old = model.head is None and all(nam_words.is_of_version_5(array) for array in arrays)
    widths = [1, *(array.channels for array in arrays)]
    write = nam_words.as_version_5 if is_old else nam_words.as_version_7
    config: dict[str, Any] = {
        "layers": [write(array, width) for array, width in zip(arrays, widths, strict=False)],
        "head": None,
    }
    if model.head is not None:
        head = model.head
        config["head"] = {
            "channels": head.channels,
            "out_channels": 1,
            "kernel_sizes": list(head.kernel_sizes),
            "activation": nam_words.function_in_words(head.activation),
        }
    numbers = {id(variable): np.array(variable[...], np.float64) for variable in _in_order(model)}
    scale = 1.0 if model.gain is None else float(np.float32(model.head_scale) * np.asarray(model.gain[...], np.float32))
    row = _folded(model, numbers, scale, before, after)
    config["head_scale"] = float(row[-1])
    return config, row, OLDEST if is_old else LATEST


def _alone(model: Model) -> tuple[WaveNet, float, float]:
    """The network without the gains around it, and these."""
    parts = list(model.models) if isinstance(model, Chain) else [model]
    at = next(n for n, part in enumerate(parts) if isinstance(part, WaveNet))
    others = [part for part in parts if part is not parts[at]]
    if not all(isinstance(part, Gain) for part in others):
        raise FormatError("the .nam format has one network: C (cn.export.c) holds any model")
    before, after = (
        math.prod(float(part.factor[...]) for part in side if isinstance(part, Gain))
        for side in (parts[:at], parts[at + 1 :])
    )
    network = parts[at]
    assert isinstance(network, WaveNet)
    return network, before, after


def _folded(model: WaveNet, numbers: dict[int, np.ndarray], scale: float, before: float, after: float) -> np.ndarray:
    """All weights in one row, for what comes in before the gains and goes out behind them."""
    x, y = float(model.inputs.units.scale[...][0]) / before, float(model.units.scale[...][0]) * after
    offset = float(model.units.offset[...][0]) * after
    if x != 1:
        for variable, rows in _of_the_input(model):
            numbers[id(variable)][:rows] /= x
    last = model.behind[-1] if model.behind else model.stacks[-1].head
    if model.behind:
        numbers[id(last.weight)], numbers[id(last.bias)] = (numbers[id(v)] * y for v in (last.weight, last.bias))
        numbers[id(last.bias)] = numbers[id(last.bias)] + offset
    else:
        scale *= y
    parts = [numbers[id(variable)].ravel() for variable in _in_order(model)]
    if offset and not model.behind:
        if not scale:
            raise FormatError("a head_scale of zero and an output offset: no bias of a .nam gives that")
        if last.bias is None:
            parts.append(np.zeros(1))
        parts[-1] = parts[-1] + offset / scale
    with np.errstate(over="ignore"):
        row = np.concatenate([*parts, [scale]]).astype(np.float32)
    if not np.isfinite(row).all():
        raise FormatError("weights that are not finite in single precision")
    return row


def _missing(model: WaveNet) -> str:
    """What of a model the format has no words for, in words."""
    if model.controls:
        return f"knobs ({', '.join(model.controls)})"
    if model.stacks[0].layers[0].cond is not None:
        return f"conditioning by {type(model.conditioning).__name__}"
    if model.lift is not None or model.condition != "input":
        return "layers that do not see the signal itself"
    if float(model.inputs.units.offset[...][0]):
        return "an offset of the input"
    for number, array in enumerate(model.arrays):
        if why := nam_words.missing(array):
            return f"{why} (array {number})"
    if model.head is not None and not nam_words.is_known(model.head.activation):
        return f"the activation {model.head.activation!r}"
    return ""


def _in_order(model: WaveNet) -> Iterator[Any]:
    """Weights as they stand in the row, but for the last number, the scale."""
    for stack in model.stacks:
        yield from _of(stack.rechannel)
        for layer in stack.layers:
            for part in (layer.convolution, layer.mixer, layer.residual, layer.skip):
                yield from _of(part)
            for place in FILMS:
                if place in layer.film:
                    yield from _of(layer.film[place].map)
        yield from _of(stack.head)
    for convolution in model.behind:
        yield from _of(convolution)


def _of(convolution: Any) -> Iterator[Any]:
    if convolution is not None:
        yield convolution.weight
        if convolution.bias is not None:
            yield convolution.bias


def _of_the_input(model: WaveNet) -> Iterator[tuple[Any, int | None]]:
    """Weights that multiply the signal itself, and how many rows of them do."""
    yield model.stacks[0].rechannel.weight, None
    layers: list[Any] = [layer for stack in model.stacks for layer in stack.layers]
    for layer in layers:
        for film in layer.film.values():
            yield film.map.weight, None
        if "mixer_input" not in layer.film:
            yield layer.mixer.weight, None
            continue
        shift = layer.film["mixer_input"].map  # its first row multiplies the signal, its second is added
        yield shift.weight, 1
        yield shift.bias, 1


def _undrawn(*arguments: Any, **options: Any) -> WaveNet:
    """A WaveNet without scaling whose weights are zero, for others to be put there: drawing them takes seconds."""
    graph, state = nnx.split(nnx.eval_shape(lambda: WaveNet(*arguments, rngs=nnx.Rngs(0), **options)))
    model = nnx.merge(graph, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), state))
    for scale in (model.inputs.units.scale, model.units.scale, model.gain):
        scale[...] = jnp.ones_like(scale[...])
    return model


def _head(config: Record, features: int) -> Head | None:
    if "head" not in config:
        return None
    record = config.record("head")
    nam_arrays.check_keys(record, _HEAD)
    record.whole("in_channels", features, low=features, high=features)
    record.whole("out_channels", 1, high=1)
    sizes = nam_arrays.sizes(record, "kernel_sizes", 16)
    return Head(record.whole("channels"), sizes, nam_arrays.function(record.fields.get("activation"), record.where))

"""Arrays of layers in .nam files of strangers, of version 0.5 to 0.7."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from circuitnn.convolutional import Activation, LayerArray
from circuitnn.convolutional.layer_array import FILMS
from circuitnn.export.nam_words import FILM_WORDS, FUNCTIONS
from circuitnn.export.strangers import FormatError, Record, shown
from circuitnn.networks.activations import LEAK

MOST_DILATION, MOST_KERNEL, MOST_CHANNELS = 2**20, 4096, 1024
_PLAIN = {word: name for name, word in FUNCTIONS.items()}
_KEYS = (
    "input_size", "condition_size", "channels", "bottleneck", "head", "head_size", "head_bias", "kernel_size",
    "kernel_sizes", "dilations", "activation", "gated", "gating_mode", "secondary_activation", "groups_input",
    "groups_input_mixin", "layer1x1", "head1x1", "slimmable", *FILM_WORDS,
)  # fmt: skip


def layer_array(record: Record, most: int) -> LayerArray:
    """The array that a file describes, of at most so many layers.

    Raises:
        FormatError: for what is not known here, or has sizes that cannot be.
    """
    check_keys(record, _KEYS)
    record.whole("condition_size", 1, high=1)
    channels = record.whole("channels", high=MOST_CHANNELS)
    dilations = sizes(record, "dilations", most, MOST_DILATION)
    layers = len(dilations)
    if ("kernel_size" in record) == ("kernel_sizes" in record):
        raise record.fault("either kernel_size or kernel_sizes is needed")
    kernels: Any = record.whole("kernel_size", high=MOST_KERNEL) if "kernel_size" in record else None
    if kernels is None:
        kernels = sizes(record, "kernel_sizes", layers)
        if len(kernels) != layers:
            raise record.fault(f"kernel_sizes: one for each of {layers} layers, got {len(kernels)}")
        kernels = _alike(kernels)
    gatings = _gatings(record, layers)
    residual, skip = _one_by_one(record, channels)
    bottleneck = record.whole("bottleneck", channels, high=MOST_CHANNELS)
    try:
        return LayerArray(
            channels,
            dilations,
            kernels,
            activation=_for_each(record, "activation", layers),
            gating=gatings,
            gate=_gates(record, layers, gatings),
            bottleneck=None if bottleneck == channels else bottleneck,
            residual=residual,
            skip=skip,
            film=_films(record, gatings),
            **_head(record),
        )
    except FormatError:
        raise
    except ValueError as error:
        raise record.fault(str(error)) from error


def allowed_channels(record: Record, channels: int) -> tuple[int, ...]:
    """The numbers of channels that an array may be narrowed to, the last one all of them.

    Raises:
        FormatError: for another way of narrowing than by the first channels, and numbers that do not grow up to all.
    """
    if "slimmable" not in record:
        return (channels,)
    part = record.record("slimmable")
    check_keys(part, ("method", "kwargs"))
    if part.text("method") != "slice_channels_uniform":
        raise part.fault(f"method: {shown(part.text('method'))} is not read; slice_channels_uniform is")
    options = part.record("kwargs")
    check_keys(options, ("allowed_channels",))
    if "allowed_channels" not in options:
        return tuple(range(1, channels + 1))
    allowed = sizes(options, "allowed_channels", channels, channels)
    if tuple(sorted(set(allowed))) != allowed or allowed[-1] != channels:
        raise options.fault(f"allowed_channels: expected numbers that grow up to {channels}")
    return allowed


def narrowed(arrays: Sequence[LayerArray], channels: Sequence[int]) -> tuple[LayerArray, ...]:
    """Arrays of so many channels, made of the first ones of these."""
    heads = [*channels[1:], arrays[-1].head_size]
    return tuple(
        dataclasses.replace(
            array,
            channels=count,
            bottleneck=None if array.bottleneck is None else max(1, array.inner * count // array.channels),
            head_size=head,
        )
        for array, count, head in zip(arrays, channels, heads, strict=True)
    )


def check_keys(record: Record, known: Sequence[str]) -> None:
    """Refuse what might change the sound and is not known here.

    Raises:
        FormatError: naming it.
    """
    if unknown := [key for key in record.fields if key not in known and record.fields[key] is not None]:
        raise record.fault(f"{shown(unknown[0])} is not known here: it may change the sound")


def check_widths(records: Sequence[Record], arrays: Sequence[LayerArray]) -> None:
    """See that each array is told to hear what the one before it gives."""
    widths = [1, *(array.channels for array in arrays)]
    for record, width in zip(records, widths, strict=False):
        record.whole("input_size", low=width, high=width)


def sizes(record: Record, key: str, most: int, high: int = MOST_KERNEL) -> tuple[int, ...]:
    """Whole numbers from 1 to `high`, at most so many."""
    entries = record.entries(key, most)
    return tuple(Record({key: entry}, record.where).whole(key, high=high) for entry in entries)


def flag(record: Record, key: str, default: bool = False) -> bool:
    """Yes or no.

    Raises:
        FormatError: for anything else.
    """
    value = record.fields[key] if key in record else default
    if not isinstance(value, bool):
        raise record.fault(f"{key}: expected true or false, got {shown(value)}")
    return value


def function(value: Any, where: str) -> str | Activation:
    """An activation.

    Raises:
        FormatError: for one that is not known.
    """
    record = Record({"type": value} if isinstance(value, str) else value, f"{where}: activation")
    check_keys(record, ("type", "negative_slope", "negative_slopes", "min_val", "max_val", "min_slope", "max_slope"))
    word = record.text("type")
    if word == "LeakyReLU" or (word == "PReLU" and "negative_slopes" not in record):
        slope = record.number("negative_slope", LEAK)
        return "leaky_relu" if slope == LEAK else Activation("leaky_relu", slope)
    if word == "PReLU":
        slopes = record.entries("negative_slopes", MOST_CHANNELS)
        return Activation("leaky_relu", tuple(Record({"slope": s}, record.where).number("slope") for s in slopes))
    if word in ("LeakyHardtanh", "LeakyHardTanh"):
        low, high = record.number("min_val", -1.0), record.number("max_val", 1.0)
        return Activation(
            "leaky_hard_tanh",
            low=low,
            high=high,
            slopes=(record.number("min_slope", LEAK), record.number("max_slope", LEAK)),
        )
    if word not in _PLAIN:
        raise record.fault(f"there is no {shown(word)}; there are {', '.join([*_PLAIN, 'PReLU', 'LeakyHardtanh'])}")
    return _PLAIN[word]


def _for_each(record: Record, key: str, layers: int) -> Any:
    value = record.fields.get(key)
    if not isinstance(value, list):
        return function(value, record.where)
    if len(value) != layers:
        raise record.fault(f"{key}: one for each of {layers} layers, got {len(value)}")
    return _alike([function(entry, record.where) for entry in value])


def _alike(values: Sequence[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values) else tuple(values)


def _gatings(record: Record, layers: int) -> Any:
    if "gating_mode" not in record:
        return "gated" if flag(record, "gated") else "none"
    value = record.fields["gating_mode"]
    if isinstance(value, list) and len(value) != layers:
        raise record.fault(f"gating_mode: one for each of {layers} layers, got {len(value)}")
    return _alike(value) if isinstance(value, list) else record.text("gating_mode")


def _gates(record: Record, layers: int, gatings: Any) -> Any:
    value = record.fields.get("secondary_activation")
    if not isinstance(value, list):
        is_used = gatings != "none" and value is not None
        return function(value, record.where) if is_used else "sigmoid"
    modes = gatings if isinstance(gatings, tuple) else (gatings,) * layers
    if len(value) != layers:
        raise record.fault(f"secondary_activation: one for each of {layers} layers, got {len(value)}")
    return _alike(
        [
            "sigmoid" if mode == "none" else function(entry, record.where)
            for mode, entry in zip(modes, value, strict=True)
        ]
    )


def _one_by_one(record: Record, channels: int) -> tuple[bool, int | None]:
    """Whether layers add to the signal, and the channels of the map in front of the head."""
    active = []
    for key in ("layer1x1", "head1x1"):
        part = record.record(key)
        check_keys(part, ("active", "groups", "out_channels"))
        active.append(flag(part, "active", key == "layer1x1"))
    skip = record.record("head1x1").whole("out_channels", channels, high=MOST_CHANNELS) if active[1] else None
    return active[0], skip


def _films(record: Record, gatings: Any) -> tuple[tuple[str, bool], ...]:
    films = []
    for place, key in zip(FILMS, FILM_WORDS, strict=True):
        if not record.fields.get(key):
            continue
        part = record.record(key)
        check_keys(part, ("active", "shift", "groups"))
        if not flag(part, "active", True):
            continue
        if place == "residual" and gatings != "blended":
            raise part.fault("the player does nothing there where gating_mode is not blended, and the trainer does")
        films.append((place, flag(part, "shift", True)))
    return tuple(films)


def _head(record: Record) -> dict[str, Any]:
    if "head" not in record:
        return {"head_size": record.whole("head_size"), "head_bias": flag(record, "head_bias")}
    part = record.record("head")
    check_keys(part, ("out_channels", "kernel_size", "bias", "head_dilation"))
    return {
        "head_size": part.whole("out_channels", high=MOST_CHANNELS),
        "head_kernel_size": part.whole("kernel_size", high=MOST_KERNEL),
        "head_dilation": part.whole("head_dilation", 1, high=MOST_DILATION),
        "head_bias": flag(part, "bias"),
    }

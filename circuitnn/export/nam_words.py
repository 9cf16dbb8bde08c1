"""Arrays of layers as .nam files have them, of version 0.5 and of 0.7."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from circuitnn.convolutional import Activation, LayerArray
from circuitnn.convolutional.layer_array import FILMS
from circuitnn.networks.activations import LEAK

FUNCTIONS = {
    "tanh": "Tanh", "hard_tanh": "Hardtanh", "fast_tanh": "Fasttanh", "relu": "ReLU", "sigmoid": "Sigmoid",
    "silu": "SiLU", "hard_swish": "Hardswish", "softsign": "Softsign", "leaky_relu": "LeakyReLU",
}  # fmt: skip
FILM_WORDS = (
    "conv_pre_film", "conv_post_film", "input_mixin_pre_film", "input_mixin_post_film", "activation_pre_film",
    "activation_post_film", "layer1x1_post_film", "head1x1_post_film",
)  # fmt: skip


def with_head_bias(array: LayerArray) -> LayerArray:
    return dataclasses.replace(array, head_bias=True)


def is_known(activation: str | Activation) -> bool:
    """Whether players have that activation."""
    return isinstance(activation, Activation) or activation in FUNCTIONS


def function_in_words(activation: str | Activation) -> Any:
    """An activation as files have it."""
    if activation == "leaky_relu":
        return {"type": "LeakyReLU", "negative_slope": LEAK}
    if isinstance(activation, str):
        return FUNCTIONS[activation]
    if activation.name == "leaky_hard_tanh":
        low, high = activation.slopes
        bends = {"min_val": activation.low, "max_val": activation.high}
        return {"type": "LeakyHardtanh", **bends, "min_slope": low, "max_slope": high}
    if isinstance(activation.slope, tuple):
        return {"type": "PReLU", "negative_slopes": list(activation.slope)}
    return {"type": "LeakyReLU", "negative_slope": activation.slope}


def missing(array: LayerArray) -> str:
    """What of an array the format has no words for, in words."""
    if array.mixed:
        return "a head that hears all layers side by side"
    if array.input_bias or array.mixer_bias:
        return "biases of what goes in"
    if "residual" in dict(array.film) and set(array.gatings) != {"blended"}:
        return "a film behind residuals that are not blended"
    unknown = [name for name in (*array.activations, *array.gates) if not is_known(name)]
    return f"the activation {unknown[0]!r}" if unknown else ""


def is_of_version_5(array: LayerArray) -> bool:
    """Whether players of before know it."""
    plain = LayerArray(array.channels, array.dilations, head_size=array.head_size, head_bias=array.head_bias)
    same = ("bottleneck", "residual", "skip", "head_kernel_size", "head_dilation", "film")
    return (
        all(getattr(array, name) == getattr(plain, name) for name in same)
        and len(set(array.kernel_sizes)) == len(set(array.activations)) == len(set(array.gatings)) == 1
        and array.gatings[0] != "blended"
        and (array.gatings[0] == "none" or set(array.gates) == {"sigmoid"})
        and isinstance(array.activations[0], str)
        and array.activations[0] != "leaky_relu"
    )


def as_version_5(array: LayerArray, width: int) -> dict[str, Any]:
    """Words that all players know."""
    return {
        "input_size": width,
        "condition_size": 1,
        "head_size": array.head_size,
        "channels": array.channels,
        "kernel_size": array.kernel_sizes[0],
        "dilations": list(array.dilations),
        "activation": function_in_words(array.activations[0]),
        "gated": array.gatings[0] == "gated",
        "head_bias": array.head_bias,
    }


def as_version_7(array: LayerArray, width: int) -> dict[str, Any]:
    """All that there is."""
    films: Mapping[str, bool] = dict(array.film)
    head = {"out_channels": array.head_size, "kernel_size": array.head_kernel_size, "bias": array.head_bias}
    if array.head_dilation != 1:
        head["head_dilation"] = array.head_dilation
    return {
        "input_size": width,
        "condition_size": 1,
        "head": head,
        "channels": array.channels,
        "kernel_sizes": list(array.kernel_sizes),
        "dilations": list(array.dilations),
        "activation": [function_in_words(activation) for activation in array.activations],
        "bottleneck": array.inner,
        "head1x1": {"active": array.skip is not None, "out_channels": array.skip or 1, "groups": 1},
        "layer1x1": {"active": array.residual, "groups": 1},
        "groups_input": 1,
        "groups_input_mixin": 1,
        **{
            key: {"active": place in films, "shift": films.get(place, True), "groups": 1}
            for place, key in zip(FILMS, FILM_WORDS, strict=True)
        },
        "gating_mode": list(array.gatings),
        "secondary_activation": [
            None if gating == "none" else function_in_words(gate)
            for gating, gate in zip(array.gatings, array.gates, strict=True)
        ],
        "slimmable": None,
    }

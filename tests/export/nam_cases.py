"""Files of NAM with weights from a seed, whose outputs by the real player stand in golden_nam.npz.

They are those of NeuralAmpModelerCore 0.5.5 (9 August 2026; built with -O2, Eigen 3.4; in blocks of 64 samples, after
its own pre-warming by silence), at PLACES of what it makes of `signal`.
"""

import numpy as np

SAMPLES = 4500
PLACES = np.unique(np.concatenate([np.arange(40), np.linspace(40, SAMPLES - 1, 160).astype(int)]))
DOUBLED = [2**n for n in range(10)]
A2_DILATIONS = [1, 3, 7, 17, 41, 101, 239] * 2 + [1, 13] + [1, 3, 7, 17, 41, 101, 239]


def signal() -> np.ndarray:
    random = np.random.default_rng(7)
    return (0.4 * random.normal(size=SAMPLES) * np.linspace(0.2, 1.5, SAMPLES)).astype(np.float32)


def layer(channels: int, gives: int, dilations: list[int], *, source: int = 1, **others) -> dict:
    """An array in the words of version 0.5."""
    common = {
        "input_size": source, "condition_size": 1, "channels": channels, "head_size": gives, "kernel_size": 3,
        "dilations": dilations, "activation": "Tanh", "gated": False, "head_bias": False,
    }  # fmt: skip
    return {key: value for key, value in (common | others).items() if value is not None}


def two(first: int, second: int, before: list[int], after: list[int]) -> dict:
    return {
        "layers": [layer(first, second, before), layer(second, 1, after, source=first, head_bias=True)],
        "head": None,
        "head_scale": 0.02,
    }


def one(channels: int, dilations: list[int], **others) -> dict:
    return {"layers": [layer(channels, 1, dilations, **others)], "head": None, "head_scale": 0.02}


def a2(channels: int) -> dict:
    """Its second architecture, in the words of version 0.7."""
    count = len(A2_DILATIONS)
    idle = {"active": False, "shift": True, "groups": 1}
    films = (
        "conv_pre", "conv_post", "input_mixin_pre", "input_mixin_post", "activation_pre", "activation_post",
        "layer1x1_post", "head1x1_post",
    )  # fmt: skip
    array = {
        "input_size": 1, "condition_size": 1, "head": {"out_channels": 1, "kernel_size": 16, "bias": True},
        "channels": channels, "kernel_sizes": [6] * 14 + [15, 15] + [6] * 7, "dilations": A2_DILATIONS,
        "activation": [{"type": "LeakyReLU", "negative_slope": 0.01}] * count, "bottleneck": channels,
        "head1x1": {"active": False, "out_channels": 1, "groups": 1}, "layer1x1": {"active": True, "groups": 1},
        "groups_input": 1, "groups_input_mixin": 1, "gating_mode": ["none"] * count,
        "secondary_activation": [None] * count, "slimmable": None,
    }  # fmt: skip
    return {"layers": [array | {f"{film}_film": idle for film in films}], "head": None, "head_scale": 0.01}


def slim(channels: int, *allowed: int) -> dict:
    """What says that an array can be narrowed."""
    return {"slimmable": {"method": "slice_channels_uniform", "kwargs": {"allowed_channels": [*allowed, channels]}}}


SHIFTS, SCALES = {"active": True, "shift": True, "groups": 1}, {"active": True, "shift": False, "groups": 1}
SHORT = DOUBLED[:7]
FUNCTIONS = [
    "Tanh", "Hardtanh", "Fasttanh", "ReLU", "Sigmoid", "SiLU", "Hardswish", "LeakyHardtanh", "PReLU", "Softsign",
    {"type": "LeakyReLU", "negative_slope": 0.2}, {"type": "PReLU", "negative_slopes": [0.1, 0.2, 0.3, -0.4]},
    {"type": "LeakyHardtanh", "min_val": -0.3, "max_val": 0.5, "min_slope": 0.1, "max_slope": 0.2},
]  # fmt: skip
COUNTS = {  # weights of each
    "standard": 13802, "lite": 6554, "feather": 3026, "nano": 842, "a2_lite": 1871, "a2_full": 12146,
    "gated": 1329, "functions": 997, "gatings": 481, "film": 397, "film_blended": 477, "straight": 73, "head": 497,
    "slim": 275, "groups": 323, "depthwise": 65,
}  # fmt: skip
GROUPED = ("groups", "depthwise")  # with fewer numbers than the full convolutions that are made of them
WIDTHS = {"slim": (0.4, 0.1)}  # as the player's slider, beside the full width
CASES = {
    "standard": (two(16, 8, DOUBLED, DOUBLED), 1, 0.25),
    "lite": (two(12, 6, SHORT, DOUBLED[7:] + DOUBLED), 2, 0.4),
    "feather": (two(8, 4, SHORT, DOUBLED[7:] + DOUBLED), 3, 0.5),
    "nano": (two(4, 2, SHORT, DOUBLED[7:] + DOUBLED), 4, 0.6),
    "a2_lite": (a2(3), 5, 0.25),
    "a2_full": (a2(8), 6, 0.13),
    "gated": (one(4, DOUBLED, gated=True), 7, 0.5),
    "functions": (one(4, [1 + n for n in range(len(FUNCTIONS))], activation=FUNCTIONS), 8, 0.5),
    "gatings": (
        one(4, [1, 2, 3, 4], gating_mode=["gated", "blended", "none", "blended"], gated=None,
            secondary_activation=["Sigmoid", "Hardtanh", None, "ReLU"]),
        9, 0.5,
    ),
    "film": (
        one(4, [1, 2, 5], bottleneck=3, conv_pre_film=SHIFTS, conv_post_film=SCALES, input_mixin_pre_film=SHIFTS,
            input_mixin_post_film=SHIFTS, activation_pre_film=SCALES, activation_post_film=SHIFTS,
            head1x1_post_film=SHIFTS, head1x1={"active": True, "out_channels": 2, "groups": 1}),
        10, 0.5,
    ),
    "film_blended": (
        one(4, [1, 2, 5], gated=None, gating_mode="blended", layer1x1_post_film=SHIFTS, activation_post_film=SCALES),
        11, 0.5,
    ),
    "straight": (one(3, [1, 9], layer1x1={"active": False, "groups": 1}), 12, 0.5),
    "slim": (
        {
            "layers": [
                layer(4, 3, [1, 2], **slim(4, 2, 3)), layer(3, 1, [4, 1], source=4, head_bias=True, **slim(3, 1))
            ],
            "head": None, "head_scale": 0.1,
        },
        14, 0.5,
    ),
    "head": (
        one(4, DOUBLED[:5], head_size=None,
            head={"out_channels": 3, "kernel_size": 5, "bias": True, "head_dilation": 7})
        | {"head": {"channels": 4, "out_channels": 1, "kernel_sizes": [3, 2], "activation": "ReLU"}, "head_scale": 0.7},
        13, 0.5,
    ),
    "groups": (
        one(4, [1, 3, 2], bottleneck=6, gated=None, gating_mode=["none", "gated", "blended"], groups_input=2,
            layer1x1={"active": True, "groups": 2}, head1x1={"active": True, "out_channels": 3, "groups": 3}),
        15, 0.6,
    ),
    "depthwise": (one(4, [1, 4], groups_input=4, layer1x1={"active": True, "groups": 4}), 16, 0.6),
}  # fmt: skip


def weights(seed: int, count: int, size: float) -> np.ndarray:
    return (size * np.random.default_rng(seed).uniform(-1, 1, count)).astype(np.float32)


def record(name: str) -> dict:
    """The file of that name."""
    config, seed, size = CASES[name]
    version = "0.7.0" if name.startswith("a2") else "0.6.0" if len(name) > 8 else "0.5.4"
    numbers = [float(number) for number in weights(seed, COUNTS[name], size)]
    return {
        "version": version, "architecture": "WaveNet", "config": config, "weights": numbers, "sample_rate": 48000,
        "metadata": {"name": name},
    }  # fmt: skip

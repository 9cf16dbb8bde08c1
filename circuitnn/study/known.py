"""Names that a description can have, and the settings of networks: known before JAX and the networks are imported."""

_LINEAR = (
    "hidden", "layers", "states", "start", "mixing", "time_constants", "scan", "trained_fs", "conditioning",
)  # fmt: skip
_GATED = ("hidden", "layers", "time_constants", "conditioning")

NETWORKS: dict[str, tuple[str, ...]] = {
    "CNN": ("channels", "kernel_size", "dilations", "activation", "conditioning"),
    "EncoderDecoder": ("hidden", "window", "newer", "projection", "conditioning"),
    "GRU": _GATED,
    "LRU": _LINEAR,
    "LSTM": _GATED,
    "Memoryless": ("hidden", "activation", "conditioning"),
    "NARX": ("hidden", "input_taps", "output_taps"),
    "S4D": _LINEAR,
    "S6": _LINEAR,
    "STN": ("hidden", "input_taps", "bias", "step"),
    "StateMatchedGRU": ("hidden", "mapping"),
    "TCN": ("channels", "blocks", "kernel_size", "dilation_growth", "stack", "embedding", "conditioning"),
    "WaveNet": ("arrays", "head", "head_scale", "condition", "condition_channels", "conditioning"),
    "Windowed": ("recurrent", "hidden", "window", "projection", "reduced", "conditioning"),
}
"""Kinds of networks that learn from data alone, with the arguments of their constructors that a task does not give."""

REGIMES = ("TF", "SS", "TBPTT", "TF+TBPTT", "START", "NOISE", "MS", "GROW")
"""Names of `circuitnn.study.MORE_REGIMES`."""

SCHEDULES = ("cosine", "exponential")
"""Names of `circuitnn.study.regimes.SCHEDULES`."""

"""The arrays of layers of WaveNets that people know."""

from circuitnn.convolutional.layer_array import LayerArray

HEAD_SCALE, A2_HEAD_SCALE = 0.02, 0.01  # that their trainer begins with
_NAM = {"standard": (16, 8), "lite": (12, 6), "feather": (8, 4), "nano": (4, 2)}
_A2 = {"lite": 3, "full": 8}
_LITE = (1, 2, 4, 8, 16, 32, 64), (128, 256, 512, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_DOUBLED = tuple(2**n for n in range(10))
_A2_ONCE = (1, 3, 7, 17, 41, 101, 239)


def nam(size: str) -> tuple[LayerArray, ...]:
    """Two arrays of tanh layers of three taps."""
    first, second = _NAM[_known(size, tuple(_NAM))]
    before, after = (_DOUBLED, _DOUBLED) if size == "standard" else _LITE
    return (
        LayerArray(first, before, head_size=second),
        LayerArray(second, after, head_bias=True),
    )


def a2(size: str) -> tuple[LayerArray, ...]:
    """One array of 23 layers with kernels of 6 and 15 taps."""
    kernels = (6,) * 14 + (15, 15) + (6,) * 7
    dilations = (*_A2_ONCE, *_A2_ONCE, 1, 13, *_A2_ONCE)
    channels = _A2[_known(size, tuple(_A2))]
    return (LayerArray(channels, dilations, kernels, "leaky_relu", head_kernel_size=16, head_bias=True),)


def wright(layers: int, channels: int) -> tuple[LayerArray, ...]:
    """Gated layers of three taps, their dilations doubling: up to 512 in ten layers, up to 256 twice in 18."""
    period = 9 if layers % 9 == 0 else 10
    dilations = tuple(2 ** (n % period) for n in range(layers))
    return (
        LayerArray(channels, dilations, gating="gated", mixed=True, head_bias=True, input_bias=True, mixer_bias=True),
    )


def _known(size: str, names: tuple[str, ...]) -> str:
    if size not in names:
        raise ValueError(f"size: there are {', '.join(names)}, not {size!r}")
    return size

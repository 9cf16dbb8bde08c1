"""LSTMs over windows: one sample of each window behind two convolutions, or the last few of each."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.frames.frame_network import FrameNetwork
from circuitnn.frames.layers import SameConv, WindowLSTM, within_memory
from circuitnn.model import Carry
from circuitnn.networks.activations import elu
from circuitnn.networks.dense import Dense
from circuitnn.networks.scaling import Scaling
from circuitnn.settings import register


@register
@final
class ConvLSTM(FrameNetwork):
    """Two strided convolutions with ELU over a window of the past, an LSTM over what they give, and tanh of its end.

    One sample of each window: `Framed` plays it without latency, at the cost of a whole window a sample. The sizes are
    those of a review's comparison; what its table leaves open (window, units, ELU, tanh) is that of the network it is
    after. The stride acts inside of a window alone.

    Source: Schmitz, Embrechts 2018, "Improve LSTM neural network speed by dimensional reduction", AES; Vanhatalo et
    al. 2022, "A review of neural network-based emulation of guitar amplifiers", Applied Sciences 12(12), table 8.

    Args:
        channels: of both convolutions.
        stride: of both.
        kernel_size: of both.
        window: samples of each window, the present one its last.
        hidden: units of the LSTM.
        in_features: of x, volts.
        out_features: of y, volts.
        controls: names of the knobs, or a mapping to their defaults.
        scaling: volts to network units; tanh gives at most one unit.
        fs: sample rate in hertz of its training.
        dtype: of weights and signals.
        rngs: for the weights.
    """

    def __init__(
        self,
        channels: int = 35,
        *,
        stride: int = 4,
        kernel_size: int = 3,
        window: int = 150,
        hidden: int = 150,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, "ConvLSTM")
        self.window, self.channels = checked_width("window", window), checked_width("channels", channels)
        self.stride, self.kernel_size = checked_width("stride", stride), checked_width("kernel_size", kernel_size)
        self.hidden = checked_width("hidden", hidden)
        within_memory("convolutions", channels, channels, kernel_size)
        within_memory("a window", window, max(4 * hidden, channels))
        super().__init__(
            1, (window - 1, 0), hop=1, in_features=in_features, out_features=out_features, controls=controls,
            scaling=scaling, fs=fs, dtype=dtype,
        )  # fmt: skip
        kind: dict[str, Any] = {"stride": stride, "dtype": self.dtype, "rngs": rngs}
        self.first = SameConv(self.inputs.width, channels, kernel_size, **kind)
        self.second = SameConv(channels, channels, kernel_size, **kind)
        self.lstm = WindowLSTM(channels, hidden, dtype=self.dtype, rngs=rngs)
        self.output = Dense(hidden, out_features, dtype=self.dtype, rngs=rngs)

    def __call__(self, carry: Carry, u: Array) -> tuple[Carry, Array]:
        h = self.lstm(elu(self.second(elu(self.first(u)))))
        return carry, jnp.tanh(self.output(h[..., -1:, :]))


@register
@final
class SequenceLSTM(FrameNetwork):
    """Sequence to sequence: an LSTM over a window from zero, and tanh of its last `frame` states, a frame at a time.

    With its sizes, windows of 100 samples for frames of 5 and 150 units, it has 91,351 weights. The published code
    takes the five states before the last one; here they are the last ones: the frame ends with the window.

    Source: Schmitz 2019, "Nonlinear modeling of the guitar chain enabling its real-time emulation", thesis, University
    of Liege, model 3 of its published code.

    Args:
        hidden: units of the LSTM.
        window: samples of each window.
        frame: how many of its states are heard.
        in_features: of x, volts.
        out_features: of y, volts.
        controls: names of the knobs, or a mapping to their defaults.
        scaling: volts to network units; tanh gives at most one unit.
        fs: sample rate in hertz of its training.
        dtype: of weights and signals.
        rngs: for the weights.
    """

    def __init__(
        self,
        hidden: int = 150,
        *,
        window: int = 100,
        frame: int = 5,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, "SequenceLSTM")
        self.hidden, self.window = checked_width("hidden", hidden), checked_width("window", window)
        within_memory("a window", window, 4 * hidden)
        if frame > window:
            raise ValueError(f"a frame of {frame} samples does not fit into a window of {window}")
        super().__init__(
            frame, (window - frame, 0), hop=frame, in_features=in_features, out_features=out_features,
            controls=controls, scaling=scaling, fs=fs, dtype=dtype,
        )  # fmt: skip
        self.lstm = WindowLSTM(self.inputs.width, hidden, dtype=self.dtype, rngs=rngs)
        self.output = Dense(hidden, out_features, dtype=self.dtype, rngs=rngs)

    def __call__(self, carry: Carry, u: Array) -> tuple[Carry, Array]:
        h = self.lstm(u)
        return carry, jnp.tanh(self.output(h[..., u.shape[-2] - self.frame :, :]))

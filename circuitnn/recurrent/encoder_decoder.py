"""The encoder-decoder LSTM that shares its state: older samples turn the state from which newer ones go on."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array, lax

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.networks.activations import sigmoid
from circuitnn.networks.conditioning import Conditioning
from circuitnn.networks.layer import Layer
from circuitnn.networks.layered import Layered
from circuitnn.networks.pointwise import Pointwise
from circuitnn.networks.rest import settled
from circuitnn.networks.scaling import Scaling
from circuitnn.networks.window import Span, Window
from circuitnn.numerics.columns import to_columns, to_rows
from circuitnn.recurrent.lstm import LSTM_CELL
from circuitnn.recurrent.recurrent_layer import RecurrentLayer
from circuitnn.settings import register

WINDOW = 64  # samples


@final
class SharedState(Layer):
    """An LSTM that steps from ``[a sigmoid(h); b sigmoid(c)]``, with a and b from outside at each sample.

    What goes in is [a; b; x], (..., 2 * hidden + features), what comes out is h. The carry is h and then c,
    (..., 2 * hidden).

    Attributes:
        cell: the LSTM's weights.
    """

    def __init__(self, features: int, hidden: int, *, dtype: Any, rngs: nnx.Rngs):
        self.width, self.dtype = hidden, dtype
        self.cell = RecurrentLayer(LSTM_CELL, features, hidden, dtype=dtype, rngs=rngs)

    def rest(self, u: Array, knobs: Array) -> tuple[Array, Array]:
        carry = settled(self, jnp.zeros(self.cell.size, self.dtype), u, knobs)
        return carry, carry[..., : self.width]

    def __call__(self, carry: Array, u: Array, knobs: Array) -> tuple[Array, Array]:
        prepared, hidden = LSTM_CELL.prepare(self.cell.weights), self.width

        def step(state: Array, u: Array) -> tuple[Array, Array]:
            h, c = sigmoid(state[:hidden]) * u[:hidden], sigmoid(state[hidden:]) * u[hidden : 2 * hidden]
            after, _ = LSTM_CELL.forward(prepared, (h, c), u[2 * hidden :])
            return jnp.concatenate(after), after[0]

        after, h = lax.scan(step, carry.reshape(-1, 2 * hidden).T, to_columns(u))
        return after.T.reshape(carry.shape), to_rows(h, u.shape[:-2])


def encoder_decoder_layers(
    features: int, hidden: int, *, window: int, newer: int, projection: int, dtype: Any, rngs: nnx.Rngs
) -> list[Layer]:
    """The window whose older samples give [a; b] and whose newer ones x, and the LSTM on them.

    Raises:
        ValueError: where the window has no older samples.
    """
    older = checked_width("window", window) - checked_width("newer", newer)
    if older < 1:
        raise ValueError(f"newer: {newer} of {window} samples leave none for the encoder")
    spans = (Span(0, older, 2 * hidden), Span(older, window, projection))
    return [
        Window(features, spans, dtype=dtype, rngs=rngs),
        SharedState(projection, hidden, dtype=dtype, rngs=rngs),
    ]


@register
@final
class EncoderDecoder(Layered):
    """An encoder-decoder LSTM with state sharing, and a linear read-out: ``y = W h + b`` in network units.

    The most recent samples are two parts. Two convolutions over the older ones (the encoder) give factors [a; b]; the
    newer ones give x by a linear projection; the LSTM (the decoder) steps once on x from the state
    ``[a sigmoid(h); b sigmoid(c)]``, h and c its state after the sample before. That older samples are the encoder's is
    what the paper's figure and caption say; its text has the newer ones there.

    The carry is the window's history and the LSTM's [h; c].

    Args:
        hidden: number of units.
        window: most recent samples.
        newer: of these the decoder's; half of them when None.
        projection: features that the newer samples are mapped to; half as many as units when None.
        in_features: width of x.
        out_features: width of y.
        controls: names of the knobs (default position 0.5), or a mapping from names to default values.
        scaling: volts per network unit; ones when None.
        fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
        dtype: floating-point type.
        conditioning: how the knobs reach it, see `circuitnn.networks.Conditioning`.
        rngs: for the initial weights.

    Source: Simionato and Fasciani, Comparative study of state-based neural networks for virtual analog audio effects
    modeling, 2025, arXiv:2405.04124.
    """

    def __init__(
        self,
        hidden: int = 8,
        *,
        window: int = WINDOW,
        newer: int | None = None,
        projection: int | None = None,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "inputs",
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, type(self).__name__)
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=fs,
            dtype=dtype,
            conditioning=conditioning,
        )
        self.hidden, self.window = checked_width("hidden", hidden), checked_width("window", window)
        self.newer = max(1, window // 2) if newer is None else newer
        self.projection = checked_width("projection", max(1, hidden // 2) if projection is None else projection)
        sizes = {"window": self.window, "newer": self.newer, "projection": self.projection}
        self.in_a_row(
            [
                *encoder_decoder_layers(self.inputs.width, hidden, **sizes, dtype=self.dtype, rngs=rngs),
                self.conditioned(hidden, rngs),
                Pointwise(hidden, out_features, dtype=self.dtype, rngs=rngs),
            ]
        )

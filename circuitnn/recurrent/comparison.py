"""The shape in which the comparative study holds its five networks against each other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, final

import jax.numpy as jnp
from flax import nnx

from circuitnn.arguments import checked_rngs, checked_width
from circuitnn.networks.conditioning import Conditioning
from circuitnn.networks.layer import Layer
from circuitnn.networks.layered import Layered
from circuitnn.networks.pointwise import Pointwise
from circuitnn.networks.scaling import Scaling
from circuitnn.networks.window import Span, Window
from circuitnn.recurrent.encoder_decoder import WINDOW, encoder_decoder_layers
from circuitnn.recurrent.lru import LRULayer
from circuitnn.recurrent.lstm import LSTM_CELL
from circuitnn.recurrent.recurrent_layer import RecurrentLayer
from circuitnn.recurrent.s4d import S4DLayer
from circuitnn.recurrent.s6 import S6Layer
from circuitnn.settings import register

REDUCED = 4  # features that the knobs turn


@final
class Contender(NamedTuple):
    """A network of the study.

    Attributes:
        units: that it has there.
        activation: of the dense layer behind it.
        layers: (features, units, window, projection, dtype and rngs) -> the window and what follows it.
    """

    units: int
    activation: str
    layers: Callable[..., list[Layer]]


def _behind_a_projection(recurrent_layer: Callable[..., Layer]) -> Callable[..., list[Layer]]:
    def layers(features: int, units: int, *, window: int, projection: int, dtype: Any, rngs: nnx.Rngs) -> list[Layer]:
        first = Window(features, [Span(0, window, projection)], dtype=dtype, rngs=rngs)
        return [first, recurrent_layer(projection, units, dtype=dtype, rngs=rngs)]

    return layers


def _lstm(features: int, units: int, **arguments: Any) -> Layer:
    return RecurrentLayer(LSTM_CELL, features, units, **arguments)


def _encoder_decoder(features: int, units: int, *, window: int, **arguments: Any) -> list[Layer]:
    return encoder_decoder_layers(features, units, window=window, newer=max(1, window // 2), **arguments)


def _s6(features: int, units: int, **arguments: Any) -> Layer:
    return S6Layer(features, units, rank=(features + 1) // 2, **arguments)


CONTENDERS = {
    "LSTM": Contender(8, "linear", _behind_a_projection(_lstm)),
    "ED": Contender(8, "linear", _encoder_decoder),
    "LRU": Contender(12, "tanh", _behind_a_projection(LRULayer)),
    "S4D": Contender(12, "tanh", _behind_a_projection(S4DLayer)),
    "S6": Contender(12, "tanh", _behind_a_projection(_s6)),
}


def _name_of(recurrent: str) -> str:
    """The name in `CONTENDERS`, however it is written."""
    name = str(recurrent).upper()
    name = "ED" if name.replace("-", "").replace("_", "").replace(" ", "") == "ENCODERDECODER" else name
    if name not in CONTENDERS:
        raise ValueError(f"recurrent: there are {', '.join(CONTENDERS)}, not {recurrent!r}")
    return name


@register
@final
class Windowed(Layered):
    """A recurrent network on a window of samples, in the shape that the comparative study gives its five networks.

    The `window` most recent samples, a linear projection of them, the recurrent layer, a dense layer to `reduced`
    features (linear after LSTM and ED, tanh after the others), the conditioning, and a linear map to the output.

    Args:
        recurrent: "LSTM", "ED" or "encoder-decoder" (whose projection is of the newer half of the window: see
            `EncoderDecoder`), "LRU", "S4D" or "S6", in capitals or not.
        hidden: units of the LSTM; states of LRU, S4D (of each feature, twice as many as complex pairs) and S6 (of each
            feature). As in the study when None: 8 of LSTM and ED, 12 of the others.
        window: most recent samples.
        projection: features that go into the recurrent layer; half as many as units when None.
        reduced: features that the knobs turn.
        in_features: width of x.
        out_features: width of y.
        controls: names of the knobs (default position 0.5), or a mapping from names to default values.
        scaling: volts per network unit; ones when None.
        fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
        dtype: floating-point type.
        conditioning: the study's block, "glu", or another one, see `circuitnn.networks.Conditioning`.
        rngs: for the initial weights.

    Raises:
        ValueError: for another recurrent network, and sizes that are no whole numbers of at least one.

    Source: Simionato and Fasciani, Comparative study of state-based neural networks for virtual analog audio effects
    modeling, 2025, arXiv:2405.04124.
    """

    def __init__(
        self,
        recurrent: str,
        hidden: int | None = None,
        *,
        window: int = WINDOW,
        projection: int | None = None,
        reduced: int = REDUCED,
        in_features: int = 1,
        out_features: int = 1,
        controls: Sequence[str] | Mapping[str, float] = (),
        scaling: Scaling | None = None,
        fs: float | None = None,
        dtype: Any = jnp.float32,
        conditioning: Conditioning | str = "glu",
        rngs: nnx.Rngs | None = None,
    ):
        rngs = checked_rngs(rngs, type(self).__name__)
        recurrent = _name_of(recurrent)
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=fs,
            dtype=dtype,
            conditioning=conditioning,
        )
        contender = CONTENDERS[recurrent]
        self.recurrent, self.window = recurrent, checked_width("window", window)
        self.hidden = checked_width("hidden", contender.units if hidden is None else hidden)
        self.projection = checked_width("projection", max(1, self.hidden // 2) if projection is None else projection)
        self.reduced = checked_width("reduced", reduced)
        weights: dict[str, Any] = {"dtype": self.dtype, "rngs": rngs}
        sizes = {"window": self.window, "projection": self.projection}
        first = contender.layers(self.inputs.width, self.hidden, **sizes, **weights)
        self.in_a_row(
            [
                *first,
                Pointwise(first[-1].width, self.reduced, activation=contender.activation, **weights),
                self.conditioned(self.reduced, rngs),
                Pointwise(self.reduced, self.out_features, **weights),
            ]
        )


def windowed(recurrent: str, hidden: int | None = None, **arguments: Any) -> Windowed:
    """A network in the shape of the comparative study, with its sizes where none are given: `Windowed`.

    Args:
        recurrent: "LSTM", "ED", "LRU", "S4D" or "S6".
        hidden: units or states; as in the study when None.
        arguments: those of `Windowed`.
    """
    return Windowed(recurrent, hidden, **arguments)

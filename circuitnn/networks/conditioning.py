"""How knobs reach a network: as further inputs, or by turning its features."""

import abc
from dataclasses import dataclass
from typing import Any, final

from flax import nnx

from circuitnn.networks.layer import Layer
from circuitnn.networks.modulation import FeatureWise, GatedActivation, GatedLinear, KnobNetwork
from circuitnn.settings import register


@dataclass(frozen=True)
class Conditioning(abc.ABC):
    """How knobs reach a network (abstract): plain data, the argument `conditioning` of networks.

    Attributes:
        is_input: whether the network sees the knobs as channels beside the signal.
    """

    is_input = False

    @abc.abstractmethod
    def layer(self, features: int, controls: int, *, dtype: Any, rngs: nnx.Rngs) -> Layer | None:
        """The layer without memory that lets the knobs turn `features` of a network; None where they do not.

        It keeps the number of features. Without knobs what they would do is left out.
        """


@register
@final
@dataclass(frozen=True)
class ExtraInputs(Conditioning):
    """The knobs are channels of the input, beside the signal: ``[u; k]``. The text "inputs".

    Source: Wright, Damskägg, Välimäki 2019, "Real-time black-box modelling with recurrent neural networks", DAFx-19.
    """

    is_input = True

    def layer(self, features: int, controls: int, *, dtype: Any, rngs: nnx.Rngs) -> None:
        return None


@register
@final
@dataclass(frozen=True)
class FiLM(Conditioning):
    """Feature-wise linear modulation, ``theta * u + eta`` with theta and eta affine in the knobs. The text "film".

    It begins as the identity.

    Source: Perez et al. 2018, "FiLM: visual reasoning with a general conditioning layer", AAAI; of audio effects
    Steinmetz, Reiss 2022, "Efficient neural networks for real-time modeling of analog dynamic range compression", AES.
    """

    def layer(self, features: int, controls: int, *, dtype: Any, rngs: nnx.Rngs) -> Layer | None:
        return FeatureWise(features, controls, dtype=dtype) if controls else None


@register
@final
@dataclass(frozen=True)
class GLU(Conditioning):
    """FiLM and then a gated linear unit with softsign, ``q1 * softsign(q2)``, q affine in the features. The text "glu".

    The conditioning block of the comparative study. With n features and p knobs it takes ``4 n p + 4 n^2 + 6 n``
    operations: 120 with the study's four features and two knobs, where softsign counts three. It has
    ``2 n (p + 1) + 2 n (n + 1)`` weights.

    Source: Simionato, Fasciani 2025, "Comparative study of state-based neural networks for virtual analog audio effects
    modeling", arXiv:2405.04124.
    """

    def layer(self, features: int, controls: int, *, dtype: Any, rngs: nnx.Rngs) -> Layer:
        return GatedLinear(features, controls, dtype=dtype, rngs=rngs)


@register
@final
@dataclass(frozen=True)
class Gated(Conditioning):
    """Gated activation, ``tanh(a + V k) * sigmoid(b + U k)`` with a and b affine in the features. The text "gated".

    Source: van den Oord et al. 2016, "WaveNet: a generative model for raw audio", arXiv:1609.03499, equation 3; there a
    and b are what the convolution of a layer gives, see `circuitnn.networks.modulation.Gate`.
    """

    def layer(self, features: int, controls: int, *, dtype: Any, rngs: nnx.Rngs) -> Layer:
        return GatedActivation(features, controls, dtype=dtype, rngs=rngs)


@register
@final
@dataclass(frozen=True)
class Poles(Conditioning):
    """The knobs move the poles of a linear recurrence, through a small network. The text "poles".

    The other ways let knobs turn what a recurrence gives or gets; its frequencies and decays stay those of its weights,
    as in a filter whose tone control works behind it. Here they follow the knobs, and so does the size and the phase of
    what reaches each state. A hidden layer (tanh) lies between; the last layer begins with zeros, so that an untrained
    network does not hear the knobs. Of this library's networks `LRU` has poles to turn; the gates of GRU, LSTM and S6
    are moved by knobs that are inputs.

    Attributes:
        hidden: units of the layer between knobs and poles.

    Source: this library's; of networks that make another one's weights Ha, Dai, Le 2017, "HyperNetworks", ICLR.
    """

    hidden: int = 8

    def __post_init__(self) -> None:
        if not (isinstance(self.hidden, int) and self.hidden > 0):
            raise ValueError(f"Poles: hidden must be a whole number of at least one, got {self.hidden!r}")

    def layer(self, features: int, controls: int, *, dtype: Any, rngs: nnx.Rngs) -> None:
        raise ValueError("conditioning 'poles': this network has no poles that knobs could turn; LRU has")

    def turning(self, controls: int, rows: int, *, dtype: Any, rngs: nnx.Rngs) -> "KnobNetwork | None":
        """The network from `controls` knobs to `rows` numbers; None without knobs."""
        return KnobNetwork(controls, self.hidden, rows, dtype=dtype, rngs=rngs) if controls else None


KINDS: dict[str, type[Conditioning]] = {
    "inputs": ExtraInputs,
    "film": FiLM,
    "glu": GLU,
    "gated": Gated,
    "poles": Poles,
}


def conditioning_of(conditioning: Conditioning | str) -> Conditioning:
    """What a text stands for: "inputs", "film", "glu", "gated" or "poles"; a `Conditioning` as it is.

    Raises:
        ValueError: for another text.
        TypeError: for anything else.
    """
    if isinstance(conditioning, Conditioning):
        return conditioning
    if not isinstance(conditioning, str):
        kinds = ", ".join(kind.__name__ for kind in KINDS.values())
        raise TypeError(f"conditioning: one of {', '.join(KINDS)}, or of {kinds}, not a {type(conditioning).__name__}")
    if conditioning not in KINDS:
        raise ValueError(f"conditioning: there are {', '.join(KINDS)}, not {conditioning!r}")
    return KINDS[conditioning]()

"""Networks as models: between volts and network units, and at rest where silence leads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from flax import nnx
from jax import Array

from circuitnn.model import Controls, Level, Model
from circuitnn.networks.conditioning import Conditioning, conditioning_of
from circuitnn.networks.ends import Ends
from circuitnn.networks.layer import Layer
from circuitnn.networks.rest import what_rests
from circuitnn.networks.scaling import Scaling


class Network(Ends, Model):
    """A network as a model (abstract).

    Attributes:
        conditioning: how the knobs reach it.
    """

    def __init__(
        self,
        *,
        in_features: int,
        out_features: int,
        controls: Sequence[str] | Mapping[str, float],
        scaling: Scaling | None,
        fs: float | None,
        dtype: Any,
        conditioning: Conditioning | str = "inputs",
    ):
        self.conditioning = conditioning_of(conditioning)
        super().__init__(
            in_features=in_features,
            out_features=out_features,
            controls=controls,
            scaling=scaling,
            fs=fs,
            dtype=dtype,
            shows_controls=self.conditioning.is_input,
        )

    def at_rest(self, batch: tuple[int, ...], controls: Controls | None, level: Level) -> tuple[Array, Controls]:
        """What goes in at rest: volts (*shape, 1, in_features) and knobs, of no larger a batch than they differ in."""
        volts, positions = what_rests(self, batch, controls, level)
        return volts[..., None, :], positions

    def conditioned(self, features: int, rngs: nnx.Rngs) -> Layer | None:
        """The layer without memory by which the knobs turn `features` inside; None where they do not."""
        return self.conditioning.layer(features, len(self.inputs.defaults), dtype=self.dtype, rngs=rngs)

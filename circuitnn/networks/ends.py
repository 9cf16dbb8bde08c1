"""The two ends of a network: from volts and knobs to network units, and back to volts."""

from collections.abc import Mapping, Sequence
from typing import Any

from flax import nnx

from circuitnn.arguments import checked_dtype, checked_rate, checked_width
from circuitnn.networks.inputs import Inputs
from circuitnn.networks.scaling import Scaling, output_units, stored_scaling


class Ends(nnx.Module):
    """What hears the signal and its knobs in network units, and answers in volts (abstract).

    Attributes:
        inputs: volts and knobs to what the network sees.
        units: what it gives to volts.
        fs: sample rate in hertz of its training; None before.
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
        shows_controls: bool = True,
    ):
        self.in_features = checked_width("in_features", in_features)
        self.out_features = checked_width("out_features", out_features)
        self.dtype = checked_dtype(dtype)
        self.fs = None if fs is None else checked_rate(fs)
        self.inputs = Inputs(scaling, in_features, controls, dtype=self.dtype, shows_controls=shows_controls)
        self.units = output_units(scaling, out_features, dtype=self.dtype)

    @property
    def controls(self) -> Mapping[str, float]:
        """Names of the knobs with their default values."""
        return dict(self.inputs.defaults)

    @property
    def scaling(self) -> Scaling:
        """The stored normalisation."""
        return stored_scaling(self.inputs.units, self.units, self.out_features)

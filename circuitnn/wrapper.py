"""What stands around one model: it has the model's knobs, its silence and its precision."""

from collections.abc import Mapping

from jax import Array

from circuitnn.model import Controls, Model


class Wrapper(Model):
    """A model around another one, of the same features (abstract).

    Attributes:
        model: what is inside.
    """

    def __init__(self, model: Model):
        self.model = model
        self.in_features, self.out_features, self.dtype = model.in_features, model.out_features, model.dtype

    @property
    def controls(self) -> Mapping[str, float]:
        return self.model.controls

    def silence(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> Array | None:
        return self.model.silence(batch, controls)

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


class SameRate(Wrapper):
    """A wrapper at the rate of the model inside, and as late as it (abstract)."""

    @property
    def fs(self) -> float | None:  # type: ignore[override]
        """That of the model."""
        return self.model.fs

    def trained_at(self, fs: float) -> None:
        self.model.trained_at(fs)

    def rebuilt_at(self, fs: float) -> Model | None:
        inner = self.model.rebuilt_at(fs)
        return None if inner is None else type(self)(inner)

    @property
    def latency(self) -> int:
        return self.model.latency

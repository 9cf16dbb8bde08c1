"""A tone stack as a filter whose numbers a small network finds from the positions of the knobs."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp

from circuitnn.arguments import checked_dtype, checked_rate
from circuitnn.filters.biquad_form import Biquads
from circuitnn.filters.controlled import ControlledFilter, named
from circuitnn.filters.coupled_form import Coupled
from circuitnn.filters.form import RADIUS, BoundedForm
from circuitnn.filters.models import checked_order, checked_radius
from circuitnn.filters.resampled_filter import ResampledFilter
from circuitnn.numerics.taper import taper
from circuitnn.settings import register, settings_of

# A pot at its end leaves a resistor of about a percent of it in the circuit: frequencies go as 1/(END + position).
END = 0.005

FORMS: dict[str, type[BoundedForm]] = {"coupled": Coupled, "biquads": Biquads}


@register
@final
class NeuralToneStack(ControlledFilter):
    """Knob positions, each through a taper, to the free numbers of a filter by a multilayer perceptron.

    After Sinjanakhom et al. (2024, DAFx; neural state-space tone stack), with blocks that can also hold two real poles.
    Whatever the network says, the poles keep within a radius; in the coupled form the filter is stable however fast the
    knobs move. `circuitnn.train.fit_tone_stack` finds the weights.

    Args:
        controls: names of the knobs and their default positions, from 0 to 1.
        fs: sample rate in Hz that the numbers are for.
        order: number of poles; a few more than the circuit has make the fit better than the circuit's own order.
        hidden: units of the layers in between (tanh).
        form: "coupled" or "biquads".
        radius: of the poles at most.
        frame: samples for which the knobs are held.
        seed: of the weights. The poles begin spread logarithmically over the audio band.
        dtype: floating-point type of weights and signals.
    """

    def __init__(
        self,
        controls: Mapping[str, float],
        *,
        fs: float = 48_000,
        order: int = 8,
        hidden: tuple[int, ...] = (32, 32),
        form: str = "coupled",
        radius: float = RADIUS,
        frame: int = 1,
        seed: int = 0,
        dtype: Any = jnp.float32,
    ):
        if form not in FORMS:
            raise ValueError(f"form: there are {', '.join(FORMS)}, not {form!r}")
        if not (isinstance(frame, int) and frame > 0):
            raise ValueError(f"frame: expected a number of samples, got {frame!r}")
        if not all(isinstance(units, int) and units > 0 for units in hidden):
            raise ValueError(f"hidden: expected numbers of units, got {hidden!r}")
        self.positions, self.fs, self.kind, self.frame, self.dtype = (
            tuple(named(controls).items()),
            checked_rate(fs),
            form,
            frame,
            checked_dtype(dtype),
        )
        self.order, self.radius, self.hidden = checked_order(order), checked_radius(radius), tuple(hidden)
        self.in_features = self.out_features = 1
        random = np.random.default_rng(seed)
        initial = FORMS[form].initial(order, self.fs)
        sizes = (3 * len(self.positions), *self.hidden, initial.size)
        kernels = [random.standard_normal((a, b)) / np.sqrt(a) for a, b in zip(sizes, sizes[1:], strict=False)]
        # Hidden units begin with their bends spread over the positions; the last layer says little.
        biases = [0.5 * random.standard_normal(size) for size in (*self.hidden, initial.size)]
        kernels[-1] *= 0.1
        biases[-1] *= 0
        self.kernels = nnx.List([nnx.Param(jnp.asarray(each, dtype)) for each in kernels])
        self.biases = nnx.List([nnx.Param(jnp.asarray(each, dtype)) for each in biases])
        self.tapers = nnx.Param(jnp.zeros(len(self.positions), dtype))

    @property
    def controls(self) -> Mapping[str, float]:
        return dict(self.positions)

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data."""
        return settings_of(self, form=self.kind)

    def form(self, knobs: Array) -> BoundedForm:
        return self.unpacked(self.free(knobs))

    def unpacked(self, free: Array) -> BoundedForm:
        """The filter with those free numbers, (..., size)."""
        return FORMS[self.kind].unpacked(free, self.order, self.radius)

    def free(self, knobs: Array) -> Array:
        """The free numbers of the filter, (..., size), at positions of the knobs (..., knobs)."""
        turned = taper(knobs.astype(self.dtype), self.tapers[...])
        ends = [jnp.log((each + END) / (1 + END)) for each in (turned, 1 - turned)]
        hidden = jnp.concatenate([2 * turned - 1, *ends], axis=-1)
        for kernel, bias in zip(self.kernels[:-1], self.biases[:-1], strict=True):
            hidden = jnp.tanh(hidden @ kernel[...] + bias[...])
        free = hidden @ self.kernels[-1][...] + self.biases[-1][...]
        kind = FORMS[self.kind]
        return kind.initial(self.order, self.fs).astype(self.dtype) + kind.pace(self.order).astype(self.dtype) * free

    def at(self, fs: float) -> "ResampledFilter | NeuralToneStack":
        """The same sound at another sample rate: poles moved, outputs fitted anew, see `circuitnn.filters.rate_change`.

        Raises:
            ValueError: for a cascade, whose sections cannot be fitted one by one; fit one for that rate instead.
        """
        return self if fs == self.fs else ResampledFilter(self, checked_rate(fs))

"""A filter that follows knobs at another sample rate than the one that it is for."""

from collections.abc import Mapping
from typing import final

import jax
from jax import Array
from jax import numpy as jnp

from circuitnn.filters.controlled import ControlledFilter
from circuitnn.filters.coupled_form import Coupled
from circuitnn.filters.form import Form
from circuitnn.filters.rate_change import at_rate
from circuitnn.settings import register


@register
@final
class ResampledFilter(ControlledFilter):
    """A filter in coupled form that runs at another sample rate than the one that it is for.

    Args:
        model: the filter.
        fs: the other sample rate, Hz.
    """

    def __init__(self, model: ControlledFilter, fs: float):
        form = jax.eval_shape(model.form, jnp.zeros(len(model.controls), model.dtype))
        if not isinstance(form, Coupled):
            raise ValueError(
                f"only a coupled form can be taken to another sample rate, not {type(form).__name__}: "
                f"fit it at {fs:g} Hz"
            )
        self.model, self.fs = model, fs
        self.frame = max(1, round(model.frame * fs / model.fs)) if model.frame > 1 else 1
        self.in_features = self.out_features = 1
        self.dtype = model.dtype

    @property
    def controls(self) -> Mapping[str, float]:
        return self.model.controls

    def form(self, knobs: Array) -> Form:
        form = self.model.form(knobs)
        assert isinstance(form, Coupled)
        return at_rate(form, self.model.fs, self.fs)

    def at(self, fs: float) -> ControlledFilter:
        return self.model.at(fs)

"""What is made small when a neural tone stack is fitted to responses, and its Gauss-Newton matrices."""

import math
from typing import final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from jax.flatten_util import ravel_pytree

from circuitnn.filters.neural import NeuralToneStack
from circuitnn.train.response_data import Responses

DB = 20 / math.log(10)  # decibels in a neper; no NumPy scalar: that would make single precision double
FLOOR = 1e-4  # of the loudest response: -80 dB, below which decibels are not followed
COMPLEX = 100.0  # weight of the complex error relative to the response, beside decibels squared
PHASE = 0.01  # weight of a neper of phase, in radians, beside one of magnitude
PHASE_BELOW = 0.2  # of the sample rate: above, the phase of a filter cannot be that of a circuit
CHUNK = 32  # settings whose Jacobians are in memory together


@final
class ToneObjective:
    """Errors of models of one shape at given settings, as functions of the flat vector of their weights.

    Args:
        model: of that shape.
        data: responses at the settings.
    """

    def __init__(self, model: NeuralToneStack, data: Responses):
        self.initial = model
        _, self.unravel = ravel_pytree(model.parameters())
        self.fs, self.freqs = model.fs, data.freqs
        self.floor = FLOOR * float(np.max(np.abs(data.response)))
        self.has_phase = data.has_phase
        kind = jnp.result_type(model.dtype, jnp.complex64)
        self.knobs, self.target = jnp.asarray(data.positions, model.dtype), jnp.asarray(data.response, kind)
        heard = data.freqs < PHASE_BELOW * model.fs
        self.phase_weight = jnp.asarray(np.where(heard, PHASE, 0.0), model.dtype)

    def model(self, flat: Array) -> NeuralToneStack:
        return self.initial.with_parameters(self.unravel(flat))

    def free(self, flat: Array, knobs: Array) -> Array:
        """The numbers of the filter that the network gives (size,)."""
        return self.model(flat).free(knobs)

    def response(self, free: Array) -> Array:
        """Of filters with those numbers (..., size): (..., f)."""
        return self.initial.unpacked(free).response(self.freqs, self.fs)

    def errors(self, found: Array, target: Array) -> Array:
        """Of responses (..., f): decibels, and weighted nepers of phase in the same unit, (..., f) or (..., 2 f)."""
        power = found.real**2 + found.imag**2
        wanted = target.real**2 + target.imag**2
        decibels = DB / 2 * (jnp.log(power + self.floor**2) - jnp.log(wanted + self.floor**2))
        if not self.has_phase:
            return decibels
        # The sine of the difference of phases; where both are below the floor there is none.
        sine = (found * target.conj()).imag / (jnp.sqrt(power * wanted) + self.floor**2)
        return jnp.concatenate([decibels, DB * self.phase_weight * sine], axis=-1)

    def residuals(self, free: Array, target: Array) -> Array:
        """Errors of filters with those numbers (..., size)."""
        return self.errors(self.response(free), target)

    def error(self, flat: Array, knobs: Array, target: Array) -> Array:
        """Mean square of the errors, decibels squared."""
        return jnp.sum(self.residuals(self.free(flat, knobs), target) ** 2) / target.size

    def approach(self, flat: Array, knobs: Array, target: Array) -> Array:
        """What Adam makes small: decibels and complex errors.

        Decibels alone do not tell on which side of a notch the response is; the complex error is linear in what the
        poles put out, and leads there from afar.
        """
        found = self.response(self.free(flat, knobs))
        error = jnp.sum(self.errors(found, target) ** 2) / target.size
        if not self.has_phase:
            return error
        size = jnp.mean(target.real**2 + target.imag**2, axis=-1, keepdims=True)
        apart = (found - target) * jnp.where(self.phase_weight > 0, 1.0, 0.0)
        return error + COMPLEX * jnp.mean((apart.real**2 + apart.imag**2) / size)

    def normal(self, flat: Array, knobs: Array, target: Array) -> tuple[Array, Array]:
        """J^T J and J^T r of the mean square.

        Of one setting the Jacobian is that of the errors in the filter's numbers times that of the numbers in the
        weights. The first has hundreds of rows and some twenty columns: R of its Q R says as much in twenty rows,
        which makes the large product ten times smaller.
        """

        def one(knobs: Array, target: Array) -> tuple[Array, Array]:
            free = self.free(flat, knobs)
            r, pull = jax.vjp(lambda free: self.residuals(free, target), free)
            inner = jax.jacfwd(lambda free: self.residuals(free, target))(free)
            outer = jax.jacrev(lambda flat: self.free(flat, knobs))(flat)
            return jnp.linalg.qr(inner, mode="r") @ outer, pull(r)[0] @ outer

        def chunk(total, given):
            rows, slopes = jax.vmap(one)(*given)
            rows = rows.reshape(-1, rows.shape[-1])
            return (total[0] + rows.T @ rows, total[1] + jnp.sum(slopes, axis=0)), None

        total = (jnp.zeros((flat.size, flat.size), flat.dtype), jnp.zeros_like(flat))
        whole = len(knobs) // CHUNK * CHUNK
        if whole:
            pieces = (knobs[:whole], target[:whole])
            pieces = jax.tree.map(lambda each: each.reshape(-1, CHUNK, *each.shape[1:]), pieces)
            total, _ = jax.lax.scan(chunk, total, pieces)
        if whole < len(knobs):
            total, _ = chunk(total, (knobs[whole:], target[whole:]))
        return jax.tree.map(lambda each: each / target.size, total)


def weights_of(model: NeuralToneStack) -> Array:
    """The flat vector of a model's weights, as `ToneObjective` has it."""
    return ravel_pytree(model.parameters())[0]

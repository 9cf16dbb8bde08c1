"""Frequency responses of a circuit as a function of its values, and how far they are from measured ones."""

import dataclasses
from typing import Any, final

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp
from jax.typing import ArrayLike
from numpy.typing import NDArray

from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.unknowns import moved
from circuitnn.nodal.frequency import frequency_response
from circuitnn.numerics.taper import taper

_DB = 20 / np.log(10)


def _static() -> Any:
    return dataclasses.field(metadata={"static": True})


@final
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class ResponseProblem:
    """A circuit, what is to be learnt of it, and the responses that it should have.

    Unknowns are (p,): for each of `names` the logarithm of its value over the nominal one, then for each of `tapers`
    its shape; each divided by its `spread`.
    """

    circuit: Circuit
    freqs: Array  # (f,) Hz
    controls: dict[str, Array]  # (n,)
    target: Array  # (n, f) complex
    spread: Array  # (p,)
    names: tuple[str, ...] = _static()
    tapers: tuple[str, ...] = _static()
    has_phase: bool = _static()

    def values(self, unknowns: Array) -> dict[str, Array]:
        return moved(self.circuit, self.names, (self.spread * unknowns)[: len(self.names)])

    def shapes(self, unknowns: Array) -> dict[str, Array]:
        shapes = (self.spread * unknowns)[len(self.names) :]
        return {name: shapes[k] for k, name in enumerate(self.tapers)}

    def response(self, unknowns: Array) -> Array:
        """(n, f) complex."""
        shapes = self.shapes(unknowns)
        turned = {
            name: taper(position, shapes[name]) if name in shapes else position
            for name, position in self.controls.items()
        }
        circuit = dataclasses.replace(self.circuit, values=self.circuit.values | self.values(unknowns))
        knobs = {name: position[:, None] for name, position in turned.items()}
        return jnp.reshape(frequency_response(circuit, self.freqs, controls=knobs), self.target.shape)

    def residual(self, unknowns: Array) -> Array:
        """Errors in dB, (n f,); with a phase its errors follow, 0.115 rad (6.6 degrees) for 1 dB.

        Both are parts of one complex logarithm, and have equal standard deviations where a measurement's noise does not
        know the signal's phase.
        """
        if not self.has_phase:
            return _DB * jnp.log(jnp.abs(self.response(unknowns)) / jnp.abs(self.target)).ravel()
        error = _DB * jnp.log(self.response(unknowns) / self.target).ravel()
        return jnp.concatenate([error.real, error.imag])

    def linearised(self, unknowns: ArrayLike) -> tuple[Array, Array]:
        """The residual (m,) and its Jacobian (m, p)."""
        return _linearised(self, jnp.asarray(unknowns))


residual = jax.jit(lambda problem, unknowns: problem.residual(unknowns))


@jax.jit
def _linearised(problem: ResponseProblem, unknowns: Array) -> tuple[Array, Array]:
    def twice(at: Array) -> tuple[Array, Array]:
        rest = problem.residual(at)
        return rest, rest

    slopes, rest = jax.jacfwd(twice, has_aux=True)(unknowns)
    return rest, slopes


def decibels(problem: ResponseProblem, unknowns: NDArray) -> NDArray:
    """(n, f): magnitude errors, dB."""
    return np.asarray(residual(problem, jnp.asarray(unknowns)))[: problem.target.size].reshape(problem.target.shape)

"""Functions of the library that C has a shorter form for: recognised by all of what they compute, not by their name."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, final

import jax
import numpy as np

from circuitnn.numerics.exponential import exponential
from circuitnn.numerics.small import LINEARISED, linearised_solver, solve_arrays
from circuitnn.numerics.wright_omega import wright_omega

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exponential": exponential,
    "solve_arrays": solve_arrays,
    "wright_omega": wright_omega,
}
_BODIES = {"custom_jvp_call": "call_jaxpr", "jit": "jaxpr"}


@final
class Recognised(NamedTuple):
    """In the place of a primitive."""

    name: str
    places: tuple[tuple[int, int], ...] = ()  # of `linearised_solver`

    @property
    def multiple_results(self) -> bool:
        return bool(self.places)

    def bind(self, *operands: Any, **params: Any) -> Any:
        return _function(self.name, self.places)(*operands)


def recognised(eqn: Any) -> Recognised | None:
    """The function of ours that a call is, if it is one."""
    body = _BODIES.get(eqn.primitive.name)
    if body is None:
        return None
    avals = tuple((var.aval.shape, np.dtype(var.aval.dtype).name) for var in eqn.invars)
    text, places = str(eqn.params[body]), LINEARISED.get(eqn.params.get("name", ""), ())
    if places:
        is_alone = all(var.aval.ndim < 4 and var.aval.shape[-1] == 1 for var in eqn.invars)
        is_it = is_alone and _text("solve_linearised", avals, places) == text
        return Recognised("solve_linearised", places) if is_it else None
    if len(eqn.outvars) != 1:
        return None
    return next((Recognised(name) for name in FUNCTIONS if _text(name, avals) == text), None)


def _function(name: str, places: tuple[tuple[int, int], ...]) -> Callable[..., Any]:
    return linearised_solver(places) if places else FUNCTIONS[name]


@functools.cache
def _text(
    name: str, avals: tuple[tuple[tuple[int, ...], str], ...], places: tuple[tuple[int, int], ...] = ()
) -> str | None:
    arguments = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in avals]
    try:
        (eqn,) = jax.make_jaxpr(_function(name, places))(*arguments).jaxpr.eqns
    except (TypeError, ValueError, KeyError, IndexError):  # it takes no such arguments
        return None
    return str(eqn.params[_BODIES[eqn.primitive.name]])

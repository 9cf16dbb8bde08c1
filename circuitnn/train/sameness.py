"""Functions that are the same because they compute the same, whoever made them anew: what was compiled serves again."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from typing import Any, final

import jax
import numpy as np
from jax.extend import core


@final
@dataclasses.dataclass(frozen=True)
class Traced:
    """A function, equal to all others that compute the same.

    What it computes is its jaxpr with all numbers in it, so that whatever it has got from globals, closures and
    defaults counts. A function within that JAX prints by its address is equal to itself only.

    Attributes:
        function: of the kind that was traced.
        jaxpr: of it.
        text: of its jaxpr.
        structure: of what it gives.
        numbers: fingerprint of the constants.
        nbytes: of the constants.
    """

    function: Any = dataclasses.field(compare=False)
    jaxpr: Any = dataclasses.field(compare=False, repr=False)  # kept: an address in the text is not used again
    text: str = dataclasses.field(repr=False)
    structure: Any = dataclasses.field(repr=False)
    numbers: str
    nbytes: int = dataclasses.field(compare=False)


def traced(function: Any, call: Callable, *arguments: Any) -> Traced:
    """A function by what it computes.

    Args:
        function: to be kept.
        call: that is traced.
        *arguments: of `call`: arrays, or their shapes and dtypes.
    """
    # A new function each time: JAX remembers what one has computed, and a global that it takes may have changed.
    closed, shapes = jax.make_jaxpr(lambda *values: call(*values), return_shape=True)(*arguments)
    digest, nbytes = hashlib.sha256(), 0
    for number in _numbers(closed):
        array = np.asarray(number)
        digest.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
        nbytes += array.nbytes
    return Traced(function, closed, str(closed.jaxpr), jax.tree.structure(shapes), digest.hexdigest(), nbytes)


def _numbers(closed: Any) -> Iterator[Any]:
    """All constants and literals of a program and of those within it."""
    yield from closed.consts
    yield from _literals(closed.jaxpr)


def _literals(jaxpr: Any) -> Iterator[Any]:
    for equation in jaxpr.eqns:
        yield from (variable.val for variable in equation.invars if isinstance(variable, core.Literal))
        for parameter in jax.tree.leaves(equation.params, is_leaf=_is_program):
            if isinstance(parameter, core.ClosedJaxpr):
                yield from _numbers(parameter)
            elif isinstance(parameter, core.Jaxpr):
                yield from _literals(parameter)


def _is_program(parameter: Any) -> bool:
    return isinstance(parameter, core.ClosedJaxpr | core.Jaxpr)

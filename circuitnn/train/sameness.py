"""Functions that are the same because they compute the same, whoever made them anew: what was compiled serves again."""

import dataclasses
from collections.abc import Callable
from typing import Any, final

import jax

from circuitnn.train.fingerprint import Fingerprint, of_program


@final
@dataclasses.dataclass(frozen=True)
class Traced:
    """A function, equal to all others that compute the same.

    What it computes is its jaxpr with all numbers in it, so that whatever it has got from globals, closures and
    defaults counts.

    Attributes:
        function: of the kind that was traced.
        program: that computes it.
        structure: of what it gives.
        nbytes: of the arrays that it closes over.
    """

    function: Any = dataclasses.field(compare=False)
    program: Fingerprint
    structure: Any = dataclasses.field(repr=False)
    nbytes: int = dataclasses.field(compare=False)


def traced(function: Any, call: Callable, *arguments: Any) -> Traced:
    """A function by what it computes.

    Args:
        function: to be kept.
        call: that is traced.
        *arguments: of `call`: arrays, or their shapes and dtypes.
    """
    # A new function each time: JAX remembers what one has computed, and a global that it takes may have changed.
    program, shapes = jax.make_jaxpr(lambda *values: call(*values), return_shape=True)(*arguments)
    nbytes = sum(getattr(constant, "nbytes", 0) for constant in program.consts)
    return Traced(function, of_program(program), jax.tree.structure(shapes), nbytes)

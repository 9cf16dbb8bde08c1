"""Double precision inside of single: what is computed once deserves it, whatever the precision of the signals.

A circuit's equations mix siemens, gains of a million and voltages that nearly cancel; solved in single precision they
are that much less exact than the samples they are for.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import Array, lax
from jax import numpy as jnp

DOUBLE = np.dtype(np.float64)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def in_double(function: Callable[..., Any], *arguments: Any) -> Any:
    """``function(*arguments)``, computed in double precision and rounded to the precision of the arguments.

    Derivatives of any order are those of the function in the arguments' own precision: a gradient needs no more, and
    JAX transposes no double precision inside of single. Also the function's matrix products have to be `product`.

    Args:
        function: of pytrees of arrays; it closes over no arrays.
        arguments: floats of one precision, and whatever is no float.
    """
    floats = [leaf.dtype for leaf in jax.tree.leaves(arguments) if _is_float(leaf)]
    narrow = np.result_type(*floats) if floats else DOUBLE
    if narrow == DOUBLE:
        return function(*arguments)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda leaf: lax.convert_element_type(leaf, DOUBLE) if _is_float(leaf) else leaf, arguments)
        result = function(*wide)
        return jax.tree.map(
            lambda leaf: lax.convert_element_type(leaf, narrow) if leaf.dtype == DOUBLE else leaf, result
        )


@in_double.defjvp
def _in_double_jvp(function, primals, tangents):
    return in_double(function, *primals), jax.jvp(function, primals, tangents)[1]


def product(left: Any, right: Any) -> Array:
    """The matrix product of two arrays; unlike ``@`` it may be batched where JAX is in single precision."""
    dimensions = ((left.ndim - 1,), (0,)), ((), ())
    return lax.dot_general(jnp.asarray(left), jnp.asarray(right), dimensions)


def halves(value: Array) -> tuple[Array, Array]:
    """A number as one of single precision and what is left: rounded later, together they are as exact as before."""
    high = lax.reduce_precision(value, exponent_bits=8, mantissa_bits=23)
    return high, value - high


def _is_float(leaf: Any) -> bool:
    return jnp.issubdtype(jnp.result_type(leaf), jnp.floating)

"""What a model costs: its weights, the operations of a sample, and the numbers that it keeps."""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

# Moves numbers, chooses among them, or makes some: no arithmetic.
_MOVES = {
    "broadcast_in_dim", "concatenate", "convert_element_type", "copy", "copy_p", "device_put", "dynamic_slice",
    "dynamic_update_slice", "expand_dims", "gather", "iota", "optimization_barrier", "pad", "real", "imag", "complex",
    "reshape", "rev", "scatter", "select_n", "slice", "sort", "split", "squeeze", "stack", "stop_gradient", "transpose",
}  # fmt: skip
_REDUCTIONS = {"reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "argmax", "argmin"}
_BODIES = ("jaxpr", "call_jaxpr", "fun_jaxpr")


@final
class Count(NamedTuple):
    """What a model costs.

    Attributes:
        weights: numbers that can be learnt.
        operations: of one sample, see `Model.count`.
        state: real numbers in the carry of one stream.
    """

    weights: int
    operations: int
    state: int


def operations_of(step: Callable[..., Any], *arguments: Any) -> int:
    """Operations on real numbers in one call of a function, without what does not depend on its arguments.

    Args:
        step: the function.
        arguments: arrays or `jax.ShapeDtypeStruct`, in any pytree.
    """
    closed = jax.make_jaxpr(step)(*arguments)
    return _in_program(closed.jaxpr, [True] * len(closed.jaxpr.invars))[0]


def _in_program(jaxpr: Jaxpr, varies: Iterable[bool]) -> tuple[int, list[bool]]:
    """Operations of what a result needs and the arguments that vary reach, and which of the results vary."""
    varying = {var for var, does in zip(jaxpr.invars, varies, strict=True) if does}
    counted: list[tuple[Any, int]] = []
    for eqn in jaxpr.eqns:
        reached = [not isinstance(atom, Literal) and atom in varying for atom in eqn.invars]
        if not any(reached):
            continue
        operations, results = _in_equation(eqn, reached)
        varying |= {var for var, does in zip(eqn.outvars, results, strict=True) if does}
        counted.append((eqn, operations))
    needed, total = {var for var in jaxpr.outvars if not isinstance(var, Literal)}, 0
    for eqn, operations in reversed(counted):
        if needed.intersection(eqn.outvars):
            total += operations
            needed |= {atom for atom in eqn.invars if not isinstance(atom, Literal)}
    return total, [not isinstance(var, Literal) and var in varying for var in jaxpr.outvars]


def _in_equation(eqn: Any, reached: list[bool]) -> tuple[int, list[bool]]:
    name, params, everywhere = eqn.primitive.name, eqn.params, [True] * len(eqn.outvars)
    if name == "cond":
        return max(_in_program(branch.jaxpr, reached[1:])[0] for branch in params["branches"]), everywhere
    if name == "scan":
        operations, results = _in_loop(params["jaxpr"].jaxpr, reached, params["num_consts"], params["num_carry"])
        return params["length"] * operations, results
    if name == "while":
        body, operands = params["body_jaxpr"].jaxpr, reached[params["cond_nconsts"] :]
        return _in_loop(body, operands, params["body_nconsts"], len(body.outvars))
    if name == "custom_linear_solve":
        lengths = params["const_lengths"]
        before, solve = lengths.matvec + lengths.vecmat, lengths.solve
        sides = reached[before + solve + lengths.transpose_solve :]
        return _in_program(params["jaxprs"].solve.jaxpr, reached[before : before + solve] + sides)
    for body in (params[key] for key in _BODIES if key in params):
        return _in_program(body.jaxpr if isinstance(body, ClosedJaxpr) else body, reached)
    return _of_primitive(name, eqn), everywhere


def _in_loop(body: Jaxpr, reached: list[bool], consts: int, carry: int) -> tuple[int, list[bool]]:
    """One round, once the rounds before have let vary what they let vary."""
    while True:
        operations, results = _in_program(body, reached)
        moved = [a or b for a, b in zip(reached[consts : consts + carry], results[:carry], strict=True)]
        if moved == reached[consts : consts + carry]:
            return operations, [*moved, *results[carry:]]
        reached = [*reached[:consts], *moved, *reached[consts + carry :]]


def _of_primitive(name: str, eqn: Any) -> int:
    avals, results = [atom.aval for atom in eqn.invars], [var.aval for var in eqn.outvars]
    size = sum(result.size for result in results if jnp.issubdtype(result.dtype, jnp.inexact))
    if name in _MOVES or not size:
        return 0
    if name == "dot_general":
        ((contracted, _), _) = eqn.params["dimension_numbers"]
        return size * (2 * math.prod(avals[0].shape[axis] for axis in contracted) - 1)
    if name == "conv_general_dilated":
        features = avals[1].shape[eqn.params["dimension_numbers"].rhs_spec[0]]
        return size * (2 * avals[1].size // features - 1)
    if name in _REDUCTIONS:
        return avals[0].size - size
    if name == "triangular_solve":
        return size * avals[0].shape[-1]
    if name == "lu":
        return 2 * avals[0].size * avals[0].shape[-1] // 3
    return size

"""The one-sample program of a model as a flat list of primitive steps."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from circuitnn.native.recognised import recognised

# What only says how something is differentiated or compiled: its body is what it computes.
CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
}
# What gives its operands as they are.
NOTHING = {"optimization_barrier", "stop_gradient", "copy", "copy_p", "reduce_precision_none"}


class Place(int):
    """Where a value is kept that is computed."""


class Step(NamedTuple):
    """One primitive: operands and results are places of values."""

    primitive: Any
    params: dict[str, Any]
    operands: list[Any]  # ints: places; else arrays that are known
    results: list[int]
    where: str = ""  # in whose code it is


class LoweringError(NotImplementedError):
    """What a model does has no C."""


class Flat:
    """A program without calls."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.avals: list[Any] = []

    def place(self, aval: Any) -> Place:
        self.avals.append(aval)
        return Place(len(self.avals) - 1)


def flattened(closed: ClosedJaxpr) -> tuple[Flat, list[Place], list[Any]]:
    """The steps, the places of the arguments, and the results: places or known arrays."""
    flat = Flat()
    arguments = [flat.place(var.aval) for var in closed.jaxpr.invars]
    results = _inline(flat, closed.jaxpr, list(closed.consts), list(arguments))
    return flat, arguments, results


def _inline(flat: Flat, jaxpr: Jaxpr, consts: list[Any], arguments: list[Any], place: str = "the model") -> list[Any]:
    places: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    places |= dict(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else places[atom]

    for eqn in jaxpr.eqns:
        name, operands = eqn.primitive.name, [read(atom) for atom in eqn.invars]
        function, where = recognised(eqn), _where(eqn) or place
        if name in NOTHING:
            results = operands
        elif function:
            results = [flat.place(var.aval) for var in eqn.outvars]
            flat.steps.append(Step(function, {}, operands, results))
        elif name in CALLS:
            results = _inline(flat, *_body(eqn.params[CALLS[name]]), operands, where)
        elif name == "custom_linear_solve":
            results = _inline(flat, *_body(eqn.params["jaxprs"].solve), _of_solve(eqn, operands), where)
        elif name == "scan" and eqn.params["length"] == 1:
            results = _once(flat, eqn, operands)
        else:
            results = [flat.place(var.aval) for var in eqn.outvars]
            flat.steps.append(Step(eqn.primitive, eqn.params, operands, results, where))
        places |= dict(zip(eqn.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _where(eqn: Any) -> str:
    """File, line and function that a primitive comes from: the innermost outside of JAX."""
    traceback = eqn.source_info.traceback
    for frame in traceback.frames if traceback else ():
        path = frame.file_name.replace("\\", "/")
        if not any(part in path for part in ("/jax/", "/flax/", "circuitnn/native/")):
            return f"{frame.function_name}, line {frame.line_num} of {path.split('/')[-1]}"
    return ""


def _body(body: Any) -> tuple[Jaxpr, list[Any]]:
    return (body.jaxpr, list(body.consts)) if hasattr(body, "consts") else (body, [])


def _of_solve(eqn: Any, operands: list[Any]) -> list[Any]:
    """The operands of the solve of a custom_linear_solve: its constants, then the right sides."""
    lengths = eqn.params["const_lengths"]
    start = lengths.matvec + lengths.vecmat
    total = start + lengths.solve + lengths.transpose_solve
    return operands[start : start + lengths.solve] + operands[total:]


def _once(flat: Flat, eqn: Any, operands: list[Any]) -> list[Any]:
    """A loop of one round: its body, with the leading axis of what runs along taken off and put on again."""
    consts, carry = eqn.params["num_consts"], eqn.params["num_carry"]
    jaxpr, known = _body(eqn.params["jaxpr"])
    squeeze = [
        _apply(flat, lambda value: jax.lax.squeeze(value, (0,)), operand, var.aval)
        for operand, var in zip(operands[consts + carry :], eqn.invars[consts + carry :], strict=True)
    ]
    results = _inline(flat, jaxpr, known, operands[: consts + carry] + squeeze)
    along = [
        _apply(flat, lambda value: jax.lax.expand_dims(value, (0,)), result, body.aval)
        for result, body in zip(results[carry:], jaxpr.outvars[carry:], strict=True)
    ]
    return results[:carry] + along


def _apply(flat: Flat, function: Callable[..., Any], operand: Any, aval: Any) -> Any:
    """The one result of a function of one value."""
    closed = jax.make_jaxpr(function)(jax.ShapeDtypeStruct(aval.shape, aval.dtype))
    return _inline(flat, closed.jaxpr, list(closed.consts), [operand])[0]


def without_idle(flat: Flat, results: Sequence[Any]) -> None:
    """Leave out the steps that no result needs."""
    needed = {result for result in results if isinstance(result, Place)}
    kept = []
    for step in reversed(flat.steps):
        if needed.intersection(step.results):
            kept.append(step)
            needed |= {operand for operand in step.operands if isinstance(operand, Place)}
    flat.steps[:] = reversed(kept)

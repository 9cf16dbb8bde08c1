"""The steps of a program, each written by its rule."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from circuitnn.native import control, convolutions, movement, products, scalars, systems
from circuitnn.native.atoms import is_known
from circuitnn.native.inlining import Flat, LoweringError, Place, Step, flattened, without_idle
from circuitnn.native.values import Known, Stored, Value, Written, broadcast
from circuitnn.native.writer import NUMBERS, Writer

_QUICK: dict[str, Any] = {"xla_backend_optimization_level": 0}  # what is computed once need not be fast
RULES = movement.RULES | products.RULES | systems.RULES | convolutions.RULES | control.RULES


def run(w: Writer, flat: Flat, values: dict[int, Value]) -> None:
    """Do the steps; `values` grows."""
    for step in flat.steps:
        if all(place in values for place in step.results):
            continue
        operands = [values[operand] if isinstance(operand, Place) else Known(operand) for operand in step.operands]
        avals = [flat.avals[place] for place in step.results]
        values |= dict(zip(step.results, lowered(w, step, operands, avals), strict=True))


def lowered(w: Writer, step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """The results of one step."""
    name = step.primitive.name
    if name in movement.VIEWS:
        return [operands[0].moved(lambda array: movement.as_array(movement.VIEWS[name](step.params, array)))]
    if all(operand.is_known for operand in operands) and name not in control.RULES and name != "split":
        return _known(step, operands, avals)
    if name in RULES:
        return RULES[name](w, step, operands, avals)
    if name not in scalars.RULES:
        raise LoweringError(f"no C for {name}, which {step.where} needs")
    rule, shape, dtype = scalars.RULES[name], avals[0].shape, np.dtype(avals[0].dtype)
    types = tuple(operand.dtype for operand in operands)

    def one(*atoms: Any) -> Any:
        if all(is_known(atom) for atom in atoms):
            with np.errstate(all="ignore"):
                if name in scalars.KNOWN:
                    return scalars.KNOWN[name](*(np.asarray(atom) for atom in atoms))[()]
                numbers = (np.asarray(atom, kind) for atom, kind in zip(atoms, types, strict=True))
                return np.asarray(step.primitive.bind(*numbers, **step.params))[()]
        return rule(w, dtype, types, step.params, *atoms)

    if not w.fits(int(np.prod(shape)), NUMBERS, operands):
        return [w.loop(one, shape, operands, dtype)]
    arrays = [w.written(broadcast(operand, shape)).atoms for operand in operands]
    out = np.empty(shape, object)
    for place in np.ndindex(shape):
        out[place] = one(*(array[place] for array in arrays))
    return [Written(out, dtype)]


def _known(step: Step, operands: Sequence[Value], avals: Sequence[Any]) -> list[Value]:
    """What follows from numbers alone."""
    name, arrays = step.primitive.name, [operand.known() for operand in operands]
    with np.errstate(all="ignore"):
        if name in scalars.KNOWN:
            value = scalars.KNOWN[name](*arrays)
        elif name == "convert_element_type":
            value = arrays[0].astype(avals[0].dtype)
        elif name in ("reduce_or", "reduce_and"):
            value = (np.any if name == "reduce_or" else np.all)(arrays[0], axis=tuple(step.params["axes"]))
        else:
            results = step.primitive.bind(*arrays, **step.params)
            return [Known(result) for result in (results if step.primitive.multiple_results else [results])]
    return [Known(np.broadcast_to(np.asarray(value, avals[0].dtype), avals[0].shape))]


def evaluated(
    w: Writer, closed: Any, arguments: Sequence[Value], *, is_folded: bool = False, kept: int = 0
) -> list[Any]:
    """The results of a program.

    Args:
        w: takes the statements.
        closed: the program.
        arguments: of it.
        is_folded: let JAX compute what is known beforehand, all at once.
        kept: so many arguments in front are arrays that the first results take the place of. One of which only a part
            is written anew comes out as a `movement.Update`.
    """
    flat, places, results = flattened(closed)
    without_idle(flat, results)
    updates = _updates(flat, places[:kept], results, arguments)
    values: dict[int, Value] = dict(zip(places, arguments, strict=True))
    if is_folded:
        known = [operand for step in updates.values() for operand in step.operands[1:]]
        values |= folded(flat, [*results, *known])
    run(w, flat, values)

    def value(place: Any) -> Value:
        return values[place] if isinstance(place, Place) else Known(place)

    outcomes: list[Any] = [value(result) if n not in updates else None for n, result in enumerate(results)]
    for n, step in updates.items():
        outcomes[n] = movement.Update(value(step.operands[1]), [value(start) for start in step.operands[2:]])
    return outcomes


def _updates(
    flat: Flat, places: Sequence[Place], results: Sequence[Any], arguments: Sequence[Value]
) -> dict[int, Step]:
    """The steps that write a part of a kept array, and whose result is nothing but what is kept; taken out."""
    makers = {place: step for step in flat.steps for place in step.results}
    reads = [operand for step in flat.steps for operand in step.operands if isinstance(operand, Place)]
    reads += [result for result in results if isinstance(result, Place)]
    updates = {}
    for n, place in enumerate(places):
        step = makers.get(results[n]) if isinstance(results[n], Place) else None
        is_part = step is not None and step.primitive.name == "dynamic_update_slice" and step.operands[0] is place
        if step is not None and is_part and isinstance(arguments[n], Stored) and reads.count(results[n]) == 1:
            updates[n] = step
    taken = {id(step) for step in updates.values()}
    flat.steps[:] = [step for step in flat.steps if id(step) not in taken]
    return updates


def folded(flat: Flat, wanted: Sequence[Any] = ()) -> dict[int, Value]:
    """What follows from known numbers alone and something else needs, computed by JAX in one program."""
    known: set[int] = set()
    steps, unknown = [], []
    for step in flat.steps:
        if all(not isinstance(operand, Place) or operand in known for operand in step.operands):
            known |= set(step.results)
            steps.append(step)
        else:
            unknown.append(step)
    needed = {
        operand for step in unknown for operand in step.operands if isinstance(operand, Place) and operand in known
    }
    needed |= {result for result in wanted if isinstance(result, Place) and result in known}
    arrays = [operand for step in steps for operand in step.operands if not isinstance(operand, Place)]

    def compute(arrays: Sequence[Any]) -> dict[int, Any]:
        numbers, values = iter(arrays), dict[int, Any]()
        for step in steps:
            operands = [values[o] if isinstance(o, Place) else next(numbers) for o in step.operands]
            results = step.primitive.bind(*operands, **step.params)
            values |= dict(zip(step.results, results if step.primitive.multiple_results else [results], strict=True))
        return {place: values[place] for place in known}

    wanted_only = jax.jit(lambda arrays: {k: v for k, v in compute(arrays).items() if k in needed})
    with jax.enable_x64(True):  # in single precision as well, what is double stays so
        results = wanted_only.lower(arrays).compile(compiler_options=_QUICK)(arrays)
    flat.steps[:] = unknown
    return {place: Known(value) for place, value in results.items()}

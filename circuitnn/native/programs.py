"""A model's one-sample step as a text of C: `init`, `prepare`, `process`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np

from circuitnn.model import Model
from circuitnn.native import head
from circuitnn.native.atoms import TYPES, Name, member_type
from circuitnn.native.control import assign
from circuitnn.native.functions import Input, Member, function, handed_on, struct, taken, words
from circuitnn.native.lowering import evaluated
from circuitnn.native.movement import Update
from circuitnn.native.names import safe_name
from circuitnn.native.values import Stored, Value, Written
from circuitnn.native.writer import Writer
from circuitnn.plainly import plainly


@final
@dataclass(frozen=True)
class Leaf:
    """An array that goes in or comes out.

    Attributes:
        name: of the member of the struct in C; it has as many numbers as the array, row-major.
        dtype: of JAX.
        shape: of JAX; without numbers there is no member.
    """

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape))

    @property
    def ctype(self) -> str:
        """In a struct, where a truth value is one byte, as JAX has it."""
        return member_type(self.dtype)


@final
@dataclass(frozen=True)
class Program:
    """A model as C99, which needs math.h, stdint.h and string.h alone, keeps no memory and asks for none.

    ::

        void NAME_init(NAME_state *state, const REAL *knobs);
        void NAME_prepare(NAME_prepared *prepared, const NAME_state *state, const REAL *knobs);
        void NAME_process(NAME_state *state, const NAME_prepared *prepared, const REAL *in, REAL *out, int32_t n);

    `init` puts the state at rest with those knobs; `prepare` computes what follows from the knobs, and has to be called
    after `init` and whenever a knob has moved; `process` plays n samples, interleaved. With run-time values `prepare`
    takes a `const NAME_values *values` before the knobs, and there is no `init`.

    Attributes:
        text: all of it.
        name: what its names begin with.
        real: type of the signals in C.
        state: the leaves of the carry, in the order of ``jax.tree.leaves``.
        values: the leaves of the parameters, where they are given at run time.
        knobs: names, in order.
        in_features, out_features: of a sample.
        prepared: members of `NAME_prepared`: type in C, name and length.
    """

    text: str
    name: str
    real: str
    state: tuple[Leaf, ...]
    values: tuple[Leaf, ...]
    knobs: tuple[str, ...]
    in_features: int
    out_features: int
    prepared: tuple[Member, ...]

    @property
    def is_interpolable(self) -> bool:
        """Whether all that follows from the knobs are real numbers and truth values."""
        return all(member.ctype in (self.real, "int") for member in self.prepared)


@plainly()
def program(model: Model, *, name: str = "model", values: bool = False) -> Program:
    """A model in C, from its own one-sample step.

    Args:
        model: any that obeys the block law.
        name: what the names in C begin with; made safe.
        values: give what the model has learnt at run time, instead of writing the numbers out.

    Raises:
        LoweringError: for an operation that has no C, naming the part of the model that it belongs to.
    """
    name = safe_name(name)
    carry, tree = jax.tree.flatten(jax.eval_shape(lambda: model.init_carry(())))
    state = _leaves("s", carry)
    parameters, parameter_tree = jax.tree.flatten(model.parameters() if values else {})
    learnt, knobs = _leaves("p", parameters), tuple(model.controls)
    real = TYPES[np.dtype(model.dtype).name]

    def step(carry: Sequence[Any], parameters: Sequence[Any], knobs_now: Sequence[Any], x: Any) -> Any:
        playing = model.with_parameters(jax.tree.unflatten(parameter_tree, parameters)) if values else model
        after, y = playing(jax.tree.unflatten(tree, carry), x, dict(zip(knobs, knobs_now, strict=True)))
        return [*jax.tree.leaves(after), y]

    settings = [jnp.asarray(value, model.dtype) for value in model.controls.values()]
    silence = jnp.zeros((1, model.in_features), model.dtype)
    closed = jax.make_jaxpr(step)(carry, parameters, settings, silence)
    tables: dict[Any, tuple[str, str]] = {}
    called: set[tuple[str, str, int]] = set()
    writers = [Writer(f"{name}_", tables, called, evaluated) for _ in range(2)]
    prepare, process, prepared = _step(writers[0], closed, name, state, learnt, len(knobs), model)
    functions = [prepare, process]
    types = [struct(f"{name}_state", _members(state)), struct(f"{name}_prepared", prepared)]
    if values:
        types.append(struct(f"{name}_values", _members(learnt)))
    else:
        rest = jax.make_jaxpr(lambda now: jax.tree.leaves(model.init_carry((), dict(zip(knobs, now, strict=True)))))
        functions.insert(0, _init(writers[1], rest(settings), name, state, np.dtype(model.dtype), len(knobs)))
    used = words(functions)
    lines = [line for table, line in tables.values() if table in used]
    return Program(
        text="\n".join([head.text(f"{name}_", _api(name), used, called), *types, *lines, *functions]) + "\n",
        name=name,
        real=real,
        state=state,
        values=learnt,
        knobs=knobs,
        in_features=model.in_features,
        out_features=model.out_features,
        prepared=tuple(prepared),
    )


def _api(name: str) -> str:
    """The macro that may be defined as what stands in front of functions: nothing, if it is not."""
    return f"{name.upper()}_API"


def _leaves(prefix: str, arrays: Sequence[Any]) -> tuple[Leaf, ...]:
    return tuple(Leaf(f"{prefix}{n}", np.dtype(array.dtype), tuple(array.shape)) for n, array in enumerate(arrays))


def _members(leaves: Sequence[Leaf]) -> list[Member]:
    return [Member(leaf.ctype, leaf.name, leaf.size) for leaf in leaves if leaf.size]


def _knobs(w: Writer, count: int, dtype: np.dtype) -> tuple[list[Value], list[Input]]:
    real, names = TYPES[dtype.name], [f"knob_{n}" for n in range(count)]
    atoms = [np.array(Name(name, dtype, w.knobs), object) for name in names]
    return [Written(atom, dtype) for atom in atoms], [Input(name, real, f"knobs[{n}]") for n, name in enumerate(names)]


def _step(
    w: Writer, closed: Any, name: str, state: Sequence[Leaf], learnt: Sequence[Leaf], knobs: int, model: Model
) -> tuple[str, str, list[Member]]:
    """The functions that prepare and process."""
    dtype = np.dtype(model.dtype)
    real = TYPES[dtype.name]
    carried = closed.jaxpr.invars[: len(state)]
    is_held = [after is before for before, after in zip(carried, closed.jaxpr.outvars, strict=False)]
    arguments: list[Value] = []
    inputs: list[Input] = []
    moving: list[Input] = []
    for leaf, held in zip(state, is_held, strict=True):
        value, loads = taken(f"state->{leaf.name}", leaf.shape, leaf.dtype, w.knobs if held else w.sample)
        arguments.append(value)
        (inputs if held else moving).extend(loads)
    for leaf in learnt:
        value, loads = taken(f"values->{leaf.name}", leaf.shape, leaf.dtype, w.knobs)
        arguments.append(value)
        inputs += loads
    positions, loads = _knobs(w, knobs, dtype)
    inputs += loads
    x, now = taken("x", (1, model.in_features), dtype, w.sample)  # read at once: out may be where in is
    results = evaluated(w, closed, [*arguments, *positions, x], is_folded=True, kept=len(state))
    y = Stored("y", np.arange(model.out_features).reshape(1, -1), dtype, w.sample)
    w.copy(y, results[-1])
    w.settle_all(w.sample)
    changing = [n for n, held in enumerate(is_held) if not held]
    targets = [results[n].target(w, arguments[n]) if isinstance(results[n], Update) else arguments[n] for n in changing]
    assign(w, targets, [results[n].part if isinstance(results[n], Update) else results[n] for n in changing])
    w.settle_all(w.knobs)
    prepare, begin, prepared = handed_on(w, inputs)
    loop = [
        *begin,
        *(item.loaded(is_constant=False) for item in moving),
        "for (int32_t n = 0; n < count; n++) {",
        f"  const {real} *const x = in + {model.in_features}*n;",
        *(f"  {item.loaded()}" for item in now if not item.size),
        f"  {real} *const y = out + {model.out_features}*n;",
        *(f"  {line}" for line in w.sample.lines),
        "}",
        *(f"{item.source} = {item.name};" for item in moving if not item.size),
    ]
    values = f"const {name}_values *values, " if learnt else ""
    heads = (
        f"{name}_prepare({name}_prepared *prepared, const {name}_state *state, {values}const {real} *knobs)",
        f"{name}_process({name}_state *state, const {name}_prepared *prepared, "
        f"const {real} *in, {real} *out, int32_t count)",
    )
    silent = ["(void)prepared; (void)state; (void)knobs;" + (" (void)values;" if learnt else "")]
    return (
        function(_api(name), heads[0], [*silent, *prepare]),
        function(_api(name), heads[1], ["(void)state; (void)prepared; (void)in;", *loop]),
        prepared.members,
    )


def _init(w: Writer, closed: Any, name: str, state: Sequence[Leaf], dtype: np.dtype, knobs: int) -> str:
    """The function that puts the state at rest."""
    w.here = w.knobs
    positions, inputs = _knobs(w, knobs, dtype)
    results = evaluated(w, closed, positions, is_folded=True)
    for leaf, result in zip(state, results, strict=True):
        if leaf.size:
            w.copy(Stored(f"state->{leaf.name}", np.arange(leaf.size).reshape(leaf.shape), leaf.dtype, w.knobs), result)
    w.settle_all(w.knobs)
    used = words(w.knobs.lines)
    lines = ["(void)state; (void)knobs;", *(item.loaded() for item in inputs if item.name in used), *w.knobs.lines]
    return function(_api(name), f"{name}_init({name}_state *state, const {TYPES[dtype.name]} *knobs)", lines)

"""Blocks of a model in compiled C: built once for each blueprint, called by XLA, with the model's own derivative."""

import ctypes
import logging
import math
import operator
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.custom_derivatives import SymbolicZero

from circuitnn.knobs import check_shape, matched
from circuitnn.model import Carry, Controls, Model
from circuitnn.native import cache as libraries
from circuitnn.native.exposed import Blueprint, Exposed
from circuitnn.native.expressions import LanesError
from circuitnn.native.handler import ENTRY, FEW, with_handler
from circuitnn.native.programs import program
from circuitnn.native.toolchain import FLAGS, Compiler, CompilerError, found, library
from circuitnn.plainly import plainly

NO_COMPILER = (
    "no C compiler is found (CC, cc, gcc, clang, or `pip install circuitnn[native]`): models run without one, slower"
)

_log = logging.getLogger("circuitnn.native")


@final
@dataclass(frozen=True, eq=False)
class Library:
    """A blueprint in compiled C.

    Attributes:
        blueprint: of the model.
        target: its name with XLA.
        is_wide: whether it plays several streams side by side.
    """

    blueprint: Blueprint
    target: str
    is_wide: bool

    def __call__(self, numbers: Sequence[Array], carry: Sequence[Array], x: Array, knobs: Sequence[Array]) -> Any:
        """The leaves of the carry after a block, and what comes out.

        Arguments as for `Blueprint.block`, in leaves, each with all axes of the batch in front: as long as that of x,
        or 1.
        """
        batch, own = x.shape[:-2], jax.tree.leaves(self.blueprint.carry)
        kept = [index for index, leaf in enumerate(own) if leaf.size]
        output = jax.ShapeDtypeStruct((*x.shape[:-1], self.blueprint.features[1]), x.dtype)
        results = [jax.ShapeDtypeStruct((*batch, *own[index].shape), own[index].dtype) for index in kept]
        values = [number.reshape((1,) * len(batch) + number.shape) for number in numbers if number.size]
        call = jax.ffi.ffi_call(self.target, [*results, output], vmap_method="expand_dims")
        *moved, y = call(*(carry[index] for index in kept), x, *knobs, *values)
        after = list(carry)
        for index, leaf in zip(kept, moved, strict=True):
            after[index] = leaf
        return after, y


def played(model: Model, carry: Carry, x: Array, controls: Controls | None, *, is_observed: bool) -> Any:
    """A block of a model in C, where that can be: the carry, and what comes out; None where it cannot.

    Raises:
        CompilerError: when the compiler fails.
        LoweringError: when the model has no C.
    """
    blueprint, numbers = Blueprint.of(model, is_observed=is_observed)
    batch, axes = x.shape[:-2], x.ndim - 2
    if not blueprint.is_one_stream or x.shape[-1] != blueprint.features[0] or not x.shape[-2]:
        return None
    leaves, tree = jax.tree.flatten(carry)
    own, own_tree = jax.tree.flatten(blueprint.carry)
    if tree != own_tree:  # type: ignore[operator]
        return None
    # An array of the carry without a dimension belongs to all streams alike.
    shared = [axes > 0 and jnp.shape(leaf) == like.shape == () for leaf, like in zip(leaves, own, strict=True)]
    fitting = [jnp.shape(leaf) == (*batch, *like.shape) for leaf, like in zip(leaves, own, strict=True)]
    is_wide = math.prod(batch) >= FEW
    compiled = built(blueprint, is_wide=is_wide) if all(map(operator.or_, shared, fitting)) else None
    if compiled is None:
        return None
    before = [
        jnp.broadcast_to(jnp.asarray(leaf, like.dtype), (*batch, *like.shape))
        for leaf, like in zip(leaves, own, strict=True)
    ]
    knobs = _knobs(model.controls, controls, x.shape[:-1], blueprint.dtype)
    after, y = _block(compiled, numbers, before, x.astype(blueprint.dtype), [knobs[name] for name in blueprint.knobs])
    after = [leaf[(0,) * axes] if is_shared else leaf for is_shared, leaf in zip(shared, after, strict=True)]
    return jax.tree.unflatten(tree, after), y


def _knobs(
    defaults: Mapping[str, Any], values: Controls | None, signal: tuple[int, ...], dtype: np.dtype
) -> dict[str, Array]:
    """All knobs with all axes of a signal (..., time), each as long as there or 1."""
    arrays = {name: jnp.asarray(value, dtype) for name, value in {**defaults, **matched(values, defaults)}.items()}
    for name, array in arrays.items():
        check_shape(name, array.shape, signal)
    return {name: array.reshape((1,) * (len(signal) - array.ndim) + array.shape) for name, array in arrays.items()}


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _block(
    compiled: Library, numbers: Sequence[Array], carry: Sequence[Array], x: Array, knobs: Sequence[Array]
) -> Any:
    if is_on_cpu():
        return compiled(numbers, carry, x, knobs)
    plain = partial(_plain_block, compiled.blueprint)
    return lax.platform_dependent(numbers, carry, x, knobs, cpu=compiled, default=plain)


def is_on_cpu() -> bool:
    """Whether nothing but the CPU computes here."""
    return {device.platform for device in jax.devices()} == {"cpu"}


def _plain_block(
    blueprint: Blueprint, numbers: Sequence[Array], carry: Sequence[Array], x: Array, knobs: Sequence[Array]
) -> Any:
    whole = jax.tree.unflatten(jax.tree.structure(blueprint.carry), carry)
    with plainly():
        after, y = blueprint.block(numbers, whole, x, dict(zip(blueprint.knobs, knobs, strict=True)))
    return jax.tree.leaves(after), y


@partial(_block.defjvp, symbolic_zeros=True)
def _block_jvp(compiled: Library, primals: Any, tangents: Any) -> Any:
    """The model's own derivative, in what is differentiated."""
    leaves, tree = jax.tree.flatten(primals)
    directions = jax.tree.leaves(tangents, is_leaf=lambda leaf: isinstance(leaf, SymbolicZero))
    moving = [index for index, dot in enumerate(directions) if not isinstance(dot, SymbolicZero)]

    def plain(*arrays: Array) -> Any:
        placed = list(leaves)
        for index, array in zip(moving, arrays, strict=True):
            placed[index] = array
        return _plain_block(compiled.blueprint, *jax.tree.unflatten(tree, placed))

    return jax.jvp(plain, tuple(leaves[index] for index in moving), tuple(directions[index] for index in moving))


_built: dict[Any, Library] = {}
_locks: dict[Any, threading.Lock] = {}
_guard = threading.Lock()


def built(blueprint: Blueprint, *, is_wide: bool = False) -> Library | None:
    """The compiled C of a blueprint, made the first time; None without a compiler.

    Args:
        blueprint: of the model.
        is_wide: several streams side by side, where that can be.

    Raises:
        CompilerError: when the compiler fails.
        LoweringError: when the model has no C.
    """
    chosen = found()
    if chosen is None:
        say_once(NO_COMPILER)
        return None
    key = (blueprint, is_wide)
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
    with lock:
        if key not in _built:
            # Constants are computed now, also while a program around this is traced.
            with jax.ensure_compile_time_eval():
                lowered = program(Exposed(blueprint), values=True)
            try:
                text = with_handler(lowered, is_wide=is_wide)
            except LanesError as reason:
                _log.info("streams are played one after the other: %s", reason)
                text, is_wide = with_handler(lowered), False
            _built[key] = Library(blueprint, _registered(text, chosen), is_wide)
        return _built[key]


def _registered(text: str, chosen: Compiler) -> str:
    """The name under which XLA has what is compiled of a text."""
    parts = (text, *FLAGS, str(chosen), jax.lib.__version__)

    def make() -> bytes:
        return library(text, chosen, include=(jax.ffi.include_dir(),))

    path = libraries.kept(parts, make)
    try:
        entry = _entry(str(path))
    except (OSError, AttributeError):  # made by a compiler that this system cannot load: once more
        libraries.discard(path)
        path = libraries.kept(parts, make)
        try:
            entry = _entry(str(path))
        except (OSError, AttributeError) as error:
            raise CompilerError(f"what {chosen} made cannot be loaded: {error}") from error
    target = f"circuitnn_{path.stem[:32]}"
    jax.ffi.register_ffi_target(target, jax.ffi.pycapsule(entry), platform="cpu")
    return target


def _entry(path: str) -> Any:
    return getattr(ctypes.CDLL(path), ENTRY)


@cache
def say_once(words: str) -> None:
    """One line for the user, the first time."""
    _log.warning(words)

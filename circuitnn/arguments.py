"""Arguments that are often given in another way than they are meant, and errors that say what to write instead."""

import contextlib
import inspect
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from circuitnn.deferred import Array, ArrayLike, is_traced, jax, jnp

if TYPE_CHECKING:
    from flax import nnx

PRECISIONS = ("float32", "float64")
NO_MODEL = {
    "Circuit": "a model of it is cn.nodal.NodalModel(circuit, fs=48_000)",
    "str": "cn.train.restore(path) opens a saved model, cn.nodal.NodalModel(cn.read_netlist(path)) simulates a netlist",
    "list": "cn.chain(*models) is one model",
    "tuple": "cn.chain(*models) is one model",
    "Element": "cn.wdf.WDFModel(tree, root, fs) is a model of it",
}
_SOUND = "x, fs = cn.audio.read(path) gives the samples and the sample rate of a sound"
NO_SIGNAL = {"Dataset": "its input is data.x", "str": _SOUND, "Path": _SOUND, "tuple": _SOUND}
NO_CIRCUIT = {
    "str": "cn.read_netlist(...) reads a netlist, from a file or a text",
    "Path": "cn.read_netlist(path) reads a netlist",
    "CircuitModel": "its circuit is model.circuit",
}
NO_DATA = {
    "tuple": "cn.train.Dataset(x, y, fs=48_000)",
    "list": "cn.train.Dataset.join(parts) makes one of several",
    "Circuit": "cn.train.simulate_dataset(circuit, x) makes data of it",
    "ndarray": "cn.train.Dataset(x, y, fs=48_000) has the target too",
    "str": "x, fs = cn.audio.read(path), then cn.train.Dataset(x, y, fs=fs)",
}


def float_type(dtype: Any) -> np.dtype:
    """Single or double precision, however it is named.

    Raises:
        ValueError: for anything else.
    """
    try:
        kind = None if dtype is None else np.dtype(dtype)
    except TypeError:
        kind = None
    if kind is None or kind.name not in PRECISIONS:
        raise ValueError(f"dtype: {' or '.join(PRECISIONS)}, not {dtype if kind is None else kind.name}")
    return kind


def checked_dtype(dtype: Any) -> np.dtype:
    """As `float_type`, of what JAX computes.

    Raises:
        ValueError: also for double precision where JAX would fall back to single precision in silence.
    """
    kind = float_type(dtype)
    if kind == np.float64 and not jax.config.read("jax_enable_x64"):
        raise ValueError(
            "dtype float64: JAX is in single precision; jax.config.update('jax_enable_x64', True) at the start of the "
            "program switches double precision on, or `with jax.enable_x64(True):` around a part of it"
        )
    return kind


def checked_rngs(rngs: Any, kind: str) -> "nnx.Rngs":
    """What weights are drawn with.

    Raises:
        TypeError: for none, or a bare seed.
    """
    from flax import nnx  # here, because circuits do without

    if isinstance(rngs, nnx.Rngs):
        return rngs
    seed = rngs if isinstance(rngs, int) else 0
    raise TypeError(f"{kind} draws its first weights at random: rngs=nnx.Rngs({seed}), after `from flax import nnx`")


def checked_rate(fs: Any, error: type[ValueError] = ValueError, name: str = "fs") -> float:
    """A sample rate.

    Raises:
        ValueError: or a kind of it, for anything but a positive number of hertz.
    """
    try:
        rate = float(fs) if np.ndim(fs) == 0 and not isinstance(fs, str) else math.nan
    except (TypeError, ValueError):  # one that is traced, too
        rate = math.nan
    if not 0 < rate < math.inf:
        raise error(f"{name} must be a positive number of hertz, got {fs!r}")
    return rate


def checked_width(name: str, width: Any) -> int:
    """A number of units or features.

    Raises:
        ValueError: for what is no whole number of at least one.
    """
    if not isinstance(width, int | np.integer) or isinstance(width, bool) or width < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {width!r}")
    return int(width)


def checked(value: Any, kind: Any, noun: str, remedies: Mapping[str, str]) -> Any:
    """The value, if it is of that kind.

    Raises:
        TypeError: for what is not, and says what to write instead.
    """
    if isinstance(value, kind):
        return value
    raise TypeError(f"{noun} is wanted, this is {what_it_is(value, remedies)}")


def what_it_is(value: Any, remedies: Mapping[str, str] | None = None) -> str:
    """A value in words, with what to do about it.

    Args:
        value: that is not what was wanted.
        remedies: by the name of a type.
    """
    if isinstance(value, type):
        return f"the class {value.__name__}: make one, {value.__name__}(...)"
    for kind in type(value).__mro__:
        if kind.__name__ in (remedies or {}):
            return f"{_article(type(value).__name__)}: {(remedies or {})[kind.__name__]}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}: call it, {value.__name__}(...)"
    return _article(type(value).__name__) if value is not None else "None"


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


def check_continuation(carry: Any, after: Any, x: Array, y: Array) -> None:
    """While a program is compiled, which costs nothing: the carry of another batch would be spread over this one.

    Raises:
        ValueError: when output or carry have another shape than input and carry.
    """
    shapes = [[jnp.shape(leaf) for leaf in jax.tree.leaves(tree)] for tree in (carry, after)]
    is_same = len(shapes[0]) == len(shapes[1]) and all(a in (b, ()) for a, b in zip(*shapes, strict=True))
    if y.shape[:-1] != x.shape[:-1] or not is_same:
        raise ValueError(f"carry and x do not go together: x {x.shape} became y {y.shape}")


@contextlib.contextmanager
def continuing(model: Any, carry: Any, batch: tuple[int, ...]) -> Iterator[None]:
    """What goes wrong in here because of a carry that is not this model's, or of another batch, says so."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        if carry is None:
            raise
        expected, actual = (
            [jnp.shape(leaf) for leaf in jax.tree.leaves(tree)]
            for tree in (jax.eval_shape(lambda: model.init_carry(batch)), carry)
        )
        if expected == actual:
            raise
        raise ValueError(
            f"the carry is of another model or another batch than x: {type(model).__name__}.init_carry({batch}) has "
            f"arrays of the shapes {expected}, this one {actual}"
        ) from error


def at_level(model: Any, batch: tuple[int, ...], controls: Any, level: Any) -> Any:
    """`Model.init_carry` at a level, also of a model whose own does not take one: it knows no start but silence.

    Raises:
        TypeError: when something else than silence goes into such a model.
    """
    if level is None:
        return model.init_carry(batch, controls)
    if "level" in inspect.signature(model.init_carry).parameters:
        return model.init_carry(batch, controls, level=level)
    carry = model.init_carry(batch, controls)
    if any(jnp.size(leaf) for leaf in jax.tree.leaves(carry)):
        remedy = (
            f"{type(model).__name__}.init_carry takes no level: give it the keyword `*, level=None`, "
            "the constant in volts that goes in at rest"
        )
        if is_traced(level):
            warnings.warn(f"{remedy}; it begins as if nothing were heard", stacklevel=3)
        elif np.any(level):
            raise TypeError(f"{remedy}, here {np.unique(level)[:3]}")
    return carry


def spread_level(level: ArrayLike | None, shape: tuple[int, ...], dtype: Any) -> Array:
    """A level as an array of the shape (*batch, features); zeros for None."""
    return jnp.zeros(shape, dtype) if level is None else jnp.broadcast_to(checked_level(level, shape, dtype), shape)


def checked_level(level: ArrayLike | None, shape: tuple[int, ...], dtype: Any) -> Array:
    """A level that broadcasts against (*batch, features), as small as it came; zeros (features,) for None.

    Raises:
        ValueError: when it does not.
    """
    array = jnp.zeros(shape[-1:], dtype) if level is None else jnp.asarray(level, dtype)
    ends = zip(array.shape[::-1], shape[::-1], strict=False)
    if not 1 <= array.ndim <= len(shape) or array.shape[-1] != shape[-1] or any(a not in (1, b) for a, b in ends):
        raise ValueError(f"level: expected {shape[-1]} number(s) of volts, or an array {shape}, got {array.shape}")
    if not is_traced(array) and not np.isfinite(array).all():
        raise ValueError(f"level: {np.asarray(array).ravel()[:4]} V is not finite")
    return array

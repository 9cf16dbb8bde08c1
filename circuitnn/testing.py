"""Checks that any model of this library has to pass; for the tests of the library and of models built on it.

Each function raises an AssertionError that says what differed, where and by how much.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike

from circuitnn.model import Controls, Model, StateModel, run, trace
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)


def check_model(
    build: Callable[[Any], Model],
    x: ArrayLike,
    *,
    controls: Controls | None = None,
    rtol: float = 1e-9,
    single: float = 1e-3,
    gradient: float | None = 1e-6,
) -> None:
    """The block law, batches, both precisions and the gradient of one model, in three compiled programs.

    In double precision x cut in the middle, and the batch in reverse order, give what the batch gives in one go; the
    gradient of the energy of y with respect to weights, x and the carry is that of differences (`check_gradient`).

    Args:
        build: dtype -> the same model in that precision.
        x: (batch, time, in_features), of an even number of samples.
        controls: constants, or arrays along time, (time,) or (batch, time).
        rtol: largest difference of halves, relative to the peak of each output.
        single: the same of single precision.
        gradient: of the gradient; None where it is checked elsewhere.
    """
    model = build(jnp.float64)
    x = jnp.asarray(x, model.dtype)
    time = x.shape[1]
    knobs = {name: np.asarray(value) for name, value in (controls or {}).items()}
    if gradient is None:
        _, *whole = _observe(model, x, None, knobs)
    else:
        whole = list(_check_gradient_of_energy(model, x, knobs, gradient))
    turned = {name: value[::-1] if value.ndim == 2 else value for name, value in knobs.items()}
    carry, halves = None, []
    for start, stop in ((0, time // 2), (time // 2, time)):
        carry, *half = _observe(model, x[::-1, start:stop], carry, _cut(turned, start, stop, time))
        halves.append(half)
    for name, expected, *parts in zip(("y", "states"), whole, *halves, strict=False):
        what = f"{name} cut at {time // 2}, the batch in reverse order"
        _assert_close(np.concatenate(parts, axis=-2)[::-1], expected, rtol, what)
    _assert_precision(carry, whole[0], jnp.float64)
    carry, y = run(build(jnp.float32), x, controls=knobs)
    _assert_precision(carry, y, jnp.float32)
    _assert_close(y, whole[0], single, "float32 against float64")


def check_block_law(
    model: Model, x: ArrayLike, *, controls: Controls | None = None, cuts: Sequence[int] = (), rtol: float = 1e-5
) -> None:
    """Cutting x along time and handing the carry on changes nothing.

    Args:
        model: the model.
        x: (..., time, in_features), longer than the last cut.
        controls: constants, or arrays along time, which are cut like x.
        cuts: where to cut; in the middle when empty. Blocks of one length are one program.
        rtol: largest difference allowed, relative to the peak of each output.
    """
    x = jnp.asarray(x, model.dtype)
    time = x.shape[-2]
    edges = [0, *(cuts or (time // 2,)), time]
    whole = _observe(model, x, None, controls)
    pieces, carry = [], None
    for start, stop in itertools.pairwise(edges):
        carry, *piece = _observe(model, x[..., start:stop, :], carry, _cut(controls, start, stop, time))
        pieces.append(piece)
    for name, expected, *parts in zip(("y", "states"), whole[1:], *pieces, strict=False):
        _assert_close(np.concatenate(parts, axis=-2), expected, rtol, f"block law: {name} cut at {tuple(edges[1:-1])}")


def check_batch(model: Model, x: ArrayLike, *, controls: Controls | None = None, rtol: float = 1e-5) -> None:
    """Each entry of a batch gives what it gives alone. x: (batch, time, in_features); controls the same for all."""
    x = jnp.asarray(x, model.dtype)
    _, *together = _observe(model, x, None, controls)
    for entry in range(x.shape[0]):
        _, *alone = _observe(model, x[entry], None, controls)
        for name, one, many in zip(("y", "states"), alone, together, strict=False):
            # Against the peak of the whole batch: silence beside music may be a rounding error of it.
            _assert_close(one, many[entry], rtol, f"batch: {name} of entry {entry}", peak=_peak(many))


def check_dtypes(build: Callable[[Any], Model], x: ArrayLike, *, rtol: float = 1e-3) -> None:
    """A model built as float32 and as float64 keeps its precision, and both agree to `rtol` of the peak.

    Args:
        build: dtype -> the same model in that precision.
        x: (..., time, in_features).
        rtol: how well single precision follows double precision.
    """
    outputs = []
    for dtype in (jnp.float32, jnp.float64):
        carry, y = run(build(dtype), np.asarray(x))
        _assert_precision(carry, y, dtype)
        outputs.append(y)
    single, double = outputs
    _assert_close(single, double, rtol, "float32 against float64")


def check_gradient(
    f: Callable[..., jax.Array], args: Sequence[Any], *, rtol: float = 1e-6, step: float = 1e-4, seed: int = 0
) -> None:
    """The gradient of a scalar function agrees with central differences, in float64, for each leaf of `args`.

    Differences are taken along one random direction a leaf (fourth order, so that rounding and curvature both stay
    below `rtol`), scaled to the leaf's own size. Value and gradient are one compiled program, and the only one.

    Args:
        f: a function of `args` that gives a scalar; it is jitted here.
        args: pytrees of float64 arrays.
        rtol: allowed relative error, against the largest directional derivative of the same leaf or of f itself.
        step: relative size of the difference.
        seed: for the directions.
    """
    _check_gradient(lambda *args: (f(*args), None), args, rtol, step, seed)


def _check_gradient_of_energy(model: Model, x: jax.Array, controls: Controls, rtol: float) -> tuple[Any, ...]:
    """The gradient of sum(y^2) with respect to weights, x and the carry; y, and the states of a model that has some."""
    graph, weights, constants = nnx.split(model, nnx.Param, ...)  # type: ignore[misc]
    carry = model.init_carry(x.shape[:-2], controls)
    leaves, tree = jax.tree.leaves(carry), jax.tree.structure(carry)
    is_real = [jnp.issubdtype(leaf.dtype, jnp.floating) and leaf.size > 0 for leaf in leaves]

    def energy(weights, x, real):
        real = iter(real)
        placed = [next(real) if moves else leaf for leaf, moves in zip(leaves, is_real, strict=True)]
        carry = jax.tree.unflatten(tree, placed)
        model = nnx.merge(graph, weights, constants)
        if isinstance(model, StateModel):
            outputs = tuple(model.trace(carry, x, controls)[1:])
        else:
            outputs = tuple(model(carry, x, controls)[1:])
        return jnp.sum(outputs[0] ** 2), outputs

    real = [leaf for leaf, moves in zip(leaves, is_real, strict=True) if moves]
    return _check_gradient(energy, (weights, x, real), rtol)


def _check_gradient(f, args: Sequence[Any], rtol: float, step: float = 1e-4, seed: int = 0) -> Any:
    """As `check_gradient`, of f's first result; returns the second one."""
    paths, tree = jax.tree_util.tree_flatten_with_path(tuple(args))
    leaves = [np.asarray(leaf, np.float64) for _, leaf in paths]
    evaluate = jax.jit(jax.value_and_grad(lambda flat: f(*jax.tree.unflatten(tree, flat)), has_aux=True))
    (value, others), gradients = evaluate(leaves)
    assert np.isfinite(value), f"the value is {value}"
    random = np.random.default_rng(seed)
    for index, ((path, _), leaf, derivative) in enumerate(zip(paths, leaves, gradients, strict=True)):
        name = jax.tree_util.keystr(path)
        assert np.isfinite(derivative).all(), f"gradient of {name} is not finite"
        size = float(np.sqrt(np.mean(leaf**2))) or 1.0
        direction = random.choice([-1.0, 1.0], leaf.shape) * random.uniform(0.5, 1.0, leaf.shape) * size

        def along(t, index=index, direction=direction):
            return float(evaluate([x + t * direction if i == index else x for i, x in enumerate(leaves)])[0][0])

        numeric = (8 * (along(step) - along(-step)) - (along(2 * step) - along(-2 * step))) / (12 * step)
        exact = float(np.sum(np.asarray(derivative) * direction))
        # A derivative much smaller than f's own scale cannot be seen through the rounding of f.
        floor = 1e-9 * abs(float(value)) / rtol
        error = abs(exact - numeric) / max(abs(exact), abs(numeric), floor, 1e-300)
        assert error <= rtol, f"gradient along {name}: {exact:.12g}, differences give {numeric:.12g} (rel. {error:.2e})"
    return others


def _assert_precision(carry: Any, y: jax.Array, dtype: Any) -> None:
    name = jnp.dtype(dtype).name
    assert y.dtype == dtype, f"{name} model gave {y.dtype} output"
    others = {leaf.dtype for leaf in jax.tree.leaves(carry) if jnp.issubdtype(leaf.dtype, jnp.floating)} - {y.dtype}
    assert not others, f"{name} model has a carry of {others}"


def _observe(model, x, carry, controls):
    if isinstance(model, StateModel):
        return trace(model, x, carry, controls=controls)
    return run(model, x, carry, controls=controls)


def _cut(controls: Controls | None, start: int, stop: int, time: int) -> Controls | None:
    if controls is None:
        return None
    values = {name: np.asarray(value) for name, value in controls.items()}
    return {
        name: value[..., start:stop] if value.ndim and value.shape[-1] == time else value
        for name, value in values.items()
    }


def _peak(a: jax.Array) -> float:
    return float(np.max(np.abs(np.asarray(a, np.float64)))) or 1.0


def _assert_close(actual: Any, expected: Any, rtol: float, what: str, *, peak: float | None = None) -> None:
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape} instead of {expected.shape}"
    difference = np.abs(np.asarray(actual, np.float64) - np.asarray(expected, np.float64))
    peak = _peak(expected) if peak is None else peak
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(difference), np.inf, difference))), difference.shape)
    assert float(difference[worst]) <= rtol * peak, (
        f"{what}: differs by {difference[worst]:.3e} (allowed {rtol * peak:.3e}) at index {tuple(map(int, worst))}"
    )

"""Checks that any model of this library has to pass; for the tests of the library and of models built on it.

Each function raises an AssertionError that says what differed, where and by how much.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from circuitnn.model import Controls, Model, StateModel, run, trace
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)


def check_block_law(
    model: Model, x: ArrayLike, *, controls: Controls | None = None, cuts: Sequence[int] = (1, 2, 7), rtol: float = 1e-5
) -> None:
    """Cutting x along time and handing the carry on changes nothing.

    Args:
        model: the model.
        x: (..., time, in_features), longer than the last cut.
        controls: constants, or arrays along time, which are cut like x.
        cuts: where to cut: single samples, odd lengths.
        rtol: largest difference allowed, relative to the peak of each output.
    """
    x = jnp.asarray(x, model.dtype)
    time = x.shape[-2]
    edges = [0, *cuts, time]
    whole = _observe(model, x, None, controls)
    pieces, carry = [], None
    for start, stop in itertools.pairwise(edges):
        carry, *piece = _observe(model, x[..., start:stop, :], carry, _cut(controls, start, stop, time))
        pieces.append(piece)
    for name, expected, *parts in zip(("y", "states"), whole[1:], *pieces, strict=False):
        _assert_close(jnp.concatenate(parts, axis=-2), expected, rtol, f"block law: {name} cut at {tuple(cuts)}")


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
    outputs = {}
    for dtype in (jnp.float32, jnp.float64):
        model = build(dtype)
        carry, y = run(model, np.asarray(x))
        found = {leaf.dtype for leaf in jax.tree.leaves(carry) if jnp.issubdtype(leaf.dtype, jnp.floating)}
        assert y.dtype == dtype, f"{np.dtype(dtype).name} model gave {y.dtype} output"
        assert found <= {jnp.dtype(dtype)}, f"{np.dtype(dtype).name} model has a carry of {found}"
        outputs[dtype] = y
    _assert_close(outputs[jnp.float32], outputs[jnp.float64], rtol, "float32 against float64")


def check_gradient(
    f: Callable[..., jax.Array], args: Sequence[Any], *, rtol: float = 1e-6, step: float = 1e-4, seed: int = 0
) -> None:
    """The gradient of a scalar function agrees with central differences, in float64, for each leaf of `args`.

    Differences are taken along one random direction a leaf (fourth order, so that rounding and curvature both stay
    below `rtol`), scaled to the leaf's own size.

    Args:
        f: a function of `args` that gives a scalar.
        args: pytrees of float64 arrays.
        rtol: allowed relative error, against the largest directional derivative of the same leaf or of f itself.
        step: relative size of the difference.
        seed: for the directions.
    """
    leaves, tree = jax.tree.flatten(tuple(args))
    leaves = [jnp.asarray(leaf, jnp.float64) for leaf in leaves]
    value, gradients = jax.value_and_grad(lambda flat: f(*jax.tree.unflatten(tree, flat)))(leaves)
    assert np.isfinite(value), f"the value is {value}"
    evaluate = jax.jit(lambda flat: f(*jax.tree.unflatten(tree, flat)))
    random = np.random.default_rng(seed)
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_flatten_with_path(tuple(args))[0]]
    for index, (path, leaf, gradient) in enumerate(zip(paths, leaves, gradients, strict=True)):
        assert np.isfinite(gradient).all(), f"gradient of {path} is not finite"
        size = float(jnp.sqrt(jnp.mean(leaf**2))) or 1.0
        direction = jnp.asarray(random.choice([-1.0, 1.0], leaf.shape) * random.uniform(0.5, 1.0, leaf.shape)) * size

        def along(t, index=index, direction=direction):
            return float(evaluate([x + t * direction if i == index else x for i, x in enumerate(leaves)]))

        numeric = (8 * (along(step) - along(-step)) - (along(2 * step) - along(-2 * step))) / (12 * step)
        exact = float(jnp.sum(gradient * direction))
        # A derivative much smaller than f's own scale cannot be seen through the rounding of f.
        floor = 1e-9 * abs(float(value)) / rtol
        error = abs(exact - numeric) / max(abs(exact), abs(numeric), floor, 1e-300)
        assert error <= rtol, f"gradient along {path}: {exact:.12g}, differences give {numeric:.12g} (rel. {error:.2e})"


def _observe(model, x, carry, controls):
    if isinstance(model, StateModel):
        return trace(model, x, carry, controls=controls)
    return run(model, x, carry, controls=controls)


def _cut(controls: Controls | None, start: int, stop: int, time: int) -> Controls | None:
    if controls is None:
        return None
    values = {name: jnp.asarray(value) for name, value in controls.items()}
    return {
        name: value[..., start:stop] if value.ndim and value.shape[-1] == time else value
        for name, value in values.items()
    }


def _peak(a: jax.Array) -> float:
    return float(np.max(np.abs(np.asarray(a, np.float64)))) or 1.0


def _assert_close(actual: jax.Array, expected: jax.Array, rtol: float, what: str, *, peak: float | None = None) -> None:
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape} instead of {expected.shape}"
    difference = np.abs(np.asarray(actual, np.float64) - np.asarray(expected, np.float64))
    peak = _peak(expected) if peak is None else peak
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(difference), np.inf, difference))), difference.shape)
    assert float(difference[worst]) <= rtol * peak, (
        f"{what}: differs by {difference[worst]:.3e} (allowed {rtol * peak:.3e}) at index {tuple(map(int, worst))}"
    )

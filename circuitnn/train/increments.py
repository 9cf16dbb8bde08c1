"""One step ahead by least squares: the increments of the states, as exactly as the network can have them."""

from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp
from jax.flatten_util import ravel_pytree

from circuitnn.arguments import checked_width
from circuitnn.model import Forcing, Model, StateModel, checked_model
from circuitnn.numerics.levenberg_marquardt import descend
from circuitnn.train.checks import check_signals, with_knobs, with_states
from circuitnn.train.dataset import Before, Dataset, Windows, checked_data
from circuitnn.train.members import knowing
from circuitnn.train.objective import true_start

LEVEL = 512  # samples over which a level is taken
AT_ONCE = 1024  # samples side by side


class _Samples(NamedTuple):
    """Single samples of a data set, what goes before them, and what their errors are measured against."""

    windows: Windows
    weight: Any  # (samples, n_states)


def fit_increments(
    model: StateModel, data: Dataset, *, samples: int = 16384, steps: int = 200, floor: float = 0.02, seed: int = 0
) -> tuple[Any, float]:
    """Train a model without other memory than circuit states one step ahead, by Levenberg and Marquardt's method.

    Where a state is slow, what it drifts by is the mean of small increments, and the noise of a gradient is larger.
    Gauss and Newton's steps on some ten thousand samples find them to parts in ten thousand, in double precision. An
    error counts against the increments of the half thousand samples around it: soft passages weigh as loud ones.

    Args:
        model: whose states and last input are all of its memory, such as an `STN`; at most a few thousand weights.
        data: with states.
        samples: how many are drawn, a multiple of 1024.
        steps: of the method, those in vain included.
        floor: of the level of a passage, over that of all data.
        seed: of the draw.

    Returns:
        The model, in its own precision, and the mean square that is left of the weighted errors, one for each state.

    Raises:
        ValueError: for data without states or shorter than 512 samples, or such as do not fit the model.
        TypeError: for a model without circuit states.

    Source: Levenberg 1944, Marquardt 1963.
    """
    if not isinstance(checked_model(model), StateModel):
        raise TypeError(f"{type(model).__name__} has no circuit states: train it with fit()")
    data = with_states(checked_data(data), model)
    check_signals(model, data, "data")
    data = with_knobs(data, model)
    if data.states is None:
        raise ValueError("fit_increments needs the circuit's states: Dataset(..., states=...)")
    checked_width("steps", steps)
    if checked_width("samples", samples) % AT_ONCE:
        raise ValueError(f"samples must be a multiple of {AT_ONCE}, got {samples}")
    trained = knowing(model, data)
    with jax.enable_x64(True):
        wide = _in(jnp.float64, trained)
        drawn = jax.tree.map(jnp.asarray, _drawn(data, samples, floor, np.random.default_rng(seed)))
        normal, start, unravelled = _problem(wide, drawn)
        minimum = descend(normal, start, steps=steps)
        found = nnx.state(wide.with_parameters(unravelled(jnp.asarray(minimum.at))))
        nnx.update(trained, _cast(found, trained.dtype))
    return trained, minimum.error / data.states.shape[-1]


def _in(dtype: Any, model: Any) -> Any:
    """The same model in that precision."""
    other = Model.from_settings(model.settings | {"dtype": np.dtype(dtype).name})
    nnx.update(other, _cast(nnx.state(model), dtype))
    return other


def _cast(state: Any, dtype: Any) -> Any:
    return jax.tree.map(lambda a: a.astype(dtype) if jnp.issubdtype(a.dtype, jnp.floating) else a, state)


def _drawn(data: Dataset, samples: int, floor: float, rng: np.random.Generator) -> _Samples:
    """Passages alike, and samples of them."""
    levels = data.windows(LEVEL)
    assert levels.before is not None  # the states are known
    previous = np.concatenate([levels.initial[:, None], levels.states[:, :-1]], axis=1, dtype=float)
    squares = np.mean(np.square(levels.states - previous), axis=1)
    size = np.sqrt(squares + floor**2 * squares.mean(axis=0)) + 1e-30
    passage = rng.choice(len(size), samples)
    place = passage, rng.integers(0, LEVEL, samples)
    x = np.concatenate([levels.before.x[:, None], levels.x[:, :-1]], axis=1)[place]
    knobs = {name: value[place][:, None] for name, value in levels.controls.items()}
    before = {
        name: np.concatenate([levels.before.controls[name], value[:, :-1]], axis=1)[place][:, None]
        for name, value in levels.controls.items()
    }
    one = Windows(
        levels.x[place][:, None], levels.y[place], levels.states[place], previous[place], knobs, Before(x, before)
    )
    return _Samples(jax.tree.map(lambda a: np.asarray(a, float), one), 1 / size[passage])


def _problem(model: StateModel, drawn: _Samples) -> tuple[Any, Array, Any]:
    """Gauss and Newton's matrix, half the gradient and the error at weights; the weights at first, and back."""
    flat, unravelled = ravel_pytree(model.parameters())
    rest = model.init_carry(())

    def left(weights: Array, one: Windows, weight: Array) -> Array:
        now = model.with_parameters(unravelled(weights))
        start = true_start(now, rest, one.initial, one.before or Before(jnp.nan, {}))
        _, _, states = now.trace(start, one.x, one.controls or None, Forcing(one.initial[None]))
        return weight * (states[0] - one.states)

    def part(weights: Array, samples: _Samples) -> tuple[Array, Array, Array]:
        both = jax.vmap(lambda *each: (left(weights, *each), jax.jacrev(left)(weights, *each)))(*samples)
        error, slope = both[0].ravel(), both[1].reshape(-1, weights.size)
        return slope.T @ slope, slope.T @ error, error @ error

    parts = jax.tree.map(lambda a: a.reshape(-1, AT_ONCE, *a.shape[1:]), drawn)
    count = len(drawn.weight)

    @jax.jit
    def normal(weights: Array) -> tuple[Array, ...]:
        found = jax.lax.map(lambda samples: part(weights, samples), parts)
        return tuple(jnp.sum(each, axis=0) / count for each in found)

    return lambda weights: normal(jnp.asarray(weights)), flat, unravelled

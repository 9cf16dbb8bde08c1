"""What is minimised: the loss of one block, and the state that is handed from block to block."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from circuitnn.losses.floor import SHARE
from circuitnn.model import Carry, Forcing, Model, StateModel
from circuitnn.train.dataset import Before, Windows

Loss = Callable[[Array, Array], Array]
Run = Callable[[Model, Carry, Any, Forcing | None], tuple[Carry, Array, Array | None]]  # as `run_block`


@final
class Starts(NamedTuple):
    """Where the knobs are when windows begin: the different settings, and which of them each window has.

    A rest is sought for each setting only: there are few of them, and many windows.

    Attributes:
        knobs: (settings, 1) each; empty without knobs.
        setting: (windows,) indices.
    """

    knobs: dict[str, Any]
    setting: Any

    @staticmethod
    def of(windows: Windows) -> "Starts":
        """Of windows in NumPy arrays."""
        if not windows.controls:
            return Starts({}, np.zeros(len(windows.x), int))
        return Starts.at({name: knob[:, 0] for name, knob in windows.controls.items()})

    @staticmethod
    def at(first: Mapping[str, np.ndarray]) -> "Starts":
        """Of the knobs where windows begin, (windows,) each."""
        settings, setting = np.unique(np.stack([*first.values()], axis=-1), axis=0, return_inverse=True)
        columns = np.split(settings, settings.shape[1], axis=1)
        return Starts(dict(zip(first, columns, strict=True)), setting.reshape(-1))

    def choose(self, rests: Carry, index: Any) -> Carry:
        """Of the `resting_carry` of each setting that of some windows."""
        return chosen_carry(rests, self.setting[index])


def chosen_carry(carry: Carry, index: Any) -> Carry:
    """Some entries of the batch of a carry; a scalar belongs to all of them."""
    return jax.tree.map(lambda leaf: leaf[index] if leaf.ndim else leaf, carry)


def resting_carry(model: Model, starts: Starts) -> Carry:
    """At rest with the knobs at each setting; the settings are the batch."""
    count = max((len(knob) for knob in starts.knobs.values()), default=1)
    return lax.stop_gradient(model.init_carry((count,), starts.knobs or None))


def starting_carry(model: Model, rest: Carry, windows: Windows) -> Carry:
    """At rest; a model with circuit states starts from the true ones where they are known."""
    if isinstance(model, StateModel) and windows.initial is not None:
        first = {name: knob[:, :1] for name, knob in windows.controls.items()}
        before = Before(jnp.nan, first) if windows.before is None else windows.before
        return true_start(model, rest, windows.initial, before)
    return rest


def true_start(model: StateModel, rest: Carry, states: Any, before: Before) -> Carry:
    """The carry at true states, with the currents that belong to them: from input and knobs at the same sample.

    Args:
        model: of those states.
        rest: its carry at rest there.
        states: (batch, n_states).
        before: of the same sample; where its x is NaN, silence.
    """
    states, x = jnp.asarray(states, model.dtype), jnp.asarray(before.x, model.dtype)
    batch, knobs = states.shape[:-1], before.controls or None
    silence = model.silence(batch, knobs)
    x = jnp.where(jnp.isnan(x), jnp.zeros((), model.dtype) if silence is None else silence, x)
    heard = model.with_input(rest, jnp.broadcast_to(x, (*batch, model.in_features)))
    return model.force(heard, states, controls=knobs)


def output_floor(windows: Windows) -> Array:
    """What is added below the ratios of a loss, in the square of the output's unit: see `losses.floored`."""
    return SHARE * jnp.mean(jnp.square(windows.y))


def previous_states(windows: Windows) -> Array | None:
    """The true states before each sample, (batch, time, n_states); None where they are unknown."""
    if windows.states is None:
        return None
    return jnp.concatenate([windows.initial[:, None], windows.states[:, :-1]], axis=1)


def run_block(model: Model, carry: Carry, block: Windows, forcing: Forcing | None) -> tuple[Carry, Array, Array | None]:
    """carry, y, and the states of a model that has them."""
    if isinstance(model, StateModel):
        return model.trace(carry, block.x, block.controls or None, forcing)
    carry, y = model(carry, block.x, block.controls or None)
    return carry, y, None


def state_scale(windows: Windows, *, horizon: Any) -> Any:
    """Energy that the state error is measured against, for each state.

    A model that is shown the true state before every sample only has to add one increment, and a slow state hardly
    changes in one sample: there the error counts against the increments, so that slow and fast states weigh the same.
    Between true states further apart the error adds up over as many increments, at most to the state itself.

    Args:
        windows: with states.
        horizon: samples from one true state to the next; None where the model runs freely.
    """
    size = jnp.mean(jnp.square(windows.states), axis=(0, 1))
    # Without its mean: of a capacitor at half the supply only what moves is a signal, if it is 0.1 mV for each volt.
    signal = jnp.var(windows.states, axis=(0, 1)) + 1e-8 * size + 1e-30
    if horizon is None:
        return signal
    increments = jnp.mean(jnp.square(windows.states - previous_states(windows)), axis=(0, 1)) + 1e-12 * size + 1e-30
    if isinstance(horizon, int) and horizon == 1:
        return increments
    return jnp.minimum(jnp.square(jnp.asarray(horizon, signal.dtype)) * increments, signal)


def block_loss(
    model: Model,
    carry: Carry,
    block: Windows,
    forcing: Forcing | None,
    loss: Callable[..., Array],
    state_weight: float,
    scale: Any,
    emphasis: Array | None = None,
    run: Run = run_block,
) -> tuple[Array, Carry]:
    """Loss of one block, and the carry for the next, from which no gradient flows back."""
    carry, y, states = run(model, carry, block, forcing)
    value = loss(y, block.y)
    if state_weight and states is not None and block.states is not None:
        square = jnp.square(states - block.states)
        error = jnp.mean(square if emphasis is None else emphasis[:, None] * square, axis=(0, 1))
        value = value + state_weight * jnp.mean(error / scale)
    return value, lax.stop_gradient(carry)

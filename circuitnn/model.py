"""The block law: what every model of this library obeys, and how models are run.

A model is a causal system with a carry: ``carry, y = model(carry, x, controls)``. Cutting ``x`` anywhere along time and
handing the carry on gives the same ``y``. Streaming is short blocks; truncated backpropagation is a gradient inside one
block; warm-up is a block without a loss; a hybrid is models in a row with their carries in a tuple.
"""

import abc
from collections.abc import Mapping
from typing import Any, NamedTuple, Self, cast, final

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from flax.traverse_util import flatten_dict
from jax import Array
from jax.typing import ArrayLike

from circuitnn.arguments import NO_MODEL, at_level, checked, spread_level
from circuitnn.description import model_in_words
from circuitnn.knobs import check_shape, matched
from circuitnn.operations import Count, operations_of
from circuitnn.plainly import plainly
from circuitnn.running import as_block, checked_at_the_border, play, signal_shape
from circuitnn.samples import check_finite
from circuitnn.settings import build, settings_of

_PLAIN = (np.ndarray, np.generic, float, int)
Carry = Any
Controls = Mapping[str, ArrayLike]
Level = ArrayLike | None  # (..., in_features) volts; None for silence
Rest = tuple[Carry, Array | None]  # a carry, and what comes out there; None for 0 V


class Forcing(NamedTuple):
    """True circuit states shown to a model while it runs: teacher forcing, scheduled sampling.

    Attributes:
        previous: (..., time, n_states) in volts and amperes: the true state *before* each sample.
        mask: (..., time) boolean, where the model's own state is overwritten; None means at every sample, which lets a
            model without other memory run in parallel over time.
    """

    previous: Array
    mask: Array | None = None


class Model(nnx.Module):
    """A causal system with a carry (abstract).

    Attributes:
        in_features: width of ``x``, controls not counted.
        out_features: width of ``y``.
        controls: names of the knobs with their default values; empty when there are none.
        dtype: floating-point type of the signals.
        fs: sample rate in hertz that it was made for, or trained at; None where it has none.
        volts: what 1.0 is in volts, at the input and at the output; None where nobody has said. A network takes it over
            from the data of its training, a capture from its file; `circuitnn.train.save` keeps it.
    """

    in_features: int
    out_features: int
    dtype: Any
    fs: float | None = None
    volts: tuple[float, float] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("__call__", "trace", "force"):
            method = vars(cls).get(name)
            if method is not None and not getattr(method, "__isabstractmethod__", False):
                setattr(cls, name, checked_at_the_border(method))

    def __str__(self) -> str:
        return model_in_words(self)

    __repr__ = __str__

    @property
    def settings(self) -> dict[str, Any]:
        """What it is, as plain data: its kind and the arguments that it is made with, see `circuitnn.settings`."""
        return settings_of(self)

    @classmethod
    @final
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """A new model with those settings; its weights are as drawn for the first time.

        Raises:
            ValueError, TypeError: when they are no model's, or not one of this class.
        """
        model = build(dict(settings))
        if not isinstance(model, cls):
            raise TypeError(f"the settings are those of a {type(model).__name__}, not of a {cls.__name__}")
        return model

    @property
    @abc.abstractmethod
    def controls(self) -> Mapping[str, float]:
        """Names of the knobs with their default values."""

    def trained_at(self, fs: float) -> None:
        """Take over the sample rate in hertz of a training, where weights depend on it and none is known yet."""
        if "fs" in vars(self) and self.fs is None:
            self.fs = float(fs)

    def rebuilt_at(self, fs: float) -> "Model | None":
        """The same model built for another sample rate in hertz, see `circuitnn.resampled`; None where it cannot be."""
        return None

    @property
    def latency(self) -> int:
        """By how many samples the output comes late: zero but for models that are oversampled or delayed."""
        return 0

    @final
    def parameters(self) -> dict[Any, Any]:
        """All that can be learnt: a pytree of arrays under the names of their places in the model.

        ``jax.grad(lambda p: loss(model.with_parameters(p)))(model.parameters())`` is the gradient in all of it. Of a
        circuit these are the `trainable` values by name, on the scale that they are learnt on.
        """
        return nnx.to_pure_dict(nnx.state(self, nnx.Param))

    @final
    def with_parameters(self, parameters: Mapping[Any, Any]) -> Self:
        """The same model with other numbers, which may be traced; this one stays as it is.

        Args:
            parameters: as from `parameters`, or a part of that. Numbers that are not learnt can be given as well, under
                the names that `flax.nnx.state` has for them. A scalar may become an array.

        Raises:
            ValueError: for a name or a shape that the model does not have.
        """
        graph, state = nnx.split(self)
        variables = dict(nnx.to_flat_state(state))
        for path, value in flatten_dict(parameters).items():
            name, variable = ".".join(map(str, path)), variables.get(path)
            if variable is None:
                there = ", ".join(".".join(map(str, path)) for path in variables)
                raise ValueError(f"no parameter {name} in this {type(self).__name__}; there are {there or 'none'}")
            if variable.shape and variable.shape != jnp.shape(value):
                raise ValueError(f"parameter {name}: expected shape {variable.shape}, got {jnp.shape(value)}")
            variables[path] = variable.replace(jnp.asarray(value, variable.dtype))
        return nnx.merge(graph, nnx.from_flat_state(variables), copy=True)

    @final
    def count(self, *, knobs_move: bool = True) -> Count:
        """What it costs: weights, operations of a sample, and numbers of state.

        Counted is its own one-sample step, where it depends on the signal, the carry or the knobs. Each addition,
        multiplication, division, maximum or elementary function of a real number is one operation (a product with n
        inputs and a bias is 2 n); comparisons and moving numbers are none. Of branches the dearest counts, and of a
        loop without a fixed number of rounds (Newton's iteration) one round.

        Args:
            knobs_move: also count what depends on the knobs alone, as where they move with every sample.
        """
        carry = jax.eval_shape(lambda: self.init_carry())
        x = jax.ShapeDtypeStruct((1, self.in_features), self.dtype)
        knobs = {name: jax.ShapeDtypeStruct((1,), self.dtype) for name in self.controls} if knobs_move else {}
        numbers = [leaf.size for leaf in jax.tree.leaves(carry) if jnp.issubdtype(leaf.dtype, jnp.floating)]
        weights = sum(np.size(weight) for weight in jax.tree.leaves(nnx.state(self, nnx.Param)))
        with plainly():
            operations = operations_of(lambda *arguments: self(*arguments), carry, x, knobs)
        return Count(weights, operations, sum(numbers))

    @abc.abstractmethod
    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        """The carry of a model at rest, where everything begins that is no continuation.

        Its arrays have the batch in front; those without a dimension belong to all entries alike.

        Args:
            batch: shape of the batch.
            controls: the knobs that the model rests with, as for a block; of those along time the first sample counts.
                The defaults when None.
            level: (..., in_features) volts, the constant that has gone in for long; None for silence, which to a
                circuit is the DC values of its inputs.
        """

    def silence(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> Array | None:
        """What goes in while nothing is heard, broadcast against (*batch, in_features); None where that is 0 V."""
        return None

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        """The carry at rest, and what comes out there: the level that the next model in a row begins with.

        Arguments as for `init_carry`. The output broadcasts against (*batch, out_features); None where it is 0 V.
        """
        carry = at_level(self, batch, controls, level)
        knobs = {name: jnp.asarray(value) for name, value in (controls or {}).items()}
        first = {name: value[..., :1] if value.ndim else value for name, value in knobs.items()}
        x = spread_level(level, (*batch, self.in_features), self.dtype)
        return carry, run(self, x[..., None, :], carry, controls=first)[1][..., 0, :]

    @abc.abstractmethod
    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        """One block.

        Args:
            carry: from `init_carry` or from the block before.
            x: (..., time, in_features).
            controls: knob values, each a scalar or an array that broadcasts against (..., time), so that one value for
                each batch entry has the shape (batch, 1). Missing names keep their defaults.

        Returns:
            The carry after the block, and y (..., time, out_features).
        """


class StateModel(Model):
    """A model with circuit states: ``x_n = F(x_{n-1}, u_n)``, ``y_n = G(x_n, u_n)`` (abstract).

    Attributes:
        state_names: the capacitors (volts) and inductors (amperes) whose states the model has, in order.
        states_are_outputs: whether its states are its outputs, and those of the data it is trained on their outputs.
    """

    state_names: tuple[str, ...]
    states_are_outputs: bool = False

    @abc.abstractmethod
    def trace(
        self, carry: Carry, x: Array, controls: Controls | None = None, forcing: Forcing | None = None
    ) -> tuple[Carry, Array, Array]:
        """One block, with the states after each sample: carry, y, states (..., time, n_states).

        With `forcing` the model's state before a sample is overwritten by the true one wherever the mask says so.
        """

    @abc.abstractmethod
    def states(self, carry: Carry) -> Array:
        """The circuit states in a carry, (..., n_states), in volts and amperes."""

    def with_input(self, carry: Carry, x: Array) -> Carry:
        """The carry with x (..., in_features) as its last input, which the currents at forced states follow from."""
        return carry

    @abc.abstractmethod
    def force(self, carry: Carry, states: Array, *, controls: Controls | None = None) -> Carry:
        """The carry with its circuit states replaced by `states` (..., n_states), in volts and amperes; the rest stays.

        Args:
            carry: from `init_carry`, a block, or `with_input`.
            states: the true ones.
            controls: the knobs as for `init_carry`, where other numbers of the carry follow from states and knobs.
        """

    @final
    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        return self.trace(carry, x, controls)[:2]


def controls(model: Any, /, **values: ArrayLike) -> dict[str, Array]:
    """All knobs of a model or circuit, the named ones at the given values and the others at their defaults.

    A value is a constant, or an array along time (..., time); names in any case. The position of a knob, a control
    whose default is from 0 to 1, is from 0 to 1 too; that of a traced one is not checked.

    Raises:
        ValueError: for a name that the model does not have, and a position that is out of range.
    """
    return all_controls(model, values)


def all_controls(model: Any, values: Controls | None, signal: tuple[int, ...] | None = None) -> dict[str, Array]:
    """As `controls`; with the shape (..., time) of a signal, the values have to go along it.

    Plain numbers and those of NumPy for a signal stay NumPy's, in the model's precision: JAX compiles a program for
    each shape that it takes over, and takes 40 us for a number.
    """
    defaults, dtype = model.controls, getattr(model, "dtype", None)
    chosen = {**defaults, **matched(values, defaults)}
    arrays: dict[str, Any] = {
        name: np.asarray(value, dtype) if signal and isinstance(value, _PLAIN) else jnp.asarray(value, dtype)
        for name, value in chosen.items()
    }
    if signal is not None:
        for name, value in arrays.items():
            check_shape(name, value.shape, signal)
    return arrays


def run(
    model: Model,
    x: ArrayLike,
    carry: Carry | None = None,
    *,
    controls: Controls | None = None,
    recover: bool = False,
    out: np.ndarray | None = None,
) -> tuple[Carry, Array]:
    """Run a model over a signal; a long one in blocks, so that its own memory does not grow with the length.

    Args:
        model: any `Model`.
        x: (time,), (time, in_features) or (..., time, in_features), in volts.
        carry: from an earlier call; the model at rest when None.
        controls: see `controls`.
        recover: a stream goes on whatever comes in: samples that are NaN or infinite are heard as silence, and what has
            no finite state begins anew at rest, in the batch each for itself. A `StreamWarning` says so.
        out: an array of NumPy that y is written into, and that is returned; a mapped file takes hours.

    Returns:
        The carry, and y with the rank of x: (time,) for a one-dimensional x of a model with one output, else
        (..., time, out_features).

    Raises:
        ValueError: when the shape of x does not fit, or a number of it or of a knob is NaN or infinite; with the place.
    """
    block = as_block(x, checked_model(model).in_features, model.dtype)
    values = all_controls(model, controls, signal_shape(block))
    return play(model, block, carry, values, is_observed=False, recover=recover, out=out)[:2]


def trace(
    model: StateModel,
    x: ArrayLike,
    carry: Carry | None = None,
    *,
    controls: Controls | None = None,
    forcing: Forcing | None = None,
    recover: bool = False,
) -> tuple[Carry, Array, Array]:
    """Run a model over a signal and observe its circuit states.

    Arguments as for `run`; `forcing` shows the model the true states (teacher forcing).

    Returns:
        carry, y, and the states (..., time, n_states) in volts and amperes, in the order of `model.state_names`.
    """
    if not isinstance(checked_model(model), StateModel):
        raise TypeError(f"{type(model).__name__} has no circuit states to observe; use run()")
    block = as_block(x, model.in_features, model.dtype)
    values = all_controls(model, controls, signal_shape(block))
    if forcing is not None:
        if forcing.previous.shape != (expected := (*signal_shape(block), len(model.state_names))):
            raise ValueError(f"forcing states: expected shape {expected}, got {forcing.previous.shape}")
        check_finite("forcing states", forcing.previous, ("sample", "state"))
    return cast(Any, play(model, block, carry, values, is_observed=True, recover=recover, forcing=forcing))


def checked_model(model: Any) -> Any:
    """The model; TypeError for what is none, which says how to make one of it."""
    return checked(model, Model, "a model", NO_MODEL)

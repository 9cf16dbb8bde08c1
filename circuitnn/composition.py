"""Models made of models: in a row, side by side, and beside a wire. A hybrid is one of these."""

import abc
import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, final

import jax.numpy as jnp
from flax import nnx
from jax import Array

from circuitnn.arguments import at_level, checked_level, spread_level
from circuitnn.knobs import joined, within
from circuitnn.model import Carry, Controls, Level, Model, Rest
from circuitnn.settings import register, settings_of
from circuitnn.wrapper import SameRate


class Composition(Model):
    """Several models as one (abstract).

    Attributes:
        models: the members, in order.
        names: the members' names, in order; empty where they were given without.
    """

    names: tuple[str, ...]

    def __init__(self, what: str, models: tuple[Model, ...], named: Mapping[str, Model]):
        if models and named:
            raise ValueError(f"{what}: the models are given by name or by position, not both")
        members = models or tuple(named.values())
        if not members:
            raise ValueError(f"{what}() needs at least one model")
        for name, member in zip(named or range(len(members)), members, strict=True):
            if not isinstance(member, Model):
                raise TypeError(f"{what}: {name} is a {type(member).__name__}, not a model")
        _check_dtypes(members)
        _check_rates(what, members)
        self.models = nnx.List(members)
        self.names = tuple(named)
        self.dtype = members[0].dtype

    def __getitem__(self, part: str | int) -> Model:
        """The member of that name or at that position.

        Raises:
            KeyError: when there is none of that name; says which there are.
        """
        if isinstance(part, int):
            return self.models[part]
        if part not in self.names:
            raise KeyError(f"no part named {part!r}; there are {', '.join(self.names) or 'none with names'}")
        return self.models[self.names.index(part)]

    @property
    def controls(self) -> Mapping[str, float]:
        return joined(model.controls for model in self.models)

    @property
    def fs(self) -> float | None:  # type: ignore[override]
        """The rate of the parts that have one."""
        return next((model.fs for model in self.models if model.fs is not None), None)

    def trained_at(self, fs: float) -> None:
        for model in self.models:
            model.trained_at(fs)

    def rebuilt_at(self, fs: float) -> Model | None:
        parts = [model.rebuilt_at(fs) for model in self.models]
        if any(part is None for part in parts):
            return None
        return _composed(type(self), dict(zip(self.names, parts, strict=True)) if self.names else parts)  # type: ignore[arg-type]

    @property
    def settings(self) -> dict[str, Any]:
        """The kind, and the settings of the parts, by name where they have names."""
        parts = dict(zip(self.names, self.models, strict=True)) if self.names else list(self.models)
        return settings_of(self, models=parts)


@partial(register, build=lambda models: _composed(Chain, models))
@final
class Chain(Composition):
    """Models in a row; the carry is the tuple of their carries, a knob name reaches every member that has it."""

    def __init__(self, *models: Model, **named: Model):
        super().__init__("chain", models, named)
        for before, after in itertools.pairwise(self.models):
            if before.out_features != after.in_features:
                raise ValueError(
                    f"chain: {type(before).__name__} gives {before.out_features} feature(s), "
                    f"{type(after).__name__} takes {after.in_features}"
                )
        self.in_features = self.models[0].in_features
        self.out_features = self.models[-1].out_features

    @property
    def latency(self) -> int:
        return sum(model.latency for model in self.models)

    def silence(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> Array | None:
        return self.models[0].silence(batch, within(controls, self.models[0].controls))

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        """Each model has heard for long what the one before it puts out at rest."""
        carries, level = _in_a_row(self.models[:-1], batch, controls, level)
        last = self.models[-1]
        return (*carries, at_level(last, batch, within(controls, last.controls), level))

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        return _in_a_row(self.models, batch, controls, level)

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        carries = []
        for model, before in zip(self.models, carry, strict=True):
            after, x = model(before, x, within(controls, model.controls))
            carries.append(after)
        return tuple(carries), x


class SideBySide(Composition):
    """Models on the same input; what is made of their outputs, those that are early as late as the others (abstract).

    The carry are the models' carries and their delay lines, each as a tuple.
    """

    def __init__(self, what: str, models: tuple[Model, ...], named: Mapping[str, Model]):
        super().__init__(what, models, named)
        widths = {(model.in_features, model.out_features) for model in self.models}
        if len(widths) > 1:
            raise ValueError(f"{what}: the models differ in (in_features, out_features): {sorted(widths)}")
        self.in_features, self.out_features = widths.pop()

    @abc.abstractmethod
    def mixed(self, outputs: list[Array], controls: Controls | None) -> Array:
        """One output of those of all models, (..., time, out_features) each."""

    @property
    def latency(self) -> int:
        return max(model.latency for model in self.models)

    def silence(self, batch: tuple[int, ...] = (), controls: Controls | None = None) -> Array | None:
        """That of the first model that has one."""
        silences = (model.silence(batch, within(controls, model.controls)) for model in self.models)
        return next((level for level in silences if level is not None), None)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        return self.at_rest(batch, controls, level, [model.latency < self.latency for model in self.models])[0]

    def at_rest(
        self, batch: tuple[int, ...], controls: Controls | None, level: Level, are_asked: list[bool]
    ) -> tuple[Carry, list[Array | None]]:
        """The carry, and the outputs of those models that are asked for them."""
        level = self.silence(batch, controls) if level is None else level
        carries, lines, outputs = [], [], []
        for model, is_asked in zip(self.models, are_asked, strict=True):
            knobs, y = within(controls, model.controls), None
            if is_asked:
                carry, y = model.resting(batch, knobs, level=level)
            else:
                carry = at_level(model, batch, knobs, level)
            carries.append(carry)
            outputs.append(y)
            before = spread_level(y, (*batch, self.out_features), self.dtype)
            lines.append(delay_line(self.latency - model.latency, before))
        return (tuple(carries), tuple(lines)), outputs

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        carries, lines, outputs = [], [], []
        for model, before, line in zip(self.models, *carry, strict=True):
            after, y = model(before, x, within(controls, model.controls))
            line, y = delayed(line, y)
            carries.append(after)
            lines.append(line)
            outputs.append(y)
        return (tuple(carries), tuple(lines)), self.mixed(outputs, controls)


@partial(register, build=lambda models: _composed(Parallel, models))
@final
class Parallel(SideBySide):
    """Models side by side on the same input; their outputs are added, those that are early as late as the others."""

    def __init__(self, *models: Model, **named: Model):
        super().__init__("parallel", models, named)

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        carry, outputs = self.at_rest(batch, controls, level, [True] * len(self.models))
        return carry, _sum(outputs)

    def mixed(self, outputs: list[Array], controls: Controls | None) -> Array:
        return functools.reduce(operator.add, outputs)


@register
@final
class Residual(SameRate):
    """The input added to the output of a model: ``y = x + model(x)``, with x as late as the model's output is.

    The carry are the model's and the delay line of x.
    """

    def __init__(self, model: Model):
        if model.in_features != model.out_features:
            raise ValueError(
                f"residual: {type(model).__name__} takes {model.in_features} and gives {model.out_features} feature(s)"
            )
        super().__init__(model)

    def init_carry(
        self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None
    ) -> Carry:
        level = self.silence(batch, controls) if level is None else level
        return at_level(self.model, batch, controls, level), self._line(batch, level)

    def resting(self, batch: tuple[int, ...] = (), controls: Controls | None = None, *, level: Level = None) -> Rest:
        level = self.silence(batch, controls) if level is None else level
        carry, y = self.model.resting(batch, controls, level=level)
        x = None if level is None else checked_level(level, (*batch, self.in_features), self.dtype)
        return (carry, self._line(batch, level)), _sum([x, y])

    def _line(self, batch: tuple[int, ...], level: Level) -> Array:
        return delay_line(self.latency, spread_level(level, (*batch, self.in_features), self.dtype))

    def __call__(self, carry: Carry, x: Array, controls: Controls | None = None) -> tuple[Carry, Array]:
        after, y = self.model(carry[0], x, controls)
        line, late = delayed(carry[1], x)
        return (after, line), late + y


def delay_line(samples: int, level: Array) -> Array:
    """(..., samples, features), the memory of `delayed`, after a signal that was `level` (..., features) for long."""
    return jnp.broadcast_to(level[..., None, :], (*level.shape[:-1], samples, level.shape[-1]))


def delayed(line: Array, signal: Array) -> tuple[Array, Array]:
    """The line after a block, and the signal (..., time, features) as many samples later as the line has."""
    joined, time = jnp.concatenate([line, signal], axis=-2), signal.shape[-2]
    return joined[..., time:, :], joined[..., :time, :]


def chain(*models: Model, **named: Model) -> Chain:
    """Models in a row: the output of each is the input of the next.

    Args:
        models: the models in order, or
        named: the same with names, ``chain(drive=a, tone=b)``: then ``model["tone"]`` is that part, and
            `circuitnn.train.per_part` knows it by its name. Sound, carry and checkpoints are the same.

    Raises:
        ValueError: for no model, and for models that do not fit each other.
    """
    return Chain(*models, **named)


def parallel(*models: Model, **named: Model) -> Parallel:
    """Models side by side on the same input, outputs added; what comes early waits for what is late (see `latency`).

    Args:
        models: the models, or
        named: the same with names, as for `chain`.

    Raises:
        ValueError: for no model, and for models that differ in their features or their precision.
    """
    return Parallel(*models, **named)


def residual(model: Model) -> Residual:
    """A model in parallel with a wire, which is as late as the model."""
    return Residual(model)


def _in_a_row(
    models: Iterable[Model], batch: tuple[int, ...], controls: Controls | None, level: Level
) -> tuple[Carry, Any]:
    """The carries of models at rest, each at the level that the one before it puts out, and the last one's level."""
    carries = []
    for model in models:
        carry, level = model.resting(batch, within(controls, model.controls), level=level)
        carries.append(carry)
    return tuple(carries), level


def _sum(levels: list[Array | None]) -> Array | None:
    """Of those that are not 0 V."""
    volts = [level for level in levels if level is not None]
    return functools.reduce(operator.add, jnp.broadcast_arrays(*volts)) if volts else None


def _composed(kind: Callable[..., Composition], models: Mapping[str, Model] | list[Model]) -> Composition:
    return kind(**models) if isinstance(models, Mapping) else kind(*models)


def _check_rates(what: str, models: tuple[Model, ...]) -> None:
    rates = {model.fs: type(model).__name__ for model in models if model.fs is not None}
    if rates and max(rates) - min(rates) > 1e-6 * max(rates):
        said = ", ".join(f"{kind} for {fs:g} Hz" for fs, kind in rates.items())
        raise ValueError(f"{what}: the models are for different sample rates: {said}; see circuitnn.resampled")


def _check_dtypes(models: tuple[Model, ...]) -> None:
    kinds = {jnp.dtype(model.dtype).name for model in models}
    if len(kinds) > 1:
        raise ValueError(f"the models differ in dtype: {', '.join(sorted(kinds))}")

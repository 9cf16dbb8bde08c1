"""What `fit` is given, looked at before anything is compiled."""

import dataclasses
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from circuitnn.arguments import checked, checked_width
from circuitnn.knobs import matched
from circuitnn.model import Model, StateModel, checked_model
from circuitnn.train.dataset import Dataset
from circuitnn.train.on_disk import PIECE
from circuitnn.train.order import Order
from circuitnn.train.regimes import InTurn, Regime
from circuitnn.train.starts import Start

_NO_REGIME = {"str": "cn.train.TruncatedBPTT(), TeacherForcing(), ScheduledSampling() or several InTurn"}


def checked_models(model: Any) -> list[Model]:
    """One model or several as a list.

    Raises:
        TypeError: for what is no model.
        ValueError: for none.
    """
    models = list(model) if isinstance(model, list | tuple) else [model]
    if not models:
        raise ValueError("fit() needs at least one model")
    return [checked_model(entry) for entry in models]


def checked_regime(regime: Any) -> Regime | InTurn:
    """The regime; TypeError for what is none, such as its class."""
    return checked(regime, Regime | InTurn, "a regime", _NO_REGIME)


def difference(models: Sequence[Model]) -> str:
    """In which settings models differ from the first one, in words."""
    first, *others = [model.settings for model in models]
    for other in others:
        for name in first.keys() | other.keys():
            if first.get(name) != other.get(name):
                return f"; they differ in {name}: {first.get(name)} and {other.get(name)}"
    return ""


def check_task(
    model: Model,
    data: Dataset,
    regime: Regime | InTurn,
    loss: Any,
    *,
    state_weight: Any,
    callback: Any,
    order: Any,
    starts: Any,
    **numbers: Any,
) -> None:
    """Whether the data, the regime and the loss are for that model.

    Raises:
        TypeError: for a loss or a callback that is no function.
        ValueError: for numbers out of range, and data that do not fit the model or the regime.
    """
    for name, value in numbers.items():
        checked_width(name, value)
    if not (isinstance(state_weight, int | float | np.number) and 0 <= state_weight < np.inf):
        raise ValueError(f"state_weight must be finite and not negative, got {state_weight!r}")
    for name, choice, choices in (("order", order, get_args(Order)), ("starts", starts, get_args(Start))):
        if choice not in choices:
            raise ValueError(f"{name}: there are {', '.join(choices)}, not {choice!r}")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback has to be a function of a cn.train.EpochEnd, got {callback!r}")
    if not callable(loss):
        raise TypeError(f"loss has to be a function of (prediction, target) such as cn.losses.esr, got {loss!r}")
    check_signals(model, data, "data")
    if starts == "stored" and data.is_on_disk:
        raise ValueError(
            'starts="stored" runs over all recordings side by side, and these stay on disk: take them into memory, '
            "Dataset(np.asarray(data.x), np.asarray(data.y), ...), or give windows a longer warmup="
        )
    for part in parts_of(regime):
        if part.needs_states and not isinstance(model, StateModel):
            raise ValueError(
                f"{type(part).__name__} shows a model the circuit's states, and {type(model).__name__} has none: "
                "train it with TruncatedBPTT"
            )
        if part.needs_states and data.states is None:
            raise ValueError(f"{type(part).__name__} needs the circuit's states: Dataset(..., states=...)")
        data.places(part.length * part.blocks, warmup=part.warmup)


def check_validation(model: Model, validation: Dataset, data: Dataset, regime: Regime | InTurn) -> None:
    """Whether the validation data are for that model, and such as the training data are.

    Raises:
        ValueError: where they are not.
    """
    check_signals(model, validation, "validation data")
    if abs(validation.fs - data.fs) > 1e-6 * data.fs:
        raise ValueError(
            f"the validation data are at {validation.fs:g} Hz, the data at {data.fs:g} Hz: circuitnn.audio.resample "
            "takes recordings to another rate"
        )
    for part in parts_of(regime):
        try:
            validation.places(part.length * part.blocks, warmup=part.warmup)
        except ValueError as error:
            raise ValueError(f"the validation data are too short: {error}") from None
    if not any(np.any(validation.y[:, at : at + PIECE]) for at in range(0, validation.y.shape[1], PIECE)):
        raise ValueError("the validation data's y is silent: there is no error-to-signal ratio")


def check_signals(model: Model, data: Dataset, noun: str) -> None:
    """Whether signals have the width of a model's.

    Raises:
        ValueError: naming the data, and what has which width.
    """
    for name, have, want in (("x", data.x, model.in_features), ("y", data.y, model.out_features)):
        if have.shape[-1] != want:
            raise ValueError(f"the {noun}'s {name} has {have.shape[-1]} feature(s), {type(model).__name__} has {want}")
    if isinstance(model, StateModel) and data.states is not None and data.states.shape[-1] != len(model.state_names):
        raise ValueError(f"the {noun} have {data.states.shape[-1]} state(s), the model has {model.state_names}")


def parts_of(regime: Regime | InTurn) -> list[Regime]:
    """The regimes that there are."""
    return [part for part, _ in regime.parts] if isinstance(regime, InTurn) else [regime]


def with_states(data: Dataset, model: Model) -> Dataset:
    """The data with the outputs as states, for a model whose states are its outputs, and else as they are."""
    if not (isinstance(model, StateModel) and model.states_are_outputs):
        return data
    return dataclasses.replace(data, states=data.y, initial=None)


def with_knobs(data: Dataset, model: Model, noun: str = "data") -> Dataset:
    """The data with the model's spelling of its knobs."""
    try:
        values = matched(data.controls, model.controls)
    except ValueError as error:
        raise error if noun == "data" else ValueError(f"the {noun}: {error}") from None
    missing = [name for name in model.controls if name not in values]
    if missing:
        raise ValueError(
            f"the {noun} do not say where the knobs {', '.join(missing)} were: Dataset(..., "
            f"controls={{{', '.join(f'{name!r}: 0.5' for name in missing)}}})"
        )
    return data.renamed(values)

"""Training of any model under any regime: one call, one or many seeds, resumable at any moment."""

import dataclasses
import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from tqdm import tqdm

from circuitnn.description import block, counted
from circuitnn.losses import esr
from circuitnn.model import Model
from circuitnn.rates import warn_of_rate
from circuitnn.train.checkpoint import CheckpointError, load_tree, save_tree
from circuitnn.train.checks import check_task, checked_models, checked_regime, difference, with_knobs
from circuitnn.train.dataset import Dataset, checked_data
from circuitnn.train.epoch import Learner, Setting, batches_of, device_windows, make_epoch, make_validation
from circuitnn.train.objective import Loss
from circuitnn.train.parts import Optimizer, PerPart, learning
from circuitnn.train.regimes import InTurn, Regime

_VALIDATION_LENGTH, _VALIDATION_WARMUP = 8192, 1000


class DivergenceError(FloatingPointError):
    """The loss is no longer a finite number."""


@final
@dataclasses.dataclass
class History:
    """How training went; with several models every entry has one value for each.

    Attributes:
        loss: (epochs,) or (epochs, models): mean loss over the updates of each epoch.
        validation: (validations,) or (validations, models): free-running ESR.
        validation_epochs: the epoch after which each validation was made.
        seconds: (epochs,) wall time; the first includes the compilation.
        samples: samples that had a gradient, for each model.
        updates: optimiser steps, for each model.
    """

    loss: Any = dataclasses.field(default_factory=list)
    validation: Any = dataclasses.field(default_factory=list)
    validation_epochs: list[int] = dataclasses.field(default_factory=list)
    seconds: list[float] = dataclasses.field(default_factory=list)
    samples: int = 0
    updates: int = 0

    def __repr__(self) -> str:
        title = (
            f"History: {counted(len(self.loss), 'epoch')}, {counted(self.updates, 'update')}, {sum(self.seconds):.3g} s"
        )
        lines = []
        for name, values in (("loss", self.loss), ("validation ESR", self.validation)):
            table = np.atleast_2d(np.asarray(values, float).T)  # a row for each model
            for number, row in enumerate(table if len(values) else ()):
                model = f" of model {number}" if len(table) > 1 else ""
                lines.append(
                    f"{name}{model}: {row[0]:.3g} at first, {row[-1]:.3g} at last, {np.nanmin(row):.3g} at best"
                )
        return block(title, lines)


def fit(
    model: Model | Sequence[Model],
    data: Dataset,
    regime: Regime | InTurn,
    *,
    optimizer: Optimizer | PerPart | None = None,
    epochs: int = 50,
    seed: int = 0,
    batch: int = 40,
    loss: Loss = esr,
    state_weight: float = 1.0,
    validation: Dataset | None = None,
    validation_every: int | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_seconds: float = 10.0,
    progress: bool = True,
) -> tuple[Any, History]:
    """Train a model, or many of the same shape at once.

    Args:
        model: a model, or a sequence of models that differ in their numbers only (seeds): they are trained together in
            one compiled program, each with its own order of the data. The models given are not changed.
        data: signals; with circuit states for the regimes that show them.
        regime: `TeacherForcing`, `ScheduledSampling`, `TruncatedBPTT`, or several `InTurn`.
        optimizer: an optax optimiser, or a function of the total number of updates that gives one (for a schedule);
            `per_part` gives each part of a model its own or freezes it; None is Adam at 5e-4 (Wright et al. 2019).
        epochs: passes over the data.
        seed: for the order of the data and the random choices of the regime.
        batch: windows in one update.
        loss: of (prediction, target), both (batch, time, out_features), as those of `circuitnn.losses`.
        state_weight: weight of the state error of models with circuit states, added to `loss`.
        validation: data whose free-running ESR decides which weights are kept; without it the last ones are.
        validation_every: epochs between validations; None makes about twenty.
        checkpoint: a .npz file. It is written while training goes on, and when it exists training goes on from it, to
            the same numbers, bit for bit, as without the interruption.
        checkpoint_seconds: least time between two writes.
        progress: whether to show a progress bar.

    Returns:
        The trained model (or the list of them) and its `History`. Networks that knew no sample rate have that of the
        data.

    Warns:
        RateWarning: when data have another sample rate than the model.

    Raises:
        DivergenceError: when a loss is not finite; says where.
        CheckpointError: when the checkpoint belongs to another training.
        ValueError: when the data do not fit the model or the regime, or the optimiser's parts are not the model's.
    """
    is_many = not isinstance(model, Model)
    models = checked_models(model)
    check_task(models[0], checked_data(data), checked_regime(regime), loss, epochs=epochs, batch=batch)
    models = [_knowing_rate(member, data.fs) for member in models]
    data = with_knobs(data, models[0])
    validation = None if validation is None else with_knobs(checked_data(validation), models[0])
    for signals in (data,) if validation is None else (data, validation):
        warn_of_rate(models[0], signals.fs)
    plan = regime if isinstance(regime, InTurn) else InTurn((regime, 1.0))
    schedule = [plan.at(epoch / epochs) for epoch in range(epochs)]
    updates = sum(_updates(data, part, batch) for part in schedule)
    learnt = learning(optax.adam(5e-4) if optimizer is None else optimizer, models[0], updates)
    graph, params, fixed = _stack(models, is_many, learnt.values)
    setting = Setting(graph, learnt.optimizer, loss, state_weight, batch, models[0].dtype)
    init = jax.vmap(learnt.optimizer.init) if is_many else learnt.optimizer.init
    best_loss = jnp.full((len(models),) if is_many else (), jnp.inf, setting.dtype)
    learner = Learner(params, init(params), jax.tree.map(jnp.copy, params), best_loss)
    history = History()

    file = None if checkpoint is None else Path(checkpoint)
    label = {} if file is None else _fingerprint(learner, fixed, data, validation, schedule, seed, batch, setting)
    if file is not None and file.exists():
        learner, history = _resume(file, learner, label)
    every = validation_every or max(1, epochs // 20)
    validate = _Validation(setting, validation, every, is_many)
    key = jax.random.key(seed)
    keys = jax.random.split(key, len(models)) if is_many else key

    written, current = time.monotonic(), None
    with _bar(history, data, schedule, batch, progress, len(models)) as bar:
        for epoch in range(len(history.loss), epochs):
            began = time.monotonic()
            part = schedule[epoch]
            if part is not current:
                current = part
                run_epoch = make_epoch(setting, current, is_many=is_many)
                windows = device_windows(data, current.length * current.blocks, current.warmup, setting.dtype)
            learner, losses = run_epoch(learner, fixed, windows, keys, epoch, epochs)
            losses = np.asarray(losses, float)
            _require_finite(losses, epoch, part, file)
            history.loss.append(losses.mean(-1).tolist())
            history.updates += losses.shape[-1]
            history.samples += _samples(data, part, batch)
            learner = validate(learner, fixed, epoch, epochs, history)
            history.seconds.append(time.monotonic() - began)
            bar.update(_samples(data, part, batch) * len(models))
            bar.set_postfix_str(_summary(history), refresh=False)
            is_last = epoch == epochs - 1
            if file is not None and (is_last or time.monotonic() - written >= checkpoint_seconds):
                save_tree(file, learner, {**label, "history": dataclasses.asdict(history)})
                written = time.monotonic()

    chosen = learner.params if validation is None else learner.best_params
    history.loss, history.validation = np.asarray(history.loss), np.asarray(history.validation)
    trained = [nnx.merge(graph, _pick(chosen, i, is_many), _pick(fixed, i, is_many)) for i in range(len(models))]
    return (trained if is_many else trained[0]), history


class _Validation:
    """Keeps the best weights by their free-running error; does nothing without validation data."""

    def __init__(self, setting: Setting, data: Dataset | None, every: int, is_many: bool):
        self.every, self.windows = every, None
        if data is not None:
            warmup = min(_VALIDATION_WARMUP, data.x.shape[1] // 4)
            length = min(_VALIDATION_LENGTH, data.x.shape[1] - warmup)
            self.windows = device_windows(data, length, warmup, setting.dtype)
            self.run = make_validation(setting, warmup, is_many=is_many)

    def __call__(self, learner: Learner, fixed: Any, epoch: int, epochs: int, history: History) -> Learner:
        if self.windows is None or ((epoch + 1) % self.every and epoch != epochs - 1):
            return learner
        learner, value = self.run(learner, fixed, self.windows)
        history.validation.append(np.asarray(value, float).tolist())
        history.validation_epochs.append(epoch)
        return learner


def _knowing_rate(model: Model, fs: float) -> Model:
    """A copy whose networks know the rate that they are trained at."""
    model = nnx.clone(model)
    model.trained_at(fs)
    return model


def _stack(models: list[Model], is_many: bool, learnt: Any) -> tuple[Any, Any, Any]:
    """Structure, learnt values and other numbers; those of several models stacked along a first axis."""
    graphs, params, fixed = zip(*(nnx.split(model, learnt, ...) for model in models), strict=True)
    if any(graph != graphs[0] for graph in graphs):
        raise ValueError(f"models that are trained together must differ in their numbers only{difference(models)}")
    if not is_many:
        return graphs[0], jax.tree.map(jnp.copy, params[0]), fixed[0]  # a copy: the epoch takes over its buffers
    return graphs[0], *(jax.tree.map(lambda *a: jnp.stack(a), *trees) for trees in (params, fixed))


def _pick(tree: Any, index: int, is_many: bool) -> Any:
    return jax.tree.map(lambda a: a[index], tree) if is_many else tree


def _window_count(data: Dataset, part: Regime) -> int:
    return len(data.x) * ((data.x.shape[1] - part.warmup) // (part.length * part.blocks))


def _updates(data: Dataset, part: Regime, batch: int) -> int:
    return batches_of(_window_count(data, part), batch) * part.blocks


def _samples(data: Dataset, part: Regime, batch: int) -> int:
    """Samples of one epoch that have a gradient."""
    return _updates(data, part, batch) * part.length * min(batch, max(1, _window_count(data, part)))


def _require_finite(losses: np.ndarray, epoch: int, part: Regime, file: Path | None) -> None:
    bad = np.argwhere(~np.isfinite(np.atleast_2d(losses)))
    if not len(bad):
        return
    model, update = min(bad, key=lambda place: place[1])
    which = f" of model {model}" if losses.ndim > 1 else ""
    raise DivergenceError(
        f"the loss{which} became {np.atleast_2d(losses)[model, update]} in epoch {epoch}, update {update} of "
        f"{losses.shape[-1]}, under {part}. A lower learning rate or optax.clip_by_global_norm may help"
        + (f"; {file} still holds an earlier epoch." if file is not None and file.exists() else ".")
    )


def _bar(history: History, data: Dataset, schedule: list[Regime], batch: int, show: bool, models: int) -> tqdm:
    total = sum(_samples(data, part, batch) for part in schedule) * models
    done = history.samples * models
    return tqdm(total=total, initial=done, unit="sample", unit_scale=True, disable=not show, dynamic_ncols=True)


def _summary(history: History) -> str:
    text = f"epoch {len(history.loss)}, loss {np.mean(history.loss[-1]):.2e}"
    if history.validation:
        text += f", validation ESR {np.median(history.validation[-1]):.2e}"
    return text


def _fingerprint(
    learner: Learner, fixed: Any, data: Dataset, validation: Dataset | None, schedule, seed, batch, setting: Setting
) -> dict:
    """What has to be the same for a checkpoint to be continued."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves((learner.params, fixed)):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    for part in (data, validation):
        if part is not None:
            for array in (part.x, part.y, part.states, *(part.controls or {}).values()):
                digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    return {
        "regimes": [repr(part) for part in schedule],
        "seed": seed,
        "batch": batch,
        # Weights of a sum count, the address of a function in this process does not.
        "loss": re.sub(r" at 0x[0-9a-f]+", "", repr(setting.loss)),
        "state_weight": setting.state_weight,
        "numbers": digest.hexdigest(),
    }


def _resume(file: Path, learner: Learner, label: dict) -> tuple[Learner, History]:
    stored, header = load_tree(file, learner)
    history = History(**header.pop("history"))
    different = [name for name in label if header.get(name) != label[name]]
    if different:
        raise CheckpointError(
            f"{file}: belongs to another training (different: {', '.join(different)}); delete it to start afresh"
        )
    return jax.tree.map(jnp.asarray, stored), history

"""Training of any model under any regime: one call, one or many seeds, resumable at any moment."""

import dataclasses
import os
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from tqdm import tqdm

from circuitnn.losses import esr
from circuitnn.model import Model, StateModel
from circuitnn.rates import warn_of_rate
from circuitnn.train.checks import (
    check_task,
    check_validation,
    checked_models,
    checked_regime,
    with_knobs,
    with_states,
)
from circuitnn.train.dataset import Dataset, checked_data
from circuitnn.train.devices import checked_mesh, on_one
from circuitnn.train.epoch import Learner, Setting
from circuitnn.train.history import History
from circuitnn.train.identity import identity_of
from circuitnn.train.interruption import Interrupted, Interruption
from circuitnn.train.members import copied, knowing, separated, stacked
from circuitnn.train.objective import Loss
from circuitnn.train.optimizing import traced_loss, traced_optimizer
from circuitnn.train.order import Order
from circuitnn.train.parts import Optimizer, PerPart, learning
from circuitnn.train.passes import Passes, Task
from circuitnn.train.plan import Plan
from circuitnn.train.regimes import InTurn, Regime
from circuitnn.train.resuming import RunFile
from circuitnn.train.starts import Start
from circuitnn.train.stopping import EpochEnd, Stopping
from circuitnn.train.suspicion import warn_of_data
from circuitnn.train.validation import HORIZON, Validation, checked_horizon


class DivergenceError(FloatingPointError):
    """The loss is no longer a finite number."""


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
    order: Order = "shuffled",
    starts: Start = "rest",
    validation: Dataset | None = None,
    validation_every: int | None = None,
    validation_seconds: float = HORIZON,
    target: float | None = None,
    patience: int | None = None,
    mesh: Mesh | int | None = None,
    callback: Callable[[EpochEnd], bool | None] | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_seconds: float = 10.0,
    progress: bool = True,
) -> tuple[Any, History]:
    """Train a model, or many of the same shape at once.

    Args:
        model: a model, or a sequence of models that differ in their numbers only (seeds): they are trained together in
            one compiled program, each with its own order of the data. The models given are not changed.
        data: signals, in memory or from files (`recordings`); with circuit states for the regimes that show them.
        regime: `TeacherForcing`, `ScheduledSampling`, `NoiseInjection`, `MultipleShooting`, `GrowingHorizon`,
            `TruncatedBPTT`, or several `InTurn`.
        optimizer: an optax optimiser, or a function of the total number of updates that gives one (for a schedule);
            `per_part` gives each part of a model its own or freezes it; None is Adam at 5e-4 (Wright et al. 2019). It
            is told the loss (`optax.contrib.reduce_on_plateau`), and may ask for it elsewhere (`optax.lbfgs`).
        epochs: passes over the data.
        seed: for the order of the data and the random choices of the regime.
        batch: windows in one update.
        loss: of (prediction, target), both (batch, time, out_features), as those of `circuitnn.losses`; below their
            ratios 1e-8 of the mean square of the data's y is added.
        state_weight: weight of the state error of models with circuit states, added to `loss`.
        order: "shuffled", or "stratified": each batch has windows of all levels of y, the loud and the soft.
        starts: what a model remembers where a window begins. "rest", as if it had heard nothing (its circuit states are
            the true ones where they are known); "stored", what it had heard of the recording until there, 4 s or more,
            found anew at the start of each epoch. Models whose memory is longer than a warm-up need it.
        validation: data whose free-running ESR decides which weights are kept, those that training begins with among
            them; without it the last ones are. It is run over whole recordings, or excerpts of long ones, of at most
            60 s together.
        validation_every: epochs between validations; None makes about twenty.
        validation_seconds: of such an excerpt: as long as the model is to run on its own.
        target: training ends when the validation ESR, or without validation the loss, is not above it.
        patience: training ends when it has not become better for so many epochs. Of several models all have to be so
            far. A longer patience or another target goes on from a checkpoint.
        mesh: several devices of this host, their number or a `jax.sharding.Mesh`: each has a part of the windows of a
            batch, or of a list of models a part of them.
        callback: called after each epoch with an `EpochEnd`; training ends when it returns True.
        checkpoint: a .npz file, and one of the history beside it. They are written while training goes on and after
            Ctrl-C, and when they exist training goes on from them, to the same numbers, bit for bit, as without the
            interruption; with more `epochs` too, where the regime and the optimiser do not depend on their number.
        checkpoint_seconds: least time between two writes.
        progress: whether to show a progress bar.

    Returns:
        The trained model (or the list of them) and its `History`. Networks that knew no sample rate have that of the
        data.

    Warns:
        RateWarning: when data have another sample rate than the model.
        UserWarning: when the checkpoint cannot be written, such as on a full disk; training goes on.
        DataWarning: when y is silent, samples are clipped, x or y has an offset, y is late against x, the rate of the
            data is not known, or a warm-up hides much of recordings that begin in mid-signal.

    Raises:
        DivergenceError: when a loss is not finite; says where. Of several models one that diverges stops by itself, it
            keeps the weights of its best validation, and a UserWarning says so; where all have, it is this error.
        CheckpointError: when the checkpoint belongs to another training, whose differences it names, or another run
            has it.
        Interrupted: after Ctrl-C, at the end of an epoch: a KeyboardInterrupt with the model and the history so far.
        ValueError: when the data or the validation data do not fit the model or the regime, the optimiser's parts are
            not the model's, or the optimiser does not work on it.
    """
    is_many = not isinstance(model, Model)
    models = checked_models(model)
    numbers = {
        "epochs": epochs,
        "batch": batch,
        "validation_every": 1 if validation_every is None else validation_every,
    }
    options = {"state_weight": state_weight, "callback": callback, "order": order, "starts": starts}
    data = with_states(checked_data(data), models[0])
    check_task(models[0], data, checked_regime(regime), loss, **options, **numbers)
    data = with_knobs(data, models[0])
    if validation is not None:
        validation = with_knobs(with_states(checked_data(validation), models[0]), models[0], "validation data")
        check_validation(models[0], validation, data, regime)
    stopping = Stopping(target, patience)
    plan = Plan(data, regime, epochs=epochs, batch=batch)
    updates = sum(plan.updates(part) for part in plan.schedule)
    learnt = learning(optax.adam(5e-4) if optimizer is None else optimizer, models[0], updates)
    warn_of_data(models[0], data, validation, max(part.warmup for part in plan.schedule))
    models = [knowing(member, data) for member in models]
    warn_of_rate(models[0], data.fs)
    graph, params, fixed = stacked(models, learnt.values, is_many=is_many)
    one = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape[is_many:], a.dtype), params)
    parts = dict.fromkeys(plan.schedule)
    losses = {part: traced_loss(loss, (*plan.block(part), data.y.shape[-1]), models[0].dtype) for part in parts}
    optimizing = traced_optimizer(learnt.optimizer, one, models[0].dtype)
    devices = checked_mesh(
        mesh, models=len(models) if is_many else None, batches=[plan.block(part)[0] for part in parts]
    )
    setting = Setting(
        graph, optimizing, losses[plan.schedule[0]], state_weight, batch, models[0].dtype, order, mesh=devices
    )
    learner = _untrained(setting, params, count=len(models), is_many=is_many)
    every = max(1, epochs // 20) if validation_every is None else validation_every
    horizon = checked_horizon(validation_seconds)
    validate = Validation(
        setting, validation, every, horizon, is_many=is_many, has_states=isinstance(models[0], StateModel)
    )
    key = jax.random.key(seed)
    keys = jax.random.split(key, len(models)) if is_many else key
    passes = Passes(setting, losses, plan, Task(data, fixed, keys, epochs, is_many), starts=starts)

    loop = _Loop(
        passes,
        validate,
        stopping,
        callback,
        plan,
        graph,
        fixed,
        len(models),
        is_many,
        keeps_best=validation is not None,
        mesh=devices,
    )
    with RunFile(checkpoint, checkpoint_seconds) as file:
        history = History()
        if file.path is not None:
            identity = identity_of(
                models[0],
                learner,
                fixed,
                setting=setting,
                regime=regime,
                seed=seed,
                data=data,
                validation=validation,
                validation_every=validation_every,
                validation_seconds=horizon,
                starts=starts,
                programs=passes.traced(learner),
                number=len(models) if is_many else None,
            )
            learner, history = file.resumed(learner, identity, plan)
        learner = learner if history.loss else validate.start(learner, fixed, history)
        learner = loop.trained(learner, history, file, show=progress)
    return loop.result(learner, history)


@final
@dataclasses.dataclass(frozen=True)
class _Loop:
    """All that stays as it is while epoch after epoch goes by."""

    passes: Passes
    validate: Validation
    stopping: Stopping
    callback: Callable[[EpochEnd], bool | None] | None
    plan: Plan
    graph: Any
    fixed: Any
    count: int
    is_many: bool
    keeps_best: bool
    mesh: Mesh | None

    def trained(self, learner: Learner, history: History, file: RunFile, *, show: bool) -> Learner:
        """The learner after all epochs that are left; a signal ends them."""
        epochs, is_over = len(self.plan.schedule), self.stopping.is_reached(history)
        with (
            _bar(history, self.plan, self.count, show=show) as bar,
            Interruption(saves=file.path is not None) as interruption,
        ):
            while len(history.loss) < epochs and not is_over:
                before = history.samples
                learner, is_over = self._after_epoch(learner, history, file)
                bar.update((history.samples - before) * self.count)
                bar.set_postfix_str(history.summary(), refresh=False)
                file.keep(learner, history, at_once=is_over)
                if interruption.noted is not None:
                    file.keep(learner, history, at_once=True)
                    text = f"stopped after epoch {len(history.loss)} of {epochs}; {file.how_to_go_on()}"
                    interruption.leave(Interrupted(text, *self.result(learner, history)))
        return learner

    def _after_epoch(self, learner: Learner, history: History, file: RunFile) -> tuple[Learner, bool]:
        """The learner, and whether that was the last epoch."""
        began, epoch, epochs = time.monotonic(), len(history.loss), len(self.plan.schedule)
        learner, losses = self.passes(learner, epoch)
        _check_finite(losses, history, self.plan.schedule[epoch], file.path)
        history.add(losses, self.plan.samples(self.plan.schedule[epoch]))
        is_last = epoch == epochs - 1
        learner = self.validate(learner, self.fixed, epoch, history, is_last=is_last)
        history.seconds.append(time.monotonic() - began)
        is_over = is_last or self.stopping.is_reached(history)
        if self.callback is not None:
            params = learner.params
            now = EpochEnd(epoch + 1, epochs, history, lambda: self.models_of(copied(params)))
            is_over |= self.callback(now) is True
            learner = self.validate(learner, self.fixed, epoch, history, is_last=is_over)
        return learner, is_over

    def models_of(self, params: Any) -> Any:
        """The model, or the list of them."""
        params = params if self.mesh is None else on_one(params)
        models = separated(self.graph, params, self.fixed, count=self.count, is_many=self.is_many)
        return models if self.is_many else models[0]

    def result(self, learner: Learner, history: History) -> tuple[Any, History]:
        """What `fit` gives."""
        return self.models_of(learner.best_params if self.keeps_best else learner.params), history.finished()


def _untrained(setting: Setting, params: Any, *, count: int, is_many: bool) -> Learner:
    optimizer = setting.optimizer.function
    state = (jax.vmap(optimizer.init) if is_many else optimizer.init)(params)
    best_loss = jnp.full((count,) if is_many else (), jnp.inf, setting.dtype)
    # Copies: the epoch takes over the buffers, and some optimisers keep the values themselves in their state.
    return Learner(params, copied(state), copied(params), best_loss)


def _check_finite(losses: np.ndarray, history: History, part: Regime, file: Path | None) -> None:
    """Says which model has diverged, once; an error where no other goes on."""
    table = np.atleast_2d(losses)
    lost = ~np.isfinite(table).all(axis=-1)
    before = np.zeros_like(lost) if not history.loss else ~np.isfinite(np.atleast_1d(history.loss[-1]))
    new = np.argwhere(~np.isfinite(table) & ~before[:, None])
    if not len(new):
        return
    model, update = min(new, key=lambda place: place[1])
    which = f" of model {model}" if losses.ndim > 1 else ""
    told = (
        f"the loss{which} became {table[model, update]} in epoch {len(history.loss)}, update {update} of "
        f"{losses.shape[-1]}, under {part}. A lower learning rate or optax.clip_by_global_norm may help"
    )
    if lost.all():
        still = f"; {file} still holds an earlier epoch." if file is not None and file.exists() else "."
        raise DivergenceError(told + still)
    warnings.warn(f"{told}; the other models go on", stacklevel=2)


def _bar(history: History, plan: Plan, models: int, *, show: bool) -> tqdm:
    total = sum(plan.samples(part) for part in plan.schedule) * models
    done = history.samples * models
    return tqdm(total=total, initial=done, unit="sample", unit_scale=True, disable=not show, dynamic_ncols=True)

"""Exposure bias: how much worse a model is on its own than one step away from the truth.

A model trained with true states has never seen its own errors. Teacher-forced, each step starts from the true state;
free running, only the first state is given. The ratio of the two errors is the exposure bias (Peussa et al. 2021 study
it for circuit models; Bengio et al. 2015 for sequence models at large).
"""

import dataclasses
from typing import final

import jax.numpy as jnp
import numpy as np

from circuitnn.description import block
from circuitnn.metrics import esr
from circuitnn.model import Carry, Forcing, Model, StateModel, checked_model, run, trace
from circuitnn.rates import warn_of_rate
from circuitnn.train.checks import with_states
from circuitnn.train.dataset import Before, Dataset, checked_data
from circuitnn.train.objective import true_start
from circuitnn.train.suspicion import warn_of_start


@final
@dataclasses.dataclass(frozen=True)
class ExposureBias:
    """What `exposure_bias` measured; None where a model without circuit states has no such figure.

    Attributes:
        esr_free_running: error-to-signal ratio of the output, only the first state given.
        esr_teacher_forced: the same with the true state before every sample.
        exposure_bias_db: 10 log10 of their ratio.
        times: (horizon,) seconds since the last true state.
        error: (horizon,) ESR of the states at that time, running freely from the true state.
        error_wrong_start: (horizon,) the same, running freely from a wrong state.
        rest_output: volts that the model gives in silence, at rest; the largest over features and knob positions.
            A network's is the constant that is left of its training.
        rest_share: the same over the peak of the target.
        recovery_seconds: after this time the run from the wrong state is, and stays, at most twice as wrong (in
            energy, beside 1e-6 of the signal) as the run from the true one; infinite when that does not happen.
    """

    esr_free_running: float
    rest_output: float
    rest_share: float
    esr_teacher_forced: float | None = None
    exposure_bias_db: float | None = None
    times: np.ndarray | None = None
    error: np.ndarray | None = None
    error_wrong_start: np.ndarray | None = None
    recovery_seconds: float | None = None

    def __repr__(self) -> str:
        rest = f"in silence {self.rest_output:.3g} V, {100 * self.rest_share:.3g} % of the target's peak"
        if self.esr_teacher_forced is None:
            return block("ExposureBias", [f"ESR free running {self.esr_free_running:.3g}; no states were shown", rest])
        bias = "none" if self.exposure_bias_db is None else f"{self.exposure_bias_db:.1f} dB"
        lines = [
            f"ESR free running {self.esr_free_running:.3g}, teacher-forced {self.esr_teacher_forced:.3g}: bias {bias}",
            rest,
            f"from a wrong state it recovers in {self.recovery_seconds:.3g} s",
        ]
        if self.times is not None and self.error is not None:
            marks = (0, len(self.times) // 10, len(self.times) - 1)
            after = ", ".join(f"{self.error[n]:.2g} after {1e3 * self.times[n]:.3g} ms" for n in marks)
            lines.append(f"error of the states from a true one: {after}")
        return block("ExposureBias", lines)


def exposure_bias(
    model: Model, data: Dataset, *, warmup: int = 1000, horizon: int = 4096, starts: int = 64, offset: float = 1.0
) -> ExposureBias:
    """Measure how a model runs freely, against how it runs when it is shown the true states.

    Args:
        model: any model; without circuit states only its free-running error is measured.
        data: held-out recordings, with circuit states.
        warmup: samples at the start of each recording that do not count, for a model's other memory to settle.
        horizon: samples over which errors are followed after the last true state.
        starts: places, evenly spread over the data, from which they are followed.
        offset: the wrong state is the true one plus this many times each state's standard deviation.

    Raises:
        ValueError: when the data lack the states, or are too short for one horizon.

    Warns:
        RateWarning: when the data have another sample rate than the model.
        DataWarning: when recordings begin in mid-signal, the model at rest, and the warm-up is too short for that.
    """
    checked_model(model)
    data = with_states(checked_data(data), model)
    if data.x.shape[1] <= warmup:
        raise ValueError(f"recordings of {data.x.shape[1]} samples are no longer than the warm-up of {warmup}")
    warn_of_rate(model, data.fs)
    x = jnp.asarray(data.x, model.dtype)
    controls = data.controls or None
    carry = model.init_carry(x.shape[:1], controls)
    constant = _at_rest(model, carry, data)
    if not isinstance(model, StateModel) or data.states is None:
        _, y = run(model, x, carry, controls=controls)
        warn_of_start(data, np.asarray(y, float), warmup)
        return ExposureBias(_esr(y, data.y, warmup), *constant)

    carry = true_start(model, carry, data.initial, data.preceding)
    free = _esr(trace(model, x, carry, controls=controls)[1], data.y, warmup)
    forced = _forced_from(carry, model, data, warmup)
    error, wrong = _errors_against_horizon(model, data, warmup, horizon, starts, offset)
    settled = wrong <= 2 * error + 1e-6
    last_bad = np.flatnonzero(~settled)
    recovery = 0.0 if not len(last_bad) else np.inf if last_bad[-1] == horizon - 1 else (last_bad[-1] + 1) / data.fs
    return ExposureBias(
        esr_free_running=free,
        rest_output=constant[0],
        rest_share=constant[1],
        esr_teacher_forced=forced,
        exposure_bias_db=float(10 * np.log10(free / forced)) if free > 0 and forced > 0 else None,
        times=(1 + np.arange(horizon)) / data.fs,
        error=error,
        error_wrong_start=wrong,
        recovery_seconds=float(recovery),
    )


def forced_esr(model: StateModel, data: Dataset, *, warmup: int = 1000) -> float:
    """Error-to-signal ratio of the output with the true state before every sample; infinite where it ran away.

    Args:
        model: with circuit states.
        data: recordings with these states.
        warmup: samples at the start of each recording that do not count.
    """
    controls = data.controls or None
    rest = model.init_carry(data.x.shape[:1], controls)
    carry = true_start(model, rest, data.initial, data.preceding)
    return _forced_from(carry, model, data, warmup)


def _forced_from(carry: Carry, model: StateModel, data: Dataset, warmup: int) -> float:
    previous = np.concatenate([data.initial[:, None], data.states[:, :-1]], axis=1)
    forcing = Forcing(jnp.asarray(previous, model.dtype))
    x = jnp.asarray(data.x, model.dtype)
    return _esr(trace(model, x, carry, controls=data.controls or None, forcing=forcing)[1], data.y, warmup)


def _errors_against_horizon(model: StateModel, data: Dataset, warmup: int, horizon: int, starts: int, offset: float):
    """State errors, (horizon,) each, from the true state and from a wrong one, over windows spread over the data."""
    windows = data.windows(horizon, warmup=warmup, most=starts)
    x, states = (jnp.asarray(a, model.dtype) for a in (windows.x, windows.states))
    early = {name: value[:, :warmup] for name, value in windows.controls.items()} or None
    late = {name: value[:, warmup:] for name, value in windows.controls.items()} or None
    initial, knobs, before = jnp.asarray(windows.initial, model.dtype), windows.controls or None, windows.before
    assert before is not None
    rest = model.init_carry(x.shape[:1], knobs)
    carry = true_start(model, rest, initial, before)
    true = states[:, warmup - 1] if warmup else initial
    if warmup:
        previous = jnp.concatenate([initial[:, None], states[:, : warmup - 1]], axis=1)
        carry, _, _ = trace(model, x[:, :warmup], carry, controls=early, forcing=Forcing(previous))
        last = {name: value[:, warmup - 1 : warmup] for name, value in windows.controls.items()}
        before = Before(windows.x[:, warmup - 1], last)
    # Of what moves: a capacitor at half the supply has its mean there. As for training, see `objective.state_scale`.
    rms = np.sqrt(
        np.var(data.states, axis=(0, 1), dtype=float) + 1e-8 * np.mean(np.square(data.states), axis=(0, 1), dtype=float)
    )
    errors = []
    for start in (true, true + jnp.asarray(offset * rms, model.dtype)):
        _, _, trajectory = trace(model, x[:, warmup:], true_start(model, carry, start, before), controls=late)
        squared = np.square(np.asarray(trajectory, float) - windows.states[:, warmup:])
        # Each state against its own energy, then their mean: a microampere must not vanish beside a volt.
        errors.append(np.mean(np.mean(squared, axis=0) / np.maximum(rms**2, 1e-300), axis=-1))
    return errors


def _at_rest(model: Model, carry: Carry, data: Dataset) -> tuple[float, float]:
    """The output in silence in volts, and as a share of the target's peak."""
    first = {name: knob[:, :1] for name, knob in (data.controls or {}).items()}
    _, y = run(model, np.zeros((len(data.x), 1, model.in_features)), carry, controls=first or None)
    constant = float(np.max(np.abs(y)))
    return constant, constant / max(float(np.max(np.abs(data.y))), 1e-300)


def _esr(y, target: np.ndarray, warmup: int) -> float:
    """Infinite where a model has run away: a figure that cannot be mistaken for a good one."""
    value = float(esr(np.asarray(y, float)[:, warmup:], target[:, warmup:]))
    return value if np.isfinite(value) else float("inf")

"""Which captures of a device tell most of its values: experiments planned from the circuit's sensitivities."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jax.typing import ArrayLike
from numpy.typing import NDArray

from circuitnn.audio.signals import checked_signal
from circuitnn.audio.strummed import guitar
from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.estimation.capture_plan import CapturePlan, Expectation
from circuitnn.estimation.captures import Candidates, Capture, full_grid, knob_positions, made
from circuitnn.estimation.design import DOptimal, IOptimal, Loss, chosen, continued, covariance
from circuitnn.estimation.learnt import learnt_values
from circuitnn.estimation.planned_audio import PIECES, loud_pieces
from circuitnn.estimation.sensitivities import Sensitivities, of_recordings, of_responses
from circuitnn.nodal.model import NodalModel

POSITIONS, GRID = 9, 5  # of each knob: what is chosen from, and what that is compared with
NOISE_DB = 0.1
SECONDS = 4.0  # of the built-in guitar


def plan_captures(
    circuit: Circuit,
    *,
    fit: Sequence[str] | Mapping[str, float | None] | None = None,
    tolerance: float | None = 0.2,
    knobs: Sequence[str] | Mapping[str, Sequence[float]] | None = None,
    freqs: ArrayLike | None = None,
    has_phase: bool = False,
    fs: float | None = None,
    levels: Sequence[float] | None = None,
    signal: ArrayLike | None = None,
    y_gain: float | str = 1.0,
    count: int = 6,
    done: Sequence[Any] = (),
    criterion: str = "D",
    noise: float | None = None,
    knob_error: float = 0.01,
    repeats: bool = True,
    excerpts: int = 100,
    seconds: float = 0.1,
    warmup: float = 0.1,
    oversampling: int = 1,
    progress: bool = True,
) -> CapturePlan:
    """Say at which knob positions, and how loud, a device is to be captured so that its values are best known.

    Of a capture that is not made yet the nodal model knows how far each value would show in it: J, the Jacobian of the
    output with respect to the values at the nominal ones. Captures are chosen whose J^T J together, over the noise and
    with the tolerances as knowledge from before, make the values' covariance small (D) or the variance of what is
    predicted over all positions (I). They are planned for responses, which go to `fit_components`, where `freqs` is
    given, and for recordings, which go to `identify`, where `fs` is.

    Args:
        circuit: with nominal values.
        fit: what is to be learnt, as for `identify` and as `trainable` of `fit_components`.
        tolerance: of values whose pattern has none of its own; None for a factor of ten.
        knobs: those that are turned, or a mapping from them to the positions that they have, such as a switch's
            ``{"voice": (0, 0.5, 1)}``; when None all knobs that are not in `fit`. They go in eighths of their way. The
            others stay where the circuit has them.
        freqs: (f,) Hz, of the responses.
        has_phase: whether responses have a phase.
        fs: sample rate of the recordings, Hz.
        levels: volts at the device's input of what is 1 in the signal: the levels at which it can be played.
        signal: (time,), what is to be played, in full scale; when None `circuitnn.audio.guitar`.
        y_gain: of recordings, as for `identify`: "fit" where it is not known.
        count: how many captures are wanted.
        done: captures that were made: of an earlier plan, or positions by knob, of recordings with the level:
            ``({"drive": 0.5}, 1.0)``.
        criterion: "D" or "I".
        noise: its standard deviation; dB of responses (0.1 when None), volts of recordings (when None 60 dB below the
            loudest output).
        knob_error: of positions, as a part of the way: how far from where they are said to be the knobs are, as a
            standard deviation; none at both ends. The fit takes positions as said.
        repeats: whether one position may be captured several times.
        excerpts: how many of each recording will be fitted, as for `identify`.
        seconds: length of each.
        warmup: seconds before each.
        oversampling: of the model.
        progress: whether to show a progress bar, of recordings.

    Returns:
        The captures in order and what each is worth, to be printed.

    Raises:
        ValueError: for unknown patterns and knobs, numbers out of range, a circuit with several inputs or outputs,
            captures that were done elsewhere, and where nothing comes out anywhere.

    Source: Fedorov 1972, Theory of optimal experiments; Atkinson, Donev and Tobias 2007, Optimum experimental designs;
        Chaloner and Verdinelli 1995 (priors).
    """
    if len(checked_circuit(circuit).inputs) != 1 or len(circuit.outputs) != 1:
        raise ValueError(f"plan_captures: one input and one output are wanted, not {circuit.inputs}, {circuit.outputs}")
    _check(freqs, fs, levels)
    _check_numbers(criterion, count, noise, knob_error, y_gain, excerpts, seconds, warmup)
    learnt = learnt_values(circuit, set(), fit, tolerance)
    if not learnt:
        raise ValueError("plan_captures: there is nothing to learn: fit names no value")
    turned = knob_positions(circuit, knobs, learnt)
    volts = None if levels is None else [float(level) for level in np.ravel(levels)]
    wanted, grid = (full_grid(turned, volts, steps) for steps in (POSITIONS, GRID))
    others = made(done, turned, circuit.controls, has_levels=volts is not None)
    captures = {capture.key: capture for capture in (*wanted, *grid, *others)}
    candidates = Candidates.of(list(captures.values()))
    with jax.enable_x64(True):
        circuit = circuit.astype(np.float64)
        if freqs is not None:
            sigma = NOISE_DB if noise is None else noise
            told = of_responses(
                circuit, learnt, np.asarray(freqs, float), candidates, sigma, has_phase=has_phase, knob_error=knob_error
            )
        else:
            rate = float(fs or 0)
            model = NodalModel(circuit, rate, oversampling=oversampling, dtype=jnp.float64)
            length, before = round(seconds * rate), round(warmup * rate)
            pieces = loud_pieces(_signal(signal, rate), min(excerpts, PIECES), length, before)
            told = of_recordings(
                model,
                learnt,
                pieces,
                before,
                candidates,
                noise,
                repeated=excerpts / len(pieces),
                y_gain=y_gain,
                knob_error=knob_error,
                progress=progress,
            )
    places = {key: k for k, key in enumerate(captures)}
    at = [np.array([places[capture.key] for capture in each], int) for each in (wanted, grid, others)]
    return _planned(told, list(captures.values()), at, learnt, (criterion, count, repeats, freqs is None))


def _planned(
    told: Sensitivities,
    captures: Sequence[Capture],
    at: Sequence[NDArray],
    learnt: Mapping[str, float | None],
    settings: tuple[str, int, bool, bool],
) -> CapturePlan:
    """The plan, from what each capture tells; `at` are those to choose from, those of the grid, those that are done."""
    criterion, count, repeats, is_audio = settings
    wanted, grid, done = at
    heard = grid[told.is_usable[grid]]
    if not heard.size:
        raise ValueError("plan_captures: nothing comes out at any position and level")
    if count > len(wanted) and not repeats:
        raise ValueError(f"plan_captures: count is {count}, there are {len(wanted)} captures to choose from")
    known = np.stack([np.eye(told.spread.size), np.zeros((told.spread.size,) * 2)]) + told.information[done].sum(axis=0)
    losses: dict[str, Loss] = {
        "D": DOptimal(len(learnt)).__call__,
        "I": IOptimal(told.prediction[heard].mean(axis=0)).__call__,
    }
    order = wanted[chosen(told.information[wanted], known, losses[criterion], count, repeats=repeats)]
    whole = known + told.information[grid].sum(axis=0)

    def expected(total: NDArray) -> Expectation:
        errors = np.sqrt(np.diag(covariance(total)))[: len(learnt)] * told.spread[: len(learnt)]
        prediction = float(losses["I"](total))
        return Expectation(
            dict(zip(learnt, map(float, errors), strict=True)), prediction if is_audio else prediction**0.5
        )

    return CapturePlan(
        captures=tuple(captures[k] for k in order),
        before=expected(known),
        after=tuple(expected(each) for each in known + np.cumsum(told.information[order], axis=0)),
        grid=expected(whole),
        grid_size=len(grid),
        as_good=_as_good(told.information[wanted], known, losses[criterion], losses["I"], whole, len(grid)),
        criterion=criterion,
        noise=told.noise,
        is_audio=is_audio,
        silent=len(grid) - len(heard),
    )


def _as_good(
    information: NDArray, known: NDArray, loss: Loss, output: Loss, whole: NDArray, most: int
) -> tuple[int | None, int | None]:
    """How many captures it takes until each value, and the outputs, are as well known as by the grid."""
    limits = np.diag(covariance(whole)), output(whole)
    values = outputs = None
    for k, total in enumerate(continued(information, known, loss, most)):
        if values is None and (np.diag(covariance(total)) <= limits[0]).all():
            values = k + 1
        if outputs is None and output(total) <= limits[1]:
            outputs = k + 1
        if values and outputs:
            break
    return values, outputs


def _signal(given: ArrayLike | None, fs: float) -> NDArray:
    """What is to be played, (time,), full scale."""
    if given is None:
        return guitar(SECONDS, round(fs), seed=0)
    x = checked_signal(given, "plan_captures: signal")
    if x.size != len(x):
        raise ValueError(f"plan_captures: signal: one channel is wanted, got the shape {x.shape}")
    if np.ptp(x) == 0:
        raise ValueError("plan_captures: the signal is silent")
    return x.reshape(-1)


def _check(freqs, fs, levels) -> None:
    if (freqs is None) == (fs is None):
        raise ValueError("plan_captures: freqs for responses, or fs for recordings: one of the two is wanted")
    if freqs is not None:
        f = np.asarray(freqs, float)
        if f.ndim != 1 or not (np.isfinite(f).all() and (f > 0).all() and f.size):
            raise ValueError("plan_captures: freqs have to be (f,), positive and finite, in Hz")
        if levels is not None:
            raise ValueError("plan_captures: levels are of recordings: the response of a circuit has none")
    else:
        if levels is None:
            raise ValueError("plan_captures: recordings need levels, in volts: levels=(0.1, 1.0)")
        volts = np.ravel(np.asarray(levels, float))
        if not (volts.size and np.isfinite(volts).all() and (volts > 0).all()):
            raise ValueError(f"plan_captures: levels have to be positive, in volts, got {levels}")


def _check_numbers(criterion, count, noise, knob_error, y_gain, excerpts, seconds, warmup) -> None:
    if criterion not in ("D", "I"):
        raise ValueError(f"plan_captures: criterion has to be 'D' or 'I', got {criterion!r}")
    if count < 1:
        raise ValueError(f"plan_captures: count has to be at least 1, got {count}")
    if noise is not None and not (np.isfinite(noise) and noise > 0):
        raise ValueError(f"plan_captures: noise has to be positive, got {noise}")
    if not 0 <= knob_error <= 0.5:
        raise ValueError(f"plan_captures: knob_error has to be from 0 to 0.5 of the way, got {knob_error}")
    if isinstance(y_gain, str):
        if y_gain != "fit":
            raise ValueError(f"plan_captures: y_gain has to be a number or 'fit', got {y_gain!r}")
    elif not (np.isfinite(y_gain) and y_gain > 0):
        raise ValueError(f"plan_captures: y_gain has to be positive, got {y_gain}")
    if excerpts < 1 or not (np.isfinite((seconds, warmup)).all() and seconds >= 0.01 and warmup >= 0):
        raise ValueError(
            f"plan_captures: excerpts has to be at least 1, seconds at least 0.01, warmup not negative, got "
            f"{excerpts}, {seconds} and {warmup}"
        )

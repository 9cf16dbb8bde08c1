"""Component values from recordings of what went into a circuit and what came out of it."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jax import numpy as jnp
from jax.typing import ArrayLike
from numpy.typing import NDArray
from tqdm import tqdm

from circuitnn.audio.alignment import Alignment
from circuitnn.audio.clock_drift import paced
from circuitnn.audio.errors import AudioError
from circuitnn.audio.locating import known, located
from circuitnn.circuit.circuit import Circuit, checked_circuit
from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.excerpts import REACH, Recordings, cut, recordings
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.posterior import descended, residual, settled
from circuitnn.estimation.statistics import reported
from circuitnn.estimation.unknowns import DECADE, Prior, learnt_values
from circuitnn.model import run
from circuitnn.nodal.model import NodalModel
from circuitnn.numerics.levenberg_marquardt import Minimum

SEARCHES = 3  # starts that a descent follows from, besides the nominal values
SEARCH_STEPS = 50
ROUGHLY = 1e-3  # a step that ends a search, over the prior's standard deviation; the best one goes on
USUAL = np.log(5)  # how far off values without a tolerance may be at the start
LEAST_NOISE = 1e-7  # of y's standard deviation
LONGEST_ALIGNED = 30  # seconds
AROUND_CLIPPED = 0.01  # of a clipped sample, as it spreads where the pace is changed


def identify(
    circuit: Circuit,
    x: ArrayLike,
    y: ArrayLike,
    *,
    fs: float,
    fit: Sequence[str] | Mapping[str, float | None] | None = None,
    tolerance: float | None = None,
    gain: float | str = 1.0,
    max_delay: float | None = None,
    correct_drift: bool = False,
    high_pass: float | None = 20.0,
    hum: float | None = None,
    excerpts: int = 12,
    seconds: float = 0.1,
    warmup: float = 0.1,
    oversampling: int = 4,
    starts: int = 16,
    precision: float = 0.01,
    seed: int = 0,
    progress: bool = True,
) -> tuple[dict[str, float], IdentificationReport]:
    """Find component values of a circuit from recordings of its input and its output.

    The circuit itself, as a nodal model, is fitted to the recording; delay and polarity of the recording are found
    against what the circuit makes of the input, so that the circuit's own delay is not taken for the recorder's. The
    values are those of largest posterior probability for white noise, whose level is estimated, with priors around the
    nominal ones as for `fit_components`: what the data do not determine stays near nominal, and the report says so.
    Double precision whatever JAX is set to; Levenberg and Marquardt's method with the exact Jacobian.

    Args:
        circuit: with nominal values, and its knobs where they were (``circuit.replace(drive=0.3)``).
        x: input, volts: (time,) or (time, 1). Excerpts are taken from it, so that it may be long.
        y: output, volts, as long as x and at the same rate.
        fs: sample rate, Hz.
        fit: patterns of value names ("R*", "D1N4148.IS", or "D1.IS" for the model of D1; a knob), or a mapping from
            patterns to tolerances (None for no bounds), as the `trainable` of `NodalModel`; when None all resistors,
            capacitors and inductors that have a value of their own. A ``.param`` whose nominal value is from 0 to 1 is
            the position of a knob: linear, and never outside of that.
        tolerance: of values whose pattern has none of its own, from 0 to 1 (relative; of positions absolute); None for
            no bounds, and a prior of a factor of ten.
        gain: of y beside its volts, without the sign; "fit" where it is not known.
        max_delay: of y against x, seconds, either way; anywhere in the recordings when None, 0 where they were recorded
            without any.
        correct_drift: whether y is brought to the pace of x where the clocks of player and recorder differ.
        high_pass: what lies below, with the offset, is taken out of prediction and recording alike, Hz; None for not
            even the offset.
        hum: the mains' frequency, Hz, to take 20 of its harmonics out in the same way.
        excerpts: how many at most; the loudest one of each of so many equal stretches.
        seconds: length of each.
        warmup: seconds of x before each, from the circuit at rest: longer than the circuit remembers.
        oversampling: of the model: 1, 2, 4, 8 or 16.
        starts: how many values are tried at first: the nominal ones, and others up to a factor of 5 away or within the
            tolerance; a search follows from the nominal and the best three.
        precision: relative; a value counts as determined where three standard errors are within it, and within the
            tolerance.
        seed: of the other starts.
        progress: whether to show a progress bar.

    Returns:
        The fitted values, SI, for `Circuit.replace`; and the report, to be printed.

    Raises:
        ValueError: for unknown patterns, tolerances and other numbers out of range, a circuit with several inputs or
            outputs, and recordings that are silent, clipped, not finite, too short, of different lengths or without
            anything in common.

    Source: Esqueda, Kuznetsov and Parker 2021 (values of circuits by gradients through audio); Marquardt 1963; MacKay
        1992 (noise); White 1982 (standard errors).
    """
    _check(circuit, gain, max_delay, high_pass, hum, (excerpts, starts), (seconds, warmup), precision)
    signals = recordings(x, y, fs)
    learnt = learnt_values(circuit, set(), fit, tolerance)
    positions = tuple(name for name in circuit.controls if name in learnt and 0 <= float(circuit.values[name]) <= 1)
    prior = Prior.of(circuit, learnt, usual=USUAL, positions=positions).including(
        float(REACH), 0.0 if max_delay == 0 else float(REACH)
    )
    if gain == "fit":
        prior = prior.including(DECADE, 2 * DECADE)
    with jax.enable_x64(True):
        circuit = circuit.astype(np.float64)
        model = NodalModel(circuit, signals.fs, oversampling=oversampling, dtype=jnp.float64)
        alignment = _aligned(model, signals, max_delay, correct_drift)
        if alignment.corrects_drift:
            signals = _at_one_pace(signals, alignment)
        pieces = cut(
            signals,
            0 if alignment.corrects_drift else int(alignment.delay_samples),
            alignment.polarity,
            count=excerpts,
            seconds=seconds,
            warmup=warmup,
            latency=model.latency,
            high_pass=high_pass,
            hum=hum,
        )
        problem = AudioProblem(
            model=model,
            x=jnp.asarray(pieces.x),
            y=jnp.asarray(pieces.y),
            keep=jnp.asarray(pieces.keep),
            basis=jnp.asarray(pieces.basis),
            gain=jnp.asarray(alignment.gain if gain == "fit" else float(gain)),
            spread=jnp.asarray(prior.spread),
            controls={},
            names=tuple(learnt),
            positions=positions,
            has_gain=gain == "fit",
            before=pieces.before,
        )
        found = _searched(problem, prior, starts, seed, progress)
        least = LEAST_NOISE * float(np.std(pieces.y))
        noise = max(_left(problem, found[0].at), least)
        best = descended(problem, found[0].at, noise, prior)
        best, _, noise = settled(problem, best, noise, prior, least=least, is_known=False)
        report = reported(problem, best, prior, alignment, pieces, noise, precision)
        report = dataclasses.replace(
            report,
            starts=tuple(each.error / found[0].error for each in found),
            clipped=(int(signals.clipped_x.sum()), int(signals.clipped_y.sum())),
        )
    return {each.name: each.fitted for each in report.values}, report


def _check(circuit, gain, max_delay, high_pass, hum, counts, lengths, precision) -> None:
    if len(checked_circuit(circuit).inputs) != 1 or len(circuit.outputs) != 1:
        raise ValueError(f"one input and one output are wanted, not {circuit.inputs} and {circuit.outputs}")
    if isinstance(gain, str):
        if gain != "fit":
            raise ValueError(f"gain has to be a number or 'fit', got {gain!r}")
    elif not (np.isfinite(gain) and gain > 0):
        raise ValueError(f"gain has to be positive (the polarity is found), got {gain}")
    if max_delay is not None and not (np.isfinite(max_delay) and max_delay >= 0):
        raise ValueError(f"max_delay has to be 0 or positive, in seconds, or None, got {max_delay}")
    for name, freq in (("high_pass", high_pass), ("hum", hum)):
        if freq is not None and not (np.isfinite(freq) and freq > 0):
            raise ValueError(f"{name} has to be a frequency in Hz, or None, got {freq}")
    for name, count in zip(("excerpts", "starts"), counts, strict=True):
        if count < 1:
            raise ValueError(f"{name} has to be at least 1, got {count}")
    if not (np.isfinite(lengths).all() and lengths[0] >= 0.01 and lengths[1] >= 0):
        raise ValueError(f"seconds has to be at least 0.01, warmup not negative, got {lengths[0]} and {lengths[1]}")
    if not 0 < precision < 1:
        raise ValueError(f"precision has to be between 0 and 1, got {precision}")


def _aligned(model: NodalModel, signals: Recordings, max_delay: float | None, correct_drift: bool) -> Alignment:
    """The recording against what the circuit with its nominal values makes of the input, to whole samples."""
    length = min(len(signals.x), round(LONGEST_ALIGNED * signals.fs))
    loud = np.concatenate([[0.0], np.cumsum(signals.x**2)])
    first = int(np.argmax(loud[length:] - loud[:-length]))
    played = np.pad(signals.x[first : first + length], (0, model.latency))
    predicted = np.asarray(run(model, played)[1])[model.latency :]
    if not np.isfinite(predicted).all():
        raise ValueError("identify: the output of the circuit with its nominal values is not finite")
    if np.ptp(predicted) == 0:
        raise ValueError("identify: the circuit with its nominal values gives no output")
    if max_delay == 0:
        alignment = known(predicted, signals.y[first:], signals.fs, 0)
        polarity = 1 if (predicted - predicted.mean()) @ signals.y[first : first + length] >= 0 else -1
        return dataclasses.replace(alignment, polarity=polarity)
    try:
        alignment = located(predicted, signals.y, signals.fs, max_delay, correct_drift=correct_drift, around=first)
    except AudioError as error:
        limit = "anywhere" if max_delay is None else f"within max_delay={max_delay:g} s"
        raise ValueError(
            f"identify: y has nothing in common with what the circuit makes of x, or not at one delay {limit}: {error}"
        ) from None
    late = alignment.delay_samples - first
    if alignment.corrects_drift and alignment.drift is not None:
        late -= 1e-6 * alignment.drift.ppm * first  # the line begins where x does
        return dataclasses.replace(alignment, delay_samples=late)
    return dataclasses.replace(alignment, delay_samples=float(round(late)))


def _at_one_pace(signals: Recordings, alignment: Alignment) -> Recordings:
    """The recordings without delay and drift."""
    line = (alignment.delay_samples, 1e-6 * alignment.drift.ppm if alignment.drift else 0.0)
    clipped = np.abs(paced(signals.clipped_y.astype(float), *line)) > AROUND_CLIPPED
    return dataclasses.replace(signals, y=paced(signals.y, *line), clipped_y=clipped)


def _searched(problem: AudioProblem, prior: Prior, starts: int, seed: int, progress: bool) -> list[Minimum]:
    """Where searches from the nominal values and from the best of the others end, the lowest first."""
    rng = np.random.default_rng(seed)
    nominal = np.zeros(prior.spread.size)
    guesses = [nominal, *(prior.anywhere(rng) for _ in range(starts - 1))]
    errors = [_left(problem, guess) for guess in guesses]
    if not np.isfinite(errors[0]):
        raise ValueError("identify: the output of the circuit with its nominal values is not finite")
    others = [int(k) for k in np.argsort(errors) if k and np.isfinite(errors[k])][:SEARCHES]
    noise = min(error for error in errors if np.isfinite(error))
    shown = tqdm([0, *others], unit="search", disable=not progress, dynamic_ncols=True)
    found = [descended(problem, guesses[k], noise, prior, steps=SEARCH_STEPS, enough=ROUGHLY) for k in shown]
    return sorted(found, key=lambda each: each.error)


def _left(problem: AudioProblem, unknowns: NDArray) -> float:
    """Standard deviation of what is left, volts."""
    rest = np.asarray(residual(problem, jnp.asarray(unknowns)))
    return float(np.sqrt(rest @ rest / np.sum(problem.keep)))

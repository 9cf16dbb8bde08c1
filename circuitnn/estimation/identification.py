"""Component values from recordings of what went into a circuit and what came out of it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike
from tqdm import tqdm

from circuitnn.circuit.circuit import Circuit
from circuitnn.estimation.asked import check, check_recording, profiles_of
from circuitnn.estimation.choice import chosen
from circuitnn.estimation.converter import step_of
from circuitnn.estimation.excerpts import Recordings, recordings
from circuitnn.estimation.identification_report import IdentificationReport
from circuitnn.estimation.identification_task import Task
from circuitnn.estimation.learnt import learnt_values, sources_of
from circuitnn.estimation.memory import chosen_warmup
from circuitnn.estimation.placing import at_one_pace, placed
from circuitnn.estimation.recorder import recorder
from circuitnn.estimation.searching import SEARCHES, Found, beside_the_best, refined, searched
from circuitnn.estimation.statistics import reported
from circuitnn.metrics import esr

HIGH_PASS = 20.0  # Hz


def identify(
    circuit: Circuit | Mapping[str, Circuit] | Sequence[Circuit],
    x: ArrayLike,
    y: ArrayLike,
    *,
    fs: float,
    fit: Sequence[str] | Mapping[str, Any] | None = None,
    tolerance: float | None = None,
    x_gain: float | str = 1.0,
    y_gain: float | str = 1.0,
    x_offset: float | str = 0.0,
    input: float | str = "dc",  # noqa: A002, as the coupling is called
    output: float | str = "dc",
    drift: str | None = None,
    held_out: float = 0.0,
    max_delay: float | None = None,
    high_pass: float | str | None = "auto",
    hum: float | None = None,
    excerpts: int | None = None,
    seconds: float | None = None,
    warmup: float | None = None,
    oversampling: int = 4,
    starts: int = 16,
    precision: float = 0.01,
    profile: Sequence[str] | str = (),
    seed: int = 0,
    progress: bool = True,
) -> tuple[dict[str, float], Any]:
    """Find component values of a circuit from recordings of its input and its output.

    The circuit itself, as a nodal model, is fitted to the recording; delay and polarity of the recording are found
    against what the circuit makes of the input, so that the circuit's own delay is not taken for the recorder's. The
    values are those of largest posterior probability for white noise, whose level is estimated, with priors around the
    nominal ones as for `fit_components`: what the data do not determine stays near nominal, and the report says so.
    Double precision whatever JAX is set to; Levenberg and Marquardt's method with the exact Jacobian.

    Args:
        circuit: with nominal values, and its knobs where they were (``circuit.replace(drive=0.3)``). Several, in a list
            or by name, are each identified and compared on the seconds held out.
        x: input: (time,) or (time, 1), in volts over `x_gain`. Excerpts are taken from it, so that it may be long.
        y: output, as long as x and at the same rate, in volts times `y_gain`.
        fs: sample rate, Hz.
        fit: patterns of value names ("R*", "D1N4148.IS", or "D1.IS" for the model of D1; a knob), or a mapping from
            patterns to tolerances (None for no bounds), as the `trainable` of `NodalModel`; when None all resistors,
            capacitors and inductors that have a value of their own. A ``.param`` whose nominal value is from 0 to 1 is
            the position of a knob: linear, and never outside of that. With several circuits patterns count in those
            that they fit; or a mapping from the circuits' names to patterns of their own.
        tolerance: of values whose pattern has none of its own, from 0 to 1 (relative; of positions absolute); None for
            no bounds, and a prior of a factor of ten.
        x_gain: volts at the device where x is 1; "fit" where they are not known.
        y_gain: y where the circuit's output is 1 V, without the sign; "fit" where it is not known.
        x_offset: volts that are added at the device's input, "fit" where they are not known.
        input: the coupling before the device: "dc" for none, "ac" for a high pass of first order whose corner is found,
            or its corner in Hz. "lost" where x was recorded through a coupling that the device has not heard: it is
            undone, and its corner found.
        output: that behind it, the device's own or the recorder's, likewise.
        drift: "fit" where y is brought to the pace of x, whose clock may differ, and what is left of the difference is
            found along with the values; with None it is only looked at.
        held_out: seconds at the end that the fit does not see, and that the report's `esr_held_out` is of. With several
            circuits a quarter of the recording where it is 0.
        max_delay: of y against x, seconds, either way; anywhere in the recordings when None, 0 where they were recorded
            without any.
        high_pass: what lies below, with the offset, is taken out of prediction and recording alike, Hz; None for not
            even the offset. "auto" is 20 Hz, and None where a coupling is modelled, whose corner lies down there; the
            recorder's own zero, `y_offset`, is found then.
        hum: the mains' frequency, Hz, to take 20 of its harmonics out in the same way.
        excerpts: how many are fitted at most; the loudest one of each of so many equal stretches, or runs of them where
            what is slow is looked at. None for 24 to 96, fewer where warm-ups are long. Searches look at the loudest
            twelve.
        seconds: length of each, None for a quarter of the warm-up, and at least 0.1.
        warmup: seconds of x before each, from the circuit at rest; None for ten of its time constants at rest, from
            5 ms to 1 s.
        oversampling: of the model: 1, 2, 4, 8 or 16. What it lacks beside one of four times as many, 16 at most, is
            found by simulations and taken out in the end.
        starts: how many values are tried at first: the nominal ones, and others up to a factor of 5 away or within the
            tolerance; a search follows from the nominal and the best three.
        precision: relative; a value counts as determined where three standard errors are within it, and within the
            tolerance.
        profile: patterns of values whose intervals are found from the profile of the likelihood too, which need not be
            narrow for that: each is held at some places on either side, and all others fitted there. "doubtful" for
            all that are not determined.
        seed: of the other starts.
        progress: whether to show a progress bar.

    Returns:
        The fitted values, SI, for `Circuit.replace`; and the report, to be printed. Of several circuits the values of
        the simplest of those that cannot be told from the best, and a `ChoiceReport` with a row for each.

    Raises:
        ValueError: for unknown patterns, tolerances and other numbers out of range, a circuit with several inputs or
            outputs, and recordings that are silent, clipped, not finite, too short, of different lengths or without
            anything in common.

    Source: Esqueda, Kuznetsov and Parker 2021 (values of circuits by gradients through audio); Marquardt 1963; MacKay
        1992 (noise); White 1982 (standard errors).
    """
    asked = dict(locals())
    del asked["circuit"]
    if isinstance(circuit, Mapping | Sequence) and not isinstance(circuit, str):
        return chosen(identify, circuit, **asked)
    check(circuit, asked)
    signals = recordings(x, y, fs)
    check_recording(len(signals.x), signals.fs, asked)
    couplings = {"input": input, "output": output}
    has_coupling = any(each not in ("dc", None) for each in couplings.values())
    # What is below the music tells the corner of a coupling.
    usual = None if has_coupling else HIGH_PASS
    cut_below = usual if isinstance(high_pass, str) else high_pass
    around = recorder(
        signals.x,
        signals.y,
        finds_zero=has_coupling and cut_below is None,
        **{"x_gain": x_gain, "y_gain": y_gain, "x_offset": x_offset, "drift": drift, **couplings},
    )
    # Each value that is tried, each search, and what comes behind them.
    steps = starts + min(starts, SEARCHES + 1) + 2
    look: Any = {"unit": "step", "disable": not progress, "dynamic_ncols": True}
    with jax.enable_x64(True), tqdm(total=steps, desc="putting in step", **look) as bar:
        learnt = learnt_values(circuit, set(), fit, tolerance, sources_of(circuit))
        profile = profiles_of(profile, circuit, (*learnt, *around.free))
        task = Task(
            circuit=circuit.astype(np.float64),
            fs=signals.fs,
            learnt=learnt,
            recorder=around,
            high_pass=cut_below,
            hum=hum,
            most=excerpts,
            seconds=seconds,
            warmup=chosen_warmup(circuit.astype(np.float64)) if warmup is None else warmup,
            oversampling=oversampling,
        )
        fitted, unseen = _parts(signals, held_out)
        alignment = placed(
            task.chain(np.zeros(len(task.learnt)), around), fitted, max_delay, corrects_drift=drift == "fit"
        )
        prior = task.prior(is_delay_known=max_delay == 0)
        if "y_gain" in around.free:
            task = dataclasses.replace(task, recorder=dataclasses.replace(around, y_gain=alignment.gain))
        paced = at_one_pace(fitted, alignment)
        few = task.problem(paced, alignment, prior, is_search=True)
        found = searched(few, task.searched(prior), starts, seed, bar)
        bar.set_description("refining")
        problem = task.problem(paced, alignment, prior, is_search=False)
        result = refined(problem, found[0].at, prior, task.finer())
        bar.update()
        bar.set_description("how well it is known")
        what = (prior, alignment, result.noise, precision, step_of(signals.y), profile)
        report = reported(result.problem, result.best, *what)
        report = dataclasses.replace(
            report,
            starts=beside_the_best(few, found),
            clipped=(int(signals.clipped_x.sum()), int(signals.clipped_y.sum())),
            refined=_moves(result, report),
            recording=task.recording(result, alignment),
        )
        bar.update()
        if unseen:
            held_out_error = esr(report.predict(signals.x)[-unseen:], signals.y[-unseen:])
            report = dataclasses.replace(report, esr_held_out=held_out_error)
    return {each.name: each.fitted for each in report.values}, report


def _parts(signals: Recordings, held_out: float) -> tuple[Recordings, int]:
    """What is fitted, and how many samples at the end are not."""
    unseen = round(held_out * signals.fs)
    if not unseen:
        return signals, 0
    kept = slice(0, len(signals.x) - unseen)
    rows = {name: getattr(signals, name)[kept] for name in ("x", "y", "clipped_x", "clipped_y")}
    return dataclasses.replace(signals, **rows), unseen


def _moves(result: Found, report: IdentificationReport) -> dict[str, float]:
    """By how much the correction to a finer rate has moved each value, in its unit or relative."""
    moves = result.refined * result.problem.spread
    return {row.label: float(move) for row, move in zip(report.values, moves, strict=False)}

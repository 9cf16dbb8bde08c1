"""What `circuitnn compare` compares: each source as a signal, all of one rate and one length."""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from circuitnn import audio
from circuitnn.audio.errors import AudioError
from circuitnn.cli import sounds
from circuitnn.cli.loading import SOUNDS, check_once, positions, spelled
from circuitnn.cli.models import check_source, is_saved, opened_model
from circuitnn.cli.problems import Failure, Fault, say
from circuitnn.cli.reading import Reading
from circuitnn.cli.variants import Turned, Variant, position_of, read_variants, with_knobs
from circuitnn.description import counted

if TYPE_CHECKING:
    import circuitnn as cn
    from circuitnn.pages import Take

FS, SECONDS = 48_000, 5.0  # of the guitar that is made where no sound is given
FREQS = 20.0, 20_000.0, 300


@final
@dataclass(frozen=True, eq=False)
class Made:
    """What is compared.

    Attributes:
        takes: in the order in which they were named, ngspice's behind those of the netlists.
        fs: their rate in hertz.
        unit: of the signals.
        played: what all of them heard, in full scale; None where all were sounds.
        freqs: of the responses, hertz.
        facts: what was done, by name.
    """

    takes: "list[Take]"
    fs: int
    unit: str
    played: NDArray | None
    freqs: NDArray
    facts: dict[str, str] = field(default_factory=dict)


def is_sound(variant: Variant) -> bool:
    """Whether a source is a recording."""
    return Path(variant.source).suffix.lower() in SOUNDS


def check(variants: Sequence[Variant], sound: str | None) -> None:
    """Before JAX is imported: whether all files are there, and what has to be said is said.

    Raises:
        Fault, AudioError: where not.
    """
    for variant in variants:
        if not is_sound(variant):
            check_source(variant.source)
            continue
        sounds.check(variant.source)
        if variant.changes:
            raise Fault(f"{variant.label}: a sound has no knobs")
    labels = [variant.label for variant in variants]
    for label in labels:
        if labels.count(label) > 1:
            raise Fault(f"{label}: given twice")
    heard = [variant for variant in variants if is_sound(variant)]
    if sound is not None:
        sounds.check(sound)
        if len(heard) == len(variants):
            raise Fault("--input is for models and netlists; all that is compared are sounds")
    elif heard and len(heard) < len(variants):
        raise Fault(f"{heard[0].source} is a recording: say with --input what was played into the device")


def made(
    variants: Sequence[Variant],
    reading: Reading,
    *,
    sound: str | None,
    knobs: tuple[tuple[str, float], ...],
    volts: float | None,
    output_volts: float | None,
    seconds: float,
    oversample: str,
    asks_ngspice: bool,
) -> Made:
    """All sources as signals.

    Raises:
        Fault, Failure, AudioError: naming the source.
    """
    check_once("--knob", knobs)
    netlists = netlists_of(variants, reading, knobs)
    import jax
    from tqdm import tqdm

    recorded = {one.label: read_sound(one.source) for one in variants if is_sound(one)}
    if len(recorded) == len(variants):
        return _of_sounds(recorded, seconds)
    x, fs = (0.5 * audio.guitar(SECONDS, FS, seed=0), FS) if sound is None else read_input(sound)
    x = x[: round(seconds * fs)]
    with jax.enable_x64(True):
        circuits, models = opened(variants, netlists, knobs, fs, int(oversample))
        scale = volts or full_scale(variants, models, x)
        scale_out = output_volts or scale
        say(
            f"full scale is taken as {scale:g} V" + f" in and {scale_out:g} V out" * (scale != scale_out) + " (--volts)"
        )
        freqs, found = np.geomspace(*FREQS), []
        for variant in tqdm(variants, desc="compiling and running", unit="source", disable=None, leave=False):
            if variant.label in recorded:
                found.append(_take(variant.label, *_at(recorded[variant.label], fs, scale_out), "a recording"))
                continue
            model, constant = models[variant.label]
            response = None if variant.label not in circuits else response_of(circuits[variant.label], freqs)
            what = circuits[variant.label].circuit.title if variant.label in circuits else type(model).__name__
            about = what + f"; {spelled(constant)}" * bool(constant)
            found.append(_take(variant.label, rendered(model, scale * x, constant), (), about, response))
            if asks_ngspice and response is not None:
                name = f"{variant.label} in ngspice"
                y = _simulated(circuits[variant.label], scale * x, fs, name)
                found.append(_take(name, y, (), "ngspice, transient analysis"))
    return _cut(found, fs, "V", x, freqs, _facts(sound, x, fs, scale, scale_out, oversample))


def netlists_of(variants: Sequence[Variant], reading: Reading, knobs: Sequence[tuple[str, float]]) -> dict[str, Turned]:
    """Before JAX is imported: the circuits of the netlists; knobs only where no saved model may be meant by them.

    Raises:
        Fault: when one cannot be read; for options of netlists where there is none.
    """
    saved = [one for one in variants if is_saved(one.source)]
    names = [one.label for one in variants if not (is_saved(one.source) or is_sound(one))]
    if saved and not names:
        reading.refuse(saved[0].source, "a saved model")
    circuits = read_variants(names, reading) if names else {}
    for label, turned in circuits.items():
        if len(turned.circuit.inputs) != 1 or len(turned.circuit.outputs) != 1:
            raise Fault(f"{label}: has several inputs or outputs; one of each is compared")
    return with_knobs(circuits, () if saved or not names else knobs)


def opened(
    variants: Sequence[Variant],
    netlists: dict[str, Turned],
    knobs: Sequence[tuple[str, float]],
    fs: int,
    oversampling: int,
) -> "tuple[dict[str, Turned], dict[str, tuple[cn.Model, dict[str, float]]]]":
    """The circuits, and the models of all that are no sounds, with where their knobs stand."""
    import circuitnn as cn

    circuits = dict(netlists)
    models: dict[str, Any] = {}
    for variant in variants:
        if not is_saved(variant.source):
            continue
        model = opened_model(variant.source, fs=fs, assumes=True)
        if (model.in_features, model.out_features) != (1, 1):
            raise Fault(
                f"{variant.source}: takes {model.in_features} signals and gives {model.out_features}; one is compared"
            )
        own = positions([position_of(variant.label, *change) for change in variant.changes], model, variant.label)
        models[variant.label] = model, own
    for label, turned in circuits.items():
        nodal = cn.nodal.NodalModel(turned.circuit, fs, oversampling=oversampling, dtype=np.float64)
        models[label] = nodal, turned.held
    for name, position in knobs:
        having = [label for label, (model, _) in models.items() if name.lower() in map(str.lower, model.controls)]
        for label in having or list(models)[:1]:  # which says what is wrong with it
            model, held = models[label]
            models[label] = model, {**positions([(name, position)], model, label), **held}
            if label in circuits:
                circuits[label] = Turned(circuits[label].circuit, models[label][1])
    return circuits, models


def rendered(model: "cn.Model", x: NDArray, constant: dict[str, float]) -> NDArray:
    """What a model makes of volts, in volts, in step with them."""
    import circuitnn as cn

    unit, output_unit = model.volts or (1.0, 1.0)
    late = model.latency
    playing = cn.native.fastest(model, len(x) + late, streams=1)
    y = cn.run(playing, np.pad(x / unit, (0, late)).astype(model.dtype), controls=constant)[1]
    return np.asarray(y, np.float64).reshape(-1)[late:] * output_unit


def _simulated(turned: Turned, x: NDArray, fs: int, name: str) -> NDArray:
    import circuitnn as cn

    if sys.stderr.isatty():
        say(f"{name}: some 7 s for each second of sound", err=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(cn.spice.transient(turned.circuit, x, fs, controls=turned.knobs)).reshape(-1)


def response_of(turned: Turned, freqs: NDArray) -> NDArray:
    import circuitnn as cn

    return np.asarray(cn.nodal.frequency_response(turned.circuit, freqs, controls=turned.knobs)).reshape(-1)


def full_scale(variants: Sequence[Variant], models: Any, x: NDArray) -> float:
    """Of full scale: what the first file says, or such that the peak is the nominal one of the catalogue."""
    from circuitnn.circuit.catalogue.peaks import NOMINAL_PEAK

    for variant in variants:
        model = models.get(variant.label, (None,))[0]
        if model is not None and model.volts is not None:
            return float(model.volts[0])
        if variant.source in NOMINAL_PEAK and not Path(variant.source).exists():
            return float(f"{NOMINAL_PEAK[variant.source] / max(float(np.abs(x).max()), 1e-9):.3g}")
    return 1.0


def read_sound(path: str) -> tuple[NDArray, int]:
    with sounds.Sound(path) as sound:
        channels = sound.channels
    x, fs = audio.read(path, channel=0)
    if any(not np.array_equal(x, audio.read(path, channel=other)[0]) for other in range(1, channels)):
        raise Fault(f"{path}: has {channels} channels that differ; one is needed: make a file of one of them")
    return x, fs


def read_input(path: str) -> tuple[NDArray, int]:
    """What is played into models.

    Raises:
        Fault: as `read_sound`; when there is nothing to hear in it.
    """
    x, fs = read_sound(path)
    if not np.any(x) or len(x) < fs // 20:
        what = "is silent" if not np.any(x) else f"is {len(x) / fs:.2g} s long; a twentieth of a second is needed"
        raise Fault(f"--input {path}: {what}")
    return x, fs


def _at(recorded: tuple[NDArray, int], fs: int, volts: float) -> tuple[NDArray, tuple[str, ...]]:
    y, own = recorded
    return volts * (y if own == fs else audio.resample(y, own, fs)), () if own == fs else (f"resampled from {own} Hz",)


def _of_sounds(recorded: dict[str, tuple[NDArray, int]], seconds: float) -> Made:
    fs = next(iter(recorded.values()))[1]
    most = round(seconds * fs)
    signals = {name: _at(one, fs, 1.0) for name, one in recorded.items()}
    takes = [_take(name, y[:most], notes, "a recording") for name, (y, notes) in signals.items()]
    return _cut(takes, fs, "full scale", None, np.geomspace(*FREQS), {"Rate": f"{fs} Hz"})


def _take(name: str, y: NDArray, notes: tuple[str, ...], about: str, response: NDArray | None = None) -> "Take":
    from circuitnn.pages import Take

    wrong = np.flatnonzero(~np.isfinite(y))
    if wrong.size:
        raise Failure(f"{name}: the output is not a finite number from sample {wrong[0]} on")
    if not np.any(y):
        raise Failure(f"{name}: is silent")
    return Take(name, y, ", ".join((about, *notes)), response)


def _cut(
    takes: "list[Take]", fs: int, unit: str, played: NDArray | None, freqs: NDArray, facts: dict[str, str]
) -> Made:
    """All of the length of the shortest."""
    import dataclasses

    length = min(len(take.signal) for take in takes)
    if length < fs // 20:
        raise AudioError(
            f"what is compared has {counted(length, 'sample')} in common; a twentieth of a second is needed"
        )
    for take in takes:
        if len(take.signal) > length + fs:
            say(f"{take.name}: cut to {length / fs:.2f} s, as long as the shortest")
    cut = [dataclasses.replace(take, y=take.signal[:length]) for take in takes]
    facts = {**facts, "Length": f"{length / fs:.2f} s"}
    return Made(cut, fs, unit, None if played is None else played[:length], freqs, facts)


def _facts(
    sound: str | None, x: NDArray, fs: int, volts: float, output_volts: float, oversample: str
) -> dict[str, str]:
    peak = volts * np.abs(x).max()
    return {
        "What was played": sound or f"a guitar part made by circuitnn, {len(x) / fs:g} s",
        "Rate": f"{fs} Hz" + f"; netlists at {oversample} times that" * (oversample != "1"),
        "Full scale": f"{volts:g} V in, {output_volts:g} V out; the peak at the input is {peak:.3g} V",
    }

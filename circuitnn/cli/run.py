"""`circuitnn run`: a sound through a netlist or a saved model."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, final

import click

from circuitnn.cli.loading import decibels, positions, read_circuit, spelled
from circuitnn.cli.models import (
    check_cabinet,
    check_source,
    is_saved,
    refuse_options_of_netlists,
    refuse_width,
    saved_model,
    with_cabinet,
)
from circuitnn.cli.options import cabinet_option, knob_option, oversample_option, width_option
from circuitnn.cli.outputs import check_other, check_writable
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.reading import Reading, reading_options

if TYPE_CHECKING:
    from tqdm import tqdm

    import circuitnn as cn
    from circuitnn.cli.automation import Automation
    from circuitnn.cli.sounds import Sound

EXAMPLES = """\b
Examples:
  circuitnn run bassman.cir guitar.wav out.wav --knob treble=0.8 --knob bass=0.3
  circuitnn run tube_screamer_clipping guitar.wav out.wav --volts 0.3 --oversample 4 --normalise
  circuitnn run bassman.npz guitar.wav out.flac --automation moves.csv
  circuitnn run capture.nam guitar.wav out.wav
  circuitnn run amplifier.npz guitar.wav out.wav --cabinet 4x12.wav

\b
moves.csv has a column time_s, and one for each knob that moves:
  time_s,treble
  0.0,0.2
  2.5,0.9

\b
Sound files hold numbers from -1 to 1 (full scale), circuits work with volts: --volts says how many volts 1 is.
A guitar gives some 0.1 to 0.5 V, a pedal up to 4.5 V. A linear circuit, such as a tone stack, does not mind.
"""


@click.command(epilog=EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("sound", metavar="SOUND")
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@knob_option
@click.option(
    "--automation",
    metavar="CSV",
    type=click.Path(exists=True, dir_okay=False),
    help="Knobs that move: a table with a column time_s and one for each knob. Positions are interpolated, and held "
    "before the first and after the last row.",
)
@click.option(
    "--volts",
    type=float,
    help="Volts at the model's input where SOUND is 1, and at its output where OUT is 1, unless --output-volts says "
    "so.  [default: what the model's file says; 1]",
)
@click.option("--output-volts", type=float, help="Volts at the model's output where OUT is 1.  [default: --volts]")
@click.option("--normalise", "--normalize", is_flag=True, help="Scale OUT so that its peak is full scale.")
@click.option(
    "--fs",
    type=click.IntRange(min=1),
    help="Sample rate of the model and of OUT in hertz; SOUND is resampled.  [default: that of SOUND]",
)
@oversample_option
@cabinet_option
@width_option
@reading_options
def run(
    model: str,
    sound: str,
    out: Path,
    knobs: tuple[tuple[str, float], ...],
    automation: str | None,
    volts: float | None,
    output_volts: float | None,
    normalise: bool,
    fs: int | None,
    oversample: str,
    cabinet: str | None,
    width: float | None,
    reading: Reading,
) -> None:
    """Run a sound file through a netlist, a saved model or a capture.

    MODEL is a netlist, the name of a circuit that comes with circuitnn (a file has priority), a model that was saved
    (.npz), or a file of a player (.nam, .aidax, .json of RTNeural or Proteus). SOUND is a wav, flac or aiff file with
    any number of channels, each of which goes through the model by itself. OUT (.wav, .flac, .aiff) is written whole or
    not at all, in step with SOUND.
    """
    circuit = _checked(
        model, sound, out, oversample, width, reading, volts={"--volts": volts, "--output-volts": output_volts}
    )
    check_cabinet(cabinet, out)
    moved = None if circuit is None else _moved(circuit, model, knobs, automation)
    # Here and not above, as --help need not wait for NumPy, nor an error for JAX.
    import jax

    from circuitnn.cli import sounds

    with jax.enable_x64(True):
        if circuit is None:
            built = _restored(model, width)
            moved = _moved(built, model, knobs, automation)
            fs = _checked_rate(model, built, fs)
        source = sounds.Sound(sound, fs)
        if circuit is not None:
            built = _nodal(circuit, source.fs, int(oversample))
        assert moved is not None
        built = with_cabinet(built, cabinet, source.fs)
        scale = _Scale.of(built, volts, output_volts)
        with source:
            _announce(model, built, source, scale, moved, automation)
            made = _played(built, source, out, scale, moved, normalise=normalise)
    _conclude(out, source, scale, made)
    # A model that would be the same at any rate has none to say.
    if built.fs is None and built.rebuilt_at(float(source.fs)) is None:
        say(f"warning: {model}: does not say at which sample rate it was trained", err=True)
    if made.told:
        say(f"warning: {made.told}", err=True)


@final
class _Scale(NamedTuple):
    """Volts of full scale, in and out, and what 1.0 at the model's input and output is in volts."""

    volts: float
    output_volts: float
    unit: float
    output_unit: float

    @classmethod
    def of(cls, model: "cn.Model", volts: float | None, output_volts: float | None) -> "_Scale":
        """What was said; else what the model says, or one volt."""
        unit, output_unit = model.volts or (1.0, 1.0)
        if output_volts is None:
            output_volts = output_unit if volts is None else volts
        return cls(unit if volts is None else volts, output_volts, unit, output_unit)


@final
class _Moved(NamedTuple):
    """Where knobs stand, and how others move."""

    constant: "dict[str, float]"
    table: "Automation | None"

    @property
    def moving(self) -> "Mapping[str, Any]":
        return {} if self.table is None else self.table.knobs


@final
class _Made(NamedTuple):
    """The sound that was made: its peak in full scale, by what it was scaled, samples that were clipped, warnings."""

    peak: float
    gain: float
    clipped: int
    told: str


def _checked(
    model: str,
    sound: str,
    out: Path,
    oversample: str,
    width: float | None,
    reading: Reading,
    *,
    volts: "Mapping[str, float | None]",
) -> "cn.Circuit | None":
    """What is wrong with what was typed, before JAX is imported; the circuit, or None of a saved model."""
    for option, value in volts.items():
        if value is not None and not 0 < value < math.inf:
            raise Fault(f"{option} must be a positive number of volts, got {value:g}")
    from circuitnn.cli import sounds

    if is_saved(model):
        refuse_options_of_netlists(model, int(oversample), reading)
    else:
        refuse_width(model, width)
    check_source(model)  # a netlist is read after what costs nothing
    sounds.check_name(out)
    sounds.check(sound)
    check_other(out, sound, "sound")
    check_writable(out)
    return None if is_saved(model) else read_circuit(model, reading)


def _played(model: "cn.Model", source: "Sound", out: Path, scale: _Scale, moved: _Moved, *, normalise: bool) -> _Made:
    """The sound through the model, into the file."""
    from tqdm import tqdm

    import circuitnn as cn
    from circuitnn.cli import sounds
    from circuitnn.cli.render import render

    # On a terminal only: disable=None.
    bar = tqdm(total=source.samples, desc="compiling", unit="sample", unit_scale=True, disable=None, leave=False)
    with sounds.Spool(out, source.channels) as spool, bar:
        playing = cn.native.fastest(model, source.samples, streams=source.channels)
        if playing is not model:
            bar.clear()
            say(f"its loop is compiled by {cn.native.compiler()}")
        told = render(
            playing,
            source,
            spool,
            volts=scale.volts / scale.unit,
            output_volts=scale.output_volts / scale.output_unit,
            knobs=moved.constant,
            automation=moved.table,
            progress=lambda samples: _advance(bar, samples),
        )
        gain = 1 / spool.peak if normalise and spool.peak > 0 else 1.0
        return _Made(spool.peak, gain, spool.write(source.fs, gain=gain), told)


def _moved(
    model: "cn.Circuit | cn.Model", source: str, knobs: tuple[tuple[str, float], ...], automation: str | None
) -> _Moved:
    from circuitnn.cli.automation import read_automation

    constant = positions(knobs, model, source)
    table = None if automation is None else read_automation(automation, model, source)
    for name in constant.keys() & (() if table is None else table.knobs.keys()):
        raise Fault(f"{automation}: moves {name}, which --knob {name}={constant[name]:g} holds")
    return _Moved(constant, table)


def _advance(bar: "tqdm", samples: int) -> None:
    bar.set_description("running")  # the first block was compiled
    bar.update(samples)


def _nodal(circuit: "cn.Circuit", fs: int, oversampling: int) -> "cn.Model":
    """In double precision: a file is computed once, and on a CPU that costs little."""
    import numpy as np

    import circuitnn as cn

    return cn.nodal.NodalModel(circuit, fs, oversampling=oversampling, dtype=np.float64)


def _restored(path: str, width: float | None) -> "cn.Model":
    model = saved_model(path, width)
    if (model.in_features, model.out_features) != (1, 1):
        raise Fault(
            f"{path}: takes {model.in_features} signals and gives {model.out_features}; this command runs models with "
            "one input and one output"
        )
    return model


def _checked_rate(path: str, model: "cn.Model", fs: int | None) -> int | None:
    """The rate that a model was made for or trained at, where it knows it; else what was asked for."""
    if model.fs is None:
        return fs
    own = round(model.fs)
    if own != model.fs:
        raise Fault(f"{path}: was made for {model.fs:g} Hz, which is no whole rate")
    if fs not in (None, own):
        raise Fault(f"{path}: was made for {own} Hz; leave out --fs {fs}, and the sound is resampled")
    return own


def _announce(
    name: str, model: "cn.Model", source: "Sound", scale: _Scale, moved: _Moved, automation: str | None
) -> None:
    from circuitnn.knobs import knobs_of

    knobs, moving = {**knobs_of(model.controls), **moved.constant}, moved.moving
    still = {knob: position for knob, position in knobs.items() if knob not in moving}
    parts = [spelled(still)] * bool(still) + [f"{', '.join(moving)} from {automation}"] * bool(moving)
    resampled = f", resampled from {source.fs_file} Hz" if source.fs != source.fs_file else ""
    volts, output_volts = scale.volts, scale.output_volts
    words = f"{volts:g} V" if volts == output_volts else f"{volts:g} V in and {output_volts:g} V out"
    say(f"{name}: {type(model).__name__} at {source.fs} Hz{resampled}; knobs: {', '.join(parts) or 'none'}")
    say(f"full scale is taken as {words} (--volts)")


def _conclude(out: Path, source: "Sound", scale: _Scale, made: _Made) -> None:
    peak, volts = made.peak * made.gain, made.peak * scale.output_volts
    seconds = source.samples / source.fs
    channels = f"{source.channels} channel{'s' if source.channels > 1 else ''}"
    say(
        f"{out}: {seconds:.2f} s, {channels}, peak {volts:.3g} V"
        + (f", scaled by {decibels(made.gain)}" if made.gain != 1 else f" ({decibels(peak, 'dBFS')})")
    )
    # A rounding above full scale after --normalise is none.
    if peak > 1 + 1e-6:
        integers = out.suffix.lower() == ".flac"
        is_one = made.clipped == 1
        what = f"sample{'s' * (not is_one)} " + (
            f"{'was' if is_one else 'were'} clipped"
            if integers
            else f"{'is' if is_one else 'are'} above full scale, and will be clipped where it is played"
        )
        say(
            f"warning: {out}: {made.clipped} {what}; use --normalise, or --output-volts "
            f"{math.ceil(1000 * volts) / 1000:g}",
            err=True,
        )

"""`circuitnn capture-signal`: what to play through a device."""

import shlex
from pathlib import Path

import click

from circuitnn.cli.loading import decibels
from circuitnn.cli.options import Number
from circuitnn.cli.outputs import check_writable
from circuitnn.cli.problems import say
from circuitnn.cli.train_options import Positive

EXAMPLES = """\b
Examples:
  circuitnn capture-signal play.wav
  circuitnn capture-signal play.wav --seconds 60 --fs 44100 --volts 4.5
  circuitnn train play.wav recorded.wav -o pedal.npz            what to do with what comes back
"""


@click.command("capture-signal", short_help="Write a sound to play through a device.", epilog=EXAMPLES)
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--seconds", type=Number(30, 3600), default=120.0, show_default=True, help="Length.")
@click.option(
    "--fs", type=click.IntRange(8000, 384_000), default=48_000, show_default=True, help="Sample rate in hertz."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Another one, other music."
)
@click.option("--volts", type=Positive(), help="Volts that full scale is to be at the device; told how to set it.")
def capture_signal(out: Path, seconds: float, fs: int, seed: int, volts: float | None) -> None:
    """Write what to play through a device, so that what comes back can be learnt from.

    OUT (.wav, .flac, .aiff) has clicks that tell the latency, silence that tells the noise, sweeps and bursts of noise
    at several levels, and music: a part to learn from, one to choose by and one to test on. circuitnn train knows it
    again.
    """
    from circuitnn import audio, capture
    from circuitnn.cli import sounds

    sounds.check_name(out)
    check_writable(out)
    x = capture.signal(seconds, fs, seed=seed)
    audio.write(out, x, fs, subtype="PCM_24")
    say(f"{out}: {seconds:g} s at {fs} Hz, peak {decibels(float(abs(x).max()), 'dBFS')}")
    if volts is not None:
        rms = volts / 2**0.5
        say(
            f"full scale is to be {volts:g} V at the device: set the output so that a sine of full scale has "
            f"{rms:.3g} V on a meter (root mean square), {2 * volts:.3g} V from peak to peak"
        )
    more = "" if volts is None else f" --volts {volts:g}"
    say("play it through the device, record what comes back from its start to its end, without clipping; then:")
    say(f"  circuitnn train {shlex.quote(str(out))} recorded.wav -o pedal.npz{more}")

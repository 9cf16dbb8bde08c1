"""`circuitnn guitar`: a sound to try things with."""

from pathlib import Path

import click

from circuitnn.cli.options import Number
from circuitnn.cli.outputs import check_writable
from circuitnn.cli.problems import say

EXAMPLES = """\b
Examples:
  circuitnn guitar guitar.wav
  circuitnn guitar other.flac --seconds 20 --seed 1
"""


@click.command(epilog=EXAMPLES)
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--seconds", type=Number(0.1, 3600), default=5.0, show_default=True, help="Length.")
@click.option(
    "--fs", type=click.IntRange(8000, 384_000), default=48_000, show_default=True, help="Sample rate in hertz."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another one, other music.")
def guitar(out: Path, seconds: float, fs: int, seed: int) -> None:
    """Write a test sound: a guitar part of plucked strings.

    OUT is a .wav, .flac or .aiff file of one channel, whose peak is half of full scale.
    """
    from circuitnn import audio
    from circuitnn.cli import sounds

    sounds.check_name(out)
    check_writable(out)
    audio.write(out, 0.5 * audio.guitar(seconds, fs, seed=seed), fs)
    say(f"{out}: {seconds:g} s at {fs} Hz, peak -6.0 dBFS")

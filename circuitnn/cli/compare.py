"""`circuitnn compare`: models, netlists and recordings beside each other, as a page."""

import math
from pathlib import Path
from typing import Any

import click

from circuitnn.cli.options import Number, knob_option, oversample_option
from circuitnn.cli.outputs import check_suffix, check_writable
from circuitnn.cli.problems import Failure, Fault, say
from circuitnn.cli.reading import Reading, model_option, set_option
from circuitnn.cli.variants import variant_of

EXAMPLES = """\b
Examples:
  circuitnn compare tube_screamer_clipping "tube_screamer_clipping@D*=1N34A"     compare.html
  circuitnn compare my.cir my.npz recorded.wav --input played.wav --volts 3.1 --output-volts 1.2
  circuitnn compare my.cir other.cir --ngspice --seconds 2 -o spice.html
  circuitnn compare one.wav two.wav

\b
Sources are netlists, names of circuits that come with circuitnn, saved models (.npz), files of players (.nam, .aidax,
.json) and sounds (.wav, .flac, .aiff). Behind an @ a netlist has a knob, a value or a device otherwise, and a model a
knob: my.cir@treble=0.2@R6=20k@D1=1N34A.
"""


@click.command(short_help="Compare models, netlists and recordings: numbers, pictures, a blind test.", epilog=EXAMPLES)
@click.argument("sources", metavar="A B...", nargs=-1, required=True)
@click.option(
    "--input", "-i", "sound", metavar="IN.wav", help="What all of them hear.  [default: a guitar part of 5 s at 48 kHz]"
)
@knob_option
@set_option
@model_option
@click.option(
    "--volts",
    type=float,
    help="Volts of full scale at the input.  [default: what the first model's file says; such that the peak is the "
    "catalogue's nominal one; 1]",
)
@click.option(
    "--output-volts",
    type=float,
    help="Volts of full scale of sounds that are compared with models.  [default: --volts]",
)
@click.option("--seconds", type=Number(0.1, 60), default=8.0, show_default=True, help="How much is compared at most.")
@oversample_option
@click.option("--ngspice", is_flag=True, help="Ask the installed ngspice as well: it plays each netlist (slow).")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("compare.html"),
    show_default=True,
    metavar="FILE.html",
    help="The page.",
)
def compare(
    sources: tuple[str, ...],
    settings: Any,
    models: Any,
    volts: float | None,
    output_volts: float | None,
    ngspice: bool,
    out: Path,
    **options: Any,
) -> None:
    """Compare two or more models, netlists or recordings: numbers, pictures and a blind listening test, as one page.

    All hear the same sound. The page has the energy of the difference of each pair, the signals where they are loud and
    where they are quiet, spectra, responses of the netlists, and an ABX test with levels matched. It is one file that
    needs no network.
    """
    for option, value in (("--volts", volts), ("--output-volts", output_volts)):
        if value is not None and not 0 < value < math.inf:
            raise Fault(f"{option} must be a positive number of volts, got {value:g}")
    check_suffix(out, "a page", ".html", ".htm")
    variants = [variant_of(source) for source in sources]
    if len(variants) + ngspice < 2:
        raise Fault("a comparison is of two or more: circuitnn compare A B")
    # Here and not above, as --help need not wait for NumPy, nor an error for JAX.
    from circuitnn.cli import identified, takes

    takes.check(variants, options["sound"])
    check_writable(out)
    identified.need_page()
    from circuitnn import spice

    if ngspice and spice.version() is None:
        raise Failure("--ngspice: ngspice is not installed (Debian: apt install ngspice)")
    made = takes.made(
        variants,
        Reading(settings=settings, models=models),
        volts=volts,
        output_volts=output_volts,
        asks_ngspice=ngspice,
        **options,
    )
    from circuitnn import pages

    for row in pages.differences(made.takes):
        say(f"{row.second} to {row.first}: ESR {row.esr:.3g}, gain matched {row.esr_level:.3g}")
    pages.comparison(
        made.takes,
        out,
        fs=made.fs,
        freqs=made.freqs,
        title=f"Comparison of {len(made.takes)} signals",
        unit=made.unit,
        facts=made.facts,
        played=made.played,
    )
    say(str(out))

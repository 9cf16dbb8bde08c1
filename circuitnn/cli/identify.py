"""`circuitnn identify`: component values from what was played into a device and what came out of it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circuitnn.cli.fit_options import FIT, NumberOr, Patterns, Share
from circuitnn.cli.loading import netlist_file, positions, read_circuits
from circuitnn.cli.options import Number, knob_option
from circuitnn.cli.outputs import check_suffix, check_writable
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.reading import Reading, reading_options
from circuitnn.cli.wording import in_words_of, with_files

if TYPE_CHECKING:
    import circuitnn as cn

Kind = tuple[str, tuple[str, ...]]
PAGE: Kind = ("a page", (".html", ".htm"))
TABLE: Kind = ("a table of numbers", (".json",))
NETLIST: Kind = ("a netlist", (".cir", ".net", ".sp"))
MODEL: Kind = ("a model", (".npz",))

EXAMPLES = """\b
Examples:
  circuitnn identify clipper.cir played.wav recorded.wav --fit C1,D1.IS,D1.N --volts 3.1 --output-volts 1.2
  circuitnn identify clipper.cir played.wav recorded.wav --fit C1=20%,D1.IS --x-gain fit --x-offset fit \\
      --output-coupling ac --held-out 4 -o clipper.html --json clipper.json
  circuitnn identify my.cir played.wav recorded.wav --fit drive,R6=5% --set R2=4.7k --knob tone=0.3
  circuitnn identify one.cir two.cir played.wav recorded.wav --fit C*         which of them it is
  circuitnn identify my.cir played.wav recorded.wav --netlist found.cir --save found.npz --complete all.npz
  circuitnn run found.npz guitar.wav out.wav                    the device that was found, played

\b
Sound files hold numbers from -1 to 1 (full scale), circuits work with volts, and a diode knows what a volt is: play
and measure a sine once, and say with --volts and --output-volts what full scale is; or have it found with "fit".
Exit status 0 means that there is a report, whatever its verdict.
"""


@click.command(short_help="Find component values from a recording.", epilog=EXAMPLES)
@click.argument("netlists", metavar="NETLIST...", nargs=-1, required=True)
@click.argument("played", metavar="PLAYED")
@click.argument("recorded", metavar="RECORDED")
@click.option(
    "--fit",
    type=Patterns(),
    multiple=True,
    help="The values to find, such as C1,D1.IS,R*; with a tolerance C1=20%; a knob by its name.  [default: all "
    "resistors, capacitors and inductors]",
)
@click.option("--tolerance", type=Share(), help="Of values whose pattern has none, such as 5%.  [default: no bounds]")
@knob_option
@click.option(
    "--x-gain",
    "--volts",
    "x_gain",
    metavar="VOLTS|fit",
    type=NumberOr(FIT, least=0.0),
    help="Volts at the device's input where PLAYED is 1; of RECORDED, other than in run and train, it says nothing.  "
    "[default: 1]",
)
@click.option(
    "--output-volts",
    metavar="VOLTS|fit",
    type=NumberOr(FIT, least=0.0),
    help="Volts at the device's output where RECORDED is 1.  [default: 1, whatever --volts is]",
)
@click.option(
    "--y-gain",
    metavar="GAIN|fit",
    type=NumberOr(FIT, least=0.0),
    help="What RECORDED shows of one volt, in place of --output-volts.",
)
@click.option("--x-offset", metavar="VOLTS|fit", type=NumberOr(FIT), help="Added at the device's input.  [default: 0]")
@click.option(
    "--input-coupling",
    metavar="dc|ac|lost|HZ",
    type=NumberOr("dc", "ac", "lost", least=0.0),
    help="Before the device: none (dc), a high-pass whose corner is found (ac), or one with that corner; lost where "
    "PLAYED was recorded through one that the device has not heard.  [default: dc]",
)
@click.option(
    "--output-coupling",
    metavar="dc|ac|HZ",
    type=NumberOr("dc", "ac", least=0.0),
    help="Behind the device, its own or the recorder's, likewise.  [default: dc]",
)
@click.option("--drift", type=click.Choice([FIT]), help="Find how the clocks of player and recorder differ.")
@click.option(
    "--hum",
    type=Number(0, min_open=True),
    metavar="HZ",
    help="The mains' frequency in hertz: its harmonics are left out of the fit.",
)
@click.option(
    "--high-pass", metavar="HZ|none", type=NumberOr("none", least=0.0), help="What lies below is left out of the fit."
)
@click.option(
    "--held-out", type=Number(0), metavar="SECONDS", help="Seconds at the end that the fit does not see, to test it on."
)
@click.option(
    "--max-delay", type=Number(0), metavar="SECONDS", help="Of RECORDED in seconds, either way.  [default: any]"
)
@click.option("--channel", metavar="N|mean", help="Which one of files that have several, from 0.")
@click.option("--excerpts", type=click.IntRange(1), metavar="N", help="How many stretches are fitted at most.")
@click.option("--seconds", type=Number(0.01), metavar="SECONDS", help="Length of each.")
@click.option(
    "--warmup", type=Number(0), metavar="SECONDS", help="Seconds of PLAYED before each, for what the device remembers."
)
@click.option(
    "--oversample", "oversampling", type=click.Choice(["1", "2", "4", "8", "16"]), help="Of the model.  [default: 4]"
)
@click.option("--starts", type=click.IntRange(1), metavar="N", help="How many values are tried at first.")
@click.option("--precision", type=Share(), help="From which on a value counts as determined.  [default: 1%]")
@click.option(
    "--profile",
    metavar="NAMES|doubtful",
    help="Values, such as D1.IS, that have an interval from the profile of the likelihood, or all doubtful ones.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Of the other starts.")
@click.option("-o", "--report", type=click.Path(path_type=Path), metavar="FILE.html", help="The report as a page.")
@click.option("--json", "table", type=click.Path(path_type=Path), metavar="FILE.json", help="The report as numbers.")
@click.option("--netlist", type=click.Path(path_type=Path), metavar="FILE.cir", help="The netlist with what was found.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE.npz", help="All of it as a model that plays.")
@click.option(
    "--complete",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Learn what the circuit leaves of the recording, in several ways, and write the best model.",
)
@reading_options
def identify(
    netlists: tuple[str, ...],
    played: str,
    recorded: str,
    fit: tuple[tuple, ...],
    tolerance: float | None,
    knobs: tuple[tuple[str, float], ...],
    output_volts: float | str | None,
    channel: str | None,
    report: Path | None,
    table: Path | None,
    netlist: Path | None,
    save: Path | None,
    complete: Path | None,
    reading: Reading,
    **options: Any,
) -> None:
    """Find component values of a circuit from a recording of its input and its output.

    NETLIST is a netlist, or the name of a circuit that comes with circuitnn; of several the one is chosen that explains
    best what is held out. PLAYED is the sound that went in, RECORDED what came out: wav, flac or aiff. Delay and
    polarity are found. The report says whether the circuit explains the recording, and how well each value is known.
    """
    if reading.output_name in ("ac", "dc", FIT):
        raise Fault(f"--output is the node that is heard; for a coupling: --output-coupling {reading.output_name}")
    outputs = ((report, PAGE), (table, TABLE), (netlist, NETLIST), (save, MODEL), (complete, MODEL))
    _check_names(outputs, netlists)
    given = _arguments(options, output_volts)
    # Here and not above, as --help need not wait for NumPy, nor an error for JAX.
    from circuitnn.cli import sounds
    from circuitnn.estimation import asked

    for source in netlists:
        netlist_file(source)
    for sound in (played, recorded):
        sounds.check(sound)
    circuits = _circuits(netlists, knobs, reading)
    if fit:
        given["fit"] = {pattern: own or tolerance for row in fit for pattern, own in row}
    elif tolerance is not None:
        given["tolerance"] = tolerance
    asked.check_all(circuits, given)
    for path, _ in outputs:
        if path is not None:
            check_writable(path)
    from circuitnn.cli.recordings import read_pair

    pair = read_pair(played, recorded, channel)
    asked.check_recording(len(pair.x), pair.fs, given)
    from circuitnn import train
    from circuitnn.cli import identified

    if report is not None:
        identified.need_page()
    has_bar = sys.stderr.isatty()
    several = len(circuits) > 1
    one_or_all = circuits if several else circuits[netlists[0]]
    try:
        values, told = train.identify(one_or_all, pair.x, pair.y, fs=pair.fs, progress=has_bar, **given)
    except ValueError as problem:
        raise ValueError(with_files(str(problem), played, recorded)) from problem
    command = click.get_current_context().command
    for note in (*pair.notes, _scales(given), "", in_words_of(command, str(told))):
        say(note)
    chosen, one = (told.chosen, told.report) if several else (netlists[0], told)
    found = circuits[chosen].replace(**values)
    files = {"netlist": chosen, "played": played, "recorded": recorded}
    facts = files | {"arguments": given, "found": values} | ({"choice": told.to_dict()} if several else {})
    if complete is not None:
        model, left = train.complete(one, pair.x, pair.y, held_out=given.get("held_out"), progress=has_bar)
        say("")
        say(left)
        identified.save_model(complete, model)
        facts["completion"] = left.to_dict()
    if report is not None:
        words = ", ".join(f"{name}={value!r}" for name, value in given.items())
        told_files = {name.capitalize(): file for name, file in files.items()}
        identified.write_page(report, one, pair, told_files | {"Arguments": words}, found.to_spice())
    if table is not None:
        identified.write_json(table, one, facts)
    if netlist is not None:
        identified.write_netlist(netlist, found)
    if save is not None:
        identified.save_model(save, one.model)


def _check_names(outputs: Sequence[tuple[Path | None, Kind]], netlists: Sequence[str]) -> None:
    """Files that are written have the endings of what is in them, none of those that are read, and each another."""
    paths = [path for path, _ in outputs if path is not None]
    for twice in paths:
        if paths.count(twice) > 1:
            raise Fault(f"{twice}: is to be two files at once; give each its own name")
    for path, (what, suffixes) in outputs:
        if path is not None:
            check_suffix(path, what, *suffixes)
            if path.exists() and any(Path(name).exists() and path.samefile(name) for name in netlists):
                raise Fault(f"{path}: is the netlist that is read; give it another name")


def _arguments(options: dict[str, Any], output_volts: float | str | None) -> dict[str, Any]:
    """What was given, by the names that Python's `identify` has; the rest is left to its defaults."""
    given = {name: value for name, value in options.items() if value is not None}
    if output_volts is not None:
        if "y_gain" in given:
            raise Fault("--y-gain and --output-volts say the same: give one of them")
        given["y_gain"] = FIT if output_volts == FIT else 1 / float(output_volts)
    for name in ("input", "output"):
        if f"{name}_coupling" in given:
            given[name] = given.pop(f"{name}_coupling")
    if "oversampling" in given:
        given["oversampling"] = int(given["oversampling"])
    if given.get("profile") not in (None, "doubtful"):
        given["profile"] = tuple(name.strip() for name in given["profile"].split(","))
    if given.get("high_pass") == "none":
        given["high_pass"] = None
    return given


def _circuits(
    sources: Sequence[str],
    knobs: tuple[tuple[str, float], ...],
    reading: Reading,
) -> "dict[str, cn.Circuit]":
    """The netlists with their knobs and values where they were said to be, each in those that have it."""
    circuits = read_circuits(sources, reading)
    turned: dict[str, list[tuple[str, float]]] = {source: [] for source in sources}
    for name, position in knobs:
        having = [source for source in sources if name.lower() in map(str.lower, circuits[source].controls)]
        for source in having or sources[:1]:  # which says what is wrong with it
            turned[source].append((name, position))
    for source, own in turned.items():
        circuits[source] = circuits[source].replace(**positions(own, circuits[source], source))
    return circuits


def _scales(given: dict[str, Any]) -> str:
    """What full scale was taken for: a default that may not be what was meant."""
    x, y = given.get("x_gain", 1.0), given.get("y_gain", 1.0)
    played = "found" if x == FIT else f"{x:g} V"
    recorded = "found" if y == FIT else f"{1 / y:.4g} V"
    return f"full scale: {played} where it was played (--volts), {recorded} where it was recorded (--output-volts)"

"""`circuitnn train`: a model of a device from what was played into it and what came out."""

import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from circuitnn.cli.loading import SOUNDS, check_once, is_netlist, positions
from circuitnn.cli.options import Number, knob_option
from circuitnn.cli.outputs import check_suffix, check_writable
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.train_options import MINUTES, EpochCount, Epochs, Positive
from circuitnn.cli.variants import Turned, read_variants, variant_of

# Options of one kind of source, by the names that they have here.
OF_NETLISTS = ("learn", "fs", "seconds")
OF_RECORDINGS = ("latency", "keep_polarity", "test", "validation", "channel", "output_volts")

EXAMPLES = """\b
Examples:
  circuitnn train played.wav recorded.wav -o pedal.npz
  circuitnn train played.wav recorded.wav -o pedal.npz --model lstm-40 --minutes 10
  circuitnn train played.wav recorded.wav -o pedal.npz --resume --epochs +50
  circuitnn train played.wav recorded.wav -o pedal.npz --latency 37 --until 0.01
  circuitnn train recordings/ -o pedal.npz                      with knobs: recordings/table.csv
  circuitnn train diode_clipper -o clipper.npz --volts 4.5      a network that follows a circuit
  circuitnn train "diode_clipper@R1=4.7k@D*=1N34A" -o other.npz --volts 4.5
  circuitnn run pedal.npz guitar.wav out.wav                    what to do with it

\b
Ctrl-C ends a training and keeps the best model so far; --resume goes on. The command can be tried without a device:
  circuitnn guitar played.wav --seconds 30
  circuitnn run tube_screamer_clipping played.wav recorded.wav --volts 0.3 --normalise
"""


@click.command(short_help="Train a model on a recording of a device.", epilog=EXAMPLES)
@click.argument("sources", metavar="PLAYED RECORDED | FOLDER | NETLIST", nargs=-1, required=True)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, metavar="FILE.npz", help="Where the model goes."
)
@click.option(
    "--model",
    metavar="NAME",
    default="gru-16",
    show_default=True,
    help="The network: gru-16, lstm-40, wavenet-nano and others; a wrong name lists them. Or a netlist: its values are "
    "found, and a network for what they leave.",
)
@click.option("--loss", metavar="NAME", default="esr", show_default=True, help="What is made small.")
@click.option("--minutes", type=Positive(), metavar="N", help=f"How long it takes.  [default: {MINUTES:g}]")
@click.option("--epochs", type=EpochCount(), help="Passes over the recording, or +N more than there were (--resume).")
@click.option("--until", type=Positive(), metavar="ESR", help="End when the validation error is not above it.")
@click.option("--resume", is_flag=True, help="Go on with the training that has made FILE.npz.")
@click.option("--overwrite", is_flag=True, help="Replace a FILE.npz that is there already.")
@click.option("--latency", type=Number(), metavar="SAMPLES", help="By how much RECORDED is late.  [default: found]")
@click.option("--keep-polarity", is_flag=True, help="Leave a recording upside down, where the device is what inverts.")
@click.option("--test", type=Positive(), metavar="SECONDS", help="At the end, to test on.  [default: a tenth]")
@click.option("--validation", type=Positive(), metavar="SECONDS", help="Before, to choose by.  [default: a tenth]")
@click.option("--volts", type=Positive(), help="Volts at the device's input where PLAYED is 1; stored in the model.")
@click.option("--output-volts", type=Positive(), help="Volts at its output where RECORDED is 1.  [default: --volts]")
@click.option(
    "--learn", multiple=True, metavar="KNOB", help="Of a netlist: learn this knob too; may be given several times."
)
@knob_option
@click.option(
    "--fs", type=click.IntRange(8000, 384_000), default=48_000, show_default=True, help="Of a netlist, hertz."
)
@click.option("--seconds", type=Number(2, 3600), default=60.0, show_default=True, help="Of a netlist's music.")
@click.option("--channel", metavar="N|mean", help="Which one of files that have several, from 0.")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FILE.html", help="The report.  [default: beside FILE.npz]"
)
@click.option("--no-report", is_flag=True, help="Write none.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Another one, other weights."
)
@click.pass_context
def train(
    context: click.Context,
    sources: tuple[str, ...],
    out: Path,
    minutes: float | None,
    epochs: Epochs | None,
    until: float | None,
    resume: bool,
    overwrite: bool,
    report: Path | None,
    no_report: bool,
    **options: Any,
) -> None:
    """Train a network on what was played into a device and what came out of it.

    PLAYED and RECORDED are sound files (wav, flac, aiff). They are checked, put in step and divided by time: the
    network learns from the first part, a second one chooses the weights that are kept, and the last one, which decides
    nothing, tells how good the model is. FILE.npz is a model that run, info and export take.

    FOLDER has a table.csv (or give the table) with the columns input and output, two sound files, and one for each knob
    with its position from 0 to 1. A NETLIST, or the name of a circuit that comes with circuitnn, is simulated; behind
    an @ it has a knob, a value or a device otherwise, there and after --model.
    """
    check_suffix(out, "a model", ".npz")
    if report is not None:
        check_suffix(report, "a page", ".html", ".htm")
    _check_options(out, sources, epochs=epochs, minutes=minutes, resume=resume, overwrite=overwrite)
    given_names = {name for name in options if _is_given(context, name)}
    if resume:
        from circuitnn.cli import remembered

        options = remembered.options_of(out, options, given=given_names)
        remembered.check_length(out, epochs)
    netlists = _netlists(sources, options)
    netlist = options["model"] if options["model"] in netlists else None
    _check_kind(sources, given_names, is_circuit=netlist is not None, is_simulated=sources[0] in netlists)
    if netlist:
        _check_circuit(netlist, sources, given_names)
    for path in (out, *([] if report is None else [report])):
        check_writable(path)
    # Here and not above, as --help need not wait for NumPy, nor an error for JAX.
    from circuitnn import capture
    from circuitnn.cli import taken

    is_simulated = len(sources) == 1 and sources[0] in netlists
    there = None if is_simulated else taken.take(sources, options)
    from circuitnn.cli import gray_box, trained
    from circuitnn.cli import sources as reading

    recipe = None if netlist else capture.recipe(options["model"])
    if there is not None:
        given = reading.from_recordings(there)
    else:
        with_states = recipe is not None and recipe.needs_states
        given = reading.from_netlist(sources[0], netlists[sources[0]], options, with_states=with_states)
    say(str(given.material))
    page = None if no_report else report or out.with_suffix(".html")
    plan = capture.Plan(options["model"], options["loss"], options["seed"], more=options)
    length = trained.Length(epochs, minutes, until)
    job = trained.Job(given, recipe, plan, length, out, page, _again(sources, out))
    if netlist:
        gray_box.train(job, netlists[netlist], resume=resume)
    else:
        trained.train(job, resume=resume)


def _netlists(sources: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Turned]:
    """The circuits that are learnt from, or that are the model, by what was typed; the rest is looked at.

    Raises:
        Fault, AudioError, ValueError: when one cannot be read; for a network or loss that there is none of.
    """
    from circuitnn.capture import names

    read: dict[str, Turned] = {}
    if len(sources) == 2:
        from circuitnn.cli import sounds

        for sound in sources:
            sounds.check(sound)
    elif not (Path(sources[0]).is_dir() or sources[0].lower().endswith(".csv")):
        read |= read_variants(sources, knobs=options["knobs"])
        check_once("--learn", [(name, None) for name in options["learn"]])
        for name in positions([(name, 0.5) for name in options["learn"]], read[sources[0]].circuit, sources[0]):
            if name in read[sources[0]].held:
                stands = read[sources[0]].held[name]
                raise Fault(f"--learn {name}: it stands at {stands:g} already; leave one of the two away")
    model = options["model"]
    if is_netlist(variant_of(model).source):
        read |= read_variants([model], knobs=options["knobs"]) if model not in read else {}
    else:
        if names.parsed(model).kind in names.OF_STATES and not read:
            raise Fault(f"--model {model} learns circuit states, which only a netlist has: circuitnn train my.cir")
    names.check_loss(options["loss"])
    return read


def _check_kind(sources: tuple[str, ...], given: Collection[str], *, is_circuit: bool, is_simulated: bool) -> None:
    """Options that mean nothing where a netlist is simulated, or where there are recordings, are not skipped."""
    names = " ".join(sources)
    kind, idle = ("recordings", OF_RECORDINGS) if is_simulated else ("netlists", OF_NETLISTS)
    what = "is a netlist" if is_simulated else f"{'are' if len(sources) > 1 else 'holds'} recordings"
    for name in idle:
        if name in given:
            raise Fault(f"--{name.replace('_', '-')} is of {kind}; {names} {what}")
    if "knobs" in given and not (is_simulated or is_circuit):
        raise Fault(f"--knob is of netlists; {names} {what}: a table says where knobs stood (circuitnn train FOLDER)")


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _check_options(
    out: Path, sources: tuple[str, ...], *, epochs: Epochs | None, minutes: float | None, resume: bool, overwrite: bool
) -> None:
    if len(sources) > 2:
        raise Fault(f"two sound files are needed, what was played and what was recorded; given: {' '.join(sources)}")
    if len(sources) == 1 and Path(sources[0]).suffix.lower() in SOUNDS:
        raise Fault(f"two sound files are needed: {sources[0]}, and what was recorded of it")
    if epochs is not None and minutes is not None:
        raise Fault("--epochs and --minutes both say how long it takes: give one of them")
    if epochs is not None and epochs.is_more and not resume:
        raise Fault(f"--epochs +{epochs.number} is for --resume, which goes on with a training")
    if resume and overwrite:
        raise Fault("--resume goes on with a training, --overwrite begins a new one: give one of them")
    if out.exists() and not (resume or overwrite):
        raise Fault(f"{out}: is there already: --resume trains it further, --overwrite replaces it")


def _check_circuit(netlist: str, sources: tuple[str, ...], given: Collection[str]) -> None:
    if len(sources) != 2:
        raise Fault(f"--model {netlist} is a circuit: it takes two recordings, what was played and what was recorded")
    if "loss" in given:
        raise Fault(f"--loss is of networks; --model {netlist} is a circuit, and makes the squared error small")


def _again(sources: tuple[str, ...], out: Path) -> str:
    """The command that goes on with it."""
    return f"circuitnn train {' '.join(map(shlex.quote, sources))} -o {shlex.quote(str(out))} --resume"

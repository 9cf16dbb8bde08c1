"""`circuitnn listen`: a listening test that a browser opens, and what its answers say."""

import math
from pathlib import Path
from typing import Any

import click

from circuitnn.cli.options import Number, knob_option, oversample_option
from circuitnn.cli.outputs import check_writable
from circuitnn.cli.problems import Failure, Fault, say
from circuitnn.cli.reading import Reading, model_option, set_option
from circuitnn.cli.variants import variant_of

EXAMPLES = """\b
Examples:
  circuitnn listen my.cir gru.npz lstm.npz --input riff.wav --input chords.wav -o listening
  circuitnn listen recorded.wav model.npz --input played.wav --abx --trials 12
  circuitnn listen --results listening answers-*.json

\b
The first source is the reference: the device itself, as a recording, a netlist or a model. Sources are written as for
circuitnn compare. The folder has index.html for the listeners, blind, with all sounds in it; test.json, the key, which
stays; and the same test for webMUSHRA.
"""


@click.command(short_help="Make a listening test (MUSHRA, ABX), and judge its answers.", epilog=EXAMPLES)
@click.argument("sources", metavar="REFERENCE A B...", nargs=-1, required=True)
@click.option(
    "--input",
    "-i",
    "inputs",
    metavar="IN.wav",
    multiple=True,
    help="What all of them hear; more than one for more items.  [default: a guitar part]",
)
@knob_option
@set_option
@model_option
@click.option("--volts", type=Number(0, min_open=True), help="As for circuitnn compare.")
@click.option("--output-volts", type=Number(0, min_open=True), help="As for circuitnn compare.")
@click.option("--seconds", type=Number(0.5, 20), default=8.0, show_default=True, help="Of each sound at most.")
@oversample_option
@click.option("--abx", "is_abx", is_flag=True, help="Ask whether a difference is heard, not how large it is.")
@click.option("--trials", type=click.IntRange(1, 100), default=10, show_default=True, help="Of --abx, for each sound.")
@click.option("--title", default="Listening test", show_default=True, help="Of the page.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("listening"),
    show_default=True,
    metavar="FOLDER",
    help="The test.",
)
@click.option("--results", "is_judging", is_flag=True, help="Judge answers: FOLDER ANSWERS.json...")
def listen(sources: tuple[str, ...], is_judging: bool, out: Path, **options: Any) -> None:
    """Make a listening test out of models, netlists and recordings, or judge the answers to one.

    MUSHRA (ITU-R BS.1534): each sound is rated beside the reference, which is hidden among them, with two anchors. ABX:
    is there a difference at all? All are as loud as the reference (ITU-R BS.1770), in an order that is drawn for each
    listener.
    """
    if is_judging:
        _judge(sources)
        return
    if len(sources) < 2:
        raise Fault("a listening test needs a reference and one more: circuitnn listen REFERENCE A")
    _make(sources, out, **options)


def _judge(sources: tuple[str, ...]) -> None:
    if len(sources) < 2:
        raise Fault(
            "say the folder of the test and the files of answers: circuitnn listen --results FOLDER ANSWERS.json"
        )
    from circuitnn.study.listening_answers import listened

    found = listened(sources[0], sources[1:])
    for name in found.left_out:
        say(f"left out: {name} rated the hidden reference below 90 too often")
    is_abx = found.kind == "abx"
    unit, word = (100, "right, %") if is_abx else (1, "rating")
    measures = list(max((one.scores for one in found.rated), key=lambda scores: len({*scores})))
    rows = [("sound", word, "95 % interval", "p", *measures)]
    for one in found.rated:
        p = "" if one.p is None else f"{one.p:.2g}"
        figures = (f"{one.scores[name]:.3g}" if name in one.scores else "" for name in measures)
        span = f"{unit * one.low:.1f} to {unit * one.high:.1f}" if math.isfinite(one.high - one.low) else "of one: none"
        rows.append((one.name, f"{unit * one.mean:.1f}", span, p, *figures))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    what = "that all answers were guessed" if is_abx else "that it is rated as the reference is"
    say(f"{found.listeners} listener{'s' * (found.listeners != 1)}; p: {what}, after Holm's correction")
    if found.alike is not None:
        say(f"all contenders alike: p {found.alike.p:.2g} (Friedman, over listeners)")
    for name, rank in sorted(found.predicts.items(), key=lambda each: -abs(each[1])):
        say(f"{name}: rank correlation {rank:+.2f} with what was heard, over items and sounds")


def _make(
    sources: tuple[str, ...],
    out: Path,
    *,
    inputs: tuple[str, ...],
    settings: Any,
    models: Any,
    is_abx: bool,
    trials: int,
    title: str,
    **options: Any,
) -> None:
    variants = [variant_of(source) for source in sources]
    # Here and not above, as --help need not wait for NumPy, nor an error for JAX.
    from circuitnn.cli import identified, takes

    if len({*inputs}) < len(inputs):
        raise Fault("--input: given twice")
    for sound in inputs or (None,):
        takes.check(variants, sound)
    recorded = [variant.source for variant in variants if takes.is_sound(variant)]
    if recorded and len(inputs) > 1:
        raise Fault(f"{recorded[0]} is a recording: it has heard one --input, not {len(inputs)}")
    if len(inputs) > 1:
        _check_alike(inputs)
    if out.exists() and not out.is_dir():
        raise Fault(f"{out}: is a file; a listening test is a folder")
    check_writable(out)
    identified.need_page()
    reading = Reading(settings=settings, models=models)
    heard = [
        (sound, takes.made(variants, reading, sound=sound, asks_ngspice=False, **options))
        for sound in inputs or (None,)
    ]
    from circuitnn.study.listening_sounds import Item
    from circuitnn.study.listening_test import listening

    items = []
    for sound, made in heard:
        first, *others = made.takes
        name = Path(sound).stem if sound else "guitar"
        items.append(Item(name, first.signal, {take.name: take.signal for take in others}))
    try:
        page = listening(items, out, fs=heard[0][1].fs, kind="abx" if is_abx else "mushra", title=title, trials=trials)
    except FileExistsError as problem:
        raise Failure(str(problem)) from problem
    say(str(page))


def _check_alike(inputs: tuple[str, ...]) -> None:
    """Several sounds are of one rate, and each has a name of its own on the page."""
    from circuitnn.audio.sound_file import opened_sound

    rates = []
    for sound in inputs:
        with opened_sound(sound) as file:
            rates.append(file.samplerate)
    if len({*rates}) > 1:
        given = ", ".join(f"{rate} Hz" for rate in sorted({*rates}))
        raise Fault(f"--input: sounds of one rate are needed, got {given}")
    stems = [Path(sound).stem for sound in inputs]
    for stem, sound in zip(stems, inputs, strict=True):
        if stems.count(stem) > 1:
            raise Fault(f"--input {sound}: another one is called {stem} too; a name of its own shows on the page")

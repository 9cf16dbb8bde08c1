"""`circuitnn export`: a netlist or a saved model as a header of C, as a plug-in, or as a file of a player."""

from pathlib import Path

import click

from circuitnn.cli.models import FS, PLAYERS, check_cabinet, netlist_of, opened_model, with_cabinet
from circuitnn.cli.options import Number, Rates, cabinet_option, oversample_option, width_option
from circuitnn.cli.outputs import check_file, check_other, check_writable
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.reading import Reading, reading_options

HEADERS = (".h", ".hpp", ".hh")
FORMATS = ("c", "lv2", "nam", "aidax", "rtneural", "proteus", "torch")

EXAMPLES = """\b
Examples:
  circuitnn export tube_screamer_clipping drive.h --main
  cc -O2 drive_main.c -lm -o drive && ./drive guitar.wav driven.wav --volts 0.3 drive=0.8
  circuitnn export pedal.npz pedal.h --name my_pedal --float
  circuitnn export big_muff_tone ~/.lv2/muff.lv2 --volts 4.5 --rates 44100,48000,96000
  circuitnn export gru.npz gru.aidax
  circuitnn export lstm.npz lstm.nam --volts 4.5
  circuitnn export capture.nam capture.json
  circuitnn export lstm.npz lstm.json --format proteus
"""


@click.command(short_help="Write a netlist or a saved model as C, as a plug-in, or for a player.", epilog=EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="What OUT is.  [default: by its name: .h C, .lv2 a plug-in, .nam, .aidax, .json RTNeural, .npz weights for "
    "PyTorch]",
)
@click.option(
    "--name",
    help="What all names in the header begin with; what a host or a player shows.  [default: the file's]",
)
@click.option(
    "--float/--double", "is_single", default=None, help="Precision of C.  [default: the model's; netlists: double]"
)
@click.option(
    "--frame",
    type=click.IntRange(1, 65_536),
    help="Samples of a control frame in C: a knob that moves is followed that often, without a click in between.  "
    "[default: 32; plug-ins 256]",
)
@click.option("--fs", type=click.IntRange(min=1), help="Sample rate in hertz.  [default: the model's; netlists: 48000]")
@click.option(
    "--volts",
    type=Number(0, min_open=True),
    help="Volts of full scale, of a plug-in and for the levels of a .nam.  [default: the model's; netlists: 1]",
)
@click.option(
    "--rates",
    type=Rates(),
    help="Sample rates that a plug-in is for, in hertz.  [default: 44100, 48000 and the model's]",
)
@oversample_option
@cabinet_option
@click.option("--main", is_flag=True, help="Write OUT_main.c too, a program that plays a wav file through the header.")
@width_option
@reading_options
def export(
    model: str,
    out: Path,
    form: str | None,
    name: str | None,
    is_single: bool | None,
    frame: int | None,
    fs: int | None,
    volts: float | None,
    rates: tuple[int, ...] | None,
    oversample: str,
    cabinet: str | None,
    main: bool,
    width: float | None,
    reading: Reading,
) -> None:
    """Write a netlist or a saved model as one header of C or as a plug-in, or a network as a file of a player.

    MODEL is a netlist, the name of a circuit that comes with circuitnn, a model that was saved (.npz), or a file of a
    player. OUT.h needs nothing but the standard library's mathematics; OUT.lv2 is the folder of a plug-in, with a
    control for each knob, compiled where a C compiler is. docs/export.md tells how programs play them, and
    docs/formats.md what goes into which file of a player.
    """
    form = form or _form_of(out)
    for option, is_given, forms in (
        ("--float and --double", is_single is not None, ("c", "lv2")),
        ("--frame", frame is not None, ("c", "lv2")),
        ("--main", main, ("c",)),
        ("--name", name is not None, ("c", "lv2", "nam")),
        ("--volts", volts is not None, ("lv2", "nam")),
        ("--rates", rates is not None, ("lv2",)),
    ):
        if is_given and form not in forms:
            raise Fault(f"{option} is for {' and '.join(forms)}; {out} is {form}")
    check_other(out, model, "model")
    if form != "lv2":
        check_file(out)
    check_writable(out)
    check_cabinet(cabinet)
    circuit = netlist_of(model, reading, oversampling=int(oversample), width=width)
    import jax

    from circuitnn.cli.loading import spelled
    from circuitnn.export import c, lv2
    from circuitnn.export.formats import FORMATS as PLAYED
    from circuitnn.export.plugin import FRAME, rates_of

    real = None if is_single is None else "float" if is_single else "double"
    with jax.enable_x64(True):
        built = opened_model(model, circuit, fs=fs, oversampling=int(oversample), width=width)
        built = with_cabinet(built, cabinet, FS)
        if form == "c":
            c(built, out, name=name, frame=frame or 32, real=real, main=main)  # type: ignore[arg-type]
        elif form == "lv2":
            lv2(built, out, name=name, volts=volts, rates=rates, frame=frame or FRAME, real=real)  # type: ignore[arg-type]
        else:
            given = {"name": name, "volts": volts}
            PLAYED[form].write(built, out, **{key: value for key, value in given.items() if value is not None})
        rate = "any rate" if built.fs is None else f"{built.fs:g} Hz"
        if form == "lv2" and built.fs is not None:
            rate = f"{', '.join(f'{fs:g}' for fs in rates_of(built, rates))} Hz"
        late = f", {built.latency} samples late" if built.latency else ""
        knobs = spelled({knob: float(place) for knob, place in built.controls.items()}) or "none"
    player = f" for {PLAYED[form].title}" if form in PLAYED else " as a plug-in" if form == "lv2" else ""
    say(f"{out}: {type(built).__name__} at {rate}{late}{player}; knobs: {knobs}")
    if main:
        say(f"{out.with_name(f'{out.stem}_main.c')}: plays a wav file through it")


def _form_of(out: Path) -> str:
    """By the name; of .json RTNeural's."""
    suffix = out.suffix.lower()
    form = {".lv2": "lv2", **dict.fromkeys(HEADERS, "c"), **PLAYERS}.get(suffix)
    if form is None:
        raise Fault(
            f"{out}: a header ends in {', '.join(HEADERS)}, a plug-in in .lv2, a file of a player in "
            f"{', '.join(PLAYERS)}"
        )
    return form

"""`circuitnn export`: a netlist or a saved model as a header of C."""

from pathlib import Path

import click

from circuitnn.cli.options import input_option, output_option, oversample_option
from circuitnn.cli.problems import Fault

EXAMPLES = """\b
Examples:
  circuitnn export tube_screamer_clipping drive.h --main
  cc -O2 drive_main.c -lm -o drive && ./drive guitar.wav driven.wav --volts 0.3 drive=0.8
  circuitnn export pedal.npz pedal.h --name my_pedal --float
"""


@click.command(short_help="Write a netlist or a saved model as C, for plug-ins and pedals.", epilog=EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("out", metavar="OUT.h", type=click.Path(path_type=Path))
@click.option("--name", help="What all names in the header begin with.  [default: that of the file]")
@click.option(
    "--float/--double", "is_single", default=None, help="Precision.  [default: the model's; netlists: double]"
)
@click.option(
    "--frame",
    type=click.IntRange(1, 65_536),
    default=32,
    show_default=True,
    help="Samples of a control frame: a knob that moves is followed that often, without a click in between.",
)
@click.option("--fs", type=click.IntRange(min=1), help="Sample rate in hertz.  [default: the model's; netlists: 48000]")
@oversample_option
@click.option("--main", is_flag=True, help="Write OUT_main.c too, a program that plays a wav file through the header.")
@input_option
@output_option
def export(
    model: str,
    out: Path,
    name: str | None,
    is_single: bool | None,
    frame: int,
    fs: int | None,
    oversample: str,
    main: bool,
    source_name: str | None,
    output_name: str | None,
) -> None:
    """Write a netlist or a saved model as one header of C.

    MODEL is a netlist, the name of a circuit that comes with circuitnn, or a model that was saved (.npz). OUT.h needs
    nothing but the standard library's mathematics; docs/export.md tells how a plug-in plays it.
    """
    if out.suffix.lower() not in (".h", ".hpp", ".hh"):
        raise Fault(f"{out}: the name of a header ends in .h, .hpp or .hh")
    if out.is_dir():
        raise Fault(f"{out}: is a folder")
    import jax

    from circuitnn.cli.loading import spelled
    from circuitnn.cli.models import opened_model
    from circuitnn.export import c

    real = None if is_single is None else "float" if is_single else "double"
    with jax.enable_x64(True):
        built = opened_model(
            model, fs=fs, oversampling=int(oversample), source_name=source_name, output_name=output_name
        )
        c(built, out, name=name, frame=frame, real=real, main=main)  # type: ignore[arg-type]
        rate = "any rate" if built.fs is None else f"{built.fs:g} Hz"
        late = f", {built.latency} samples late" if built.latency else ""
        knobs = spelled({knob: float(place) for knob, place in built.controls.items()}) or "none"
    click.echo(f"{out}: {type(built).__name__} at {rate}{late}; knobs: {knobs}")
    if main:
        click.echo(f"{out.with_name(f'{out.stem}_main.c')}: plays a wav file through it")

"""`circuitnn response`: the curves of a netlist over its knobs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuitnn.cli.loading import PICTURES, netlist_file, spelled
from circuitnn.cli.options import Frequencies, knob_option
from circuitnn.cli.outputs import check_file, check_writable
from circuitnn.cli.problems import Failure, Fault, say
from circuitnn.cli.reading import Reading, reading_options
from circuitnn.cli.variants import Turned, read_variants, variant_of

if TYPE_CHECKING:
    import circuitnn as cn

EXAMPLES = """\b
Examples:
  circuitnn response bassman                           a picture, bassman-response.png
  circuitnn response my.cir --knob treble=0.2          the other knobs are turned with treble at 0.2
  circuitnn response my.cir -o my.csv                  a table: knobs, freq_hz, magnitude_db, phase_deg
  circuitnn response my.cir --output "v(C1)" -o c1.svg
  circuitnn response my.cir --ngspice                  with ngspice's answer as points
  circuitnn response bassman jcm800 twin               one curve of each
  circuitnn response my.cir my.cir@R6=20k@tone=0.8     one circuit as it stands, and with other values
"""
POINTS = 25  # of ngspice in a picture


@click.command(short_help="Plot the curves of a netlist over its knobs.", epilog=EXAMPLES)
@click.argument("circuits", metavar="CIRCUIT...", nargs=-1, required=True)
@knob_option
@click.option(
    "--freqs",
    type=Frequencies(),
    default="20:20000:400",
    show_default=True,
    help="Frequencies in hertz, spaced logarithmically.",
)
@click.option(
    "--steps", type=click.IntRange(2, 25), default=5, show_default=True, help="Positions of each knob, from 0 to 1."
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A picture (.png, .svg, .pdf) or a table (.csv).  [default: CIRCUIT-response.png in this folder]",
)
@reading_options
@click.option(
    "--ngspice", is_flag=True, help="Ask the installed ngspice as well: points in the picture, columns in the table."
)
def response(
    circuits: tuple[str, ...],
    knobs: tuple[tuple[str, float], ...],
    freqs: tuple[float, float, int],
    steps: int,
    out: Path | None,
    reading: Reading,
    ngspice: bool,
) -> None:
    """Plot the frequency response of a netlist: one panel for each knob, the knob in five positions.

    CIRCUIT is a netlist file, or the name of a circuit that comes with circuitnn, such as bassman; a file has priority.
    The curves are the exact small-signal analysis at the operating point, from the signal's source to the output. Of
    several circuits there is one curve each, with their knobs where the netlists or --knob have them; behind an @ a
    circuit may have a knob, a value or a device otherwise.
    """
    variants = [variant_of(circuit) for circuit in circuits]
    out = out or Path(f"{'-'.join(dict.fromkeys(Path(variant.source).stem for variant in variants))}-response.png")
    if out.suffix.lower() not in (*PICTURES, ".csv"):
        raise Fault(f"{out}: the name ends in {', '.join(PICTURES)} for a picture, or .csv for a table")
    is_table = out.suffix.lower() == ".csv"
    for variant in variants:
        netlist_file(variant.source)
    read = read_variants(circuits, reading, knobs)
    check_file(out)
    check_writable(out)
    # Here and not above, as --help and errors need not wait for NumPy and JAX.
    import numpy as np

    from circuitnn import spice
    from circuitnn.cli import family, picture
    from circuitnn.knobs import RULE

    if not is_table:
        picture.need_matplotlib()
    program = spice.version() if ngspice else None
    if ngspice and program is None:
        raise Failure("--ngspice: ngspice is not installed (Debian: apt install ngspice)")
    for name, one in read.items():
        where = f"knobs: {spelled(one.knobs) if one.knobs else f'none ({RULE})'}"
        say(f"{name}: {one.circuit.title or 'no title'}; {where}")
    shown = np.geomspace(*freqs)
    every = slice(None) if is_table else np.unique(np.linspace(0, freqs[2] - 1, POINTS).round().astype(int))
    asked = shown[every] if ngspice else None
    if len(read) > 1:
        found = family.overlay(read, shown, asked)
    else:
        (one,) = read.values()
        found = family.family(one.circuit, shown, held=one.held, steps=steps)
        found = found if asked is None else found.with_reference(one.circuit, asked)
    if ngspice:
        say(f"ngspice {program}: the largest difference is {family.largest_difference(found):.2g} dB")
    if is_table:
        family.write_table(out, found)
    else:
        picture.write_picture(out, found, title=_title(read), unit=_unit(read))
    say(str(out))


def _title(read: "dict[str, Turned]") -> str:
    if len(read) > 1:
        return "Frequency responses"
    ((name, one),) = read.items()
    circuit = one.circuit
    others = f"; while one knob is turned, the others are at {spelled(one.knobs)}" if len(one.knobs) > 1 else ""
    return f"{circuit.title or Path(name).stem}\nfrom {circuit.inputs[0]} to {circuit.outputs[0]}{others}"


def _unit(read: "dict[str, Turned]") -> str:
    """dB of a gain, or of a conductance or resistance where one side is a current."""
    units = {_unit_of(one.circuit) for one in read.values()}
    return units.pop() if len(units) == 1 else "gain in dB, each in its own unit"


def _unit_of(circuit: "cn.Circuit") -> str:
    device = circuit[circuit.inputs[0]].device
    over = device.unit
    heard = "A" if circuit.outputs[0].lower().startswith("i(") else "V"
    return "gain in dB" if over == heard else f"gain in dB relative to 1 {heard}/{over}"

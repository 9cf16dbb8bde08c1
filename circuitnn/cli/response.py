"""`circuitnn response`: the curves of a netlist over its knobs."""

from pathlib import Path

import click

from circuitnn.cli.loading import PICTURES, netlist_file, positions, read_circuit, spelled
from circuitnn.cli.options import Frequencies, knob_option
from circuitnn.cli.problems import Failure, Fault, say
from circuitnn.cli.reading import Reading, reading_options

EXAMPLES = """\b
Examples:
  circuitnn response bassman                           a picture, bassman-response.png
  circuitnn response my.cir --knob treble=0.2          the other knobs are turned with treble at 0.2
  circuitnn response my.cir -o my.csv                  a table: knobs, freq_hz, magnitude_db, phase_deg
  circuitnn response my.cir --output "v(C1)" -o c1.svg
  circuitnn response my.cir --ngspice                  with ngspice's answer as points
"""
POINTS = 25  # of ngspice in a picture


@click.command(short_help="Plot the curves of a netlist over its knobs.", epilog=EXAMPLES)
@click.argument("circuit", metavar="CIRCUIT")
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
    circuit: str,
    knobs: tuple[tuple[str, float], ...],
    freqs: tuple[float, float, int],
    steps: int,
    out: Path | None,
    reading: Reading,
    ngspice: bool,
) -> None:
    """Plot the frequency response of a netlist: one panel for each knob, the knob in five positions.

    CIRCUIT is a netlist file, or the name of a circuit that comes with circuitnn, such as bassman; a file has priority.
    The curves are the exact small-signal analysis at the operating point, from the signal's source to the output.
    """
    out = out or Path(f"{Path(circuit).stem}-response.png")
    if out.suffix.lower() not in (*PICTURES, ".csv"):
        raise Fault(f"{out}: the name ends in {', '.join(PICTURES)} for a picture, or .csv for a table")
    is_table = out.suffix.lower() == ".csv"
    netlist_file(circuit)
    # Here and not above, as --help and errors need not wait for NumPy and JAX.
    import numpy as np

    from circuitnn import spice
    from circuitnn.cli import family, picture
    from circuitnn.knobs import RULE, knobs_of

    if not is_table:
        picture.need_matplotlib()
    program = spice.version()
    if ngspice and program is None:
        raise Failure("--ngspice: ngspice is not installed (Debian: apt install ngspice)")
    read = read_circuit(circuit, reading)
    held = positions(knobs, read, circuit)
    found = family.family(read, np.geomspace(*freqs), held=held, steps=steps)
    where = {**knobs_of(read.controls), **held}
    say(f"{circuit}: {read.title or 'no title'}; knobs: {spelled(where) if where else f'none ({RULE})'}")
    if ngspice:
        every = slice(None) if is_table else np.unique(np.linspace(0, freqs[2] - 1, POINTS).round().astype(int))
        found = found.with_reference(read, found.freqs[every])
        say(f"ngspice {program}: the largest difference is {family.largest_difference(found):.2g} dB")
    if is_table:
        family.write_table(out, found)
    else:
        others = f"; while one knob is turned, the others are at {spelled(where)}" if len(where) > 1 else ""
        title = f"{read.title or Path(circuit).stem}\nfrom {read.inputs[0]} to {read.outputs[0]}{others}"
        picture.write_picture(out, found, title=title, unit=_unit(read))
    say(str(out))


def _unit(circuit) -> str:
    """dB of a gain, or of a conductance or resistance where one side is a current."""
    over = circuit[circuit.inputs[0]].device.unit
    heard = "A" if circuit.outputs[0].lower().startswith("i(") else "V"
    return "gain in dB" if over == heard else f"gain in dB relative to 1 {heard}/{over}"

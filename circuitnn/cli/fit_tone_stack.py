"""`circuitnn fit-tone-stack`: a filter that follows the knobs of a netlist or of measurements."""

import sys
from pathlib import Path
from typing import Any

import click

from circuitnn.cli.loading import netlist_file, read_circuit
from circuitnn.cli.options import Widths
from circuitnn.cli.outputs import check_suffix, check_writable
from circuitnn.cli.problems import Fault, say
from circuitnn.cli.reading import Reading, reading_options

# Half a minute of two cores, compilation included; what it costs in decibels is in the help of the option.
QUICK: dict[str, Any] = {"hidden": (16, 16), "settings": 256, "schedule": (500, 25)}

EXAMPLES = """\b
Examples:
  circuitnn fit-tone-stack bassman --quick                      a first try: bassman.npz
  circuitnn fit-tone-stack bassman                              the same in earnest
  circuitnn fit-tone-stack my.cir -o my.npz --report my-report  and figures of how well it follows
  circuitnn fit-tone-stack measurements/ -o amp.npz --fs 44100
  circuitnn run my.npz guitar.wav out.wav --knob treble=0.8     what to do with it
"""


@click.command("fit-tone-stack", epilog=EXAMPLES)
@click.argument("target", metavar="TARGET")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Where the model goes.  [default: TARGET.npz in this folder]",
)
@click.option("--report", type=click.Path(path_type=Path), metavar="FOLDER", help="Numbers and figures of the fit.")
@click.option(
    "--fs", type=click.IntRange(1000, 1_000_000), default=48_000, show_default=True, help="Sample rate in hertz."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another one, other weights.")
@click.option("--order", type=click.IntRange(1, 64), default=8, show_default=True, help="Order of the filter.")
@click.option(
    "--hidden",
    type=Widths(),
    help="Widths of the network's layers.  [default: 32,32; with --quick 16,16]",
)
@click.option(
    "--quick",
    is_flag=True,
    help="A first try in well under a minute instead of minutes. It costs accuracy: some 0.02 dB off on average, 1 to "
    "5 dB in the worst place, where the full fit has 0.003 and 0.1 dB.",
)
@reading_options
def fit_tone_stack(
    target: str,
    out: Path | None,
    report: Path | None,
    fs: int,
    seed: int,
    order: int,
    hidden: tuple[int, ...] | None,
    quick: bool,
    reading: Reading,
) -> None:
    """Fit a filter that follows the knobs of a tone stack.

    TARGET is a netlist, the name of a circuit that comes with circuitnn, or a folder of measured responses. The model
    is saved as a .npz, which circuitnn run plays and circuitnn.train.restore reads.
    """
    out = out or Path(f"{Path(target).stem or 'tone-stack'}.npz")
    check_suffix(out, "a model", ".npz")
    if not Path(target).is_dir():
        netlist_file(target)
    aim = _target(target, reading)
    # Here and not above, as --help and errors need not wait for JAX.
    from circuitnn import train
    from circuitnn.cli.picture import need_matplotlib

    for path in (out, *([] if report is None else [report / "report.json"])):
        check_writable(path)
    if report is not None:
        need_matplotlib()
    options: dict[str, Any] = (
        {"hidden": (32, 32)} | (QUICK if quick else {}) | ({} if hidden is None else {"hidden": hidden})
    )
    model, told = train.fit_tone_stack(aim, fs=fs, seed=seed, order=order, progress=sys.stderr.isatty(), **options)
    train.save(model, out)
    say(str(told))
    if report is not None:
        told.save(report)
        say(str(report))
    say(str(out))


def _target(target: str, reading: Reading):
    """A circuit with knobs, or the path of a folder."""
    from circuitnn.knobs import RULE, knobs_of

    if Path(target).is_dir():
        reading.refuse(target, "a folder")
        return Path(target)
    circuit = read_circuit(target, reading)
    if not knobs_of(circuit.controls):
        raise Fault(f"{target}: has no knobs to follow; {RULE}")
    return circuit

"""`circuitnn check`: what was read of a netlist, what was inferred, and where it rests."""

import re
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuitnn.cli.loading import netlist_file, spelled
from circuitnn.cli.options import input_option, output_option
from circuitnn.cli.problems import Failure

if TYPE_CHECKING:
    import circuitnn as cn

EXAMPLES = """\b
Examples:
  circuitnn check my.cir
  circuitnn check my.cir --input V2 --output "v(a,b)"
"""
_INFERRED = re.compile(r"is taken as|is added as|is open: |^read as |is read as ")
_AGREED = 1e-4  # relative, with a thousandth of a volt as the least that counts as 1


@click.command(short_help="Tell what is read of a netlist, and where it rests.", epilog=EXAMPLES)
@click.argument("circuit", metavar="CIRCUIT")
@input_option
@output_option
def check(circuit: str, source_name: str | None, output_name: str | None) -> None:
    """Tell what is read of a netlist, what is inferred and passed over, and its operating point.

    CIRCUIT is a netlist file, or the name of a circuit that comes with circuitnn. Where ngspice is installed it is
    asked about the same text, and what it says otherwise is marked. Exit status 1, with all faults, where it cannot be
    read.
    """
    import circuitnn as cn

    path = netlist_file(circuit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.NetlistWarning)  # the notes are told below
        try:
            read = cn.read_netlist(path, inputs=source_name, outputs=output_name)
        except cn.CircuitError as problem:
            raise Failure(f"{circuit}: {problem}") from problem
    for line in (*_summary(circuit, path, read), *_notes(read), *_rest(path, read)):
        click.echo(line)


def _summary(name: str, path: Path, circuit: "cn.Circuit") -> list[str]:
    from circuitnn.circuit.asc import is_schematic
    from circuitnn.circuit.lines import load
    from circuitnn.circuit.recognition import recognised

    text = load(path)[0]
    dialect = "LTspice" if is_schematic(text) else recognised(text).dialect
    kinds = Counter(part.kind for part in circuit.components)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return [
        f"{name}: {len(circuit.components)} components ({counts}), {len(circuit.nodes)} nodes",
        f"dialect: {dialect}",
        f"input: {', '.join(circuit.inputs)}; output: {', '.join(circuit.outputs)}",
        f"knobs: {spelled(circuit.controls) or 'none'}",
    ]


def _notes(circuit: "cn.Circuit") -> list[str]:
    inferred = [f"  {note}" for note in circuit.notes if _INFERRED.search(note.message)]
    others = [f"  {note}" for note in circuit.notes if not _INFERRED.search(note.message)]
    return [
        *(["inferred:", *inferred] if inferred else []),
        *(["passed over or taken otherwise:", *others] if others else []),
    ]


def _rest(path: Path, circuit: "cn.Circuit") -> list[str]:
    """The operating point as a table, with ngspice's where it has one."""
    import jax

    import circuitnn as cn
    from circuitnn.circuit.asc import is_schematic, netlist_of
    from circuitnn.circuit.lines import load
    from circuitnn.spice.as_written import rest_as_written

    with jax.enable_x64(True):
        found = cn.nodal.operating_point(circuit)
        ours = {node: float(found[node]) for node in circuit.nodes}
    theirs: dict[str, float] = {}
    said = "ngspice is not installed"
    if cn.spice.version() is not None:
        try:
            text = load(path)[0]
            theirs = rest_as_written(netlist_of(text, path.parent) if is_schematic(text) else text, path.parent)
            said = ""
        except cn.spice.SpiceError as problem:
            said = f"ngspice does not read the same text: {problem}"
    width = max(len("node"), *map(len, ours))
    lines = [f"operating point:\n  {'node':{width}}  volts" + ("         ngspice" if theirs else "")]
    differing = 0
    for node, volts in ours.items():
        other = theirs.get(node.lower())
        differs = other is not None and abs(volts - other) > _AGREED * max(abs(other), 1e-3)
        differing += differs
        more = "" if other is None else f"  {other:<12.6g}" + ("  differs" if differs else "")
        lines.append(f"  {node:{width}}  {volts:<12.6g}{more}".rstrip())
    verdict = f"ngspice differs at {differing} of {len(ours)} nodes" if differing else "ngspice says the same"
    return [*lines, said or verdict]

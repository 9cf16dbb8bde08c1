"""`circuitnn check`: what was read of a netlist, what was inferred, and where it rests."""

import re
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuitnn.cli.loading import netlist_file, spelled
from circuitnn.cli.options import input_option, output_option
from circuitnn.cli.problems import Failure, say

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

    CIRCUIT is a netlist, a schematic of LTspice (.asc), or the name of a circuit that comes with circuitnn. Where
    ngspice is installed it is asked about the same text, and what it says otherwise is marked. Exit status 1, with all
    faults, where it cannot be read.
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
        say(line)


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
    """The operating point as a table, with ngspice's where it has one; of subcircuits only what differs."""
    import jax

    import circuitnn as cn

    with jax.enable_x64(True):
        found = cn.nodal.operating_point(circuit)
        ours = {node: float(found[node]) for node in circuit.nodes}
    theirs, verdict = _theirs(path, circuit)
    rows = {}
    differing = 0
    inner = [node for node in ours if "." in node] if any("." not in node for node in ours) else []
    for node, volts in ours.items():
        other = theirs.get(node.lower())
        differs = other is not None and abs(volts - other) > _AGREED * max(abs(other), 1e-3)
        differing += differs
        if differs or node not in inner:
            rows[node] = f"{volts:<12.6g}" + ("" if other is None else f"  {other:<12.6g}") + "  differs" * differs
    width = max(len("node"), *map(len, rows))
    hidden = len(ours) - len(rows)
    return [
        f"operating point:\n  {'node':{width}}  volts" + ("         ngspice" if theirs else ""),
        *(f"  {node:{width}}  {row}".rstrip() for node, row in rows.items()),
        *([f"  and {hidden} nodes inside of parts and subcircuits"] if hidden else []),
        f"ngspice differs at {differing} of {len(ours)} nodes{verdict[1]}" if differing else verdict[0] + verdict[1],
    ]


def _theirs(path: Path, circuit: "cn.Circuit") -> tuple[dict[str, float], tuple[str, str]]:
    """ngspice's voltages by lower-case node, what is said where they are the same, and what to add to it."""
    import circuitnn as cn
    from circuitnn.circuit.asc import is_schematic, netlist_of
    from circuitnn.circuit.lines import load
    from circuitnn.spice.as_written import rest_as_written

    if cn.spice.version() is None:
        return {}, ("ngspice is not installed", "")
    try:
        text = load(path)[0]
        netlist = netlist_of(text, path.parent) if is_schematic(text) else text
        return rest_as_written(netlist, path.parent), ("ngspice says the same", "")
    except cn.spice.SpiceError as problem:
        reason = str(problem)
    try:
        theirs = {node.lower(): float(volts) for node, volts in cn.spice.operating_point(circuit).items()}
    except (cn.spice.SpiceError, cn.CircuitError, ValueError):
        return {}, (f"ngspice does not read the same text: {reason}", "")
    own = f" of the netlist that circuitnn writes of it; the text itself it does not read: {reason.splitlines()[0]}"
    return theirs, ("ngspice says the same", own)

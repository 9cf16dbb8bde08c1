"""`circuitnn check`: what was read of a netlist, what was inferred, and where it rests."""

import re
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuitnn.cli.loading import changed, netlist_file, spelled
from circuitnn.cli.problems import Failure, say
from circuitnn.cli.reading import Reading, reading_options
from circuitnn.cli.rest_table import rest_table

if TYPE_CHECKING:
    import circuitnn as cn

EXAMPLES = """\b
Examples:
  circuitnn check my.cir
  circuitnn check my.cir --input V2 --output "v(a,b)"
"""
_INFERRED = re.compile(r"is taken as|is added as|is open: |^read as |is read as ")


@click.command(short_help="Tell what is read of a netlist, and where it rests.", epilog=EXAMPLES)
@click.argument("circuit", metavar="CIRCUIT")
@reading_options
def check(circuit: str, reading: Reading) -> None:
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
            read = cn.read_netlist(path, inputs=reading.source_name, outputs=reading.output_name)
        except cn.CircuitError as problem:
            raise Failure(f"{circuit}: {problem}") from problem
    as_typed = changed({circuit: read}, reading)[circuit]
    is_changed = bool(reading.settings or reading.models)
    changes = [f"  {note.message}" for note in as_typed.notes[len(read.notes) :]]
    changes += [f"  {name}: {value}" for name, value in reading.settings]
    for line in (
        *_summary(circuit, path, as_typed),
        *_notes(read),
        *(["changed:", *changes] if is_changed else []),
        *rest_table(None if is_changed else path, as_typed),
    ):
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

"""Reading a netlist: its text, its title, what it is driven by and where it is heard."""

import dataclasses
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from circuitnn.circuit.asc import is_schematic, schematic_lines
from circuitnn.circuit.blocks import Block
from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.components import NULLOR, Component
from circuitnn.circuit.controlled import parse_elements
from circuitnn.circuit.draft import Draft
from circuitnn.circuit.equivalents import with_devices
from circuitnn.circuit.includes import with_included
from circuitnn.circuit.inference import has_silent_loops, inferred_outputs
from circuitnn.circuit.journal import Journal, words_in
from circuitnn.circuit.lines import Line, load, logical_lines, physical_lines, without_comment
from circuitnn.circuit.outputs import Probe, probe, probed_nodes
from circuitnn.circuit.recognition import by_name, recognised
from circuitnn.circuit.wipers import with_knobs
from circuitnn.devices.controlled import VOLTAGE_OF_VOLTAGE
from circuitnn.devices.registry import letters
from circuitnn.expressions.composed import Draws
from circuitnn.expressions.dialect import Dialect
from circuitnn.expressions.errors import NetlistError, NetlistWarning
from circuitnn.settings import register


def read_netlist(
    path_or_text: str | Path,
    *,
    inputs: str | Sequence[str] | None = None,
    outputs: str | Sequence[str] | None = None,
    uncharged: bool = False,
    root: str | Path | None = None,
    tolerance_seed: int | None = None,
    dialect: str = "auto",
) -> Circuit:
    """Read a circuit from a SPICE netlist.

    Elements R, C, L, K, V, I, E, G, F, H, B, D, Q, J and X; ``.param``, ``.func``, ``.model``, ``.subckt`` (put in the
    place of its instances), ``.include`` and ``.lib`` of files in the netlist's folder.

    Args:
        path_or_text: a path, of a netlist or of LTspice's schematic (``.asc``, flat, of its standard symbols); a string
            with a line break is the netlist itself. The first line of a file is the title,
            as in SPICE. The first line of a text is the title unless it is an element, a directive or a comment; the
            text of a leading comment becomes the title.
        inputs: names of the sources (V or I) that the signal drives, in the order of x's features. A node that no
            voltage source is at is driven by one that is added: "in", or "Vin" where that is no source. With None it
            is Vin, or the source that by AC, waveform or name must be it, or a node "in"; `Circuit.notes` say which.
        outputs: what is heard, in the order of y's features: a node, "out" or "v(out)"; the voltage between two nodes,
            "v(a,b)", or across a component from its first node to its second, "v(C1)", both in volts; the current
            through a component in the same direction, "i(R1)", in amperes: of R, C, L, V, E, H, and B with V=.
            With None it is the node out, or one named output, vout or vo; `Circuit.notes` say which.
        uncharged: nodes between capacitors alone, loops of coils and terminals in the air are accepted: what direct
            current leaves undetermined had neither charge nor current before. Otherwise that is an error, where it is
            not noted: nodes at capacitors alone have 1 teraohm to ground, and coils in loops no current at rest.
        root: a folder: what is in or below it may be included, where that is not only the netlist's own folder and
            those below. A text is read as if it were in it.
        tolerance_seed: values with a tolerance, as of ``mc(10k,0.05)``, are drawn with this seed, for each instance of
            a subcircuit its own; they are nominal when None.
        dialect: the program that it is written for, "ltspice", "pspice", "ngspice" or "kicad", where these read
            otherwise: powers of what is negative, comments, ... With "auto" what is in the netlist tells, and
            `Circuit.notes` has what it was taken for.

    Returns:
        The circuit, values in float64.

    Raises:
        NetlistError: naming the lines, when the text is no netlist or the circuit has no unique solution, all faults at
            once (`NetlistError.faults`); naming the file, when it cannot be read.
        FileNotFoundError: when there is no such file (it is a `CircuitError` too).
        ValueError: for a dialect that is none.
    """
    by_user = by_name(dialect)
    text, is_file = load(path_or_text)
    folders = _folders(path_or_text, is_file, root)
    journal = Journal()
    is_drawn = is_schematic(text)
    if is_drawn:
        by_user = by_user or by_name("ltspice")
        title, lines = Path(path_or_text).stem if is_file else "schematic", schematic_lines(text, *folders, journal)
    else:
        program = by_user or recognised(text)
        title, lines = _title(text, is_file, program.dialect)
        program.note(journal)
    lines = with_included(lines, *folders, journal, recognise=by_user is None)
    block = Block(with_devices(lines), journal=journal)
    try:
        draws = None if tolerance_seed is None else np.random.default_rng(tolerance_seed)
        block = with_knobs(_alone(block))
        circuit = circuit_of(block, inputs=inputs, outputs=outputs, uncharged=uncharged, title=title, draws=draws)
    except NetlistError as error:
        if error.line is None and not is_drawn and title[:1].upper() in letters():
            raise NetlistError(f"{error} (the first line, {title!r}, was taken as the title)") from None
        raise
    block.journal.warn(circuit.title, stacklevel=2)
    return circuit


def circuit_of(
    block: Block,
    *,
    inputs: str | Sequence[str] | None,
    outputs: str | Sequence[str] | None,
    uncharged: bool,
    title: str,
    draws: Draws | None = None,
) -> Circuit:
    """The circuit of a netlist that is understood line by line; arguments and errors as of `read_netlist`."""
    journal = block.journal
    draft = Draft(block, draws)
    components = draft.components()
    journal.settle()
    components, named = draft.driven(components, _sequence(inputs, "inputs"), title)
    inputs = draft.inputs(named)
    heard = _sequence(outputs, "outputs") or inferred_outputs(
        components, draft.flat, journal, lines=block.lines, inputs=inputs
    )
    probes = _outputs(components, heard, block)
    components = draft.with_waveforms(components, inputs)
    if not uncharged:
        components = draft.loaded(components, probed_nodes(probes))
    components = draft.connected(components, probed_nodes(probes), uncharged=uncharged)
    if not uncharged and not journal.faults:
        uncharged = has_silent_loops(components, draft.flat, draft.values, journal)
    draft.check_topology(components, uncharged=uncharged)
    draft.check_expressions(components)
    journal.check()
    clamps = draft.clamps(components)
    names = tuple(output.name for output in probes)
    title = draft.title or title
    circuit = Circuit(
        draft.used(components), components, draft.models, draft.parameters, inputs, names, title, uncharged, clamps
    )
    draft.check_values(circuit)
    journal.check()
    return dataclasses.replace(circuit, notes=journal.notes)


def circuit_from(
    netlist: str, inputs: Sequence[str], outputs: Sequence[str], uncharged: bool, nullors: Sequence[str]
) -> Circuit:
    """The circuit that `Circuit.settings` describe: its netlist as text, which cannot include files.

    Raises:
        NetlistError: as `read_netlist`.
        ValueError: when the netlist is none, or an op-amp of infinite gain is no source of voltage.
    """
    if not isinstance(netlist, str) or "\n" not in netlist:
        raise ValueError("the netlist of a circuit is a text of several lines")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetlistWarning)  # said when it was read first
        circuit = read_netlist(netlist, inputs=inputs, outputs=outputs, uncharged=uncharged, dialect="ngspice")
    ideal = [
        part.name for part in circuit.components if part.device is VOLTAGE_OF_VOLTAGE and part.name in set(nullors)
    ]
    if len(ideal) < len(nullors):
        raise ValueError(f"nullors: {', '.join(nullors)} are not all among the components")
    components = tuple(
        dataclasses.replace(part, quantity=NULLOR) if part.name in ideal else part for part in circuit.components
    )
    return dataclasses.replace(circuit, components=components)


register(Circuit, build=circuit_from)


def _alone(block: Block) -> Block:
    """The netlist; where it is one ``.subckt`` and nothing more, what is in that, with the names of its nodes."""
    contents = block.contents
    if contents.elements or len(contents.blocks) != 1 or block.journal.faults:
        return block
    (inner,) = contents.blocks.values()
    header = inner.line
    if header is None or header.file:
        return block
    start = next(place for place, line in enumerate(block.lines) if line is header)
    after = block.lines[start + len(inner.lines) + 2 :]
    defaults = [dataclasses.replace(header, text=f".param {name}={text}") for name, text in inner.defaults.items()]
    nodes = f"; its nodes are {' '.join(inner.ports)}" if inner.ports else ""
    block.journal.note(header, f"the netlist is the .subckt {inner.name} alone, which is read as the circuit{nodes}")
    return Block([*block.lines[:start], *defaults, *inner.lines, *after], journal=block.journal)


def _folders(path_or_text: str | Path, is_file: bool, root: str | Path | None) -> tuple[Path | None, Path | None]:
    """The folder that the netlist is in, and the one that may be read."""
    if root is not None and not Path(root).is_dir():
        raise ValueError(f"root: there is no folder {str(root)!r}")
    folder = Path(path_or_text).parent if is_file else None
    if folder is None or root is None:
        return (folder, folder) if root is None else (Path(root), Path(root))
    if not folder.resolve().is_relative_to(Path(root).resolve()):
        raise ValueError(f"root: the netlist is not in {str(root)!r} nor in a folder below it")
    return folder, Path(root)


def _sequence(names: str | Sequence[str] | None, what: str) -> tuple[str, ...]:
    if names is None:
        return ()
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{what} must be one or more names, got {names!r}")
    lowered = [name.lower() for name in names]
    if len(set(lowered)) < len(lowered):
        raise ValueError(f"{what} has a name twice: {', '.join(names)}")
    return names


def _title(text: str, is_file: bool, dialect: Dialect) -> tuple[str, list[Line]]:
    """The title without comment signs, and the logical lines after it with the numbers they have in the text."""
    physical = physical_lines(text)
    position = 0 if is_file else next((number for number, line in enumerate(physical) if line.strip()), 0)
    first = physical[position].strip()
    if not is_file and not first.startswith("*") and (not first or _is_statement(first, text, dialect)):
        return "", logical_lines(text, dialect=dialect)
    # A file that begins with what it includes: ngspice includes that, and takes the line for the title as well.
    begins = position + (0 if first.lower().startswith((".inc", ".lib")) else 1)
    rest = ["" for _ in physical[:begins]] + physical[begins:]
    return " ".join(first.lstrip("* \t").split()), logical_lines("\n".join(rest), dialect=dialect)


def _is_statement(first: str, text: str, dialect: Dialect) -> bool:
    """Whether the first line of a text is part of the netlist rather than its title."""
    if first.startswith((".", "+")):
        return True
    words = without_comment(first, dialect).split()
    if len(words) >= 4 and re.fullmatch(r"[A-Za-z][0-9]+", words[0]):
        return True  # R1, Q1: an element even where it is a wrong one, so that the error names it
    rest = text.partition(first)[2]
    if first[0] in "xX":
        return any(_is_defined(".subckt", word, rest) for word in words[2:])
    try:
        element = parse_elements(Line(1, without_comment(first, dialect), dialect=dialect))[0].component
    except NetlistError:
        return False
    # "Fuzz face by Arbiter 3" is an F source unless there is no such voltage source.
    if element.model is not None:
        return _is_defined(".model", element.model, rest)
    sensed = element.nodes[len(element.device.pins) :]
    if not all(re.search(rf"(?i)\b{re.escape(node)}\b", rest) for node in sensed):
        return False
    return all(_is_defined("", name, rest) for name in (*element.couples, *([element.sense] if element.sense else [])))


def _is_defined(directive: str, name: str, text: str) -> bool:
    return bool(re.search(rf"(?im)^\s*{re.escape(directive)}\s*{re.escape(name)}\s", text))


def _outputs(components: Sequence[Component], names: tuple[str, ...], block: Block) -> tuple[Probe, ...]:
    """The outputs; one that is in the netlist, but not among what is understood of it, is no fault of its own."""
    journal = block.journal
    probes: tuple[Probe, ...] = ()
    for name in names:
        try:
            probes += (probe(components, name),)
        except NetlistError as error:
            words = words_in(name) - {"v", "i"}
            if not (journal.faults and words & set().union(*(words_in(line.text) for line in block.lines))):
                journal.fault(next((cause for cause in map(journal.cause, words) if cause), error))
    if len({output.name for output in probes}) < len(probes):  # "out" and "v(out)"
        raise NetlistError(f"outputs has a quantity twice: {', '.join(names)}")
    return probes

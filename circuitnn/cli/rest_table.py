"""Where a circuit rests, as tables: its nodes beside ngspice's, its supplies, its devices."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import circuitnn as cn

_AGREED = 1e-4  # relative, with a thousandth of a volt as the least that counts as 1
_NOTHING = 1e-12  # volts or amperes that are the rounding of a solver


def rest_table(path: Path | None, circuit: "cn.Circuit") -> list[str]:
    """The operating point, a line each.

    Args:
        path: of the netlist, which ngspice is asked about as it stands; None where the circuit is another one.
        circuit: as it was read; of what is inside of subcircuits only that is told where ngspice differs.
    """
    import jax

    import circuitnn as cn

    supplies = [
        part.name for part in circuit.components if part.device.letter == "V" and part.name not in circuit.inputs
    ]
    with jax.enable_x64(True):
        heard = (*circuit.outputs, *(f"i({name})" for name in supplies))
        found = cn.nodal.operating_point(dataclasses.replace(circuit, outputs=tuple(dict.fromkeys(heard))))
    volts = {node: float(found[node]) for node in circuit.nodes}
    currents = {name: float(found[f"i({name})"]) for name in supplies}
    return ["operating point:", *_nodes(path, circuit, volts), *_supplies(circuit, currents), *_devices(circuit, volts)]


def _nodes(path: Path | None, circuit: "cn.Circuit", ours: Mapping[str, float]) -> list[str]:
    theirs, verdict = _theirs(path, circuit)
    rows = []
    differing = 0
    inner = [node for node in ours if "." in node] if any("." not in node for node in ours) else []
    for node, volts in ours.items():
        other = theirs.get(node.lower())
        differs = other is not None and abs(volts - other) > _AGREED * max(abs(other), 1e-3)
        differing += differs
        if differs or node not in inner:
            rows.append((node, _number(volts), "" if other is None else _number(other), "differs" * differs))
    hidden = len(ours) - len(rows)
    more = [f"  and {hidden} nodes inside of parts and subcircuits"] if hidden else []
    said = f"ngspice differs at {differing} of {len(ours)} nodes{verdict[1]}" if differing else verdict[0] + verdict[1]
    return [*_table(("node", "volts", "ngspice" if theirs else "", ""), rows), *more, f"  {said}"]


def _supplies(circuit: "cn.Circuit", currents: Mapping[str, float]) -> list[str]:
    """What the sources of voltage beside the inputs give, where they give something."""
    rows = []
    for name, amperes in currents.items():
        value = circuit[name].value
        if value is not None and value != 0:
            volts, milliamperes = float(value), -1000 * amperes  # a current into its first node is negative
            rows.append((name, _number(volts), _number(milliamperes), _number(volts * milliamperes)))
    return _table(("supply", "volts", "mA", "mW"), rows) if rows else []


def _devices(circuit: "cn.Circuit", volts: Mapping[str, float]) -> list[str]:
    """The pins of what has a model, but for what is inside of subcircuits."""
    rows = []
    for part in circuit.components:
        if part.model is not None and "." not in part.name:
            pins = zip(part.device.pins, part.nodes, strict=False)
            rows.append(
                (part.name, part.model, "  ".join(f"{pin} {_number(volts.get(node, 0.0))}" for pin, node in pins))
            )
    return _table(("device", "model", "volts of its pins"), rows) if rows else []


def _number(value: float) -> str:
    return f"{value:.6g}" if abs(value) > _NOTHING else "0"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines whose cells stand below each other, the first and all texts to the left."""
    lines = [tuple(head), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    cells = [[f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)] for line in lines]
    return [("  " + "  ".join(line)).rstrip() for line in cells]


def _theirs(path: Path | None, circuit: "cn.Circuit") -> tuple[dict[str, float], tuple[str, str]]:
    """ngspice's voltages by lower-case node, what is said where they are the same, and what to add to it."""
    import circuitnn as cn
    from circuitnn.circuit.asc import is_schematic, netlist_of
    from circuitnn.circuit.lines import load
    from circuitnn.spice.as_written import rest_as_written

    if cn.spice.version() is None:
        return {}, ("ngspice is not installed", "")
    same, own, reason = "ngspice says the same", " of the circuit with these changes", "it could not be asked"
    if path is not None:
        try:
            text = load(path)[0]
            netlist = netlist_of(text, path.parent) if is_schematic(text) else text
            return rest_as_written(netlist, path.parent), (same, "")
        except cn.spice.SpiceError as problem:
            reason = str(problem)
            first = reason.splitlines()[0]
            own = f" of the netlist that circuitnn writes of it; the text itself it does not read: {first}"
    try:
        theirs = {node.lower(): float(volts) for node, volts in cn.spice.operating_point(circuit).items()}
    except (cn.spice.SpiceError, cn.CircuitError, ValueError):
        return {}, (f"ngspice does not read the same text: {reason}", "")
    return theirs, (same, own)

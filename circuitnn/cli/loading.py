"""What the first argument of a command stands for: a netlist, a circuit of the catalogue, a saved model."""

import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from circuitnn.cli.problems import Fault, one_line

if TYPE_CHECKING:
    import circuitnn as cn

NETLISTS = (".cir", ".net", ".sp", ".asc")
PICTURES = (".png", ".svg", ".pdf")


def netlist_file(source: str) -> Path:
    """The netlist file, or that of the circuit of this name in the catalogue; the file where there are both.

    Raises:
        Fault: when there is neither.
    """
    import circuitnn as cn

    known = list(cn.circuits.CATALOGUE)
    if Path(source).exists() and not Path(source).is_dir():
        return Path(source)
    if source in known:
        return Path(str(resources.files("circuitnn.circuit.catalogue").joinpath(f"{source}.cir")))
    from circuitnn.knobs import did_you_mean

    what = "is a folder" if Path(source).is_dir() else "no such file"
    stem = Path(source).stem
    more = f" (the catalogue has {stem}, without ending)" if stem in known else did_you_mean(source, known)
    raise Fault(f"{source}: {what}, and no circuit of that name in the catalogue{more}")


def is_netlist(name: str) -> bool:
    """Whether a word is that of a netlist file or of a circuit in the catalogue."""
    import circuitnn as cn

    return Path(name).suffix.lower() in NETLISTS or Path(name).is_file() or name in cn.circuits.CATALOGUE


def read_circuit(source: str, source_name: str | None = None, output_name: str | None = None) -> "cn.Circuit":
    """The circuit of a netlist file, or of that name in the catalogue.

    Raises:
        Fault: naming the file, when there is none or it cannot be read as a netlist.
    """
    import circuitnn as cn

    if output_name is not None and Path(output_name).suffix.lower() in (*PICTURES, ".csv", ".npz", ".wav"):
        raise Fault(f"--output is the node that is heard, not a file; for a file: -o {output_name}")
    path = netlist_file(source)
    try:
        return cn.read_netlist(path, inputs=source_name, outputs=output_name)
    except cn.CircuitError as problem:
        words = one_line(problem)
        needs = " (name another with --input)" if source_name is None and "for the input" in words else ""
        needs = " (name another with --output)" if output_name is None and "'out'" in words else needs
        raise Fault(f"{source}: {words}{needs}") from problem


def positions(given: Sequence[tuple[str, float]], model: "cn.Circuit | cn.Model", source: str) -> dict[str, float]:
    """The knobs that were given, under the names that the model has for them.

    Raises:
        Fault: for a name that is no knob, or one given twice.
    """
    found: dict[str, float] = {}
    for name, position in given:
        own = known_knob(name, model, source)
        if own in found:
            raise Fault(f"--knob {name}: given twice")
        found[own] = position
    return found


def known_knob(name: str, model: "cn.Circuit | cn.Model", source: str) -> str:
    """The name as the model spells it.

    Raises:
        Fault: when it has no such knob.
    """
    from circuitnn.knobs import knob_spelling

    try:
        return knob_spelling(name, model.controls)
    except ValueError as problem:
        raise Fault(f"{source}: {problem}") from None


def spelled(knobs: Mapping[str, float]) -> str:
    """Knobs and their positions in words: treble 0.5, bass 0.2."""
    return ", ".join(f"{name} {value:g}" for name, value in knobs.items())


def decibels(ratio: float, unit: str = "dB") -> str:
    """A ratio of amplitudes in dB, for a reader."""
    return f"{20 * math.log10(ratio):.1f} {unit}" if ratio > 0 else "silence"

"""What the first argument of a command stands for: a netlist, a circuit of the catalogue, a saved model."""

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuitnn.cli.problems import Fault, one_line, say
from circuitnn.cli.reading import AS_WRITTEN, Reading

if TYPE_CHECKING:
    import circuitnn as cn

NETLISTS = (".cir", ".net", ".sp", ".asc")
PICTURES = (".png", ".svg", ".pdf")
SOUNDS = (".wav", ".flac", ".aiff", ".aif", ".mp3", ".ogg", ".opus", ".caf", ".w64", ".rf64", ".au")
SAVED = (".npz", ".nam", ".aidax")
NOTES = 8  # on a netlist, that are told


def netlist_file(source: str) -> Path:
    """The netlist file, or that of the circuit of this name in the catalogue; the file where there are both.

    Raises:
        Fault: when there is neither.
    """
    # Not cn.circuits.CATALOGUE, whose functions need JAX.
    from circuitnn.circuit.catalogue.peaks import NOMINAL_PEAK as known  # noqa: N811

    if not source.strip():
        raise Fault("an empty name is that of no file and no circuit")
    if Path(source).suffix.lower() in SAVED and not Path(source).is_dir():
        raise Fault(f"{source}: is a saved model; a netlist or the name of a circuit is what stands here")
    if Path(source).suffix.lower() in SOUNDS:
        raise Fault(f"{source}: is a sound; a netlist, the name of a circuit or a saved model is what stands here")
    if Path(source).exists() and not Path(source).is_dir():
        return Path(source)
    if source in known:
        return catalogue_file(source)
    from circuitnn.knobs import did_you_mean

    what = "is a folder" if Path(source).is_dir() else "no such file"
    stem = Path(source).stem
    more = f" (the catalogue has {stem}, without ending)" if stem in known else did_you_mean(source, known)
    raise Fault(f"{source}: {what}, and no circuit of that name in the catalogue{more}")


def catalogue_file(name: str) -> Path:
    """The netlist of an entry of the catalogue."""
    return Path(str(resources.files("circuitnn.circuit.catalogue").joinpath(f"{name}.cir")))


def is_netlist(name: str) -> bool:
    """Whether a word is that of a netlist file or of a circuit in the catalogue."""
    import circuitnn as cn

    return Path(name).suffix.lower() in NETLISTS or Path(name).is_file() or name in cn.circuits.CATALOGUE


def read_circuit(source: str, reading: Reading = AS_WRITTEN) -> "cn.Circuit":
    """The circuit of a netlist file, or of that name in the catalogue; errors as of `read_circuits`."""
    return read_circuits((source,), reading)[source]


def read_circuits(sources: Sequence[str], reading: Reading = AS_WRITTEN) -> "dict[str, cn.Circuit]":
    """The circuits of netlist files, or of those names in the catalogue; says what parts of the library are in them.

    Raises:
        Fault: naming the file, when there is none or it cannot be read as a netlist; for a value or device that none
            of them has.
    """
    if len(set(sources)) < len(sources):
        raise Fault(f"the same netlist twice: {', '.join(sources)}")
    written = {source: _read(source, reading) for source in sources}
    circuits = changed(written, reading)
    for source, circuit in circuits.items():
        for note in circuit.notes[len(written[source].notes) :]:
            say(f"{source}: {note.message}")
    return circuits


def changed(circuits: "dict[str, cn.Circuit]", reading: Reading) -> "dict[str, cn.Circuit]":
    """The circuits with the models and values that were typed, each in those that have it; one at least has to.

    Raises:
        Fault: for what none of them has, or that cannot be.
    """
    for option, given in (("--model", reading.models), ("--set", reading.settings)):
        check_once(option, given)
        for name, value in given:
            circuits = _changed(circuits, option, name, value)
    return circuits


def _read(source: str, reading: Reading) -> "cn.Circuit":
    path = netlist_file(source)
    name = reading.output_name
    if name is not None and Path(name).suffix.lower() in (*PICTURES, ".csv", ".npz", ".wav"):
        raise Fault(f"--output is the node that is heard, not a file; for a file: -o {name}")
    import circuitnn as cn

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", cn.NetlistWarning)  # its notes are lines here
            read = cn.read_netlist(path, inputs=reading.source_name, outputs=name)
    except cn.CircuitError as problem:
        words = one_line(problem)
        needs = " (name another with --input)" if reading.source_name is None and "for the input" in words else ""
        needs = " (name another with --output)" if name is None and "'out'" in words else needs
        words = re.sub(r"\b(input|output)s= names one", r"--\1 names one", words)
        raise Fault(f"{source}: {words}{needs}") from problem
    for note in read.notes[:NOTES]:
        say(f"{source}: {note}")
    if len(read.notes) > NOTES:
        say(f"{source}: circuitnn check tells {len(read.notes) - NOTES} more such notes")
    return read


def check_once(option: str, given: Sequence[tuple[str, Any]]) -> None:
    """Raises a Fault where an option was given twice for the same name, whatever its case."""
    seen: set[str] = set()
    for name, _ in given:
        if name.lower() in seen:
            raise Fault(f"{option} {name}: given twice")
        seen.add(name.lower())


def _changed(circuits: "dict[str, cn.Circuit]", option: str, name: str, value: str) -> "dict[str, cn.Circuit]":
    from circuitnn.circuit.exchange import with_models
    from circuitnn.expressions.errors import NetlistError
    from circuitnn.expressions.numbers import check_letters, parse_number
    from circuitnn.knobs import check_value, knobs_of

    if option == "--set":
        try:
            check_letters(value)
        except NetlistError as problem:
            raise Fault(f"{option} {name}={value}: {one_line(problem)}") from None
    found, problems = {}, []
    for source, circuit in circuits.items():
        try:
            given = {name: value}
            for knob in knobs_of(circuit.controls) if option == "--set" else ():
                if knob.lower() == name.lower():
                    check_value(knob, parse_number(value))
            found[source] = with_models(circuit, **given) if option == "--model" else circuit.replace(**given)
        except ValueError as problem:
            problems.append(problem)
    if not found:
        raise Fault(f"{option} {name}={value}: {one_line(problems[0])}")
    return circuits | found


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

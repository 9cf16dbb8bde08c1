"""The files that the table of a study names: where they are, and the netlists among them, read; without JAX."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from circuitnn.circuit import Circuit, read_netlist
from circuitnn.circuit.catalogue import CATALOGUE
from circuitnn.knobs import did_you_mean
from circuitnn.study import outline
from circuitnn.study.described_target import device
from circuitnn.study.keys import Faults, read_table, shortened

ENDS = ("inputs", "outputs")


def check(path: Path) -> None:
    """Whether the file is there, its keys are known and have values of their kind, and its netlists can be read.

    What needs JAX is not looked at: networks by their kind, saved models and recordings.

    Raises:
        DescriptionError: for what is no TOML; with a line for each fault.
    """
    faults = Faults()
    table = with_netlists(beside(read_table(path), path.parent), faults)
    said = outline.top(table, path.stem, faults)
    outline.check_known(said, faults)
    for name, one in said.targets.items():
        if one is not None:
            device(one, f"targets.{name}", faults)
    outline.presets(said, said.known, faults, lambda name, amount: amount)
    for number, one in enumerate(said.hypotheses):
        outline.hypothesis(one, f"hypotheses.{number}", faults)
    faults.told(str(path))


def with_netlists(table: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """The table with the netlists in place of their files; None where one cannot be read, which is noted."""
    read = _read(table.get("targets"), faults)
    return dict(table) if read is None else {**table, "targets": read}


def _read(targets: Any, faults: Faults) -> dict[str, Any] | None:
    if not isinstance(targets, Mapping):
        return None
    return {key: faults.tried(f"targets.{key}", lambda one=one: resolved(one)) for key, one in targets.items()}  # type: ignore[misc]


def beside(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The table of a file with the paths in it, which are from the file's folder, as they are from anywhere."""

    def found(value: Any) -> Any:
        path = folder / value if isinstance(value, str) and value else None
        return str(path.resolve()) if path is not None and path.exists() else value

    def inside(value: Any, keys: tuple[str, ...]) -> Any:
        if not isinstance(value, Mapping):
            return found(value)
        return {key: found(one) if key in keys else one for key, one in value.items()}

    whole = dict(table)
    for part, keys in (("contenders", ("file",)), ("targets", ("circuit", "folder"))):
        if isinstance(table.get(part), Mapping):
            whole[part] = {name: inside(one, keys) for name, one in table[part].items()}
    material = table.get("material")
    if isinstance(material, Mapping) and isinstance(material.get("files"), list):
        whole["material"] = {**material, "files": [found(one) for one in material["files"]]}
    return whole


def resolved(given: Any) -> Any:
    """A target's table with the netlist in place of the file or of the name, so that it is whole in other processes.

    Raises:
        ValueError, OSError: when it cannot be read.
    """
    if callable(given) and not isinstance(given, type):  # a circuit of the catalogue, or what makes one
        given = given()
    if isinstance(given, Circuit):
        given = {"circuit": given}
    if isinstance(given, str):
        given = {"folder" if given and (Path(given).is_dir() or given.endswith(".csv")) else "circuit": given}
    if given is None:
        raise ValueError("has to be a circuit, a folder of recordings or a table, got None")
    if not isinstance(given, Mapping) or "circuit" not in given:
        return given
    source, ends = given["circuit"], {key: given[key] for key in ENDS if key in given}
    if isinstance(source, str):
        if source in CATALOGUE and not Path(source).is_file():
            return given
        if not Path(source).is_file():
            raise ValueError(
                f"{source or 'an empty name'}: no such file, and no circuit of the catalogue"
                f"{did_you_mean(source, CATALOGUE)}"
            )
        source, ends = read_netlist(Path(source), **ends), {}
    if not isinstance(source, Circuit):
        raise ValueError(f"circuit has to be a name of the catalogue or a netlist, got {shortened(source)}")
    if ends:
        raise ValueError("inputs and outputs are said of a file: a circuit has its own")
    written = {"netlist": source.to_spice(), "inputs": list(source.inputs), "outputs": list(source.outputs)}
    return {key: value for key, value in given.items() if key != "circuit"} | written

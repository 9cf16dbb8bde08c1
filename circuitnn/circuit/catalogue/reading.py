"""Netlists that come with the package."""

from importlib import resources

from circuitnn.circuit.circuit import Circuit
from circuitnn.circuit.reader import read_netlist


def read(name: str, *, inputs: tuple[str, ...] = ("Vin",)) -> Circuit:
    """The circuit of ``name.cir`` in this folder, where the files lie that it includes; its output node is ``out``."""
    with resources.as_file(resources.files("circuitnn.circuit.catalogue").joinpath(f"{name}.cir")) as path:
        return read_netlist(path, inputs=inputs, dialect="ngspice")

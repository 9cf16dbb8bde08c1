"""The catalogue by name, for whoever goes through all of it."""

from collections.abc import Callable

from circuitnn.circuit import catalogue
from circuitnn.circuit.catalogue.peaks import NOMINAL_PEAK
from circuitnn.circuit.circuit import Circuit

CATALOGUE: dict[str, Callable[[], Circuit]] = {name: getattr(catalogue, name) for name in NOMINAL_PEAK}
"""Every circuit of the catalogue: its name, and the function that reads it."""

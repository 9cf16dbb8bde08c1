"""Ready-made circuits, each a commented netlist inside the package."""

from circuitnn.circuit.catalogue.clippers import diode_clipper as diode_clipper
from circuitnn.circuit.catalogue.clippers import diode_clipper_second_order as diode_clipper_second_order

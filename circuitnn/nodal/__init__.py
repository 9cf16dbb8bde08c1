"""Nodal models: white-box simulation of any circuit, differentiable."""

from circuitnn.nodal.carry import NodalCarry
from circuitnn.nodal.model import NodalModel

__all__ = ["NodalCarry", "NodalModel"]

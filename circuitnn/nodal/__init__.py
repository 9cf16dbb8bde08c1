"""Nodal models: white-box simulation of any circuit, differentiable."""

from circuitnn.nodal.frequency import frequency_response as frequency_response
from circuitnn.nodal.model import NodalModel as NodalModel
from circuitnn.nodal.neural_devices import NeuralDevices as NeuralDevices
from circuitnn.nodal.rational_function import TransferFunction as TransferFunction
from circuitnn.nodal.rational_function import transfer_function as transfer_function
from circuitnn.nodal.rest import operating_point as operating_point
from circuitnn.numerics.rules import alpha_transform as alpha_transform
from circuitnn.rooms import handed_on
from circuitnn.transient.carry import CircuitCarry as CircuitCarry

__dir__ = handed_on(__name__)

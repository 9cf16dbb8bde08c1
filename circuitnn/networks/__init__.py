"""What networks share: scaling, inputs, rest, linear maps, activations, and layers in a row."""

from circuitnn.networks.conditioning import GLU, Conditioning, ExtraInputs, FiLM, Gated, Poles
from circuitnn.networks.layer import Layer
from circuitnn.networks.layered import Layered
from circuitnn.networks.network import Network
from circuitnn.networks.pointwise import Pointwise
from circuitnn.networks.scaling import Normalisation, Scaling
from circuitnn.networks.window import Window
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)

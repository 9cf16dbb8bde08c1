"""Gray and black boxes with a learned time step: STN, state-matched GRU, GRU, LSTM; and a network without memory."""

from circuitnn.networks.scaling import Normalisation, Scaling
from circuitnn.recurrent.gru import GRU
from circuitnn.recurrent.lstm import LSTM
from circuitnn.recurrent.memoryless import Memoryless
from circuitnn.recurrent.state_matched import StateMatchedGRU
from circuitnn.recurrent.stn import STN
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)

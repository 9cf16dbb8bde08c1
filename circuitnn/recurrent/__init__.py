"""Gray and black boxes with a learned time step: STN, state-matched GRU, GRU, LSTM; and a network without memory."""

from circuitnn.recurrent.black_box import GRU, LSTM
from circuitnn.recurrent.memoryless import Memoryless
from circuitnn.recurrent.scaling import Normalisation, Scaling
from circuitnn.recurrent.state_matched import StateMatchedGRU
from circuitnn.recurrent.stn import STN

__all__ = ["GRU", "LSTM", "STN", "Memoryless", "Normalisation", "Scaling", "StateMatchedGRU"]

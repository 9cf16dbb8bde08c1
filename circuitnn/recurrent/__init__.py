"""Gray and black boxes with a learned time step: STN, state-matched GRU, GRU, LSTM."""

from circuitnn.recurrent.black_box import GRU, LSTM
from circuitnn.recurrent.scaling import Normalisation, Scaling
from circuitnn.recurrent.state_matched import StateMatchedGRU
from circuitnn.recurrent.stn import STN

__all__ = ["GRU", "LSTM", "STN", "Normalisation", "Scaling", "StateMatchedGRU"]

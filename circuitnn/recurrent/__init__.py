"""Gray and black boxes with a learned time step: gated, state-matched, linear recurrent; one without memory."""

from circuitnn.networks.scaling import Normalisation, Scaling
from circuitnn.recurrent.comparison import Windowed, windowed
from circuitnn.recurrent.encoder_decoder import EncoderDecoder
from circuitnn.recurrent.gru import GRU
from circuitnn.recurrent.lru import LRU
from circuitnn.recurrent.lstm import LSTM
from circuitnn.recurrent.memoryless import Memoryless
from circuitnn.recurrent.narx import NARX
from circuitnn.recurrent.parallel import AtOnce, at_once
from circuitnn.recurrent.s4d import S4D
from circuitnn.recurrent.s6 import S6
from circuitnn.recurrent.state_matched import StateMatchedGRU
from circuitnn.recurrent.stn import STN
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)

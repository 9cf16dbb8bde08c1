"""Networks that make a frame of a frame, with context on both sides, as models in blocks of any size."""

from circuitnn.frames.autoencoders import CAFx, CRAFx
from circuitnn.frames.frame_network import FrameNetwork
from circuitnn.frames.framed import Framed
from circuitnn.frames.sequences import ConvLSTM, SequenceLSTM
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)

"""Convolutional networks: causal, with carries that hold what they have heard."""

from circuitnn.convolutional.activation import Activation
from circuitnn.convolutional.causal import CausalConv
from circuitnn.convolutional.cnn import CNN
from circuitnn.convolutional.layer_array import Head, LayerArray
from circuitnn.convolutional.tcn import TCN
from circuitnn.convolutional.wavenet import WaveNet
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)

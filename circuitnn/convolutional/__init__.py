"""Convolutional networks: causal, with carries that hold what they have heard."""

from circuitnn.convolutional.causal import CausalConv
from circuitnn.rooms import handed_on

__dir__ = handed_on(__name__)

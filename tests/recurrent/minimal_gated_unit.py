"""All that a new cell takes: its equations, and a class that names it."""

from typing import final

import jax.numpy as jnp

from circuitnn.networks.activations import sigmoid
from circuitnn.recurrent.black_box import BlackBox
from circuitnn.recurrent.cells import elementwise_cell
from circuitnn.settings import register


def _step(x, h, state):
    f = sigmoid(x[0] + h[0])
    return (state[0] + f * (jnp.tanh(x[1] + f * h[1]) - state[0]),)


@register
@final
class MinimalGatedUnit(BlackBox):
    """f = sigmoid(W_f u + b_f + U_f h + c_f), n = tanh(W_n u + b_n + f (U_n h + c_n)), h <- (1 - f) h + f n.

    Source: Zhou et al., 2016, with the gate after the product.
    """

    cell = elementwise_cell(_step, gates=2)

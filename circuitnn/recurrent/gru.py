"""The gated recurrent unit."""

from typing import final

import jax.numpy as jnp
from jax import Array

from circuitnn.networks.activations import sigmoid
from circuitnn.recurrent.black_box import BlackBox
from circuitnn.recurrent.cells import Cell, Prepared, State, Weights, blocks_of, from_inputs, prepare
from circuitnn.settings import register


def _prepare_gru(weights: Weights) -> Prepared:
    w = prepare(weights)
    return w._replace(bias=[*w.bias[:2], w.bias[2] - w.bias_hh[2]])


def _gru_forward(w: Prepared, state: State, x: Array) -> tuple[State, State]:
    (h,) = state
    from_r, from_z, from_n = blocks_of(w.hh @ h, h.shape[0])
    seen = from_inputs(w, x)
    r = sigmoid(seen[0] + w.bias[0] + from_r)
    z = sigmoid(seen[1] + w.bias[1] + from_z)
    m = from_n + w.bias_hh[2]
    n = jnp.tanh(seen[2] + w.bias[2] + r * m)
    by_n = (1 - z) * (1 - n * n)
    by_r, by_z = by_n * m * (r * (1 - r)), (h - n) * (z * (1 - z))
    return (n + z * (h - n),), (z, by_r, by_z, by_n * r, by_n)


def _gru_backward(factors: State, gradient: State) -> tuple[State, State]:
    (z, *by), (g,) = factors, gradient
    return (g * z,), tuple(g * factor for factor in by)


#: Gated recurrent unit (Cho et al. 2014; reset gate after the product, as in PyTorch): r = sigmoid(W_r x + b_r +
#: U_r h + c_r), z likewise, n = tanh(W_n x + b_n + r (U_n h + c_n)), h <- (1 - z) n + z h. Blocks: r, z, n.
GRU_CELL = Cell(1, (0, 1, 2), (0, 1, 3), _prepare_gru, _gru_forward, _gru_backward, keeping=1)


@register
@final
class GRU(BlackBox):
    """Gated recurrent units and a linear read-out: ``y = W h + b`` in network units.

    r = sigmoid(W_r u + b_r + U_r h + c_r), z likewise, n = tanh(W_n u + b_n + r (U_n h + c_n)),
    h <- (1 - z) n + z h, with u the scaled input followed by the controls; of several layers, h of the layer below. The
    carry is h of each layer in a row, (..., layers * hidden).

    Args:
        hidden: number of units of each layer.
        layers: in a row.
        in_features: width of x.
        out_features: width of y.
        controls: names of the knobs (default position 0.5), or a mapping from names to default values.
        scaling: volts per network unit; ones when None.
        time_constants: the shortest and the longest in seconds that the units remember for at the start, spread evenly
            in their logarithms (chrono initialisation, Tallec & Ollivier 2018): for devices with slow capacitors. None
            leaves the gates as PyTorch draws them, which forget within a few samples.
        fs: sample rate in hertz of its training; `circuitnn.train.fit` sets it where it is None.
        dtype: floating-point type.
        conditioning: how the controls reach it, see `circuitnn.networks`: as "inputs", or by "film", "glu" or "gated",
            which turn h before the read-out.
        rngs: for the initial weights.

    Source: Cho et al., 2014, in the form of PyTorch's ``torch.nn.GRU``; as a model of audio circuits Wright, Damskaegg
    and Valimaki, DAFx 2019, and Chowdhury, 2020.
    """

    cell = GRU_CELL

"""Files of players, made of seeds: what real players made of them is in golden_players.npz.

RTNeural 1fb1f07 (its STL backend), AIDA-X 41eb988 (its sizes and its rule of gains and skip around that RTNeural) and
NeuralAmpModelerCore daae2d0 (0.5.4) played `sound()`, in single precision, on 28 November 2026.
"""

from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).with_name("golden_players.npz")
GATES = {"gru": 3, "lstm": 4}


def sound(inputs=1, samples=160):
    return np.random.default_rng(7).uniform(-1, 1, (samples, inputs)).astype(np.float32)


class Drawn:
    """Weights from a seed, as float32 numbers in lists."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def __call__(self, *shape):
        return self.rng.uniform(-0.5, 0.5, shape).astype(np.float32).astype(float).tolist()

    def recurrent(self, kind, inputs, units):
        rows = GATES[kind] * units
        bias = self(2, rows) if kind == "gru" else self(rows)
        weights = [self(inputs, rows), self(units, rows), bias]
        return {"type": kind, "activation": "", "shape": [None, None, units], "weights": weights}

    def dense(self, inputs, units, activation=""):
        weights = [self(inputs, units), self(units)]
        return {"type": "dense", "activation": activation, "shape": [None, None, units], "weights": weights}

    def conv(self, inputs, units, kernel, dilation, activation="", groups=1):
        weights = [self(kernel, inputs // groups, units), self(units)]
        size = {"kernel_size": [kernel], "dilation": [dilation], "groups": groups}
        return {"type": "conv1d", "activation": activation, "shape": [None, None, units], "weights": weights, **size}

    def normalised(self, units, *, affine):
        """Gain and offset or neither, the mean, and a variance above zero."""
        variance = [abs(number) + 0.1 for number in self(units)]
        weights = [*([self(units), self(units)] if affine else []), self(units), variance]
        size = {"shape": [None, None, units], "epsilon": 0.01}
        return {"type": "batchnorm", "activation": "", "weights": weights, **size}

    def prelu(self, units, slopes):
        return {"type": "prelu", "activation": "", "shape": [None, None, units], "weights": [self(1, slopes)]}


def activation(name, units):
    return {"type": "activation", "activation": name, "shape": [None, None, units], "weights": []}


def stack(inputs, *layers):
    return {"in_shape": [None, None, inputs], "layers": list(layers)}


def rtneural_files():
    d, other = Drawn(1), Drawn(4)
    return {
        "gru": stack(1, d.recurrent("gru", 1, 8), d.dense(8, 1)),
        "lstm": stack(2, d.recurrent("lstm", 2, 8), d.dense(8, 1)),
        "deep gru": stack(1, d.recurrent("gru", 1, 6), d.recurrent("gru", 6, 6), d.dense(6, 1)),
        "deep lstm": stack(1, d.recurrent("lstm", 1, 6), d.recurrent("lstm", 6, 6), d.dense(6, 1)),
        "dense": stack(2, d.dense(2, 6, "tanh"), d.dense(6, 5), activation("elu", 5), d.dense(5, 4, "sigmoid")),
        "mixed": stack(
            1,
            d.recurrent("gru", 1, 6),
            activation("tanh", 6),
            d.dense(6, 4, "relu"),
            d.recurrent("lstm", 4, 5),
            d.recurrent("gru", 5, 4),
            d.dense(4, 2),
        ),
        "groups": stack(
            1,
            other.conv(1, 6, 3, 2, "tanh"),
            other.conv(6, 4, 3, 1, groups=2),
            other.normalised(4, affine=True),
            other.prelu(4, 4),
            other.conv(4, 4, 2, 3, "tanh", groups=4),
            other.normalised(4, affine=False),
            other.prelu(4, 1),
            other.dense(4, 1),
        ),
        "conv": stack(1, d.conv(1, 4, 3, 1, "tanh"), d.conv(4, 5, 2, 7, "relu"), d.dense(5, 1)),
    }


AIDAX_KNOBS = (0.3, 0.8)


def aidax_files():
    d = Drawn(2)
    gains = {"in_skip": 1, "in_gain": 3.0, "out_gain": -2.5, "samplerate": 44_100}
    return {
        "knobs": stack(3, d.recurrent("gru", 3, 12), d.dense(12, 1)) | gains,
        "plain": stack(1, d.recurrent("lstm", 1, 8), d.dense(8, 1)) | {"in_gain": -6.0},
    }


def nam_file(hidden, layers, seed=3):
    """Weights of each layer: rows of input and recurrent weights, the bias, then h and c to begin with."""
    d = Drawn(seed)
    weights = []
    for k in range(layers):
        inputs = hidden if k else 1
        weights += d(4 * hidden * (inputs + hidden)) + d(4 * hidden) + d(2 * hidden)
    return {
        "version": "0.5.4",
        "architecture": "LSTM",
        "config": {"input_size": 1, "hidden_size": hidden, "num_layers": layers},
        "weights": weights + d(hidden) + d(1),
        "sample_rate": 48_000,
        "metadata": {"loudness": -20.0, "input_level_dbu": 12.0, "output_level_dbu": 6.0},
    }


NAM_FILES = {"lstm": nam_file(5, 1), "deep lstm": nam_file(4, 2)}

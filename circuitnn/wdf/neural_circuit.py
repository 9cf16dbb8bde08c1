"""The wave digital filter of a circuit whose diodes a network corrects; it begins as the circuit is."""

from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import numpy as jnp

from circuitnn.circuit.circuit import Circuit
from circuitnn.numerics.rules import Rule
from circuitnn.wdf.model import WDFModel, derive
from circuitnn.wdf.neural import NeuralOnePort

BESIDE = 1.5  # the port's resistance over which, and times which, the network's second input is of order one


def with_neural_root(
    circuit: Circuit,
    fs: float = 48_000,
    *,
    hidden: tuple[int, ...] = (8, 8),
    symmetric: bool = False,
    largest_wave: float = 2.5,
    rule: str | Rule = "trapezoidal",
    oversampling: int = 1,
    dtype: Any = jnp.float32,
    rngs: nnx.Rngs | None = None,
) -> WDFModel:
    """A circuit as a wave digital filter in which a network corrects what the diodes reflect.

    With a the incident wave and t a what the diodes reflect of it, ``b = a (t + s)/(1 + t s)``, s = tanh(network(a)):
    passive whatever the weights, and at first, with a last layer of zeros, the circuit as it is.

    Args:
        circuit: whose only device is a diode or an antiparallel pair of one model.
        fs: sample rate, Hz.
        hidden: widths of the network's layers.
        symmetric: whether it stays the same both ways while it is learnt.
        largest_wave: volts up to which the network's input is of order one.
        rule: as for `WDFModel`, like the rest.
        oversampling: 1, 2, 4, 8 or 16.
        dtype: of the signals and the values.
        rngs: for the weights.

    Raises:
        ValueError: for a circuit with other devices, or a wave that is not positive.

    Source: Chowdhury and Clarke 2022 have the network in place of the diodes.
    """
    exact = derive(circuit, fs, rule=rule, oversampling=oversampling, dtype=dtype, diodes="exact")
    resistance = _port_resistance(exact)
    network = NeuralOnePort(
        hidden,
        rngs=rngs,
        symmetric=symmetric,
        largest_wave=largest_wave,
        resistances=(resistance / BESIDE, resistance * BESIDE),
        dtype=dtype,
    )
    last = network.kernels[-1]
    last[...] = jnp.zeros_like(last[...])
    return derive(circuit, fs, rule=rule, oversampling=oversampling, dtype=dtype, network=network)


def _port_resistance(model: WDFModel) -> float:
    """That the diodes see, ohms."""
    with jax.enable_x64(True):
        values = model.circuit.astype(np.float64).resolve()
        solved = model.waves.solve(model.topology, values, model.discretisation)
        return float(-np.ravel(solved.ports.i)[0])

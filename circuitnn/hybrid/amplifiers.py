"""Amplifiers in three parts: networks around a circuit, filters around a nonlinearity."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flax import nnx
from jax import numpy as jnp

from circuitnn.circuit import Circuit
from circuitnn.composition import Chain, chain
from circuitnn.filters import CoupledForm
from circuitnn.nodal import NodalModel, frequency_response
from circuitnn.recurrent import GRU, LSTM, Memoryless, Scaling

BAND = np.geomspace(80.0, 5e3, 32)  # hertz, where the level behind a tone stack is looked at


def gray_box_amplifier(
    circuit: Circuit,
    fs: float = 48_000,
    *,
    hidden: tuple[int, int] = (40, 8),
    preamp_controls: Sequence[str] | Mapping[str, float] = (),
    power_controls: Sequence[str] | Mapping[str, float] = (),
    trainable: Sequence[str] | Mapping[str, float | None] = (),
    scaling: Scaling | None = None,
    dtype: Any = jnp.float32,
    rngs: nnx.Rngs | None = None,
) -> Chain:
    """A guitar amplifier: an LSTM for the preamplifier, the circuit of its tone stack, a GRU for the power amplifier.

    The knobs of the tone stack act as they do in the circuit, so that the networks need to hear few of their positions;
    its values can be learnt with the weights, within tolerances.

    Args:
        circuit: the tone stack, with one input and one output; anything else that a `NodalModel` runs will do.
        fs: sample rate, Hz.
        hidden: units of the LSTM and of the GRU.
        preamp_controls: knobs that the LSTM sees, a gain for example: names (default position 0.5), or a mapping from
            names to default values.
        power_controls: knobs that the GRU sees, likewise.
        trainable: patterns of the circuit's values that are learnt, as for `NodalModel`, or a mapping to tolerances.
        scaling: `Scaling.from_data` of the amplifier's input and output; ones when None. Between the parts, the network
            unit in front of the circuit is one volt, and behind it the circuit's mean gain between 80 Hz and 5 kHz with
            its knobs at their defaults.
        dtype: floating-point type.
        rngs: for the initial weights.

    Returns:
        A chain of the parts "preamp", "tone" and "power".

    Raises:
        ValueError: for a circuit that has not one input and one output, and as for the parts.

    Source: Miklanek, Wright, Valimaki and Schimmel (2023), Neural grey-box guitar amplifier modelling with limited data
    (DAFx 2023): the three parts and their sizes.
    """
    tone = NodalModel(circuit, fs, trainable=trainable, dtype=dtype)
    if (tone.in_features, tone.out_features) != (1, 1):
        raise ValueError(f"circuit: expected one input and one output, got {tone.in_features} and {tone.out_features}")
    given = scaling or Scaling(np.ones(1), np.ones(1))
    level = np.sqrt(np.mean(np.abs(frequency_response(circuit, BAND)) ** 2))
    inner = np.array([level if level > 0 else 1.0])
    preamp = LSTM(hidden[0], controls=preamp_controls, scaling=Scaling(given.input, np.ones(1)), dtype=dtype, rngs=rngs)
    power = GRU(hidden[1], controls=power_controls, scaling=Scaling(inner, given.output), dtype=dtype, rngs=rngs)
    return chain(preamp=preamp, tone=tone, power=power)


def wiener_hammerstein(
    fs: float = 48_000,
    *,
    order: int | tuple[int, int] = 8,
    hidden: Sequence[int] = (16, 16),
    controls: Sequence[str] | Mapping[str, float] = (),
    scaling: Scaling | None = None,
    dtype: Any = jnp.float32,
    rngs: nnx.Rngs | None = None,
) -> Chain:
    """Filter, nonlinearity, filter: the block model of a distortion between two linear networks, all of it learnt.

    Args:
        fs: sample rate, Hz.
        order: poles of each filter, or of the first and the second.
        hidden: widths of the hidden layers of the `Memoryless` network between them.
        controls: knobs that this network sees.
        scaling: `Scaling.from_data` of input and output, of the network; ones when None.
        dtype: floating-point type.
        rngs: for the initial weights; the filters begin with their poles spread over the audio band.

    Returns:
        A chain of the parts "before", "nonlinearity" and "after".

    Raises:
        ValueError: as for the parts.

    Source: Billings and Fakhouri (1982), Identification of systems containing linear dynamic and static nonlinear
    elements (Automatica 18): the block model. Its filters are of the kind of `circuitnn.filters.CoupledForm` here.
    """
    first, second = (order, order) if isinstance(order, int) else order
    return chain(
        before=CoupledForm(first, fs=fs, dtype=dtype),
        nonlinearity=Memoryless(hidden, controls=controls, scaling=scaling, dtype=dtype, rngs=rngs),
        after=CoupledForm(second, fs=fs, dtype=dtype),
    )

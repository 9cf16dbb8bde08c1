"""The JSON of CoreAudioML, which GuitarML's Proteus plays: one recurrent layer beside a wire."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from jax import numpy as jnp

from circuitnn.composition import Residual, residual
from circuitnn.export.keras_layers import plain_numbers
from circuitnn.export.model_of_row import model_of
from circuitnn.export.row import GATES, MOST_LAYERS, MOST_UNITS, Linear, Recurrent, checked_row
from circuitnn.export.rtneural_json import knobs_of, notes, write_json
from circuitnn.export.strangers import FormatError, record_of, shown
from circuitnn.model import Model, checked_model
from circuitnn.recurrent import LSTM
from circuitnn.recurrent.torch_names import torch_shapes

HIDDEN, MOST_KNOBS, RATE = 40, 2, 44_100


def proteus(model: Model, path: str | os.PathLike) -> Path:
    """Write a model as a file of Proteus (GuitarML), in the form of CoreAudioML.

    Its player has an LSTM of 40 units in one layer, adds the input to what it gives, and has up to two knobs. Scaling
    is folded into the weights. The player runs at whatever rate its host has.

    Args:
        model: ``circuitnn.residual(LSTM(40))``, with one input and one output.
        path: of the file; written whole or not at all.

    Returns:
        The path.

    Raises:
        FormatError: for any other model; names a format that holds it.
        OSError: when the file cannot be written.
    """
    inner = checked_model(model).model if isinstance(model, Residual) else None
    sizes = (inner.hidden, inner.layers, inner.in_features, inner.out_features) if isinstance(inner, LSTM) else ()
    state = inner.torch_state() if isinstance(inner, LSTM) else {}
    if sizes != (HIDDEN, 1, 1, 1) or len(model.controls) > MOST_KNOBS:
        raise FormatError(
            f"Proteus plays cn.residual(LSTM({HIDDEN})) of one layer with up to {MOST_KNOBS} knobs, and nothing else: "
            "cn.export.aidax has other sizes and a GRU, cn.export.rtneural deeper ones, C (cn.export.c) holds any model"
        )
    data = {
        "model": "SimpleRNN",
        "input_size": 1 + len(model.controls),
        "skip": 1,
        "output_size": 1,
        "unit_type": "LSTM",
        "num_layers": 1,
        "hidden_size": HIDDEN,
        "bias_fl": True,
    }
    arrays = {name: plain_numbers(array, np.dtype(model.dtype)) for name, array in state.items()}
    return write_json(path, {"model_data": data, "state_dict": arrays, "metadata": notes(model)})


def read_proteus(path: str | os.PathLike, *, dtype: Any = jnp.float32) -> Model:
    """The model in a file of Proteus, or another one of CoreAudioML.

    Args:
        path: of the file.
        dtype: floating-point type of the model.

    Returns:
        ``circuitnn.residual`` of an `LSTM` or `GRU`; without the wire where the file says ``skip: 0``. Of files without
        a rate it is 44.1 kHz, that of CoreAudioML's recordings.

    Raises:
        FormatError: for a file that is damaged, too large or something else; says where.
    """
    record = record_of(path)
    data, weights, metadata = (record.record(name) for name in ("model_data", "state_dict", "metadata"))
    kind = data.text("unit_type").lower()
    if kind not in GATES:
        raise data.fault(f"unit_type: LSTM and GRU are read, not {shown(kind)}")
    hidden, depth = data.whole("hidden_size", high=MOST_UNITS), data.whole("num_layers", 1, high=MOST_LAYERS)
    inputs, outputs = data.whole("input_size", high=64), data.whole("output_size", 1, high=64)
    layers = []
    for k in range(depth):
        shapes = torch_shapes(k, GATES[kind], inputs, hidden)
        layers.append(Recurrent(kind, *(weights.array(name, shape, dtype) for name, shape in shapes.items())))
    bias = weights.array("lin.bias", (outputs,), dtype) if "lin.bias" in weights else np.zeros(outputs, dtype)
    reader = Linear(weights.array("lin.weight", (outputs, hidden), dtype), bias)
    knobs = knobs_of(metadata, inputs) or {f"param{k}": 0.5 for k in range(1, inputs)}
    if len(knobs) != inputs - 1:
        raise metadata.fault(f"{len(knobs)} knobs, of {inputs} inputs")
    row = checked_row([*layers, reader], inputs, record.where)
    model = model_of(row, knobs, fs=metadata.number("samplerate", RATE, low=1, high=1e7), dtype=dtype)
    is_skipped = data.whole("skip", 0, low=0, high=1)
    if is_skipped and outputs != 1:
        raise data.fault(f"skip: a wire beside a network of {outputs} outputs")
    return residual(model) if is_skipped else model

"""Files of Neural Amp Modeler: one network in full scale, its rate and its levels; and containers of several sizes."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jax import numpy as jnp

from circuitnn.composition import Residual
from circuitnn.convolutional import WaveNet
from circuitnn.export.keras_layers import plain_numbers
from circuitnn.export.levels import Volts, at_level, levels_in, levels_told
from circuitnn.export.nam_lstm import FORM, lstm_in_nam, lstm_of_nam
from circuitnn.export.nam_wavenet import wavenet_in_nam, wavenet_of_nam
from circuitnn.export.precision import own_precision
from circuitnn.export.rtneural_json import write_json
from circuitnn.export.strangers import FormatError, Record, record_of, shown
from circuitnn.hybrid import Gain
from circuitnn.model import Model, checked_model
from circuitnn.recurrent import GRU, LSTM
from circuitnn.version import __version__

VERSION = "0.5.4"  # of what is written where nothing newer is needed; players from 2024 on read it
MOST_SIZES = 64  # in a container
ASSUMED_RATE = 48_000  # of a file that tells none, as the player does: older trainers knew no other
NEWEST = (0, 7)  # version that is read; newer ones may mean something else by the same words
ELSEWHERE = "cn.export.rtneural does, cn.export.aidax for the sizes of its player, and C (cn.export.c) for any model"

#: (config, weights, fs=, dtype=) -> model, by architecture
READERS: dict[str, Callable[..., Model]] = {"LSTM": lstm_of_nam, "WaveNet": wavenet_of_nam}


def nam(model: Model, path: str | os.PathLike, *, volts: Volts = None, name: str | None = None) -> Path:
    """Write a model as a .nam of Neural Amp Modeler.

    The scaling is folded into the weights. The state to begin with is that after silence.

    Args:
        model: an `LSTM` or a `WaveNet` of one input and one output, without knobs, between gains or not.
        path: of the file; written whole or not at all.
        volts: of full scale in the player, one number or (input, output): they become input_level_dbu and
            output_level_dbu. A model that knows what its 1.0 is in volts (`Model.volts`) gets gains where that is
            another; of one that does not it is told. The model's own when None.
        name: what the player calls it; the name of the file when None.

    Returns:
        The path.

    Raises:
        FormatError: for a model that the format does not hold; names one that does.
        OSError: when the file cannot be written.
    """
    _check(checked_model(model))
    with own_precision(model):
        model, full_scale = at_level(model, volts)
        if any(isinstance(part, WaveNet) for part in _parts(model)):
            architecture, (config, weights, version) = "WaveNet", wavenet_in_nam(model)
        else:
            architecture, (config, weights), version = "LSTM", lstm_in_nam(model), VERSION
        title = Path(path).stem if name is None else name
        data: dict[str, Any] = {
            "version": version,
            "metadata": {"name": title, "written_by": f"circuitnn {__version__}"} | levels_told(model, full_scale),
            "architecture": architecture,
            "config": config,
            "weights": plain_numbers(weights, np.float32),
        }
    return write_json(path, data if model.fs is None else data | {"sample_rate": model.fs})


def read_nam(path: str | os.PathLike, *, width: float = 1.0, dtype: Any = jnp.float32) -> Model:
    """The model in a .nam; of a container of several sizes one of them.

    Signals are those of the player, full scale is 1. Where the file tells levels, `Model.volts` has what that is. The
    rate of a file without one is 48 kHz, as in the player.

    Args:
        path: of the file.
        width: from 0 to 1, as the player's slider. Of a container: the first size whose `max_value` is above it, else
            the last and widest. Of a WaveNet that can be narrowed: which of its numbers of channels.
        dtype: floating-point type of the model.

    Raises:
        FormatError: for a file that is damaged, too large, or of an architecture that is not read; says where.
        ValueError: for a width that is none.
    """
    if not 0 <= width <= 1:
        raise ValueError(f"width: from 0 to 1, got {width}")
    record = record_of(path)
    _check_version(record)
    if record.text("architecture") == "SlimmableContainer":
        record, width = _chosen(record, width), 1.0
    architecture = record.text("architecture")
    if architecture not in READERS:
        known = ", ".join(READERS)
        raise record.fault(f"architecture: {shown(architecture)} is not read; there are {known}, SlimmableContainer")
    weights = record.array("weights", (None,), dtype)
    fs = record.number("sample_rate", ASSUMED_RATE, low=1, high=1e7)
    options = {"width": width} if architecture == "WaveNet" else {}
    model = READERS[architecture](record.record("config"), weights, fs=fs, dtype=dtype, **options)
    volts = levels_in(record.record("metadata"))
    if volts is not None:
        model.volts = volts
    return model


def _check_version(record: Record) -> None:
    version = record.text("version", VERSION)
    digits = re.match(r"(\d{1,4})\.(\d{1,4})\b", version, flags=re.ASCII)
    if digits is None or (int(digits[1]), int(digits[2])) > NEWEST:
        raise record.fault(f"version: {shown(version)} is not read; up to {NEWEST[0]}.{NEWEST[1]} are")


def _chosen(record: Record, width: float) -> Record:
    """One of the models in a container, with the container's rate where it has none of its own."""
    sizes = record.record("config").records("submodels", MOST_SIZES)
    limits = [size.number("max_value") for size in sizes]
    if sorted(set(limits)) != limits:
        raise record.fault("submodels: max_value has to grow from one to the next")
    chosen = next((size for size, limit in zip(sizes, limits, strict=True) if width < limit), sizes[-1])
    model = chosen.record("model")
    if "sample_rate" not in model and "sample_rate" in record:
        return Record({**model.fields, "sample_rate": record.fields["sample_rate"]}, model.where)
    return model


def _check(model: Model) -> None:
    """What the format never holds, whatever the architecture."""
    parts = _parts(model)
    other = next((part for part in parts if not isinstance(part, GRU | LSTM | WaveNet | Gain)), None)
    if isinstance(other, Residual):
        raise FormatError(
            f"{FORM} has no wire beside a network: cn.export.aidax has, and C (cn.export.c) for any model"
        )
    if other is not None:
        raise FormatError(
            f"{FORM} does not hold a {type(other).__name__}, it has LSTM and WaveNet; C (cn.export.c) holds any model"
        )
    if any(isinstance(part, GRU) for part in parts):
        raise FormatError(f"{FORM} has no GRU: {ELSEWHERE}")
    if model.controls:
        held = "C (cn.export.c) holds any model" if any(isinstance(part, WaveNet) for part in parts) else ELSEWHERE
        raise FormatError(f"{FORM} has no knobs ({', '.join(model.controls)}): {held}")
    if (model.in_features, model.out_features) != (1, 1):
        raise FormatError(f"{FORM} has one signal in and one out, not {model.in_features} and {model.out_features}")


def _parts(model: Model) -> list[Model]:
    return list(getattr(model, "models", [model]))

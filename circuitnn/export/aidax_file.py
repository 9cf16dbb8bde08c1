"""AIDA-X: one GRU or LSTM, up to two knobs, and a test that the player makes when it loads the file."""

import math
import os
import re
from pathlib import Path
from typing import Any, NamedTuple, final

import jax
import numpy as np
from jax import numpy as jnp

from circuitnn.audio import excitation
from circuitnn.composition import Chain, Residual, chain, residual
from circuitnn.export.keras_layers import layers_of
from circuitnn.export.model_of_row import model_of
from circuitnn.export.precision import own_precision
from circuitnn.export.row import KINDS, Linear, Recurrent
from circuitnn.export.rtneural_json import described, knobs_of, notes, write_json
from circuitnn.export.strangers import FormatError, Record, record_of
from circuitnn.hybrid import Gain
from circuitnn.model import Model, checked_model, run

#: What its player has (AIDA-X 1.1.0, and the LV2 plug-in, from August 2023 on); it loads no other sizes.
SIZES = (8, 12, 16, 20, 24, 32, 40, 64, 80)
MOST_KNOBS = 2
RATE = 48_000
TESTED, LONGEST_TEST = 2048, 2**16  # samples of the test
ALLOWED = 1e-4  # of the peak, that the test may differ by
LOUDEST = 120.0  # dB of a gain


@final
class _Parts(NamedTuple):
    """``out_gain * (is_skipped * in_gain x + network(in_gain x))``."""

    network: Model
    is_skipped: bool
    in_gain: float
    out_gain: float


def aidax(model: Model, path: str | os.PathLike) -> Path:
    """Write a model as a file of AIDA-X.

    Its player has one GRU or LSTM of 8, 12, 16, 20, 24, 32, 40, 64 or 80 units, one signal, and up to two knobs, which
    it calls PARAM1 and PARAM2. Scaling is folded into the weights; ``cn.residual(model)`` becomes `in_skip`, a `Gain`
    on either side of it `in_gain` and `out_gain`. The file has a sound and what the network makes of it, for the
    player's own test.

    Args:
        model: a GRU or LSTM with one input and one output, alone or in `circuitnn.residual`, between gains.
        path: of the file; written whole or not at all.

    Returns:
        The path.

    Raises:
        FormatError: for a model that the player does not load; names a format that holds it.
        OSError: when the file cannot be written.
    """
    parts = _parts(checked_model(model))
    core = parts.network
    data = described(core, "AIDA-X")
    _check_player(core, data["layers"])
    fs = RATE if model.fs is None else model.fs
    rate = {} if model.fs is None else {"samplerate": model.fs}
    x = np.asarray(0.5 * excitation(TESTED / fs, round(fs))[:TESTED], np.float32)
    y = _tested(core, is_skipped=parts.is_skipped, x=x)
    return write_json(
        path,
        {
            **data,
            "in_skip": int(parts.is_skipped),
            "in_gain": 20 * math.log10(parts.in_gain),
            "out_gain": 20 * math.log10(parts.out_gain),
            **rate,
            "input_batch": x.astype(np.float64).tolist(),
            "output_batch": y.astype(np.float64).tolist(),
            "metadata": notes(core) | rate,
        },
    )


def read_aidax(path: str | os.PathLike, *, check: bool = True, dtype: Any = jnp.float32) -> Model:
    """The model in a file of AIDA-X.

    Args:
        path: of the file.
        check: play the sound that is in the file, and compare with the output that is in it, from a memory of zeros
            with the knobs at 0, as the player does.
        dtype: floating-point type of the model.

    Returns:
        A `GRU` or `LSTM`, in `circuitnn.residual` where the file says so, with gains around it where it has any. Knobs
        are called param1 and param2, at 0, where the file was not written here.

    Raises:
        FormatError: for a file that is damaged, is something else, or fails its test; says by how much.
    """
    record = record_of(path)
    metadata = record.record("metadata")
    inputs = record.last_of("in_shape", 1 + MOST_KNOBS)
    row = layers_of(record, inputs, dtype)
    if [type(layer) for layer in row] != [Recurrent, Linear] or row[1].weight.shape[0] != 1:  # type: ignore[union-attr]
        raise record.fault("layers: expected one gru or lstm and one dense layer of 1 output")
    knobs = knobs_of(metadata, inputs) or {f"param{k}": 0.0 for k in range(1, inputs)}
    if len(knobs) != inputs - 1:
        raise record.fault(f"metadata: {len(knobs)} knobs, of {inputs} inputs")
    core = model_of(row, knobs, fs=_rate(record, metadata), dtype=dtype)
    is_skipped = bool(record.whole("in_skip", 0, low=0, high=1))
    if check and "input_batch" in record:
        _test(record, core, is_skipped=is_skipped)
    model = residual(core) if is_skipped else core
    gains = [10 ** (record.number(name, 0.0, low=-LOUDEST, high=LOUDEST) / 20) for name in ("in_gain", "out_gain")]
    before, after = ([] if gain == 1 else [Gain(gain, dtype=dtype)] for gain in gains)
    return chain(*before, model, *after) if before or after else model


def _rate(record: Record, metadata: Record) -> float:
    """Where players look for it; in older files it is a text, which they do not read."""
    for place in (metadata, record):
        value = place.fields.get("samplerate")
        if isinstance(value, str) and re.fullmatch(r"[1-9]\d{0,6}", value, flags=re.ASCII):
            return float(value)
        if not isinstance(value, str | None):
            return place.number("samplerate", low=1, high=1e7)
    return float(RATE)


def _parts(model: Model) -> _Parts:
    """What the format says one after the other."""
    members = list(model.models) if isinstance(model, Chain) else [model]
    middle = [part for part in members if not isinstance(part, Gain)]
    if len(middle) == 1 and isinstance(middle[0], Residual):
        place = members.index(middle[0])
        before, after = _gain(members[:place]), _gain(members[place + 1 :])
        if min(before, after) <= 0:
            raise FormatError(
                "AIDA-X has gains in dB around a wire beside the network: a Gain has to be positive there"
            )
        return _Parts(middle[0].model, True, before, after)
    return _Parts(model, False, 1.0, 1.0)


def _gain(models: list[Model]) -> float:
    return math.prod(float(model.factor[...]) for model in models if isinstance(model, Gain))


def _check_player(model: Model, layers: list[dict[str, Any]]) -> None:
    kinds, units = [layer["type"] for layer in layers], layers[0]["shape"][-1]
    if len(kinds) != 2 or kinds[0] not in KINDS or kinds[1] != "dense":
        fault = f"AIDA-X has one GRU or LSTM that a linear layer reads, not {', '.join(kinds)}"
    elif units not in SIZES:
        fault = f"the player of AIDA-X has {', '.join(map(str, SIZES))} units, not {units}"
    elif (model.in_features, model.out_features) != (1, 1):
        fault = f"AIDA-X has one signal in and one out, not {model.in_features} and {model.out_features}"
    elif len(model.controls) > MOST_KNOBS:
        fault = f"AIDA-X has up to {MOST_KNOBS} knobs, not {len(model.controls)}"
    else:
        return
    raise FormatError(f"{fault}: cn.export.rtneural holds it, and C (cn.export.c)")


def _tested(core: Model, *, is_skipped: bool, x: np.ndarray) -> np.ndarray:
    """What the player gives for x (time,) with its knobs at 0, from a memory of zeros."""
    with own_precision(core):
        shapes = jax.eval_shape(lambda: core.init_carry(()))
        carry = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        y = run(core, x, carry, controls=dict.fromkeys(core.controls, 0.0))[1]
    return np.asarray(y, np.float64) + is_skipped * x


def _test(record: Record, core: Model, *, is_skipped: bool) -> None:
    x = record.array("input_batch", (None,), np.float32)
    y = record.array("output_batch", (len(x),), np.float64)
    if len(x) > LONGEST_TEST:
        raise record.fault(f"input_batch: a test of {len(x)} samples; at most {LONGEST_TEST} are played")
    difference = float(np.abs(_tested(core, is_skipped=is_skipped, x=x) - y).max())
    allowed = ALLOWED * max(1.0, float(np.abs(y).max()))
    if not difference <= allowed:
        raise record.fault(
            f"fails its own test: what the network makes of input_batch differs from output_batch by {difference:.3g} "
            f"(up to {allowed:.1g} is rounding); read_aidax(path, check=False) reads it all the same"
        )

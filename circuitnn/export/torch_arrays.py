"""Weights by PyTorch's names, in a .npz that PyTorch reads through NumPy: no pickle on either side."""

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from jax import numpy as jnp

from circuitnn.archive import opened_archive
from circuitnn.composition import Residual, residual
from circuitnn.export.model_of_row import model_of
from circuitnn.export.row import GATES, MOST_LAYERS, MOST_UNITS, Linear, Recurrent, checked_row
from circuitnn.export.rtneural_json import knobs_of, notes
from circuitnn.export.strangers import FormatError, Record
from circuitnn.files import replacing
from circuitnn.model import Model, checked_model
from circuitnn.networks import Scaling
from circuitnn.opening import LARGEST_JSON, json_of, reason
from circuitnn.recurrent import GRU, LSTM
from circuitnn.recurrent.torch_names import torch_names, torch_shapes

HEADER = "header"  # the one name in the file without a dot
LARGEST = 2**26  # bytes


def torch(model: Model, path: str | os.PathLike, *, folded: bool = True) -> Path:
    """Write the weights of a GRU or LSTM by the names of a PyTorch module with ``rec`` and ``lin``, to a .npz file.

    ``{k: torch.from_numpy(a[k]) for k in a if "." in k}`` of ``a = numpy.load(path)`` is the module's state dict.

    Args:
        model: a `GRU` or `LSTM`, or one in ``circuitnn.residual``: the module does not add the input, its caller does.
        path: of the file; written whole or not at all.
        folded: with the scaling in the weights, so that the module takes and gives volts. Else they are as they are,
            and the array `header` (a text of JSON in bytes) tells the scaling.

    Returns:
        The path.

    Raises:
        FormatError: for another model; names a format that holds it.
        OSError: when the file cannot be written.
    """
    checked_model(model)
    inner = model.model if isinstance(model, Residual) else model
    if not isinstance(inner, GRU | LSTM):
        raise FormatError(
            f"PyTorch's names are for a GRU or LSTM, not a {type(inner).__name__}: cn.export.rtneural has dense layers "
            "and chains, C (cn.export.c) holds any model, and cn.train.save keeps it"
        )
    header = notes(model) | {"residual": inner is not model}
    if not folded:
        told = {
            name: np.asarray(value).tolist() for name, value in inner.scaling._asdict().items() if value is not None
        }
        header["scaling"] = told
    try:
        state = inner.torch_state(folded=folded)
    except ValueError as error:
        raise FormatError(f"{error}; C (cn.export.c) holds any model") from error
    text = np.frombuffer(json.dumps(header, allow_nan=False).encode(), np.uint8)
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{HEADER: text}, **state)
    return Path(path)


def read_torch(path: str | os.PathLike, *, fs: float | None = None, dtype: Any = jnp.float32) -> Model:
    """The model of weights by PyTorch's names: ``numpy.savez(path, **{k: v.numpy() for k, v in state_dict.items()})``.

    Args:
        path: of a .npz file with rec.weight_ih_l0 and so on, lin.weight and lin.bias. A .pt file is a program that runs
            when it is opened, and is not read.
        fs: sample rate in hertz of its training, where the file does not tell.
        dtype: floating-point type of the model.

    Returns:
        A `GRU` or `LSTM`; which of them the sizes tell. All inputs of a file that was not written here are signals.

    Raises:
        FormatError: for a file that is damaged, too large or something else; says where.
    """
    try:
        with opened_archive(path, LARGEST) as archive:
            arrays = {name: archive.read(name) for name in archive.shapes}
        header = Record(_header(arrays.pop(HEADER, None)), f"{path}: {HEADER}")
    except (OSError, ValueError) as error:
        words = " (a .pt file is a program: np.savez its state dict)" if Path(path).suffix in (".pt", ".pth") else ""
        raise FormatError(f"{path}: no .npz with weights by PyTorch's names: {reason(error)}{words}") from error
    return _model(arrays, header, os.fspath(path), fs, dtype)


def _header(text: np.ndarray | None) -> Any:
    if text is None:
        return {}
    if text.dtype != np.uint8 or text.size > LARGEST_JSON:
        raise ValueError("its header is no text")
    return json_of(text.tobytes())


def _model(arrays: dict[str, np.ndarray], header: Record, where: str, fs: float | None, dtype: Any) -> Model:
    depth = len({name for name in arrays if re.fullmatch(r"rec\.weight_ih_l\d{1,2}", name)})
    expected = {name for k in range(depth) for name in torch_names(k)} | {"lin.weight", "lin.bias"}
    if not 0 < depth <= MOST_LAYERS or set(arrays) != expected:
        different = ", ".join(ascii(name[:40]) for name in sorted(set(arrays) ^ expected)[:4])
        raise FormatError(f"{where}: expected rec.weight_ih_l0 and so on, lin.weight, lin.bias; different: {different}")
    rows, hidden = (*arrays["rec.weight_hh_l0"].shape, 0, 0)[:2]
    kind = next((kind for kind, gates in GATES.items() if rows == gates * hidden > 0), None)
    if kind is None or hidden > MOST_UNITS or arrays["rec.weight_ih_l0"].ndim != 2 or arrays["lin.bias"].ndim != 1:
        raise FormatError(
            f"{where}: rec.weight_hh_l0 is {rows} x {hidden}: no GRU, no LSTM, or over {MOST_UNITS} units"
        )
    inputs, outputs = arrays["rec.weight_ih_l0"].shape[1], len(arrays["lin.bias"])
    shapes = {"lin.weight": (outputs, hidden), "lin.bias": (outputs,)}
    for k in range(depth):
        shapes |= torch_shapes(k, GATES[kind], inputs, hidden)
    for name, shape in shapes.items():
        if arrays[name].shape != shape or arrays[name].dtype.kind != "f":
            raise FormatError(
                f"{where}: {name}: expected real numbers {shape}, got {arrays[name].dtype}{arrays[name].shape}"
            )
        with np.errstate(over="ignore"):
            arrays[name] = arrays[name].astype(dtype)
        if not np.isfinite(arrays[name]).all():
            raise FormatError(f"{where}: {name} has numbers that are not finite")
    layers = [Recurrent(kind, *(arrays[name] for name in torch_names(k))) for k in range(depth)]
    row = checked_row([*layers, Linear(arrays["lin.weight"], arrays["lin.bias"])], inputs, where)
    rate = header.number("samplerate", low=1, high=1e7) if "samplerate" in header else fs
    knobs = knobs_of(header, inputs)
    try:
        scaling = _scaling(header, inputs - len(knobs), outputs)
        model = model_of(row, knobs, fs=rate, dtype=dtype, scaling=scaling)
    except FormatError:
        raise
    except ValueError as error:  # a scale of zero
        raise header.fault(str(error)) from error
    is_residual = header.fields.get("residual") is True
    if is_residual and model.in_features != model.out_features:
        raise header.fault(f"a wire beside a network from {model.in_features} to {model.out_features} features")
    return residual(model) if is_residual else model


def _scaling(told: Record, inputs: int, outputs: int) -> Scaling | None:
    """What stands around weights that are not folded."""
    if "scaling" not in told:
        return None
    record, sizes = told.record("scaling"), {"input": inputs, "output": outputs}
    arrays = {name: record.array(name, (size,), np.float64) for name, size in sizes.items()}
    offsets = {f"{name}_offset": size for name, size in sizes.items() if f"{name}_offset" in record}
    return Scaling(**arrays, **{name: record.array(name, (size,), np.float64) for name, size in offsets.items()})

"""Trees of arrays on disk: written whole or not at all, read without running anything.

A file is a NumPy .npz: one array for each leaf, in the order of `jax.tree.leaves`, and one JSON text that says what the
file belongs to. Loading needs a tree of the same structure, so a file cannot bring in types or code.
"""

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
from flax import nnx

from circuitnn.files import replacing
from circuitnn.filters import NeuralToneStack
from circuitnn.model import Model

Kind = TypeVar("Kind", bound=Model)

_HEADER = "header"
LAYERS, UNITS, KNOBS = 8, 1024, 64  # of a restored model at most: a file may come from anywhere
DTYPES = {"float32": np.float32, "float64": np.float64}


class CheckpointError(ValueError):
    """A file that cannot be read, or that belongs to something else."""


def save_tree(path: str | os.PathLike, tree: Any, header: dict) -> None:
    """Write the leaves of `tree` and a JSON-serialisable header."""
    arrays = {f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}
    text = json.dumps(header, allow_nan=True)  # keys as they come: the order of knobs is that of a model's weights
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{_HEADER: np.frombuffer(text.encode(), np.uint8)}, **arrays)


def load_tree(path: str | os.PathLike, like: Any) -> tuple[Any, dict]:
    """Read a tree with the structure, shapes and dtypes of `like`, and its header.

    Raises:
        CheckpointError: when the file is damaged or its leaves do not fit.
    """
    leaves, structure = jax.tree.flatten(like)
    with _opened(path) as file:
        header = json.loads(bytes(file[_HEADER]).decode())
        stored = [file[f"leaf{i}"] for i in range(len(file.files) - 1)]
    if len(stored) != len(leaves):
        raise CheckpointError(f"{path}: holds {len(stored)} arrays, {len(leaves)} are expected")
    for i, (have, want) in enumerate(zip(stored, leaves, strict=True)):
        if have.shape != np.shape(want) or have.dtype != np.asarray(want).dtype:
            raise CheckpointError(
                f"{path}: array {i} is {have.dtype}{list(have.shape)}, "
                f"expected {np.asarray(want).dtype}{list(np.shape(want))}"
            )
    return jax.tree.unflatten(structure, stored), header


def read_header(path: str | os.PathLike) -> dict:
    """The header alone.

    Raises:
        CheckpointError: when the file is damaged.
    """
    with _opened(path) as file:
        header = json.loads(bytes(file[_HEADER]).decode())
    if not isinstance(header, dict):
        raise CheckpointError(
            f"{path}: not a circuitnn checkpoint, or damaged (its header is a {type(header).__name__})"
        )
    return header


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator[Any]:
    try:
        # Opened here and not by np.load, which leaves a damaged file open.
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            yield file
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: not a circuitnn checkpoint, or damaged ({error})") from error


def save(model: Model, path: str | os.PathLike) -> None:
    """Write all numbers of a model (weights and scaling) to a .npz file.

    A `NeuralToneStack` is written together with what it was made with, so that `restore` needs the file alone.
    """
    header: dict[str, Any] = {"model": type(model).__name__}
    if isinstance(model, NeuralToneStack):
        header |= {"settings": model.settings, "dtype": np.dtype(model.dtype).name}
    save_tree(path, nnx.to_pure_dict(nnx.state(model)), header)


def restore(path: str | os.PathLike) -> NeuralToneStack:
    """The model in a file that `save` wrote, bit for bit; for a `NeuralToneStack`, others need `load`.

    Raises:
        CheckpointError: when the file is damaged, or does not say how its model is made.
    """
    header = read_header(path)
    settings = header.get("settings")
    if header.get("model") != NeuralToneStack.__name__ or not isinstance(settings, dict):
        raise CheckpointError(f"{path}: holds a {header.get('model')} without its settings: build one and use load()")
    try:
        hidden = tuple(settings.pop("hidden"))
        if len(hidden) > LAYERS or max(hidden, default=0) > UNITS or len(settings["controls"]) > KNOBS:
            raise ValueError("more layers, units or knobs than a tone stack has")
        model = NeuralToneStack(**settings, hidden=hidden, dtype=DTYPES[header["dtype"]])
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path}: its settings are no model's ({error})") from None
    return load(model, path)


def load(model: Kind, path: str | os.PathLike) -> Kind:
    """A copy of `model` with the numbers that `save` wrote; `model` must have been built the same way.

    Raises:
        CheckpointError: when the file belongs to another kind or size of model.
    """
    graph, variables = nnx.split(model)
    numbers, header = load_tree(path, nnx.to_pure_dict(variables))
    if header.get("model") != type(model).__name__:
        raise CheckpointError(f"{path}: holds a {header.get('model')}, not a {type(model).__name__}")
    nnx.replace_by_pure_dict(variables, jax.tree.map(jax.numpy.asarray, numbers))
    return nnx.merge(graph, variables)

"""Trees of arrays on disk: written whole or not at all, read without running anything.

A file is a NumPy .npz: one array for each leaf, in the order of `jax.tree.leaves`, and one JSON text that says what the
file belongs to. Loading needs a tree of the same structure, so a file cannot bring in types or code.
"""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from circuitnn.files import replacing
from circuitnn.model import Model

_HEADER = "header"


class CheckpointError(ValueError):
    """A file that cannot be read, or that belongs to something else."""


def save_tree(path: str | os.PathLike, tree: Any, header: dict) -> None:
    """Write the leaves of `tree` and a JSON-serialisable header."""
    arrays = {f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}
    text = json.dumps(header, sort_keys=True, allow_nan=True)
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{_HEADER: np.frombuffer(text.encode(), np.uint8)}, **arrays)


def load_tree(path: str | os.PathLike, like: Any) -> tuple[Any, dict]:
    """Read a tree with the structure, shapes and dtypes of `like`, and its header.

    Raises:
        CheckpointError: when the file is damaged or its leaves do not fit.
    """
    leaves, structure = jax.tree.flatten(like)
    try:
        # Opened here and not by np.load, which leaves a damaged file open.
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            header = json.loads(bytes(file[_HEADER]).decode())
            stored = [file[f"leaf{i}"] for i in range(len(file.files) - 1)]
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: not a circuitnn checkpoint, or damaged ({error})") from error
    if len(stored) != len(leaves):
        raise CheckpointError(f"{path}: holds {len(stored)} arrays, {len(leaves)} are expected")
    for i, (have, want) in enumerate(zip(stored, leaves, strict=True)):
        if have.shape != np.shape(want) or have.dtype != np.asarray(want).dtype:
            raise CheckpointError(
                f"{path}: array {i} is {have.dtype}{list(have.shape)}, "
                f"expected {np.asarray(want).dtype}{list(np.shape(want))}"
            )
    return jax.tree.unflatten(structure, stored), header


def save(model: Model, path: str | os.PathLike) -> None:
    """Write all numbers of a model (weights and scaling) to a .npz file."""
    save_tree(path, nnx.to_pure_dict(nnx.state(model)), {"model": type(model).__name__})


def load(model: Model, path: str | os.PathLike) -> Model:
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

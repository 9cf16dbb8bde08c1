"""Trees of arrays on disk: written whole or not at all, read without running anything.

A file is a NumPy .npz: one array for each leaf, in the order of `jax.tree.leaves`, and one JSON text that says what the
file belongs to. Loading needs a tree of the same structure, so a file cannot bring in types or code.
"""

import contextlib
import json
import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np

from circuitnn.archive import Archive, ArchiveError, Shape, opened_archive
from circuitnn.deferred import jax
from circuitnn.files import replacing
from circuitnn.opening import LARGEST_JSON, json_of, reason

_HEADER = "header"


class CheckpointError(ValueError):
    """A file that cannot be read, or that belongs to something else."""


def save_tree(path: str | os.PathLike, tree: Any, header: dict) -> None:
    """Write the leaves of `tree` and a JSON-serialisable header.

    Raises:
        CheckpointError: for a header that is longer than `load_tree` reads.
        OSError: when the file cannot be written.
    """
    arrays = {f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(tree))}
    text = json.dumps(header, allow_nan=True)  # keys as they come: the order of knobs is that of a model's weights
    try:
        json_of(text.encode())
    except ValueError as error:
        raise CheckpointError(f"{path}: what belongs to its numbers is too long for a file: {error}") from error
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{_HEADER: np.frombuffer(text.encode(), np.uint8)}, **arrays)


def load_tree(path: str | os.PathLike, like: Any) -> tuple[Any, dict]:
    """Read a tree with the structure, shapes and dtypes of `like`, and its header.

    Raises:
        CheckpointError: when the file is damaged or its leaves do not fit.
    """
    leaves, structure = jax.tree.flatten(like)
    with opened(path) as file:
        expected = [(np.shape(leaf), np.asarray(leaf).dtype) for leaf in leaves]
        return jax.tree.unflatten(structure, file.arrays(expected)), file.header


@final
class Checkpoint:
    """An open file: its header, and the shapes of its arrays, before any of their data is read.

    Attributes:
        header: what the file says of itself.
        shapes: of its arrays, in order.
    """

    def __init__(self, path: str | os.PathLike, archive: Archive):
        self._path, self._archive = path, archive
        (*_, length), kind = archive.shapes.get(_HEADER, ((0,), None))
        names = [f"leaf{i}" for i in range(len(archive.shapes) - 1)]
        if kind != np.uint8 or set(archive.shapes) != {_HEADER, *names}:
            raise ValueError("its arrays are not those of one")
        if length > LARGEST_JSON:
            raise ValueError("its header is too long")
        self.header: dict[str, Any] = json_of(archive.read(_HEADER).tobytes())
        if not isinstance(self.header, dict):
            raise ValueError(f"its header is a {type(self.header).__name__}")
        self.shapes = [archive.shapes[name] for name in names]

    @property
    def nbytes(self) -> int:
        """Of all arrays together."""
        return sum(math.prod(shape) * dtype.itemsize for shape, dtype in self.shapes)

    def arrays(self, expected: Sequence[Shape], names: Sequence[str] | None = None) -> list[np.ndarray]:
        """All arrays, read after their shapes and dtypes were found to be those.

        Raises:
            CheckpointError: when they are not, or the file is damaged.
        """
        if len(self.shapes) != len(expected):
            raise CheckpointError(f"{self._path}: holds {len(self.shapes)} arrays, {len(expected)} are expected")
        for i, ((shape, dtype), (shape_there, dtype_there)) in enumerate(zip(expected, self.shapes, strict=True)):
            if (shape, dtype) != (shape_there, dtype_there):
                raise CheckpointError(
                    f"{self._path}: array {i if names is None else names[i]} is {dtype_there}{list(shape_there)}, "
                    f"expected {dtype}{list(shape)}"
                )
        try:
            return [self._archive.read(f"leaf{i}") for i in range(len(expected))]
        except (OSError, ArchiveError) as error:
            raise _damaged(self._path, error) from error


@contextlib.contextmanager
def opened(path: str | os.PathLike) -> Iterator[Checkpoint]:
    """The one door to such files.

    Raises:
        CheckpointError: for a file that is not there, damaged, or something else.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = Checkpoint(path, stack.enter_context(opened_archive(path)))
        except OSError as error:
            raise CheckpointError(f"{path}: {reason(error)}") from error
        except ValueError as error:
            raise _damaged(path, error) from error
        yield file


def _damaged(path: str | os.PathLike, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path}: not a circuitnn checkpoint, or damaged ({reason(error)}): copy it again, or have it saved anew"
    )

"""Trees of arrays on disk: written whole or not at all, read without running anything.

A file is a NumPy .npz: one array for each leaf, in the order of `jax.tree.leaves`, and one JSON text that says what the
file belongs to. Loading needs a tree of the same structure, so a file cannot bring in types or code.
"""

import contextlib
import json
import math
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, final

import jax
import numpy as np

from circuitnn.files import replacing

_HEADER = "header"
LONGEST_HEADER = 2**24  # bytes of JSON

Shape = tuple[tuple[int, ...], np.dtype]


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

    def __init__(self, path: str | os.PathLike, archive: zipfile.ZipFile, size: int):
        self._path, self._archive = path, archive
        members = archive.infolist()
        # What is stored as it is takes no more room in memory than on disk.
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("its members are compressed")
        if sum(member.file_size for member in members) > size:
            raise ValueError("it says that it is larger than it is")
        (length,), kind = self._shape(_HEADER)
        if length > LONGEST_HEADER or kind != np.uint8:
            raise ValueError("its header is too long")
        self.header: dict[str, Any] = json.loads(self._array(_HEADER).tobytes())
        if not isinstance(self.header, dict):
            raise ValueError(f"its header is a {type(self.header).__name__}")
        self.shapes = [self._shape(f"leaf{i}") for i in range(len(members) - 1)]

    @property
    def nbytes(self) -> int:
        """Of all arrays together."""
        return sum(math.prod(shape) * dtype.itemsize for shape, dtype in self.shapes)

    def arrays(self, expected: Sequence[Shape], names: Sequence[str] | None = None) -> list[np.ndarray]:
        """All arrays, read after their shapes and dtypes were found to be those.

        Raises:
            CheckpointError: when they are not.
        """
        if len(self.shapes) != len(expected):
            raise CheckpointError(f"{self._path}: holds {len(self.shapes)} arrays, {len(expected)} are expected")
        for i, ((shape, dtype), (shape_there, dtype_there)) in enumerate(zip(expected, self.shapes, strict=True)):
            if (shape, dtype) != (shape_there, dtype_there):
                raise CheckpointError(
                    f"{self._path}: array {i if names is None else names[i]} is {dtype_there}{list(shape_there)}, "
                    f"expected {dtype}{list(shape)}"
                )
        return [self._array(f"leaf{i}") for i in range(len(expected))]

    def _shape(self, name: str) -> Shape:
        with self._archive.open(f"{name}.npy") as member:
            shape, dtype = _array_header(member)
            whole = member.tell() + math.prod(shape) * dtype.itemsize
        if dtype.hasobject or whole != self._archive.getinfo(f"{name}.npy").file_size:
            raise ValueError(f"{name} is no array of numbers, or not all of it is there")
        return shape, dtype

    def _array(self, name: str) -> np.ndarray:
        with self._archive.open(f"{name}.npy") as member:
            return np.lib.format.read_array(member, allow_pickle=False)


def _array_header(member: IO[bytes]) -> Shape:
    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise ValueError(f"an array of version {version}")
    shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    return shape, dtype


@contextlib.contextmanager
def opened(path: str | os.PathLike) -> Iterator[Checkpoint]:
    """The one door to such files.

    Raises:
        CheckpointError: for a file that is not there, damaged, or something else.
    """
    path = Path(path)
    if not path.is_file():  # nor a pipe, which might keep one waiting for ever
        raise CheckpointError(f"{path}: {'not a file' if path.exists() else 'no such file'}")
    with contextlib.ExitStack() as stack:
        try:
            raw = stack.enter_context(path.open("rb"))
            archive = stack.enter_context(zipfile.ZipFile(raw))
            file = Checkpoint(path, archive, path.stat().st_size)
        except Exception as error:  # of zipfile, numpy and json: what a damaged file makes them raise is not documented
            raise CheckpointError(f"{path}: not a circuitnn checkpoint, or damaged ({error})") from error
        try:
            yield file
        except (OSError, EOFError, zipfile.BadZipFile) as error:
            raise CheckpointError(f"{path}: damaged ({error})") from error

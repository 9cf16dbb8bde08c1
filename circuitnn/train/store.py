"""Arrays made piece by piece and read without being loaded: a folder of .npy files, there whole or not at all.

A header has the shape and the SHA-256 of each array, and its own. What does not agree is never used: it is made anew.
"""

import contextlib
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, final

import numpy as np

from circuitnn.opening import LARGEST_JSON, content, json_of, opened, reason

HEADER = "header.json"
PIECE = 2**20  # bytes that are hashed at a time
ABANDONED = 24 * 3600  # seconds without a change, after which a folder that is being written belongs to nobody

_UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.[a-z0-9_]{8}")


class StoreError(ValueError):
    """A folder of arrays that cannot be read or written."""


@final
class Writer:
    """Arrays that grow along time; made by `kept`."""

    def __init__(self, folder: Path, dtype: Any):
        self._folder, self._dtype = folder, np.dtype(dtype)
        self._files: dict[str, IO[bytes]] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._digests: dict[str, Any] = {}

    def append(self, **blocks: np.ndarray) -> None:
        """Add a block (recordings, time, features) to each of the named arrays."""
        for name, block in blocks.items():
            recordings, time_, features = block.shape
            if name not in self._files:
                self._files[name] = (self._folder / f"{name}.npy").open("wb")
                self._shapes[name], self._digests[name] = (0, recordings, features), hashlib.sha256()
                self._files[name].write(_beginning(self._shapes[name], self._dtype))
            # Time comes first in the file, where it grows.
            data = np.ascontiguousarray(block.swapaxes(0, 1), self._dtype)
            self._files[name].write(data.data)
            self._digests[name].update(data)
            self._shapes[name] = (self._shapes[name][0] + time_, recordings, features)

    def finish(self, about: Mapping[str, Any]) -> None:
        """Write the lengths into the files, and the header."""
        for name, file in self._files.items():
            file.seek(0)
            file.write(_beginning(self._shapes[name], self._dtype))
            file.flush()
            os.fsync(file.fileno())
        self.close()
        arrays = {
            name: {"shape": shape, "dtype": self._dtype.str, "sha256": self._digests[name].hexdigest()}
            for name, shape in self._shapes.items()
        }
        header = {**about, "arrays": arrays}
        with (self._folder / HEADER).open("wb") as last:
            last.write(json.dumps({**header, "sha256": _digest(header)}).encode())
            last.flush()
            os.fsync(last.fileno())

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


def kept(folder: Path, dtype: Any, write: Callable[[Writer], None]) -> dict[str, np.ndarray]:
    """The arrays (recordings, time, features) of a folder, which stay on disk until they are looked at.

    Args:
        folder: named by a hash of what is in it.
        dtype: of the arrays.
        write: makes them, where they are not there or damaged, and ends with `Writer.finish`.

    Raises:
        StoreError: when the folder cannot be written.

    Warns:
        UserWarning: when what was there is damaged.
    """
    try:
        if os.path.lexists(folder):
            try:
                return _read(folder)
            except StoreError as error:
                warnings.warn(f"{error}: it is made anew", stacklevel=3)
                _remove(folder)
        with _unfinished(folder) as beside:
            writer = Writer(beside, dtype)
            with contextlib.closing(writer):
                write(writer)
            arrays = _read(beside)  # they stay readable, whatever happens to the folder
            beside.chmod(0o755)
            _publish(beside, folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {reason(error)}") from error
    return arrays


@contextlib.contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A new folder beside where it will be: one is renamed within one file system only."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.iterdir():  # by a process that was killed
        if _UNFINISHED.fullmatch(left.name) and _unchanged_for(left) > ABANDONED:
            shutil.rmtree(left, ignore_errors=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unchanged_for(folder: Path) -> float:
    """Seconds."""
    try:
        return time.time() - max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:  # it is being deleted, or is no folder
        return 0.0


def _publish(beside: Path, folder: Path) -> None:
    """Give a finished folder its name, unless another process was faster."""
    _sync(beside)
    for _ in range(3):
        try:
            beside.rename(folder)
        except OSError:
            if not os.path.lexists(folder):
                raise
            try:
                _read(folder)
            except StoreError:
                _remove(folder)
            else:
                return
        else:
            _sync(folder.parent)
            return


def _remove(folder: Path) -> None:
    """Whatever has that name, a link too, but not what it leads to; at once for other processes."""
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        folder.rename(aside / "damaged")
    shutil.rmtree(aside, ignore_errors=True)


def _sync(folder: Path) -> None:
    """The names in a folder, to the disk; on Windows a folder cannot be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(folder: Path) -> dict[str, np.ndarray]:
    try:
        data = content(folder / HEADER, LARGEST_JSON)
        header = json_of(data)
        is_as_written = json.dumps(header).encode() == data  # white space too
        if not isinstance(header, dict) or header.pop("sha256", None) != _digest(header) or not is_as_written:
            raise ValueError(f"{HEADER} has changed")
        if not all(name.isidentifier() for name in header["arrays"]):
            raise ValueError("a name that is none")
        return {name: _array(folder / f"{name}.npy", about) for name, about in header["arrays"].items()}
    except Exception as error:  # a header may hold anything
        raise StoreError(f"{folder}: damaged ({reason(error)})") from error


def _array(path: Path, about: Mapping[str, Any]) -> np.ndarray:
    """An array as a map of the file that was checked, (recordings, time, features)."""
    shape, dtype = tuple(about["shape"]), np.dtype(about["dtype"])
    if dtype.kind != "f":
        raise ValueError("arrays of another kind")
    beginning = _beginning(shape, dtype)
    size = len(beginning) + math.prod(shape) * dtype.itemsize
    with opened(path, size) as file:
        digest, buffer = hashlib.sha256(), bytearray(PIECE)
        is_whole = file.read(len(beginning)) == beginning and os.fstat(file.fileno()).st_size == size
        while is_whole and (count := file.readinto(buffer)):
            digest.update(memoryview(buffer)[:count])
        if not is_whole or digest.hexdigest() != about["sha256"]:
            raise ValueError(f"{path.name} has changed")
        return np.memmap(file, dtype, "r", len(beginning), shape).swapaxes(0, 1)


def _beginning(shape: tuple[int, ...], dtype: np.dtype) -> bytes:
    """Of a .npy file (format 1.0): 128 bytes, whatever the shape."""
    about = repr({"descr": dtype.str, "fortran_order": False, "shape": shape})
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + about.ljust(117).encode() + b"\n"


def _digest(header: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()

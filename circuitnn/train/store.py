"""Arrays made piece by piece and read without being loaded: a folder of .npy files, there whole or not at all."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, final

import numpy as np

HEADER = "header.json"


class StoreError(ValueError):
    """A folder of arrays that cannot be read or written."""


@final
class Writer:
    """Arrays that grow along time; made by `writing`."""

    def __init__(self, folder: Path, dtype: Any):
        self._folder, self._dtype = folder, np.dtype(dtype)
        self._files: dict[str, IO[bytes]] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}

    def append(self, **blocks: np.ndarray) -> None:
        """Add a block (recordings, time, features) to each of the named arrays."""
        for name, block in blocks.items():
            recordings, time, features = block.shape
            if name not in self._files:
                self._files[name] = (self._folder / f"{name}.npy").open("wb")
                self._shapes[name] = (0, recordings, features)
                self._files[name].write(self._beginning(name))
            # Time comes first in the file, where it grows.
            self._files[name].write(np.ascontiguousarray(block.swapaxes(0, 1), self._dtype).tobytes())
            self._shapes[name] = (self._shapes[name][0] + time, recordings, features)

    def finish(self, header: Mapping[str, Any]) -> None:
        """Write the lengths into the files, and the header."""
        for name, file in self._files.items():
            file.seek(0)
            file.write(self._beginning(name))
        self.close()
        (self._folder / HEADER).write_text(json.dumps({"arrays": sorted(self._files), **header}), encoding="utf-8")

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _beginning(self, name: str) -> bytes:
        """Of a .npy file (format 1.0): 128 bytes, whatever the shape."""
        about = repr({"descr": self._dtype.str, "fortran_order": False, "shape": self._shapes[name]})
        return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + about.ljust(117).encode() + b"\n"


@contextlib.contextmanager
def writing(folder: Path, dtype: Any) -> Iterator[Writer]:
    """A `Writer` whose folder is there once the block has ended well.

    Raises:
        StoreError: when it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside where it will be: a folder is renamed within one file system only.
        unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise StoreError(f"{folder.parent}: cannot be written: {error.strerror or error}") from error
    writer = Writer(unfinished, dtype)
    try:
        yield writer
        unfinished.chmod(0o755)
        if not (folder / HEADER).exists():  # else another process was faster
            unfinished.rename(folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror or error}") from error
    finally:
        writer.close()
        shutil.rmtree(unfinished, ignore_errors=True)


def read(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays (recordings, time, features), which stay on disk until they are looked at, and the header.

    Raises:
        StoreError: when something is missing or damaged.
    """
    try:
        header = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        names = [str(name) for name in header["arrays"]]
        if any(not name.isidentifier() for name in names):
            raise ValueError("a name that is none")
        found = {name: np.load(folder / f"{name}.npy", mmap_mode="r").swapaxes(0, 1) for name in names}
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise StoreError(f"{folder}: damaged, delete it ({error})") from error
    return found, header

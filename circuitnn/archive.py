"""Arrays of numbers in a NumPy .npz: what is there is known before it is read, and nothing else is ever read.

NumPy's own reader trusts a file: it expands what is compressed to any size, makes arrays as large as they say they are,
and lets through whatever the packages below it raise.
"""

import contextlib
import io
import math
import os
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any, final

import numpy as np
from numpy.typing import NDArray

from circuitnn.opening import opened, reason

LONGEST_LIST = 2**20  # bytes of the table of contents: some ten thousand arrays
PIECE = 2**18  # bytes that are read at a time

# As NumPy writes it; with real, whole, complex and Boolean numbers of a known size.
_HEADER = re.compile(
    r"\{'descr': '([<>|][biufc][0-9]{1,2})', 'fortran_order': (True|False), "
    r"'shape': \((|[0-9]{1,19},|[0-9]{1,19}(?:, [0-9]{1,19})+)\), \} *\n"
)

Shape = tuple[tuple[int, ...], np.dtype]


class ArchiveError(ValueError):
    """A file that is no .npz of plain arrays, or is damaged; the message does not name it."""


@final
class Archive:
    """An open file; made by `opened_archive`.

    Attributes:
        shapes: of its arrays by name, with their dtypes, in the order of the file.
    """

    def __init__(self, file: io.BufferedReader):
        size = os.fstat(file.fileno()).st_size
        self._zip = zipfile.ZipFile(_Sparing(file.raw))
        members = self._zip.infolist()
        # What is stored as it is takes no more room in memory than on disk.
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("its members are compressed")
        if sum(member.file_size for member in members) > size:
            raise ValueError("it says that it is larger than it is")
        names = [member.filename.removesuffix(".npy") for member in members]
        if len(set(names)) < len(names):
            raise ValueError("it has an array twice")
        self._members = dict(zip(names, members, strict=True))
        self.shapes: dict[str, Shape] = {}
        for name, member in self._members.items():
            with self._zip.open(member) as stream:
                shape, dtype, _ = array_header(stream)
                if stream.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
                    raise ValueError(f"not all of {name} is there")
            self.shapes[name] = shape, dtype

    def read(self, name: str) -> NDArray[Any]:
        """One of the arrays.

        Raises:
            OSError, ArchiveError: when the file cannot be read there, or is damaged.
        """
        with _as_archive_error(), self._zip.open(self._members[name]) as stream:
            shape, dtype, is_fortran = array_header(stream)
            if (shape, dtype) != self.shapes[name]:
                raise ValueError(f"{name} changed while it was read")
            buffer = np.empty(math.prod(shape) * dtype.itemsize, np.uint8)
            for start in range(0, len(buffer), PIECE):
                wanted = buffer[start : start + PIECE]
                wanted[:] = np.frombuffer(stream.read(len(wanted)), np.uint8)  # an error where there are fewer
            values = buffer.view(dtype)
            return values.reshape(shape[::-1]).T if is_fortran else values.reshape(shape)


@final
class _Sparing(io.BufferedReader):
    """Reads no more at once than the parts of an archive need: zipfile reads the table of contents as a whole."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(LONGEST_LIST + 1 if size is None or size < 0 else min(size, LONGEST_LIST + 1)) or b""
        if len(data) > LONGEST_LIST:
            raise ValueError("its table of contents is too long")
        return data


def array_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype, bool]:
    """Shape, dtype and order of what follows; read without evaluating what stands there."""
    start = stream.read(10)
    length = int.from_bytes(start[8:], "little")
    match = _HEADER.fullmatch(stream.read(length).decode("latin-1"))
    if start[:8] != b"\x93NUMPY\x01\x00" or match is None:
        raise ValueError("it holds what is no array of numbers")
    shape = tuple(int(size) for size in match[3].replace(",", " ").split())
    return shape, np.dtype(match[1]), match[2] == "True"


@contextlib.contextmanager
def opened_archive(path: str | os.PathLike, largest: int | None = None) -> Iterator[Archive]:
    """Open a .npz that holds nothing but arrays of numbers, not compressed.

    Args:
        path: of the file.
        largest: bytes that it may have; any number when None. Data are read by `Archive.read` only.

    Raises:
        OSError: when it is not there, or may not be read.
        ArchiveError: when it is something else, or damaged.
    """
    with contextlib.ExitStack() as stack:
        with _as_archive_error():
            archive = Archive(stack.enter_context(opened(path, largest)))
        yield archive


@contextlib.contextmanager
def _as_archive_error() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # what zipfile and struct make of a damaged file is not documented
        raise ArchiveError(reason(error)) from error

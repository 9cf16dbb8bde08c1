"""The one door for files that are read: regular files only, never more of them than is expected.

A name may lead to anything: a pipe that keeps one waiting for ever, a device without an end, a folder, a link to one of
them. Nothing of it is read before it is known to be a file of a fitting size.
"""

import errno
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

LARGEST_JSON = 2**22  # bytes
MOST_VALUES = 2**17  # of a JSON text: each takes up to 400 bytes of memory, however short it is written

_WORDS = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.ENAMETOOLONG: "no such file (the name is too long for one)",
    errno.ELOOP: "a link that leads to itself",
    errno.EACCES: "may not be read (permission denied)",
    errno.EPERM: "may not be read (permission denied)",
}


def opened(path: str | os.PathLike, largest: int | None = None) -> io.BufferedReader:
    """A regular file, open for reading.

    Args:
        path: of the file, or of a link to one.
        largest: bytes that it may have; any number when None.

    Raises:
        OSError: when it is not there, may not be read, is too large or is no regular file; `reason` has it in words.
    """
    try:
        _check(path, Path(path).stat(), largest)  # a device is not even opened: that alone may do something
        # Without waiting, should it have become a pipe meanwhile.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # NUL, or half a character
        raise OSError(errno.ENOENT, "no such file (no file can have that name)", path) from error
    try:
        _check(path, os.fstat(handle), largest)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def content(path: str | os.PathLike, largest: int) -> bytes:
    """All of a regular file of at most `largest` bytes.

    Raises:
        OSError: as `opened`, also when it grows while it is read.
    """
    with opened(path, largest) as file:
        size = os.fstat(file.fileno()).st_size
        # Files that the system makes up say that they are empty.
        data = file.read((size or largest) + 1) or b""
    if len(data) > largest:
        raise _too_large(path, largest)
    return data


def reason(error: BaseException) -> str:
    """Why a file cannot be read or written, in words."""
    if isinstance(error, OSError):
        return _WORDS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__


def named(error: BaseException) -> str:
    """An exception of a stranger's code: its class says as much as its message, where there is one."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def printable(text: str) -> str:
    """A stranger's words for a terminal or a log: what would steer it is written as an escape, as in Python's repr.

    Line breaks, tabs and letters of any language stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in "\n\t\xa0" else letter.encode("unicode_escape").decode()
        for letter in text
    )


def json_of(data: bytes, *, largest: int = LARGEST_JSON) -> Any:
    """What a JSON text says, if it is of a size that takes little memory.

    Args:
        data: the text.
        largest: bytes that it may have; it may have a value for each 32 of them.

    Raises:
        ValueError: when it is none, or too large, too deep or of too many values.
    """
    most = MOST_VALUES * largest // LARGEST_JSON
    if len(data) > largest or sum(map(data.count, (b",", b"[", b"{"))) > most:
        raise ValueError(f"more than {largest} bytes or {most} values of JSON")
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("JSON that is too deep") from None


def _check(path: str | os.PathLike, status: os.stat_result, largest: int | None) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, "is a folder, not a file", path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is a pipe, a device or a socket, not a file", path)
    if largest is not None and status.st_size > largest:
        raise _too_large(path, largest)


def _too_large(path: str | os.PathLike, largest: int) -> OSError:
    return OSError(errno.EFBIG, f"is larger than {largest} bytes", path)

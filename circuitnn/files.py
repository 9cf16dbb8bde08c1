"""Files that are written whole or not at all, and files that one process has for itself."""

import contextlib
import functools
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where a file that somebody has open cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]

_UNFINISHED = re.compile(r"\..+\.[a-z0-9_]{8}\.circuitnn", re.DOTALL)


class InUseError(OSError):
    """Another process has a file."""


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` when the block ends well, and vanishes when it does not.

    Folders on the way to `path` are made. What a killed process has left unfinished in the folder is swept.

    Raises:
        OSError: when the folder cannot be made or written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(path.parent.absolute())
    handle, temporary = _unfinished(path)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)  # mkstemp gives 0600, which a reader of a shared results folder cannot open
            if fcntl is not None:
                temporary.replace(path)  # while it is held: nobody takes it for a left-over
        if fcntl is None:
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def sweep(folder: Path) -> None:
    """Delete what killed processes have left unfinished there; what a living one is writing stays."""
    with contextlib.suppress(OSError):
        for left in sorted(folder.iterdir()):
            if _UNFINISHED.fullmatch(left.name) and left.is_file():
                with contextlib.suppress(OSError), left.open("rb") as file:
                    _hold(file.fileno(), wait=False)
                    left.unlink()


@contextlib.contextmanager
def owned(path: str | os.PathLike, *, patience: float = 1.0) -> Iterator[None]:
    """Have a file for oneself until the block ends; a process that is killed does not have it any more.

    A hidden file beside it, `.NAME.lock`, stays: to delete it would let two processes in.

    Args:
        path: of the file, which need not be there yet; folders on the way are made.
        patience: seconds to wait for another process.

    Raises:
        InUseError: when another process, or another thread of this one, has it; says which.
        OSError: when the folder cannot be written.
    """
    import filelock  # here, because most of what writes files needs no lock

    path = Path(os.path.realpath(path))  # by whatever name it goes
    path.parent.mkdir(parents=True, exist_ok=True)
    note = path.with_name(f".{path.name}.lock")
    lock = filelock.FileLock(note, timeout=patience)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise InUseError(f"{path}: in use by another run{_owner(note)}") from None
    try:
        with contextlib.suppress(OSError):  # a full disk, or Windows
            note.write_text(f"{os.getpid()} {socket.gethostname()}", encoding="utf-8")
        sweep(path.parent)
        yield
    finally:
        lock.release()


def _owner(note: Path) -> str:
    try:
        found = re.fullmatch(r"(\d{1,10}) ([\w.-]{1,255})", note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return f" (process {found[1]} on {found[2]})" if found else ""


@functools.lru_cache(maxsize=1024)
def _sweep_once(folder: Path) -> None:
    sweep(folder)


def _unfinished(path: Path) -> tuple[int, Path]:
    """A new file beside `path`, open and held."""
    while True:
        # In the same folder, because a file is moved atomically only within one file system.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".circuitnn")
        with contextlib.suppress(OSError):  # file systems without locks
            _hold(handle, wait=True)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # somebody who was sweeping came between


def _hold(handle: int, *, wait: bool) -> None:
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

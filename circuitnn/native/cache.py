"""Libraries that were compiled once, in a folder of the user: one is loaded only if it is what was put there."""

import contextlib
import functools
import hashlib
import os
import platform
import re
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from circuitnn.files import replacing
from circuitnn.opening import content

MOST = 500  # libraries that are kept: the ones that were used last
LARGEST = 2**28  # bytes of one
_NAME = re.compile(r"[0-9a-f]{64}-[0-9a-f]{64}\.so")


def kept(parts: tuple[str, ...], make: Callable[[], bytes]) -> Path:
    """The file of a library: the one in the cache, or one that is made now and put there.

    The name of the file has two SHA-256: of all that the library depends on, and of its own bytes. What has other bytes
    than its name says, belongs to another user or may be written by one, is made anew.

    Args:
        parts: what it depends on, this machine apart.
        make: compiles it.

    Raises:
        OSError: when it cannot be written anywhere.
        Exception: what `make` raises.
    """
    place, key = folder(), _digest("\0".join((*parts, machine())).encode())
    for path in place.glob(f"{key}-*.so"):
        if _is_sound(path):
            with contextlib.suppress(OSError):
                os.utime(path)  # what is used stays
            return path
        discard(path)
    made = make()
    path = place / f"{key}-{_digest(made)}.so"
    with replacing(path) as file:
        file.write(made)
    _leave(place, MOST)
    return path


def discard(path: Path) -> None:
    """Forget a library."""
    with contextlib.suppress(OSError):
        path.unlink()


def folder() -> Path:
    """Where libraries are kept: circuitnn/native in XDG_CACHE_HOME or ~/.cache, which only the user reads and writes.

    Where that cannot be had, it is a folder that ends with the process.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(home) if home and Path(home).is_absolute() else Path.home() / ".cache"
        path = base / "circuitnn" / "native"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(path.stat()):
            return _passing()
        if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o700)
        return path if os.access(path, os.W_OK | os.X_OK) else _passing()
    except (OSError, RuntimeError):  # no home, no disk
        return _passing()


def _passing() -> Path:
    return Path(_process_folder().name)


@functools.cache
def _process_folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="circuitnn-native-")


@functools.cache
def machine() -> str:
    """The processor: what is compiled for one may not run on another that has the same folder."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        first = lines[: lines.index("")] if "" in lines else lines
        told = [
            line for line in first if re.match(r"(model name|flags|features|cpu (implementer|part))\b", line.lower())
        ]
        if told:
            return "\n".join(sorted(told))
    return " ".join((platform.system(), platform.machine(), platform.processor()))


def _is_sound(path: Path) -> bool:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or not _is_own(status) or not _NAME.fullmatch(path.name):
            return False
        return path.stem.endswith(_digest(content(path, LARGEST)))
    except OSError:
        return False


def _is_own(status: os.stat_result) -> bool:
    """Whether it belongs to this user, who alone may write it. On Windows the folder of the user sees to that."""
    if os.name == "nt":
        return True
    return status.st_uid == os.geteuid() and (stat.S_ISDIR(status.st_mode) or not status.st_mode & 0o022)


def _leave(place: Path, most: int) -> None:
    """Delete the libraries that were not used for the longest time. One that is loaded stays so."""
    with contextlib.suppress(OSError):
        files = [path for path in place.iterdir() if _NAME.fullmatch(path.name)]
        for path in sorted(files, key=lambda path: path.stat().st_mtime)[: max(0, len(files) - most)]:
            discard(path)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

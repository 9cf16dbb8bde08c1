"""Files that a command writes at its end: whether they can be written is seen at its beginning."""

import tempfile
from pathlib import Path

from circuitnn.cli.problems import Failure, Fault


def check_suffix(path: Path, what: str, *suffixes: str) -> None:
    """Raises a Fault where the name of a file has another ending, or is a folder's."""
    if path.suffix.lower() not in suffixes:
        raise Fault(f"{path}: the name of {what} ends in {' or '.join(suffixes)}")
    check_file(path)


def check_file(path: Path) -> None:
    """Raises a Fault where there is a folder, a pipe or a device of that name, which no file is put in the place of."""
    if path.is_dir():
        raise Fault(f"{path}: is a folder")
    if path.exists() and not path.is_file():
        raise Fault(f"{path}: is a pipe, a device or a socket, not a file")


def check_other(out: Path, read: str, what: str) -> None:
    """Raises a Fault where the file that is written is one that is read, if both are there."""
    if out.exists() and Path(read).exists() and out.samefile(read):
        raise Fault(f"{out}: is the {what} that is read; give OUT another name")


def check_writable(path: Path) -> None:
    """Before minutes of computing, not after them.

    Raises:
        Failure: when its folder cannot be made or written.
    """
    there = next(folder for folder in (path.parent, *path.parent.parents) if folder.exists())
    if not there.is_dir():
        raise Failure(f"{path}: cannot be written: {there} is no folder")
    try:
        # As files are written: in a nameless one beside it. Folders that are still to be made are made then.
        with tempfile.TemporaryFile(dir=there):
            pass
        if there != path.parent:
            path.parent.mkdir(parents=True)
            for folder in (path.parent, *path.parent.parents):
                if folder == there:
                    break
                folder.rmdir()
    except OSError as problem:
        raise Failure(f"{path}: cannot be written: {problem.strerror or problem}") from problem

"""Files that a command writes at its end: whether they can be written is seen at its beginning."""

from pathlib import Path

from circuitnn.cli.problems import Failure, Fault


def check_suffix(path: Path, what: str, *suffixes: str) -> None:
    """Raises a Fault where the name of a file has another ending, or is a folder's."""
    if path.suffix.lower() not in suffixes:
        raise Fault(f"{path}: the name of {what} ends in {' or '.join(suffixes)}")
    if path.is_dir():
        raise Fault(f"{path}: is a folder")


def check_writable(path: Path) -> None:
    """Before minutes of computing, not after them.

    Raises:
        Failure: when its folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = path.parent / f".{path.name}.writable"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise Failure(f"{path}: cannot be written: {problem.strerror or problem}") from problem

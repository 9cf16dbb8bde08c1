"""The ngspice program: found on the PATH, run in a temporary folder, its complaints passed on."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import final

from circuitnn.spice.names import Names
from circuitnn.spice.raw import Plot, read_raw

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

MOST_MEMORY = 8 * 2**30  # bytes that ngspice may take

_COMPLAINT = re.compile(r"error|singular|too small|no convergence|cannot|can't|unable|invalid|fatal", re.IGNORECASE)


@final
class SpiceError(RuntimeError):
    """ngspice is missing, failed, or took too long."""


def version() -> str | None:
    """The version of the installed ngspice, such as "39"; None where there is none."""
    program = shutil.which("ngspice")
    if program is None:
        return None
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"ngspice-(\S+)", answer.stdout)
    return match.group(1) if match else None


def simulate(
    netlist: str,
    files: Mapping[str, str],
    names: Names | None = None,
    *,
    timeout: float,
    is_scripted: bool = False,
) -> list[Plot]:
    """Run a netlist in ngspice and read the plots it leaves in ``out.raw``.

    Args:
        netlist: whole, with its analyses; ours, because ngspice does what a netlist says.
        files: texts by name, that the netlist refers to.
        names: that the netlist's are for; complaints are translated back.
        timeout: seconds.
        is_scripted: whether the netlist has a ``.control`` block, which writes the file.

    Raises:
        SpiceError: with ngspice's own words, when it is missing, fails, takes too long or leaves nothing.
    """
    program = shutil.which("ngspice")
    if program is None:
        raise SpiceError(
            "ngspice is not installed (no program of that name on the PATH); on Debian: apt-get install ngspice"
        )
    with tempfile.TemporaryDirectory(prefix="circuitnn-") as name:
        folder = Path(name)
        for file, text in {"circuit.cir": netlist, **files}.items():
            (folder / file).write_text(text, encoding="utf-8")
        # -n: a .spiceinit of the user must not change the reference. With -r, ngspice passes .control blocks over.
        command = [program, "-n", "-b", *(() if is_scripted else ("-r", "out.raw")), "circuit.cir"]
        status, words = _run(command, folder, timeout)
        said = complaints(words) if names is None else names.translated(complaints(words))
        raw = folder / "out.raw"
        if status != 0 or not raw.is_file():
            raise SpiceError(f"ngspice failed (exit status {status}): {said}")
        try:
            plots = read_raw(raw.read_bytes())
        except ValueError as error:
            raise SpiceError(f"ngspice left an incomplete result ({error}): {said}") from None
    if not plots:
        raise SpiceError(f"ngspice left no result: {said}")
    for plot in plots:
        plot.words = said
    return plots


def _run(command: list[str], folder: Path, timeout: float) -> tuple[int, str]:
    """Exit status and words of a program with a limit of time and, where the system has one, of memory."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise SpiceError(f"ngspice could not be started: {error}") from error
    with process:
        if hasattr(
            resource, "prlimit"
        ):  # Linux; from outside, because what runs between fork and exec may not be Python
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        try:
            words, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise SpiceError(f"ngspice did not finish within {timeout:g} s") from None
        finally:
            process.kill()  # also where the user has lost patience; nothing where it has ended
    return process.returncode, words.decode("utf-8", errors="replace")


def complaints(words: str) -> str:
    """The lines of ngspice's output that say what went wrong, at most eight of them."""
    lines = [line.strip() for line in words.splitlines()]
    complaints = [line for line in lines if line and _COMPLAINT.search(line)]
    return "\n".join((complaints or [line for line in lines if line][-8:])[:8]) or "it said nothing"

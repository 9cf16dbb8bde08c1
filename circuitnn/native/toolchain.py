"""The system's compiler of C: where it is, and what it makes of a text."""

import contextlib
import functools
import importlib.util
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

NAMES = ("cc", "gcc", "clang")
SECONDS = 300.0  # that a compiler may take; the largest circuits take 20
_ASKED = 30.0  # seconds for its version: a compiler that comes as a package unpacks itself first
_LINES, _WIDTH = 6, 300  # of what a compiler says

# A sum of products may be rounded once, and errno is not looked at: neither changes what a number means.
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-fno-math-errno", "-ffp-contract=fast")


class CompilerError(RuntimeError):
    """A compiler that did not make a library of a text."""


@final
@dataclass(frozen=True)
class Compiler:
    """A compiler of C that is there.

    Attributes:
        command: what calls it, without a shell.
        version: the first line of what it says about itself.
    """

    command: tuple[str, ...]
    version: str

    def __str__(self) -> str:
        return f"{' '.join(self.command)}: {self.version}"


def compiler() -> str | None:
    """The compiler of C that models are compiled with, in words; None where there is none.

    It is the one that the environment names in CC; else cc, gcc or clang, what is found first on the PATH; else that of
    the package ziglang, which the extra `native` brings.
    """
    chosen = found()
    return None if chosen is None else str(chosen)


def found() -> Compiler | None:
    """The compiler that `compiler` describes. Asked once for each setting of CC and PATH."""
    return _found(os.environ.get("CC", ""), os.environ.get("PATH", ""))


@functools.lru_cache(maxsize=16)
def _found(named: str, path: str) -> Compiler | None:
    candidates = []
    with contextlib.suppress(ValueError):  # a quotation mark without its partner
        candidates.append(shlex.split(named, posix=os.name != "nt"))
    candidates += [[name] for name in NAMES]
    for program, *arguments in filter(None, candidates):
        place = shutil.which(program, path=path)
        version = place and _version([place, *arguments])
        if place and version:
            return Compiler((place, *arguments), version)
    if importlib.util.find_spec("ziglang") is not None:
        command = (sys.executable, "-m", "ziglang", "cc")
        version = _version(command)
        return Compiler(command, version) if version else None
    return None


def _version(command: Sequence[str]) -> str:
    try:
        code, text = _run([*command, "--version"], _ASKED)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return text.strip().splitlines()[0][:_WIDTH] if code == 0 and text.strip() else ""


def library(
    text: str, chosen: Compiler, *, include: Sequence[str] = (), flags: Sequence[str] = FLAGS, seconds: float = SECONDS
) -> bytes:
    """The shared library that a compiler makes of a text.

    Args:
        text: of C.
        chosen: the compiler.
        include: folders of headers.
        flags: how to compile.
        seconds: that it may take.

    Raises:
        CompilerError: when it does not; with the command, and the first lines of what it says.
    """
    with tempfile.TemporaryDirectory(prefix="circuitnn-") as name:
        source, target = Path(name, "model.c"), Path(name, "model.so")
        source.write_text(text, encoding="utf-8")
        position = [] if os.name == "nt" else ["-fPIC"]
        headers = [part for folder in include for part in ("-isystem", folder)]
        command = [*chosen.command, *flags, *position, "-w", "-shared", *headers, "-o", str(target), str(source), "-lm"]
        said = " ".join(["the C compiler,", *chosen.command, *flags, *position, "-shared", source.name])
        try:
            code, words = _run(command, seconds)
            if code == 0:
                return target.read_bytes()
        except subprocess.TimeoutExpired:
            raise CompilerError(f"{said}: not done after {seconds:g} s, and stopped") from None
        except OSError as error:
            raise CompilerError(f"{said}: {error.strerror or error}") from error
    lines = [line[:_WIDTH] for line in words.replace(name, "").splitlines() if line.strip()][:_LINES]
    raise CompilerError("\n".join([f"{said}: failed with {code}", *lines]))


def _run(command: Sequence[str], seconds: float) -> tuple[int, str]:
    """The exit code of a command and what it says; stopped with all that it has started when it takes longer.

    Raises:
        OSError: when it cannot be started.
        subprocess.TimeoutExpired: when it was stopped.
    """
    is_group = os.name != "nt"
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C"},
        encoding="utf-8",
        errors="replace",
        start_new_session=is_group,
    ) as process:
        try:
            words, _ = process.communicate(timeout=seconds)
        except BaseException:  # an interruption by the keyboard, too
            with contextlib.suppress(OSError):
                if is_group:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
            raise
    return process.returncode, words

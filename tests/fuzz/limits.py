"""What opening a stranger's file may cost: 2 s and 64 MB above what the process has, and one kind of error."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MEMORY, SECONDS = 64_000, 2.0  # kB, s
HANGS = 20  # seconds
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Hang(BaseException):
    """Not an Exception, so that nothing takes it for a fault of the file."""


def kilobytes(name: str) -> int:
    """VmRSS or VmHWM, of this process."""
    return next(int(line.split()[1]) for line in _STATUS.read_text().splitlines() if line.startswith(name))


@contextlib.contextmanager
def alarmed(seconds: int = HANGS) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Hang(f"not back after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def cost(act: Callable[[], Any]) -> tuple[Any, int, float]:
    """What comes back or is raised, the kB that it took on top, and the seconds: of this process, on a busy machine.

    What takes too long is done anew, twice at most: other work on the machine is no fault of the file.
    """
    outcome, memory, seconds = _once(act)
    for _ in range(2):
        if seconds >= SECONDS:
            seconds = min(seconds, _once(act)[2])
    return outcome, memory, seconds


def _once(act: Callable[[], Any]) -> tuple[Any, int, float]:
    _CLEAR.write_text("5")  # the high-water mark begins anew
    memory, start, start_cpu = kilobytes("VmRSS"), time.perf_counter(), time.process_time()
    outcome: Any
    with alarmed():
        try:
            outcome = act()
        except Exception as error:
            outcome = error
    seconds = min(time.perf_counter() - start, time.process_time() - start_cpu)
    return outcome, kilobytes("VmHWM") - memory, seconds

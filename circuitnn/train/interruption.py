"""Ctrl-C and SIGTERM: a training stops where its state is whole."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, final


@final
class Interrupted(KeyboardInterrupt):
    """A training that Ctrl-C has stopped, at the end of an epoch or of a step of `fit_tone_stack`.

    Attributes:
        model: the trained model so far, or the list of them: with validation data the best, else the last.
        history: how training went so far; of `fit_tone_stack` the errors (stages, models), decibels squared.
    """

    def __init__(self, message: str, model: Any = None, history: Any = None):
        super().__init__(message)
        self.model, self.history = model, history


@final
class Terminated(KeyboardInterrupt):
    """A SIGTERM, within `terminating`."""


@final
class Interruption:
    """Notes signals for as long as its block lasts: in the middle of an epoch there is no state to keep.

    Ctrl-C is noted, and a SIGTERM where there is a file to save the state in. What comes a second time does what it
    does without this. Nothing is noted outside of the main thread, nor where somebody else handles the signal.

    Attributes:
        noted: the signal that has come, or None.
    """

    def __init__(self, *, saves: bool):
        self.noted: int | None = None
        self._handled: dict[int, Any] = {signal.SIGINT: signal.default_int_handler}
        if saves:
            self._handled[signal.SIGTERM] = signal.SIG_DFL
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number, default in self._handled.items():
                if signal.getsignal(number) is default:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._restore()
        if kind is None and self.noted is not None:
            signal.raise_signal(self.noted)  # it came after the last look

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.noted is not None:
            self._restore()
            signal.raise_signal(number)
        self.noted = number
        print("\nstopping where the state is whole; once more stops at once", file=sys.stderr, flush=True)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def leave(self, error: Interrupted) -> None:
        """Stop: a Ctrl-C raises the error, a SIGTERM says its message and ends the process as it does without this.

        Raises:
            Interrupted: for a Ctrl-C.
        """
        self._restore()
        if self.noted == signal.SIGTERM:
            print(error, file=sys.stderr, flush=True)
            signal.raise_signal(signal.SIGTERM)
        raise error


@contextlib.contextmanager
def terminating() -> Iterator[None]:
    """Let a SIGTERM raise `Terminated`, so that a command tidies up as after Ctrl-C; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(*_: Any) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

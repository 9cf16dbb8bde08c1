"""What is said to the user, what a user did that cannot be done, and what failed while doing it."""

import contextlib
import os
import sys
from typing import TextIO, final

import click

from circuitnn.opening import printable


@final
class Fault(click.ClickException):
    """Input that cannot be used: one line that says what is wrong and what to do."""

    exit_code = 2


@final
class Failure(click.ClickException):
    """What went wrong although the input could be used, in one line."""

    exit_code = 1


def one_line(problem: BaseException) -> str:
    """The message of an exception; the library's may have a second line that shows a line of the netlist."""
    if isinstance(problem, OSError) and problem.strerror and problem.filename is not None:
        return f"{os.fsdecode(problem.filename)}: {problem.strerror}"
    lines = [line.strip() for line in str(problem).splitlines()]
    return " | ".join(line for line in lines if line) or type(problem).__name__


def say(text: object, *, err: bool = False) -> None:
    """Print a line; all that the command prints goes through here, since words of a file that is read may be in it."""
    try:
        click.echo(printable(str(text)), err=err)
    except BrokenPipeError:
        # Whoever has read it, `head` say, has gone; what is computed goes on, and is written.
        _silence(sys.stderr if err else sys.stdout)
    except OSError as problem:
        if err:
            return
        _silence(sys.stdout)  # what is left of it is not written at the end either
        raise Failure(f"what is said here cannot be written: {problem.strerror or problem}") from problem


def _silence(stream: TextIO) -> None:
    """What is still to be said there goes nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

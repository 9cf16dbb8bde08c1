"""How a netlist is read: what drives it, what is heard of it, and what is otherwise than it says."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import click

from circuitnn.cli.fit_options import Assignment
from circuitnn.cli.problems import Fault

set_option = click.option(
    "--set",
    "settings",
    type=Assignment("R6=20k"),
    multiple=True,
    help="Another nominal value than the netlist's, such as R6=20k or DCLIP.IS=1n; may be given several times.",
)
model_option = click.option(
    "--model",
    "models",
    type=Assignment("D1=1N34A"),
    multiple=True,
    help="Another device than the netlist's, such as D1=1N34A or 'D*=1N34A': one of its .model or of the library; "
    "may be given several times.",
)
OPTIONS = (
    set_option,
    model_option,
    click.option(
        "--input",
        "source_name",
        metavar="SOURCE",
        help="The netlist's source that the signal drives.  [default: Vin, or the one that must be it]",
    ),
    click.option(
        "--output",
        "output_name",
        metavar="NODE",
        help='What is heard: a node, "v(a,b)" or "i(R1)".  [default: out, or output, vout, vo]',
    ),
)


@final
@dataclass(frozen=True)
class Reading:
    """The options that say how netlists are read.

    Attributes:
        source_name: the source that the signal drives.
        output_name: what is heard.
        settings: names and nominal values, as they were typed.
        models: names of devices, or patterns of them, and of models.
    """

    source_name: str | None = None
    output_name: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    models: tuple[tuple[str, str], ...] = ()

    @property
    def given(self) -> list[str]:
        """The options that were typed."""
        values = {
            "--set": self.settings, "--model": self.models, "--input": self.source_name, "--output": self.output_name
        }  # fmt: skip
        return [option for option, value in values.items() if value]

    def refuse(self, source: str, what: str) -> None:
        """Raises a Fault where one was typed for what is no netlist."""
        if self.given:
            raise Fault(f"{self.given[0]} is for netlists; {source} is {what}")


AS_WRITTEN = Reading()


def reading_options(command: Callable) -> Callable:
    """Give a command these options; it gets them as one argument, `reading`."""

    @functools.wraps(command)
    def called(*, source_name: str | None, output_name: str | None, settings: Any, models: Any, **others: Any) -> Any:
        return command(reading=Reading(source_name, output_name, settings, models), **others)

    for option in reversed(OPTIONS):
        called = option(called)
    return called

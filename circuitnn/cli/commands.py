"""The command `circuitnn`: its parts, and the one place where what went wrong becomes a line on the screen."""

import sys
from typing import Any, final

import click

from circuitnn.cli.capture_signal import capture_signal
from circuitnn.cli.check import check
from circuitnn.cli.compare import compare
from circuitnn.cli.export import export
from circuitnn.cli.fit_tone_stack import fit_tone_stack
from circuitnn.cli.guitar import guitar
from circuitnn.cli.identify import identify
from circuitnn.cli.info import info
from circuitnn.cli.list_circuits import list_circuits
from circuitnn.cli.listen import listen
from circuitnn.cli.play import play
from circuitnn.cli.problems import Failure, Fault, one_line, say
from circuitnn.cli.response import response
from circuitnn.cli.run import run
from circuitnn.cli.study import study
from circuitnn.cli.train import train
from circuitnn.cli.wording import in_words_of

EXAMPLES = """\b
Examples:
  circuitnn list                                the circuits that come with it
  circuitnn response bassman                    the tone stack's curves, as a picture
  circuitnn check my.cir                        what is read of a netlist, and where it rests
  circuitnn guitar guitar.wav                   a sound to try things with
  circuitnn response my.cir --knob treble=0.2 -o my.csv
  circuitnn run my.cir guitar.wav out.wav --knob treble=0.8 --volts 4.5
  circuitnn capture-signal play.wav             what to play through a pedal, to have a model of it
  circuitnn train play.wav recorded.wav -o pedal.npz
  circuitnn fit-tone-stack my.cir -o my.npz --report my-report
  circuitnn run my.npz guitar.wav out.wav --automation moves.csv
  circuitnn identify my.cir played.wav recorded.wav --fit C1,R2 -o my.html
  circuitnn compare my.cir my.npz               numbers, pictures and a blind test, as a page
  circuitnn listen my.cir my.npz                a listening test for others, and what they answer
  circuitnn play my.npz                         a page that plays it while its knobs are turned
  circuitnn study my.toml                       models against each other on devices, as a page
  circuitnn info my.npz                         what a saved model is
  circuitnn export my.npz my.h --main           the same as C, for a plug-in or a pedal

\b
A circuit is a SPICE netlist, or the name of one that comes with circuitnn (circuitnn list tells them).
Its knobs are its .param with a number from 0 to 1.

\b
circuitnn COMMAND --help tells all of a command.
"""


@final
class App(click.Group):
    """Says what went wrong in one line and without a traceback: exit status 2 for bad input, 1 for a failure later.

    That holds for whatever the library refuses. Anything else is a bug of ours, and keeps its traceback.
    """

    def main(self, *args: Any, **options: Any) -> Any:
        options["standalone_mode"] = False
        options["prog_name"] = "circuitnn"
        try:
            status = super().main(*args, **options)
        except (click.Abort, KeyboardInterrupt):
            say("stopped: nothing was written", err=True)
            status = 130
        except click.ClickException as problem:
            status = problem.exit_code
            _say(problem.format_message() + _where_to_look(problem))
        sys.exit(status if isinstance(status, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the library refuses is told in the command's words."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except OSError as problem:
            raise (Fault if isinstance(problem, FileNotFoundError) else Failure)(one_line(problem)) from problem
        except Exception as problem:
            # Every exception that the library defines is written for its user, and so are its ValueErrors.
            ours = type(problem).__module__.startswith("circuitnn.")
            if not (ours or isinstance(problem, ValueError)):
                raise
            command = self.commands.get(ctx.invoked_subcommand or "", self)
            told = in_words_of(command, one_line(problem))
            raise (Fault if isinstance(problem, ValueError) else Failure)(told) from problem


@click.group(
    cls=App,
    invoke_without_command=True,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="circuitnn", message="%(prog)s %(version)s")
@click.pass_context
def app(context: click.Context) -> None:
    """Audio circuits from the command line: see a netlist's response, run a sound through it, fit a filter to it."""
    if context.invoked_subcommand is None:
        say(context.get_help())


for command in (
    list_circuits, check, info, response, run, train, fit_tone_stack, identify, compare, listen, play, study, export,
    guitar, capture_signal,
):  # fmt: skip
    app.add_command(command)


def _say(message: str) -> None:
    say(f"error: {message}", err=True)


def _where_to_look(problem: click.ClickException) -> str:
    """Wrong usage is explained by the help of the command."""
    if isinstance(problem, click.UsageError) and problem.ctx is not None:
        return f" ({problem.ctx.command_path} --help tells the usage)"
    return ""

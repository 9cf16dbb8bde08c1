"""Options that several commands have, and how their values are written."""

import math
from typing import Any, final

import click

WIDEST, DEEPEST = 1024, 16  # of hidden layers


@final
class Knob(click.ParamType):
    """NAME=POSITION as (name, position)."""

    name = "NAME=POSITION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        name, sign, text = str(value).partition("=")
        try:
            position = float(text)
        except ValueError:
            position = math.nan
        if not (name.strip() and sign) or math.isnan(position):
            self.fail(f"{value!r} is not NAME=POSITION, such as treble=0.2", param, ctx)
        from circuitnn.knobs import check_value

        try:
            check_value(name.strip(), position)
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
        return name.strip(), position


@final
class Frequencies(click.ParamType):
    """START:STOP:COUNT in hertz, as that tuple."""

    name = "START:STOP:COUNT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float, int]:
        if isinstance(value, tuple):
            return value
        try:
            start, stop, count = (part.strip() for part in str(value).split(":"))
            found = float(start), float(stop), int(count)
        except ValueError:
            self.fail(f"{value!r} is not START:STOP:COUNT, such as 20:20000:400", param, ctx)
        if not 0 < found[0] < found[1] < math.inf:
            self.fail(f"{value!r}: START must be above 0 Hz and below STOP", param, ctx)
        if not 2 <= found[2] <= 100_000:
            self.fail(f"{value!r}: COUNT must be from 2 to 100000; one frequency is no curve", param, ctx)
        return found


def _whole_numbers(value: Any) -> tuple[int, ...]:
    """Of a row with commas, or as they are; none where it is no such row."""
    if isinstance(value, tuple):
        return value
    try:
        return tuple(int(part) for part in str(value).split(","))
    except ValueError:
        return ()


@final
class Rates(click.ParamType):
    """Sample rates, "44100,48000", as a tuple."""

    name = "HZ,HZ,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        rates = _whole_numbers(value)
        if not rates or not 1000 <= min(rates) <= max(rates) <= 1_000_000:
            self.fail(f"{value!r} is not a row of sample rates in hertz, such as 44100,48000", param, ctx)
        return rates


@final
class Widths(click.ParamType):
    """Widths of hidden layers, "32,32", as a tuple."""

    name = "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        widths = _whole_numbers(value)
        if not widths or min(widths) < 1 or max(widths) > WIDEST or len(widths) > DEEPEST:
            most = f"of at most {DEEPEST} layers of {WIDEST} units"
            self.fail(f"{value!r} is not a row of positive whole numbers, such as 32,32, {most}", param, ctx)
        return widths


@final
class Number(click.FloatRange):
    """A finite number in a range; click's own lets NaN through, which is neither below nor above anything."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


knob_option = click.option(
    "--knob",
    "knobs",
    type=Knob(),
    multiple=True,
    help="Where a knob stands, from 0 to 1, such as treble=0.2; may be given several times. The other knobs stay where "
    "the netlist has them.",
)
oversample_option = click.option(
    "--oversample",
    type=click.Choice(["1", "2", "4", "8", "16"]),
    default="1",
    show_default=True,
    help="A netlist runs at that many times the rate, against aliasing of what it distorts.",
)
width_option = click.option(
    "--width",
    type=Number(0, 1),
    help="Of a .nam that holds several sizes, as the slider of its player.  [default: 1, the widest]",
)

cabinet_option = click.option(
    "--cabinet",
    metavar="WAV",
    help="An impulse response behind MODEL, as of a loudspeaker cabinet: a sound file, taken to MODEL's rate.",
)

"""How the length of a training is written on the command line."""

import math
from typing import Any, NamedTuple, final

import click

MINUTES = 4.0  # of a training, where nothing is said of its length


@final
class Epochs(NamedTuple):
    """So many, in all or more than there were."""

    number: int
    is_more: bool


@final
class EpochCount(click.ParamType):
    """300, or +50 for more than there were."""

    name = "N|+N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Epochs:
        if isinstance(value, Epochs):
            return value
        text = str(value).strip()
        digits = text.removeprefix("+")
        if not (digits.isdecimal() and digits.isascii() and 0 < int(digits) <= 10**6):
            self.fail(
                f"{value!r} is neither a number of epochs, such as 300, nor of more of them, such as +50", param, ctx
            )
        return Epochs(int(digits), text.startswith("+"))


@final
class Positive(click.ParamType):
    """A positive, finite number."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            self.fail(f"{value!r} is not a positive number", param, ctx)
        return number

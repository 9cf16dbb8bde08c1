"""How values that are to be found, scales of volts and couplings are written on the command line."""

import math
from typing import Any, final

import click

FIT = "fit"


@final
class Patterns(click.ParamType):
    """C1,D1.IS=20%,R* as patterns with their tolerances: ((pattern, tolerance or None), ...)."""

    name = "VALUES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple:
        if isinstance(value, tuple):
            return value
        found = []
        for part in str(value).split(","):
            name, sign, text = (piece.strip() for piece in part.partition("="))
            if not name or (sign and not text):
                self.fail(f"{value!r} is not a row of values, such as C1,D1.IS=20%,R*", param, ctx)
            found.append((name, Share().convert(text, param, ctx) if sign else None))
        return tuple(found)


@final
class Share(click.ParamType):
    """5% or 0.05, as 0.05."""

    name = "SHARE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip()
        try:
            share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        except ValueError:
            share = math.nan
        if not 0 < share < 1:
            self.fail(f"{text!r} is not a share between 0 and 1, such as 5% or 0.05", param, ctx)
        return share


@final
class NumberOr(click.ParamType):
    """A number, or one of some words.

    Args:
        words: that it may be in place of a number.
        least: what the number has to be above; any finite number when None.
    """

    name = "number"

    def __init__(self, *words: str, least: float | None = None):
        self.words, self.least = words, least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        if text in self.words:
            return text
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or (self.least is not None and number <= self.least):
            above = "" if self.least is None else f" above {self.least:g}"
            self.fail(f"{value!r} is neither a number{above} nor {' or '.join(self.words)}", param, ctx)
        return number


@final
class Assignment(click.ParamType):
    """NAME=VALUE as (name, value).

    Args:
        example: of one, for the error.
    """

    name = "NAME=VALUE"

    def __init__(self, example: str):
        self.example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, _, text = (part.strip() for part in str(value).partition("="))
        if not (name and text):
            self.fail(f"{value!r} is not NAME=VALUE, such as {self.example}", param, ctx)
        return name, text

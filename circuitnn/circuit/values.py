"""Words of a line, and the numbers and expressions among them."""

import re
from collections.abc import Callable

from circuitnn.expressions.dialect import NGSPICE
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.numbers import parse_number
from circuitnn.expressions.parser import Functions, parse_expression
from circuitnn.expressions.tree import Name
from circuitnn.expressions.values import Value, folded

_TOKEN = re.compile(r"\{[^{}]*\}|'[^']*'|\"[^\"]*\"|=|[^\s,(){}='\"]+|[{}'\"]")

_OPERATION = re.compile(r"\w[*/+]|\*\*")
_NAME = re.compile(r"[^\W\d]\w*")


def tokens(text: str) -> list[str]:
    """Words, ``=`` signs and whole ``{...}`` or quoted groups; parentheses and commas only separate."""
    words = _TOKEN.findall(text)
    if "{" in words or "}" in words:
        raise NetlistError("unbalanced braces")
    if "'" in words or '"' in words:
        raise NetlistError("unbalanced quotes")
    return words


def parse_value(text: str, functions: Functions | None = None, *, bare: bool = True) -> Value:
    """A number, the name of a parameter, or an expression in braces or single quotes.

    An expression without names is evaluated at once.

    Args:
        text: one word.
        functions: that it may call.
        bare: whether it may be an expression without braces, ``2*k``.
    """
    if _NAME.fullmatch(text):
        return Name(text)
    if not text.startswith(("{", "'")):
        try:
            return parse_number(text, compact=functions is not None and functions.dialect.compact)
        except NetlistError:
            if not bare or not _OPERATION.search(text):
                raise
            return folded(parse_expression(text, functions=functions), text)
    return folded(parse_expression(text[1:-1], functions=functions), text)


def parse_parameter(text: str, functions: Functions | None = None) -> Value:
    """A number or an expression, with braces or without."""
    text = text.strip("'\"").strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    try:
        dialect = NGSPICE if functions is None else functions.dialect
        return parse_number(text.strip(), compact=dialect.compact, mil=dialect.mil)
    except NetlistError:
        return folded(parse_expression(text, functions=functions), text)


def assignments(words: list[str], again: Callable[[str], None] | None = None) -> tuple[list[str], dict[str, str]]:
    """Plain words, and the ``name=value`` pairs by lower-case name.

    Args:
        words: of a line.
        again: hears of a name that is there twice, the last one of which counts; without it that is an error.
    """
    plain, assigned = [], {}
    position = 0
    while position < len(words):
        if words[position] == "=":
            raise NetlistError("an '=' without a name before it")
        if words[position + 1 : position + 2] == ["="]:
            name = words[position].lower()
            if position + 2 >= len(words) or words[position + 2] == "=":
                raise NetlistError(f"{name.upper()}= without a value")
            if name in assigned and again is None:
                raise NetlistError(f"{name.upper()} is given twice")
            if name in assigned and again is not None:
                again(f"{name.upper()} is given twice: the last one counts")
            assigned[name] = words[position + 2]
            position += 3
        else:
            plain.append(words[position])
            position += 1
    return plain, assigned


def is_value(word: str) -> bool:
    """Whether it is a number or an expression in braces; a bare word may be anything."""
    if _NAME.fullmatch(word):
        return False
    try:
        parse_value(word, bare=False)
    except NetlistError:
        return False
    return True

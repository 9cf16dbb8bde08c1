"""From the text of an expression to its tree: recursive descent, bounded in length and depth."""

import re

from circuitnn.circuit.errors import NetlistError
from circuitnn.circuit.expression import FUNCTIONS, Binary, Call, Expression, Name, Negative, Number
from circuitnn.circuit.numbers import UNSIGNED, parse_number

MAX_LENGTH = 4096  # characters
MAX_DEPTH = 64  # of the tree, and of nested parentheses

_TOKEN = re.compile(rf"\s*(?:({UNSIGNED})|([^\W\d]\w*)|(\*\*|[-+*/^(),]))")


def parse_expression(text: str) -> Expression:
    """The tree of an expression without its braces.

    The operators are ``+ - * /``, ``**`` and ``^`` (the same power), unary ``+ -``; parentheses; the functions of
    `FUNCTIONS`. Powers bind tighter than a sign and group from the left, as in ngspice: ``-c^2`` is ``-(c^2)`` and
    ``2^3^2`` is 64.

    Raises:
        NetlistError: for anything else, and for an expression that is too long or too deep.
    """
    if len(text) > MAX_LENGTH:
        raise NetlistError(f"expression of {len(text)} characters; at most {MAX_LENGTH} are read")
    parser = _Parser(_tokens(text), text)
    tree = parser.sum(0)
    if parser.peek() is not None:
        raise NetlistError(f"unexpected {parser.peek()!r} in the expression {text.strip()!r}")
    return tree


def _tokens(text: str) -> list[str]:
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NetlistError(f"unexpected {text[position:].lstrip()[:1]!r} in the expression {text.strip()!r}")
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


class _Parser:
    """One method for each level of precedence; each returns a tree and counts its depth."""

    def __init__(self, tokens: list[str], text: str):
        self.tokens = tokens
        self.position = 0
        self.text = text.strip()
        self.heights: dict[int, int] = {}
        self.kept: list[Expression] = []

    def peek(self) -> str | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise NetlistError(f"the expression {self.text!r} ends too early" if self.text else "empty expression")
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        got = self.peek()
        if got != token:
            raise NetlistError(f"expected {token!r} in the expression {self.text!r}, got {got or 'its end'!r}")
        self.position += 1

    def node(self, tree: Expression, *operands: Expression) -> Expression:
        """`tree`, once its height is known to stay in bounds: evaluation recurses over it."""
        height = 1 + max((self.heights[id(operand)] for operand in operands), default=0)
        if height > MAX_DEPTH:
            raise NetlistError(f"the expression is deeper than {MAX_DEPTH} operations; split it over several .param")
        self.heights[id(tree)] = height
        self.kept.append(tree)  # a collected tree would hand its id on
        return tree

    def sum(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise NetlistError(f"the expression has more than {MAX_DEPTH} nested parentheses or signs")
        left = self.product(depth)
        while self.peek() in ("+", "-"):
            operator, right = self.take(), self.product(depth)
            left = self.node(Binary(operator, left, right), left, right)
        return left

    def product(self, depth: int) -> Expression:
        left = self.signed(depth)
        while self.peek() in ("*", "/"):
            operator, right = self.take(), self.signed(depth)
            left = self.node(Binary(operator, left, right), left, right)
        return left

    def signed(self, depth: int) -> Expression:
        negative = False
        while self.peek() in ("+", "-"):
            negative ^= self.take() == "-"
        tree = self.power(depth)
        return self.node(Negative(tree), tree) if negative else tree

    def power(self, depth: int) -> Expression:
        base = self.atom(depth)
        while self.peek() in ("^", "**"):
            self.take()
            negative = False
            while self.peek() in ("+", "-"):
                negative ^= self.take() == "-"
            exponent = self.atom(depth)
            if negative:
                exponent = self.node(Negative(exponent), exponent)
            base = self.node(Call("pow", (base, exponent)), base, exponent)
        return base

    def atom(self, depth: int) -> Expression:
        token = self.take()
        if token == "(":
            tree = self.sum(depth + 1)
            self.expect(")")
            return tree
        if token[0].isdigit() or token[0] == ".":
            return self.node(Number(parse_number(token)))
        if token[0].isalpha() or token[0] == "_":
            return self.call(token.lower(), depth) if self.peek() == "(" else self.node(Name(token))
        raise NetlistError(f"unexpected {token!r} in the expression {self.text!r}")

    def call(self, function: str, depth: int) -> Expression:
        if function not in FUNCTIONS:
            raise NetlistError(f"unknown function {function!r}; known: {', '.join(FUNCTIONS)}")
        self.expect("(")
        arguments = [self.sum(depth + 1)]
        while self.peek() == ",":
            self.take()
            arguments.append(self.sum(depth + 1))
        self.expect(")")
        arity = FUNCTIONS[function][0]
        if len(arguments) != arity:
            raise NetlistError(f"{function} takes {arity} argument(s), got {len(arguments)}")
        return self.node(Call(function, tuple(arguments)), *arguments)

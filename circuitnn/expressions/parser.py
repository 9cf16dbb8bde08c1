"""From the text of an expression to its tree: recursive descent, bounded in length, depth and size."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from circuitnn.expressions.calls import ARITIES, built_in
from circuitnn.expressions.dialect import NGSPICE, Dialect
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.numbers import COMPACT, UNSIGNED, parse_number
from circuitnn.expressions.powers import is_relation, raised, truth
from circuitnn.expressions.tree import (
    GROUND,
    Binary,
    Call,
    Current,
    Expression,
    Name,
    Negative,
    Number,
    Time,
    children,
    extent,
    substitute,
    voltage,
)

MAX_LENGTH = 4096  # characters
MAX_DEPTH = 64  # of the tree, and of nested parentheses
MAX_SIZE = 2_000  # nodes of the tree, after user functions and parameters are put in

_NODE = r"[^\s(),{}=;'\"]+"
_PROBE = re.compile(rf"\s*([vViI]|[iI][bcdegsBCDEGS])\s*\(\s*({_NODE})\s*(?:,\s*({_NODE})\s*)?\)")
_TOKEN = re.compile(rf"\s*(?:({COMPACT}|{UNSIGNED})|([^\W\d]\w*)|(\*\*|[<>=!]=|<>|&&|\|\||[-+*/^(),<>!~?:&|]))")
_BINARY = {
    "||": 1, "|": 1, "^": 2, "&&": 3, "&": 3, "==": 4, "!=": 4, "<>": 4, "<": 5, ">": 5, "<=": 5, ">=": 5,
    "+": 6, "-": 6, "*": 7, "/": 7,
}  # fmt: skip
_TRUTHS = {"|": "||", "||": "||", "&": "&&", "&&": "&&", "^": "!="}


@final
@dataclass(frozen=True)
class Macro:
    """A ``.func``: its parameters by lower-case name, the text of its body, and what that is written in."""

    parameters: tuple[str, ...]
    body: str
    dialect: Dialect = NGSPICE


@final
class Functions(dict[str, Macro]):
    """The ``.func`` by lower-case name that expressions may call, and the dialect that these are written in."""

    def __init__(self, macros: Mapping[str, Macro] | None = None, dialect: Dialect = NGSPICE) -> None:
        super().__init__(macros or {})
        self.dialect = dialect


def parse_expression(
    text: str, *, behavioural: bool = False, functions: Mapping[str, Macro] | None = None
) -> Expression:
    """The tree of an expression without its braces, powers and truths as those of ngspice.

    The operators are ``+ - * /``, ``**`` and ``^``, unary ``+ - ! ~``, relations, ``&& || & |`` and ``a ? b : c``;
    parentheses; the functions of `FUNCTIONS` and those given. Powers bind tighter than a sign and group from the left:
    ``-c^2`` is ``-(c^2)`` and ``2^3^2`` is 64. In ngspice they take the magnitude of their base, ``(-2)^3`` is 8; what
    they mean elsewhere is told under `Dialect`.

    Args:
        text: at most `MAX_LENGTH` characters.
        behavioural: in a B source, where there are ``v(a)``, ``v(a,b)`` and ``i(V1)``, where ngspice's ``pow`` is ``^``
            and where its ``pwr`` keeps the sign of its base; elsewhere ``pwr`` is ``^`` and ``pow`` keeps the sign.
        functions: ``.func`` by lower-case name; `Functions` have a dialect, others are ngspice's.

    Raises:
        NetlistError: for anything else, and for an expression that is too long, too deep or too large.
    """
    functions = functions if isinstance(functions, Functions) else Functions(functions)
    return _parse(text, _Context(behavioural, functions, functions.dialect))


@dataclass(frozen=True)
class _Context:
    behavioural: bool
    functions: Functions
    dialect: Dialect
    inside: tuple[str, ...] = ()  # the user functions whose bodies are being read
    bodies: dict[str, Expression] = field(default_factory=dict)


def _parse(text: str, context: _Context) -> Expression:
    if len(text) > MAX_LENGTH:
        raise NetlistError(f"expression of {len(text)} characters; at most {MAX_LENGTH} are read")
    parser = _Parser(_tokens(text, behavioural=context.behavioural), text, context)
    tree = parser.expression(0)
    if parser.peek() is not None:
        raise NetlistError(f"unexpected {parser.peek()!r} in the expression {text.strip()!r}")
    check_extent(tree)
    return tree


def check_extent(tree: Expression) -> None:
    """Refuse a tree over which evaluation would recurse too deep or work too long."""
    height, size = extent(tree)
    if height > MAX_DEPTH or size > MAX_SIZE:
        raise NetlistError(
            f"the expression is deeper than {MAX_DEPTH} or has more than {MAX_SIZE} operations; "
            "split it over several .param"
        )


def _tokens(text: str, *, behavioural: bool) -> "list[str | Expression]":
    tokens: list[str | Expression] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        probe = _PROBE.match(text, position) if behavioural else None
        match = probe or _TOKEN.match(text, position)
        if match is None:
            raise NetlistError(f"unexpected {text[position:].lstrip()[:1]!r} in the expression {text.strip()!r}")
        tokens.append(_probed(*probe.groups()) if probe else match.group().strip())
        position = match.end()
    return tokens


def _probed(letter: str, first: str, second: str | None) -> Expression:
    if letter[0] in "iI":
        if second is not None:
            raise NetlistError(f"i({first},{second}): a current is that of one component, i(V1)")
        return Current(first if len(letter) == 1 else f"{first}.{letter[1].lower()}")  # LTspice's Ic(Q1)
    return voltage(first, second or GROUND)


class _Parser:
    """One method for each kind of precedence; each returns a tree whose height it has checked."""

    def __init__(self, tokens: "list[str | Expression]", text: str, context: _Context):
        self.tokens = tokens
        self.position = 0
        self.text = text.strip()
        self.context = context
        self.heights: dict[int, int] = {}
        self.kept: list[Expression] = []

    def peek(self) -> "str | Expression | None":
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self) -> "str | Expression":
        token = self.peek()
        if token is None:
            raise NetlistError(f"the expression {self.text!r} ends too early" if self.text else "empty expression")
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        got = self.peek()
        if got != token:
            raise NetlistError(f"expected {token!r} in the expression {self.text!r}, got {str(got or 'its end')!r}")
        self.position += 1

    def checked(self, tree: Expression) -> Expression:
        """`tree`, once its height is known to stay in bounds: evaluation recurses over it."""
        if self.height(tree) > MAX_DEPTH:
            raise NetlistError(f"the expression is deeper than {MAX_DEPTH} operations; split it over several .param")
        return tree

    def height(self, tree: Expression) -> int:
        if id(tree) not in self.heights:  # the operands are known, all but one or two levels of them
            self.heights[id(tree)] = 1 + max((self.height(child) for child in children(tree)), default=0)
            self.kept.append(tree)  # a collected tree would hand its id on
        return self.heights[id(tree)]

    def expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise NetlistError(f"the expression has more than {MAX_DEPTH} nested parentheses or signs")
        condition = self.binary(depth, 1)
        if self.peek() != "?":
            return condition
        self.take()
        yes = self.expression(depth + 1)
        self.expect(":")
        return self.checked(
            Call("ternary_fcn", (truth(condition, self.context.dialect), yes, self.expression(depth + 1)))
        )

    def binary(self, depth: int, lowest: int) -> Expression:
        """Operators that bind at least as tight as `lowest`; all group from the left."""
        left, dialect = self.unary(depth), self.context.dialect
        while isinstance(operator := self.peek(), str) and _BINARY.get(operator, 0) >= lowest:
            self.take()
            right = self.binary(depth, _BINARY[operator] + 1)
            if operator in _TRUTHS:
                left, right, operator = truth(left, dialect), truth(right, dialect), _TRUTHS[operator]
            left = self.checked(Binary("!=" if operator == "<>" else operator, left, right))
        return left

    def signs(self, allowed: tuple[str, ...]) -> list[str]:
        """The signs ahead, from the inside out; minus signs cancel and plus signs do nothing."""
        operators: list[str] = []
        while (token := self.peek()) in allowed:
            self.take()
            if token == "-" and operators[-1:] == ["-"]:
                operators.pop()
            elif token != "+":
                operators.append(str(token))
        return operators[::-1]

    def unary(self, depth: int) -> Expression:
        signs = self.signs(("+", "-", "!", "~"))
        tree = self.power(depth)
        for sign in signs:
            tree = self.checked(
                Negative(tree) if sign == "-" else Binary("==", truth(tree, self.context.dialect), Number(0.0))
            )
        return tree

    def power(self, depth: int) -> Expression:
        base = self.atom(depth)
        behavioural, dialect = self.context.behavioural, self.context.dialect
        while (operator := self.peek()) == "**" or (operator == "^" and dialect.caret != "xor"):
            start = self.position
            self.take()
            signs = self.signs(("+", "-"))
            exponent = self.atom(depth)
            if operator == "^" and dialect.caret == "both" and is_relation(base) and is_relation(exponent):
                self.position = start  # an exclusive or, further out
                return base
            base = self.checked(
                raised(base, Negative(exponent) if signs else exponent, behavioural=behavioural, dialect=dialect)
            )
        return base

    def atom(self, depth: int) -> Expression:
        token = self.take()
        if not isinstance(token, str):
            return token
        if token == "(":
            tree = self.expression(depth + 1)
            self.expect(")")
            return tree
        if token[0].isdigit() or token[0] == ".":
            dialect, behavioural = self.context.dialect, self.context.behavioural
            return Number(parse_number(token, compact=dialect.compact, mil=behavioural or dialect.mil))
        if token.lower() == "time" and self.context.behavioural and self.peek() != "(":
            return Time()
        if token[0].isalpha() or token[0] == "_":
            return self.call(token.lower(), depth) if self.peek() == "(" else Name(token)
        raise NetlistError(f"unexpected {token!r} in the expression {self.text!r}")

    def call(self, function: str, depth: int) -> Expression:
        macro = self.context.functions.get(function)
        if macro is None and function not in ARITIES:
            if function in ("v", "i"):
                raise NetlistError(
                    f"{function}(...) in {self.text!r}: B, E and G sources alone know voltages and currents"
                )
            raise NetlistError(f"unknown function {function!r}; known: {', '.join(ARITIES)}")
        self.expect("(")
        arguments = [] if self.peek() == ")" else [self.expression(depth + 1)]
        while self.peek() == ",":
            self.take()
            arguments.append(self.expression(depth + 1))
        self.expect(")")
        arities = (len(macro.parameters),) if macro else ARITIES[function]
        if arities and len(arguments) not in arities:
            wanted = " or ".join(map(str, arities))
            raise NetlistError(f"{function} takes {wanted} argument(s), got {len(arguments)}")
        if macro:
            return self.checked(self.inlined(function, macro, arguments))
        context = self.context
        return self.checked(built_in(function, arguments, behavioural=context.behavioural, dialect=context.dialect))

    def inlined(self, function: str, macro: Macro, arguments: list[Expression]) -> Expression:
        """A user function: its body with the arguments in the place of its parameters."""
        context = self.context
        if function in context.inside:
            raise NetlistError(f"the .func {function} calls itself")
        if len(context.inside) >= 16:
            raise NetlistError(f"the .func {function}: functions call each other more than 16 deep")
        if function not in context.bodies:
            inside = (*context.inside, function)
            inner = _Context(context.behavioural, context.functions, macro.dialect, inside, context.bodies)
            context.bodies[function] = _parse(macro.body, inner)
        by_parameter = dict(zip(macro.parameters, arguments, strict=True))

        def replacement(leaf: Expression) -> Expression:
            name = leaf.name.lower() if isinstance(leaf, Name) else "time" if isinstance(leaf, Time) else ""
            return by_parameter.get(name, leaf)

        tree = substitute(context.bodies[function], replacement)
        check_extent(tree)
        return tree

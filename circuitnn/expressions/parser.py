"""From the text of an expression to its tree: recursive descent, bounded in length, depth and size."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from circuitnn.expressions.composed import table, tolerance, truncated
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.functions import FUNCTIONS
from circuitnn.expressions.numbers import UNSIGNED, parse_number
from circuitnn.expressions.tree import (
    GROUND,
    Binary,
    Call,
    Current,
    Expression,
    Name,
    Negative,
    Number,
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
_TOKEN = re.compile(rf"\s*(?:({UNSIGNED})|([^\W\d]\w*)|(\*\*|[<>=!]=|<>|&&|\|\||[-+*/^(),<>!?:]))")
_BINARY = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<>": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6,
}  # fmt: skip


@dataclass(frozen=True)
class Macro:
    """A ``.func``: its parameters by lower-case name, and the text of its body."""

    parameters: tuple[str, ...]
    body: str


def parse_expression(
    text: str, *, behavioural: bool = False, functions: Mapping[str, Macro] | None = None
) -> Expression:
    """The tree of an expression without its braces.

    The operators are ``+ - * /``, ``**`` and ``^`` (the same power), unary ``+ - !``, relations, ``&& ||`` and
    ``a ? b : c``; parentheses; the functions of `FUNCTIONS` and those given. Powers bind tighter than a sign and group
    from the left, and take the magnitude of their base, as in ngspice: ``-c^2`` is ``-(c^2)``, ``2^3^2`` is 64 and
    ``(-2)^3`` is 8.

    Args:
        text: at most `MAX_LENGTH` characters.
        behavioural: in a B source, where there are ``v(a)``, ``v(a,b)`` and ``i(V1)``, where ``pow`` is ``^`` and
            where ``pwr`` keeps the sign of its base; elsewhere ``pwr`` is ``^`` and ``pow`` keeps the sign.
        functions: ``.func`` by lower-case name.

    Raises:
        NetlistError: for anything else, and for an expression that is too long, too deep or too large.
    """
    return _parse(text, _Context(behavioural, functions or {}))


@dataclass(frozen=True)
class _Context:
    behavioural: bool
    functions: Mapping[str, Macro]
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


def signed_as_in_parameters(tree: Expression) -> Expression:
    """A tree of a ``.param`` as a part of a B source, where ``pow`` means another thing and is written otherwise."""
    match tree:
        case Call("pow", (base, exponent)) if not _is_magnitude(base):
            odd = isinstance(exponent, Number) and exponent.value % 2 == 1
            base, exponent = signed_as_in_parameters(base), signed_as_in_parameters(exponent)
            return Call("pwr", (base, exponent)) if odd else _magnitude_power(base, exponent)
        case Call(function, arguments):
            return Call(function, tuple(signed_as_in_parameters(argument) for argument in arguments))
        case Binary(operator, left, right):
            return Binary(operator, signed_as_in_parameters(left), signed_as_in_parameters(right))
        case Negative(operand):
            return Negative(signed_as_in_parameters(operand))
    return tree


def _is_magnitude(tree: Expression) -> bool:
    return isinstance(tree, Number) or (isinstance(tree, Call) and tree.function in ("abs", "sqrt", "exp", "cosh"))


def _magnitude_power(base: Expression, exponent: Expression) -> Expression:
    return Call("pow", (base if _is_magnitude(base) else Call("abs", (base,)), exponent))


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
        return self.checked(Call("ternary_fcn", (condition, yes, self.expression(depth + 1))))

    def binary(self, depth: int, lowest: int) -> Expression:
        """Operators that bind at least as tight as `lowest`; all group from the left."""
        left = self.unary(depth)
        while isinstance(operator := self.peek(), str) and _BINARY.get(operator, 0) >= lowest:
            self.take()
            right = self.binary(depth, _BINARY[operator] + 1)
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
        signs = self.signs(("+", "-", "!"))
        tree = self.power(depth)
        for sign in signs:
            tree = self.checked(Negative(tree) if sign == "-" else Binary("==", tree, Number(0.0)))
        return tree

    def power(self, depth: int) -> Expression:
        base = self.atom(depth)
        while self.peek() in ("^", "**"):
            self.take()
            signs = self.signs(("+", "-"))
            exponent = self.atom(depth)
            base = self.checked(_magnitude_power(base, Negative(exponent) if signs else exponent))
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
            return Number(parse_number(token))
        if token[0].isalpha() or token[0] == "_":
            return self.call(token.lower(), depth) if self.peek() == "(" else Name(token)
        raise NetlistError(f"unexpected {token!r} in the expression {self.text!r}")

    def call(self, function: str, depth: int) -> Expression:
        macro = self.context.functions.get(function)
        if macro is None and function not in _ARITIES:
            if function in ("v", "i"):
                raise NetlistError(
                    f"{function}(...) in {self.text!r}: B, E and G sources alone know voltages and currents"
                )
            raise NetlistError(f"unknown function {function!r}; known: {', '.join(_ARITIES)}")
        self.expect("(")
        arguments = [] if self.peek() == ")" else [self.expression(depth + 1)]
        while self.peek() == ",":
            self.take()
            arguments.append(self.expression(depth + 1))
        self.expect(")")
        arities = (len(macro.parameters),) if macro else _ARITIES[function]
        if arities and len(arguments) not in arities:
            wanted = " or ".join(map(str, arities))
            raise NetlistError(f"{function} takes {wanted} argument(s), got {len(arguments)}")
        return self.checked(self.inlined(function, macro, arguments) if macro else self.built_in(function, arguments))

    def built_in(self, function: str, arguments: list[Expression]) -> Expression:
        behavioural = self.context.behavioural
        a, b, c = (*arguments, Number(0.0), Number(0.0), Number(0.0))[:3]
        match function:
            case "ddt" if not behavioural:
                raise NetlistError(f"{function} in {self.text!r}: B, E and G sources alone know what happens in time")
            case "pow" if behavioural:
                return _magnitude_power(a, b)
            case "pwr" if not behavioural:
                return _magnitude_power(a, b)
            case "pwrs":
                return Call("pwr", (a, b)) if behavioural else Binary("*", Call("sgn", (a,)), _magnitude_power(a, b))
            case "u" | "stp" if not behavioural:  # unknown to ngspice's .param
                return Binary("*", Number(0.5), Binary("+", Number(1.0), Call("sgn", (a,))))
            case "table":
                if not arguments:
                    raise NetlistError("table takes x, then pairs of numbers: table(x, 0,0, 1,2)")
                return table(a, arguments[1:])
            case "int":
                return truncated(a)
            case "mc" | "unif" | "aunif" | "agauss":
                return tolerance(function, arguments)
            case "gauss" | "limit" if len(arguments) == (3 if function == "gauss" else 2):
                return tolerance(function, arguments)
            case "limit":  # the middle one of three numbers
                return Call("min", (Call("max", (a, Call("min", (b, c)))), Call("max", (b, c))))
            case "uramp":
                return Call("max", (a, Number(0.0)))
        return Call(_SYNONYMS.get(function, function), tuple(arguments))

    def inlined(self, function: str, macro: Macro, arguments: list[Expression]) -> Expression:
        """A user function: its body with the arguments in the place of its parameters."""
        context = self.context
        if function in context.inside:
            raise NetlistError(f"the .func {function} calls itself")
        if len(context.inside) >= 16:
            raise NetlistError(f"the .func {function}: functions call each other more than 16 deep")
        if function not in context.bodies:
            inside = (*context.inside, function)
            inner = _Context(context.behavioural, context.functions, inside, context.bodies)
            context.bodies[function] = _parse(macro.body, inner)
        by_parameter = dict(zip(macro.parameters, arguments, strict=True))

        def replacement(leaf: Expression) -> Expression:
            return by_parameter.get(leaf.name.lower(), leaf) if isinstance(leaf, Name) else leaf

        tree = substitute(context.bodies[function], replacement)
        check_extent(tree)
        return tree


# The functions of other simulators that stand for an expression of ours come after our own.
_ARITIES: dict[str, tuple[int, ...]] = {name: (arity,) for name, (arity, _) in FUNCTIONS.items()} | {
    "limit": (3, 2), "uramp": (1,), "stp": (1,), "pwrs": (2,), "arctan": (1,), "if": (3,), "int": (1,), "round": (1,),
    "table": (), "mc": (2,), "gauss": (1, 3), "agauss": (3,), "unif": (2,), "aunif": (2,),
}  # fmt: skip
_SYNONYMS = {"stp": "u", "arctan": "atan", "if": "ternary_fcn", "round": "nint"}

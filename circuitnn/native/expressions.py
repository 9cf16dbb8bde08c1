"""Expressions of generated C, read again with the types of their names, and written with vectors."""

import re
from typing import NamedTuple, final

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+[uUlL]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFuUlL]*|\w+|->|<<|>>|[<>=!]=|\S)"
)
_LEVELS = (("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="), ("<<", ">>"), ("+", "-"), ("*", "/"))
REALS, INTEGERS = ("double", "float"), ("int32_t", "int64_t", "uint32_t", "uint64_t")
SIZES = {"double": 8, "float": 4, "int32_t": 4, "int64_t": 8, "uint32_t": 4, "uint64_t": 8}


class LanesError(NotImplementedError):
    """C that has no form with vectors."""


class Expression(NamedTuple):
    """What was read: an operator or the name of a function, and what it is applied to; or a word alone."""

    head: str
    parts: "tuple[Expression, ...]" = ()


class Typed(NamedTuple):
    """C, and its kind: a type whose vector it is; with a star an address of such; "index" of what all streams
    share, "table" of an address of that.
    """

    text: str
    kind: str


def parsed(text: str) -> Expression:
    """An expression."""
    tokens = _TOKEN.findall(text)
    reader = _Reader(tokens)
    tree = reader.ternary()
    if reader.place != len(tokens):
        raise LanesError(f"no vectors for {text[:60]!r}")
    return tree


@final
class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.place = tokens, 0

    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, token: str = "") -> str:
        found = self.next()
        if not found or (token and found != token):
            raise LanesError(f"no vectors: {token or 'more'} is missing at {''.join(self.tokens)[:60]!r}")
        self.place += 1
        return found

    def ternary(self) -> Expression:
        condition = self.level(0)
        if self.next() != "?":
            return condition
        self.take()
        first = self.ternary()
        self.take(":")
        return Expression("?", (condition, first, self.ternary()))

    def level(self, height: int) -> Expression:
        if height == len(_LEVELS):
            return self.unary()
        left = self.level(height + 1)
        while self.next() in _LEVELS[height]:
            sign = self.take()
            left = Expression(sign, (left, self.level(height + 1)))
        return left

    def unary(self) -> Expression:
        if self.next() in ("-", "!", "~", "*", "+"):
            sign = self.take()
            return Expression(f"unary {sign}", (self.unary(),))
        if self.next() == "(" and self.tokens[self.place + 1 : self.place + 3][-1:] == [")"]:
            word = self.tokens[self.place + 1]
            if word in SIZES or word == "int":
                self.place += 3
                return Expression(f"cast {word}", (self.unary(),))
        return self.postfix()

    def postfix(self) -> Expression:
        if self.next() == "(":
            self.take()
            tree = self.ternary()
            self.take(")")
        else:
            tree = Expression(self.take())
        while self.next() in ("[", "(", "->"):
            if self.take("") == "[":
                tree = Expression("[", (tree, self.ternary()))
                self.take("]")
            elif self.tokens[self.place - 1] == "->":
                tree = Expression(f"{tree.head}->{self.take()}")
            else:
                arguments = []
                while self.next() != ")":
                    arguments.append(self.ternary())
                    if self.next() == ",":
                        self.take()
                self.take(")")
                tree = Expression(f"call {tree.head}", tuple(arguments))
        return tree


@final
class Names:
    """What the names in a function are.

    Attributes:
        kinds: types by name; those of arrays and addresses with a star; "index" of what all streams share.
        prefix: of functions of our own.
        available: functions of our own that are there for vectors.
        lanes: streams side by side.
        called: functions of our own that are called, by their plain names and types.
    """

    def __init__(self, kinds: dict[str, str], prefix: str, available: frozenset[str], lanes: int) -> None:
        self.kinds, self.prefix, self.available, self.lanes = kinds, prefix, available, lanes
        self.called: set[tuple[str, str]] = set()
        self.wanted = ""  # the type of what is read, where nothing in it has one

    def wide(self, ctype: str) -> str:
        if ctype not in SIZES and ctype != "int":
            raise LanesError(f"no vectors of {ctype}")
        return f"lanes_{ctype}"

    def converted(self, value: Typed, ctype: str) -> str:
        """A vector of that type."""
        if value.kind == ctype:
            return value.text
        if value.kind in ("index", "literal"):
            return f"splat_{ctype}({value.text})"
        if value.kind.endswith("*"):
            raise LanesError("no vectors of addresses")
        if ctype == "int":
            return f"lanes_truth_{value.kind}({value.text})"
        if value.kind == "int":
            return f"(-__builtin_convertvector({value.text}, lanes_{ctype}))"
        return f"__builtin_convertvector({value.text}, lanes_{ctype})"


def typed(tree: Expression, names: Names) -> Typed:
    """The expression with vectors."""
    head, parts = tree
    if not parts:
        return _word(head, names)
    if head.startswith("call "):
        return _call(head[5:], [typed(part, names) for part in parts], names)
    if head == "[":
        place, index = (typed(part, names) for part in parts)
        if index.kind not in ("index", "literal"):
            raise LanesError("streams look at different places of an array")
        if place.kind == "table":
            return Typed(f"{place.text}[{index.text}]", "index")
        return Typed(f"{place.text}[{index.text}]", _pointed(place))
    values = [typed(part, names) for part in parts]
    if head == "unary *" and values[0].kind == "table":
        return Typed(f"(*{values[0].text})", "index")
    if head == "unary *":
        return Typed(f"(*{values[0].text})", _pointed(values[0]))
    if any(value.kind == "table" or value.kind.endswith("*") for value in values):
        return _address(head, values)
    if all(value.kind in ("index", "literal") for value in values):
        return _shared(head, values)
    return _operation(head, values, names)


def _word(head: str, names: Names) -> Typed:
    if head in names.kinds:
        return Typed(head, names.kinds[head])
    if head[0].isdigit() or head[0] == "." or re.fullmatch(r"INFINITY|NAN|U?INT\d+_(MIN|MAX)", head):
        return Typed(head, "literal")
    raise LanesError(f"no vectors for the name {head[:40]!r}")


def _pointed(value: Typed) -> str:
    if not value.kind.endswith("*"):
        raise LanesError("an address is wanted")
    return value.kind[:-1]


def _address(head: str, values: list[Typed]) -> Typed:
    if head not in ("+", "-") or values[1].kind not in ("index", "literal"):
        raise LanesError("streams have different addresses")
    return Typed(f"({values[0].text} {head} {values[1].text})", values[0].kind)


def _shared(head: str, values: list[Typed]) -> Typed:
    texts = [value.text for value in values]
    kind = "index" if any(value.kind == "index" for value in values) else "literal"
    if head.startswith("unary "):
        return Typed(f"({head[6:]}{texts[0]})", kind)
    if head.startswith("cast "):
        return Typed(f"(({head[5:]}){texts[0]})", kind)
    if head == "?":
        return Typed(f"({texts[0]} ? {texts[1]} : {texts[2]})", kind)
    return Typed(f"({texts[0]} {head} {texts[1]})", kind)


def _operation(head: str, values: list[Typed], names: Names) -> Typed:
    if head.startswith("cast "):
        ctype = head[5:]
        return Typed(names.converted(values[0], ctype), ctype)
    if head == "unary !":
        return Typed(f"(~{names.converted(values[0], 'int')})", "int")
    if head.startswith("unary "):
        (value,) = values
        if value.kind == "int":
            value = Typed(names.converted(value, "int32_t"), "int32_t")
        return Typed(f"({head[6:]}{value.text})", value.kind)
    if head == "?":
        kind = _common(values[1:], names.wanted)
        mask, first, second = names.converted(values[0], "int"), *(names.converted(v, kind) for v in values[1:])
        return Typed(f"select_{kind}({mask}, {first}, {second})", kind)
    kind = _common(values, names.wanted)
    if kind == "int" and head in ("+", "-", "*", "<<", ">>", "<", ">", "<=", ">=", "==", "!="):
        kind = "int32_t"  # as C counts truth
    first, second = (names.converted(value, kind) for value in values)
    if head in ("==", "!=", "<", ">", "<=", ">="):
        return Typed(f"lanes_mask_{kind}({first} {head} {second})", "int")
    return Typed(f"({first} {head} {second})", kind)


def _common(values: list[Typed], wanted: str) -> str:
    kinds = {value.kind for value in values} - {"index", "literal"}
    if kinds == {"int"} or len(kinds) == 1:
        return kinds.pop()
    if not kinds and wanted:
        return wanted
    if not kinds:
        texts = "".join(value.text for value in values)
        raise LanesError(f"no type of {texts[:40]!r}")
    if kinds - {"int"} and len(kinds - {"int"}) == 1:
        return (kinds - {"int"}).pop()
    raise LanesError(f"no vectors of {' and '.join(sorted(kinds))} together")


def _call(function: str, arguments: list[Typed], names: Names) -> Typed:
    vectors = [value.kind for value in arguments if value.kind not in ("index", "literal")]
    if not vectors or any(kind.endswith("*") for kind in vectors):
        raise LanesError(f"no vectors for a call of {function[:40]!r}")
    kind = vectors[0]
    if function == "isfinite":
        return Typed(f"lanes_mask_{kind}({arguments[0].text} - {arguments[0].text} == splat_{kind}(0))", "int")
    if function in ("fabs", "fabsf"):
        return Typed(f"lanes_abs_{kind}({arguments[0].text})", kind)
    plain = function.removeprefix(names.prefix) if function.startswith(names.prefix) else ""
    plain = plain.removesuffix("_1")
    plain = plain.removesuffix("f") if kind == "float" else plain
    if plain in names.available and kind in REALS:
        names.called.add((plain, kind))
        ending = "f" if kind == "float" else ""
        return Typed(
            f"{names.prefix}{plain}{ending}_{names.lanes}({', '.join(value.text for value in arguments)})", kind
        )
    if match := re.fullmatch(r"bits_\w+_(float64|float32|int32|int64)", plain):
        kind = {"float64": "double", "float32": "float"}.get(match[1], f"{match[1]}_t")
    each = ", ".join(v.text if v.kind in ("index", "literal") else f"({v.text})[lane]" for v in arguments)
    result = f"lanes_{kind} result; for (int lane = 0; lane < {names.lanes}; lane++) result[lane] = {function}({each});"
    return Typed(f"({{ {result} result; }})", kind)

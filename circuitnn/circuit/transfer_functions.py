"""Sources with a transfer function, ``LAPLACE``: a ratio of polynomials in s, whose states are the circuit's.

y/u = (c_0 + ... + c_n p^n) / (a_0 + ... + p^n), p = s/w, w a frequency in the middle, is a chain of n integrators: the
nodes "E1.1", "E1.2", ... of u/(a_0 + ... + p^n) and its derivatives. A capacitor at each is fed by the next one, the
last one by u and all of them; what a resistor beside it takes is fed to it, too, so that each has a path to ground.
"""

import re
from collections.abc import Sequence

from circuitnn.circuit.elements import check_ends, node
from circuitnn.circuit.lines import Line
from circuitnn.circuit.parsed import Element, element
from circuitnn.devices.behavioural import BEHAVIOURAL_SOURCE
from circuitnn.devices.device import Source
from circuitnn.expressions.errors import NetlistError
from circuitnn.expressions.parser import Functions, parse_expression
from circuitnn.expressions.tree import GROUND, Binary, Call, Expression, Name, Negative, Number, Voltage, leaves_in
from circuitnn.expressions.values import Value, combined, folded

MAX_ORDER = 20

_CONDUCTANCE = 1e-3  # siemens, of the resistors
_LINE = re.compile(
    r"\s*(?P<name>[^\s,(){}=]+)[\s,(]+(?P<plus>[^\s,(){}=]+)[\s,]+(?P<minus>[^\s,(){}=]+)[\s,)]+"
    r"(?P<what>.*?)\s*\bLAPLACE\b\s*=?(?P<text>.*)",
    re.DOTALL | re.IGNORECASE,
)
_OTHER = re.compile(r"\s+(?:window|nfft|mtol|ic)\s*=\s*\S+", re.IGNORECASE)  # how LTspice reckons it
_KEY = re.compile(r"(?P<key>[VI])\s*=\s*(?P<what>.*)", re.DOTALL | re.IGNORECASE)

Polynomial = list[Value]  # coefficients, of s**0 first


def transfer_function(line: Line, device: Source, functions: Functions) -> list[Element] | None:
    """The elements of an E, G or B source with a transfer function; None for any other line.

    ``E1 a b LAPLACE {expression} = {H(s)}``; LTspice's ``E1 a b c d Laplace=H(s)`` and ``B1 a b V=... Laplace=H(s)``.

    Raises:
        NetlistError: where H is no ratio of polynomials in s, or grows with the frequency.
    """
    match = _LINE.fullmatch(line.text)
    if match is None:
        return None
    name, ends = match["name"], (node(match["plus"]), node(match["minus"]))
    check_ends(name, ends)
    what, text, fixes = match["what"].strip(" ,"), _OTHER.sub("", match["text"]).strip(), device.fixes
    if device is BEHAVIOURAL_SOURCE:
        if (key := _KEY.fullmatch(what)) is None:
            raise NetlistError(f"{name} needs V=expression or I=expression before LAPLACE=")
        what, fixes = key["what"], key["key"].upper()
    if not what:
        what, _, text = _divided(name, text)
    elif len(words := what.replace(",", " ").split()) == 2 and device is not BEHAVIOURAL_SOURCE:
        what = f"v({words[0]},{words[1]})"
    driven = parse_expression(_bare(what), behavioural=True, functions=functions)
    # A caret is a power here, also in LTspice.
    top, bottom = _ratio(name, parse_expression(_bare(text).replace("^", "**"), behavioural=True, functions=functions))
    return _Chain(line, name, driven, top, bottom).elements("E" if fixes == "V" else "G", ends)


def _bare(text: str) -> str:
    text = text.strip()
    return (text[1:-1] if text[:1] in "{'\"" else text).replace("{", "(").replace("}", ")")


def _divided(name: str, text: str) -> tuple[str, str, str]:
    """``{expression} = {H}``: the equals sign, or the end of the braces, is between them."""
    match = re.fullmatch(r"(\{[^{}]*\}|[^={}\s]+)(\s*=?\s*)(\S.*)", text, re.DOTALL)
    if match is None:
        raise NetlistError(f"{name} needs LAPLACE {{expression}} = {{a ratio of polynomials in s}}")
    return match[1], match[2], match[3]


def _ratio(name: str, tree: Expression) -> tuple[Polynomial, Polynomial]:
    """The polynomials above and below the fraction."""
    match tree:
        case Name(letter) if letter.lower() == "s":
            return [0.0, 1.0], [1.0]
        case Negative(inside):
            top, bottom = _ratio(name, inside)
            return _product(top, [-1.0]), bottom
        case Binary("+" | "-" | "*" | "/" as operator, left, right):
            (top, bottom), (other_top, other_bottom) = _ratio(name, left), _ratio(name, right)
            if operator in "*/":
                pair = (other_top, other_bottom) if operator == "*" else (other_bottom, other_top)
                return _product(top, pair[0]), _product(bottom, pair[1])
            crossed = _product(other_top, bottom)
            return _sum(_product(top, other_bottom), crossed, operator), _product(bottom, other_bottom)
        case Call("pow" | "pwr", (base, Number(power))) if power.is_integer() and _has_s(base):
            return _power(name, base, int(power))
    if _has_s(tree):
        raise NetlistError(f"{name}: LAPLACE needs a ratio of polynomials in s, got {tree}")
    return [folded(tree)], [1.0]


def _power(name: str, base: Expression, power: int) -> tuple[Polynomial, Polynomial]:
    if isinstance(base, Call) and base.function == "abs":  # as powers of numbers are read
        (base,) = base.arguments
    top, bottom = _ratio(name, base)
    above: Polynomial = [1.0]
    below: Polynomial = [1.0]
    for _ in range(min(power, MAX_ORDER + 1)):
        above, below = _product(above, top), _product(below, bottom)
    return above, below


def _has_s(tree: Expression) -> bool:
    return any(isinstance(leaf, Name) and leaf.name.lower() == "s" for leaf in leaves_in(tree))


def _sum(first: Polynomial, second: Polynomial, operator: str) -> Polynomial:
    longest = max(len(first), len(second))
    pairs = zip(first + [0.0] * (longest - len(first)), second + [0.0] * (longest - len(second)), strict=True)
    return [combined(operator, a, b) for a, b in pairs]


def _product(first: Polynomial, second: Polynomial) -> Polynomial:
    if len(first) + len(second) > MAX_ORDER + 2:
        raise NetlistError(f"LAPLACE: polynomials of a degree above {MAX_ORDER}")
    total: Polynomial = [0.0] * (len(first) + len(second) - 1)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            if a != 0.0 and b != 0.0:
                total[i + j] = combined("+", total[i + j], combined("*", a, b))
    return total


def _trimmed(coefficients: Polynomial) -> Polynomial:
    while len(coefficients) > 1 and coefficients[-1] == 0.0:
        coefficients = coefficients[:-1]
    return coefficients


class _Chain:
    """The elements of one transfer function."""

    def __init__(self, line: Line, name: str, driven: Expression, top: Polynomial, bottom: Polynomial):
        self.line, self.name, self.driven = line, name, driven
        top, bottom = _trimmed(top), _trimmed(bottom)
        if len(top) > len(bottom):
            raise NetlistError(f"{name}: LAPLACE: the degree above the fraction is higher than the one below")
        if bottom == [0.0]:
            raise NetlistError(f"{name}: LAPLACE divides by zero")
        self.order = len(bottom) - 1
        self.w = _middle(bottom)
        leading = combined("*", bottom[-1], self.w**self.order)
        self.a, self.c = (
            [combined("/", combined("*", value, self.w**k), leading) for k, value in enumerate(coefficients)]
            for coefficients in (bottom, top)
        )
        self.count = 0

    def elements(self, letter: str, ends: tuple[str, str]) -> list[Element]:
        n, drive = self.order, f"{self.name}.u"
        held = element(
            self.line, f"B.{self.name}", BEHAVIOURAL_SOURCE.letter, (drive, GROUND), self.driven, quantity="V"
        )
        parts, sensed = [held], (drive, GROUND)
        if isinstance(self.driven, Voltage):
            parts, sensed = [], (self.driven.plus, self.driven.minus)
        states = [(f"{self.name}.{k}", GROUND) for k in range(1, n + 1)]
        for k, (state, _) in enumerate(states):
            feeds: list[tuple[tuple[str, str], Value]] = [(states[k + 1], 1.0)] if k + 1 < n else [(sensed, 1.0)]
            if k + 1 == n:
                feeds += [(states[j], combined("-", 0.0, self.a[j])) for j in range(n)]
            parts += self._integrator(state, k + 1, [*feeds, (states[k], 1.0)])
        direct: Value = self.c[n] if len(self.c) > n else 0.0
        terms: list[tuple[tuple[str, str], Value]] = [(sensed, direct)]
        for k, pair in enumerate(states):
            value: Value = self.c[k] if k < len(self.c) else 0.0
            terms.append((pair, combined("-", value, combined("*", direct, self.a[k]))))
        output = f"{self.name}.y"
        parts += [
            *self._sources(output, terms),
            element(self.line, f"R.{self.name}.y", "R", (output, GROUND), 1 / _CONDUCTANCE),
            element(self.line, self.name if self.name[0].upper() == letter else f"{letter}.{self.name}",
                    letter, (*ends, output, GROUND), 1.0),
        ]  # fmt: skip
        return parts

    def _integrator(self, state: str, k: int, feeds: Sequence[tuple[tuple[str, str], Value]]) -> list[Element]:
        return [
            element(self.line, f"C.{self.name}.{k}", "C", (state, GROUND), _CONDUCTANCE / self.w),
            element(self.line, f"R.{self.name}.{k}", "R", (state, GROUND), 1 / _CONDUCTANCE),
            *self._sources(state, feeds),
        ]

    def _sources(self, end: str, feeds: Sequence[tuple[tuple[str, str], Value]]) -> list[Element]:
        """Currents into a node, of what is sensed."""
        parts = []
        for sensed, gain in feeds:
            if gain != 0.0:
                self.count += 1
                current = combined("*", gain, _CONDUCTANCE)
                parts.append(element(self.line, f"G.{self.name}.{self.count}", "G", (GROUND, end, *sensed), current))
        return parts


def _middle(bottom: Polynomial) -> float:
    """The geometric mean of the poles' frequencies in radians per second; 1 where coefficients are not known yet."""
    numbers = [abs(value) for value in bottom if isinstance(value, float)]
    lowest = next((k for k, value in enumerate(bottom) if value != 0.0), 0)
    if len(numbers) < len(bottom) or lowest == len(bottom) - 1:
        return 1.0
    return float((numbers[lowest] / numbers[-1]) ** (1 / (len(bottom) - 1 - lowest)))

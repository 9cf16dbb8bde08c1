"""What primitives do to one number: C of it, and what NumPy knows where the numbers are known."""

from collections.abc import Callable
from typing import Any

import numpy as np

from circuitnn.native.atoms import TYPES, Atom, is_known
from circuitnn.native.mathematics import function_name
from circuitnn.native.writer import Writer

# (writer, type of the result, types of the operands, parameters of the primitive, atoms) -> atom
Rule = Callable[..., Atom]


def add(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    if is_known(a) and is_known(b):
        return dtype.type(a + b)
    if _is(a, 0):
        return b
    if _is(b, 0):
        return a
    return w.value(dtype, "{0} + {1}", a, b)


def sub(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    if is_known(a) and is_known(b):
        return dtype.type(a - b)
    if _is(b, 0):
        return a
    return w.value(dtype, "-{0}", b) if _is(a, 0) else w.value(dtype, "{0} - {1}", a, b)


def mul(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    if is_known(a) and is_known(b):
        return dtype.type(a * b)
    if is_known(b):
        a, b = b, a
    if _is(a, 0):
        return dtype.type(0)
    if _is(a, 1):
        return b
    return w.value(dtype, "-{0}", b) if _is(a, -1) else w.value(dtype, "{0}*{1}", a, b)


def div(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    if is_known(a) and is_known(b):
        return dtype.type(a / b) if dtype.kind == "f" else dtype.type(int(a / b))
    if _is(a, 0) or _is(b, 1):
        return a
    # A product with what was divided once is several times as fast.
    if dtype.kind == "f" and (is_known(b) or w.scope_of([b]).depth < w.scope_of([a, b]).depth):
        inverse = dtype.type(1) / b if is_known(b) else w.value(dtype, "1/{0}", b)
        return mul(w, dtype, types, params, a, inverse)
    return w.value(dtype, "{0}/{1}", a, b)


def maximum(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    if is_known(a) and is_known(b):
        return np.maximum(a, b)
    a, b = (b, a) if is_known(a) else (a, b)
    return _compared(w, dtype, "larger", "{0} < {1} ? {1} : {0}", a, b)


def minimum(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    if is_known(a) and is_known(b):
        return np.minimum(a, b)
    a, b = (b, a) if is_known(a) else (a, b)
    return _compared(w, dtype, "smaller", "{0} > {1} ? {1} : {0}", a, b)


def _compared(w: Writer, dtype: Any, name: str, form: str, a: Atom, b: Atom) -> Atom:
    """The one or the other; in a loop over an array gcc would make a branch where one is a constant, and no vectors."""
    if not (w.here.is_along and is_known(b) and dtype.kind == "f"):
        return w.value(dtype, form, a, b)
    real: Any = TYPES[dtype.name]
    w.used.add((name, real, 1))
    return w.value(dtype, f"{function_name(name, real, lanes=1, prefix=w.prefix)}({{0}}, {{1}})", a, b)


def both(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    if is_known(a) and is_known(b):
        return a & b
    if dtype.kind == "b":
        for one, other in ((a, b), (b, a)):
            if is_known(one):
                return other if one else np.False_
    return w.value(dtype, "{0} & {1}", a, b)


def either(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    if is_known(a) and is_known(b):
        return a | b
    if dtype.kind == "b":
        for one, other in ((a, b), (b, a)):
            if is_known(one):
                return np.True_ if one else other
    return w.value(dtype, "{0} | {1}", a, b)


def select(w: Writer, dtype: Any, types: Any, params: Any, which: Atom, *cases: Atom) -> Atom:
    if is_known(which):
        return cases[int(which)]
    first = cases[0]
    if all(case is first or (is_known(case) and is_known(first) and case == first) for case in cases):
        return first
    if len(cases) > 2:
        nested = cases[-1]
        for n in range(len(cases) - 2, -1, -1):
            is_it = w.value(np.dtype(bool), "{0} <= {1}", which, types[0].type(n), types=(types[0], types[0]))
            nested = select(w, dtype, (np.dtype(bool), dtype, dtype), {}, is_it, nested, cases[n])
        return nested
    return w.value(dtype, "{0} ? {2} : {1}", which, *cases, types=types)


def clamped(w: Writer, dtype: Any, atom: Atom, most: int) -> Atom:
    """A whole number from 0 to the most."""
    return minimum(w, dtype, None, None, maximum(w, dtype, None, None, atom, dtype.type(0)), dtype.type(most))


def _is(atom: Atom, number: float) -> bool:
    return is_known(atom) and bool(atom == number)


def _form(form: str) -> Rule:
    return lambda w, dtype, types, params, *atoms: w.value(dtype, form, *atoms, types=types)


def _own(name: str, form: str = "{0}") -> Rule:
    """A function of our own, see `circuitnn.native.mathematics`."""

    def rule(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
        real: Any = TYPES[dtype.name]
        function = function_name(name, real, lanes=int(w.here.is_along), prefix=w.prefix)
        w.used.add((name, real, int(w.here.is_along)))
        return w.value(dtype, f"{function}({form})", a)

    return rule


def _call(name: str) -> Rule:
    """A function of math.h, in the precision of its result."""

    def rule(w: Writer, dtype: Any, types: Any, params: Any, *atoms: Atom) -> Atom:
        arguments = ", ".join(f"{{{n}}}" for n in range(len(atoms)))
        return w.value(dtype, f"{name}{'f' if dtype.itemsize == 4 else ''}({arguments})", *atoms, types=types)

    return rule


def _exponential(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
    """`circuitnn.numerics.exponential`, which stays above zero."""
    least = dtype.type(float(np.log(np.finfo(dtype).tiny)) + 0.5)
    return _own("exp")(w, dtype, types, params, maximum(w, dtype, types, params, a, least))


def _not(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
    return w.value(dtype, "!{0}" if dtype.kind == "b" else "~{0}", a)


def _abs(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
    if dtype.kind != "f":
        return w.value(dtype, "{0} < 0 ? -{0} : {0}", a)
    return _call("fabs")(w, dtype, types, params, a)


def _integer_pow(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
    power, result, square = abs(params["y"]), None, a
    while power:
        if power & 1:
            result = square if result is None else mul(w, dtype, types, params, result, square)
        power >>= 1
        if power:
            square = mul(w, dtype, types, params, square, square)
    if result is None:
        return dtype.type(1)
    return result if params["y"] > 0 else div(w, dtype, types, params, dtype.type(1), result)


def _convert(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
    if types[0] == dtype:
        return a
    form = "{0} != 0" if dtype.kind == "b" else f"({TYPES[dtype.name]}){{0}}"
    return w.value(dtype, form, a, types=types)


def _bits(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
    return w.value(dtype, f"{w.prefix}bits_{types[0].name}_{dtype.name}({{0}})", a, types=types)


def _round(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
    return _call("rint" if int(params["rounding_method"]) == 1 else "round")(w, dtype, types, params, a)


def _reduced(w: Writer, dtype: Any, types: Any, params: Any, a: Atom) -> Atom:
    """Rounded to fewer bits; by its bits: GCC 12 takes two of (double)(float)x, side by side, for x."""
    exponent, mantissa = params["exponent_bits"], params["mantissa_bits"]
    info = np.finfo(dtype)
    if exponent >= info.nexp and mantissa >= info.nmant:
        return a
    return w.value(dtype, f"{w.prefix}reduced_{dtype.name}({{0}}, {exponent}, {mantissa})", a)


def _rem(w: Writer, dtype: Any, types: Any, params: Any, a: Atom, b: Atom) -> Atom:
    return _call("fmod")(w, dtype, types, params, a, b) if dtype.kind == "f" else w.value(dtype, "{0} % {1}", a, b)


def _clamp(w: Writer, dtype: Any, types: Any, params: Any, low: Atom, a: Atom, high: Atom) -> Atom:
    return minimum(w, dtype, types, params, maximum(w, dtype, types, params, a, low), high)


CALLS = (
    "exp2", "sqrt", "cbrt", "pow", "tan", "atan2", "floor", "ceil",
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc",
)  # fmt: skip
OWN = {name: name for name in ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos")} | {
    "logistic": "sigmoid",
    "wright_omega": "omega",
    "sinh": "sinh",
    "cosh": "cosh",
}
RULES: dict[str, Rule] = {name: _call(name) for name in CALLS} | {name: _own(own) for name, own in OWN.items()} | {
    "add": add, "add_any": add, "sub": sub, "mul": mul, "div": div, "neg": _form("-{0}"), "max": maximum,
    "min": minimum, "abs": _abs, "rem": _rem, "rsqrt": _form("1/sqrt({0})"),
    "square": _form("{0}*{0}"), "sign": _form("({0} > 0) - ({0} < 0)"), "integer_pow": _integer_pow,
    "is_finite": _form("isfinite({0})"), "eq": _form("{0} == {1}"), "ne": _form("{0} != {1}"),
    "lt": _form("{0} < {1}"), "le": _form("{0} <= {1}"), "gt": _form("{0} > {1}"), "ge": _form("{0} >= {1}"),
    "and": both, "or": either, "not": _not, "xor": _form("{0} ^ {1}"), "shift_left": _form("{0} << {1}"),
    "shift_right_logical": _form("{0} >> {1}"), "shift_right_arithmetic": _form("{0} >> {1}"), "select_n": select,
    "convert_element_type": _convert, "bitcast_convert_type": _bits, "round": _round, "clamp": _clamp,
    "reduce_precision": _reduced, "exponential": _exponential,
}  # fmt: skip
KNOWN: dict[str, Any] = {
    "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative, "max": np.maximum,
    "min": np.minimum, "abs": np.abs, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal, "is_finite": np.isfinite, "not": np.invert, "sqrt": np.sqrt,
    "and": np.bitwise_and, "or": np.bitwise_or, "select_n": lambda which, *cases: np.choose(which.astype(int), cases),
}  # fmt: skip

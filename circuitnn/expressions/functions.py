"""The functions of expressions: what they mean in ngspice, with derivatives that are never NaN where the value is not.

JAX multiplies derivatives by zero where a branch is not taken (`jnp.where`, a product with zero), and an infinite or
undefined derivative survives that. So each function with a pole or an edge is given a harmless argument there first.
"""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from circuitnn.deferred import custom_jvp, jnp

MAX_INTEGER_POWER = 64


SMALLEST = 1e-32  # of what is divided by: searches for rest begin at 0 V, and tubes have (x+abs(x))/x


def divide(xp: ModuleType, a: Any, b: Any) -> Any:
    """a / b; in a circuit a / 1e-32 at b = 0, as in ngspice: 0 where a is 0, too. The derivative is 0 there."""
    if isinstance(b, float) and b != 0:
        return a / b
    return np.divide(a, b) if xp is np else _quotient(a, b)


@custom_jvp
def _quotient(a: Any, b: Any) -> Any:
    return jnp.divide(a, jnp.where(b == 0, SMALLEST, b))


@_quotient.defjvp
def _quotient_derivative(primals: Any, tangents: Any) -> Any:
    # (da - (a/b) db)/b: JAX's own order, a db/b^2, overflows where a and b are large and their ratio is not.
    (a, b), (da, db) = primals, tangents
    value = _quotient(a, b)
    inverse = jnp.where(b == 0, 0.0, 1.0 / jnp.where(b == 0, 1.0, b))
    return value, (da - jnp.where(b == 0, 0.0, value) * db) * inverse


def exponential(xp: ModuleType, a: Any) -> Any:
    """exp, continued by its tangent where it would leave the range of numbers: e**228 = 1e99, as far as ngspice goes.

    In single precision that is at e**60.
    """
    limit = 60.0 if xp.result_type(a) == np.float32 else 228.0
    inside = xp.minimum(a, limit)
    value = xp.exp(inside)
    return value + value * (a - inside)


def softplus(xp: ModuleType, a: Any) -> Any:
    """ln(1 + exp(a)) without the overflow in between."""
    return xp.logaddexp(a, xp.zeros_like(a))


def hyperbolic_sine(xp: ModuleType, a: Any) -> Any:
    inside = _bounded(xp, a)
    return xp.sinh(inside) + xp.cosh(inside) * (a - inside)


def hyperbolic_cosine(xp: ModuleType, a: Any) -> Any:
    inside = _bounded(xp, a)
    return xp.cosh(inside) + xp.sinh(inside) * (a - inside)


def logarithm(xp: ModuleType, a: Any) -> Any:
    """ln; minus infinity at 0 and NaN below, where its derivative is 0."""
    return _where_positive(xp, a, xp.log, -np.inf)


def square_root(xp: ModuleType, a: Any) -> Any:
    """sqrt; 0 at 0 and NaN below, where its derivative is 0."""
    return _where_positive(xp, a, xp.sqrt, 0.0)


def power(xp: ModuleType, a: Any, b: Any) -> Any:
    """a**b as C has it: of a negative base only whole powers are numbers."""
    if isinstance(b, float) and b.is_integer() and abs(b) <= MAX_INTEGER_POWER:
        return divide(xp, 1.0, _whole_power(a, int(-b))) if b < 0 else _whole_power(a, int(b))
    value = _magnitude(xp, a, b)
    whole = xp.floor(b) == b
    odd = whole & (xp.floor(b / 2) * 2 != b)
    return xp.where(a < 0, xp.where(whole, xp.where(odd, -value, value), np.nan), value)


def signed_power(xp: ModuleType, a: Any, b: Any) -> Any:
    """abs(a)**b with the sign of a: ngspice's ``pwr`` of a B source."""
    if isinstance(b, float) and b.is_integer() and 0 < b <= MAX_INTEGER_POWER:
        return _whole_power(a, int(b)) if b % 2 else a * _whole_power(xp.abs(a), int(b - 1))
    value = _magnitude(xp, a, b)
    return xp.where(a < 0, -value, value)


def step(xp: ModuleType, a: Any) -> Any:
    """0 below zero, 1 above, one half at zero: ngspice's ``u``."""
    return 0.5 * (1.0 + xp.sign(a))


def choose(xp: ModuleType, condition: Any, a: Any, b: Any) -> Any:
    """a where the condition is not zero, else b."""
    return xp.where(xp.asarray(condition) != 0, a, b)


def compare(xp: ModuleType, operator: str, a: Any, b: Any) -> Any:
    """1 where the relation holds, else 0."""
    return xp.where(_RELATIONS[operator](xp, a, b), 1.0, 0.0)


def _where_positive(xp: ModuleType, a: Any, function: Callable[[Any], Any], at_zero: float) -> Any:
    value = function(xp.where(a > 0, a, 1.0))
    return xp.where(a > 0, value, xp.where(a == 0, at_zero, np.nan))


def _within(xp: ModuleType, a: Any, low: float, high: float, function: Callable[[Any], Any]) -> Any:
    """A function between two ends, where its derivative may be infinite; constant outside."""
    is_inside = (a > low) & (a < high)
    value = function(xp.where(is_inside, a, low + 1.0))
    return xp.where(is_inside, value, function(xp.where(a >= high, high, low)))


def _magnitude(xp: ModuleType, a: Any, b: Any) -> Any:
    """abs(a)**b, its derivative 0 at a = 0."""
    positive = xp.where(a == 0, 1.0, xp.abs(a))
    value = np.power(positive, b) if xp is np else _positive_power(positive, b)
    at_zero = xp.where(b > 0, 0.0, xp.where(b == 0, 1.0, np.inf))
    return xp.where(a == 0, at_zero, value)


@custom_jvp
def _positive_power(a: Any, b: Any) -> Any:
    # Two vectorised functions; the processor has no instruction for pow, and its derivative would take another one.
    return jnp.exp(b * jnp.log(a))


@_positive_power.defjvp
def _positive_power_derivative(primals: Any, tangents: Any) -> Any:
    (a, b), (da, db) = primals, tangents
    value = _positive_power(a, b)
    return value, value * (b * da / a + jnp.log(a) * db)


def _whole_power(a: Any, exponent: int) -> Any:
    if isinstance(a, float):  # Python raises an error where arrays overflow to infinity
        with np.errstate(all="ignore"):
            return float(np.power(np.float64(a), exponent))
    return a**exponent


def _bounded(xp: ModuleType, a: Any) -> Any:
    limit = 60.0 if xp.result_type(a) == np.float32 else 228.0
    return xp.clip(a, -limit, limit)


_RELATIONS: dict[str, Callable[[ModuleType, Any, Any], Any]] = {
    ">": lambda xp, a, b: xp.greater(a, b),
    "<": lambda xp, a, b: xp.less(a, b),
    ">=": lambda xp, a, b: xp.greater_equal(a, b),
    "<=": lambda xp, a, b: xp.less_equal(a, b),
    "==": lambda xp, a, b: xp.equal(a, b),
    "!=": lambda xp, a, b: xp.not_equal(a, b),
    "&&": lambda xp, a, b: xp.logical_and(xp.asarray(a) != 0, xp.asarray(b) != 0),
    "||": lambda xp, a, b: xp.logical_or(xp.asarray(a) != 0, xp.asarray(b) != 0),
}
RELATIONS = frozenset(_RELATIONS)

# name -> (number of arguments, implementation for numpy or jax.numpy); log is the natural logarithm, as in ngspice.
FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "exp": (1, exponential),
    "ln": (1, logarithm),
    "log": (1, logarithm),
    "log10": (1, lambda xp, a: logarithm(xp, a) / math.log(10.0)),
    "sqrt": (1, square_root),
    "abs": (1, lambda xp, a: a * xp.sign(a)),  # whose slope at 0 is 0, the mean of both sides; JAX takes 1 for it
    "sgn": (1, lambda xp, a: xp.sign(a)),
    "u": (1, step),
    "min": (2, lambda xp, a, b: xp.minimum(a, b)),
    "max": (2, lambda xp, a, b: xp.maximum(a, b)),
    "pow": (2, power),
    "pwr": (2, signed_power),
    "sin": (1, lambda xp, a: xp.sin(a)),
    "cos": (1, lambda xp, a: xp.cos(a)),
    "tan": (1, lambda xp, a: xp.tan(a)),
    "atan": (1, lambda xp, a: xp.arctan(a)),
    "asin": (1, lambda xp, a: _within(xp, a, -1.0, 1.0, xp.arcsin)),
    "acos": (1, lambda xp, a: _within(xp, a, -1.0, 1.0, xp.arccos)),
    "sinh": (1, hyperbolic_sine),
    "cosh": (1, hyperbolic_cosine),
    "tanh": (1, lambda xp, a: xp.tanh(a)),
    "asinh": (1, lambda xp, a: xp.arcsinh(a)),
    "acosh": (1, lambda xp, a: _within(xp, a, 1.0, np.inf, xp.arccosh)),
    "atanh": (1, lambda xp, a: _within(xp, a, -1.0, 1.0, xp.arctanh)),
    "ternary_fcn": (3, choose),
    # Stairs: their derivative is 0 everywhere, also at the steps.
    "floor": (1, lambda xp, a: xp.floor(a)),
    "ceil": (1, lambda xp, a: xp.ceil(a)),
    "nint": (1, lambda xp, a: xp.rint(a)),  # halves to the even number, as in ngspice
    "idt": (2, lambda xp, a, b: b + 0.0 * a),  # the same
    "ddt": (1, lambda xp, a: 0.0 * a),  # at rest; along time a state of the circuit is in its place
    # Tolerances at their middle; with a seed, numbers are in their place.
    "gauss": (1, lambda xp, a: 0.0 * a),
    "flat": (1, lambda xp, a: 0.0 * a),
}

"""Each primitive that has C, against JAX; and what has none says so."""

from typing import final

import jax
import numpy as np
import pytest
from jax import lax
from jax import numpy as jnp

import circuitnn as cn
from circuitnn.native import LoweringError, program
from circuitnn.native.inlining import CALLS, NOTHING
from circuitnn.native.lowering import RULES
from circuitnn.native.movement import VIEWS
from circuitnn.native.recognised import FUNCTIONS
from circuitnn.native.scalars import RULES as OF_NUMBERS
from circuitnn.numerics.exponential import exponential
from circuitnn.numerics.small import linearised_solver, solve_arrays
from circuitnn.numerics.wright_omega import wright_omega
from tests.models import Memoryless
from tests.native.playing import compiled, play

WIDTH = 12  # numbers that go in: enough for loops, a few of them for what is written out


@final
class Formula(Memoryless):
    """What a function makes of each sample."""

    def __init__(self, function, dtype):
        self.function, self.dtype, self.in_features = function, dtype, WIDTH
        self.out_features = jax.eval_shape(function, jax.ShapeDtypeStruct((WIDTH,), dtype)).size

    def __call__(self, carry, x, controls=None):
        return carry, jnp.vectorize(lambda row: self.function(row).ravel().astype(self.dtype), signature="(n)->(m)")(x)


def matrix(x, n=3):
    return jnp.outer(x[:n], x[1 : n + 1]) + 3 * jnp.eye(n, dtype=x.dtype)


def whole(x):
    return (4 * x).astype(jnp.int32)


def place(x, most=WIDTH - 1):
    return jnp.clip(jnp.abs(whole(x[0])), 0, most)


def until(x):
    return lax.while_loop(
        lambda s: (s[1] < 20) & (s[0].sum() < 50), lambda s: (s[0] * 1.5 + 0.1, s[1] + 1), (jnp.abs(x), 0)
    )[0]


def convolved(x):
    """A filter, and channels in two groups with gaps, steps and padding."""
    image = lax.conv_general_dilated(
        x.reshape(1, 4, 3), jnp.cos(jnp.arange(24.0, dtype=x.dtype)).reshape(4, 2, 3), (2,), [(2, 1)],
        lhs_dilation=(2,), rhs_dilation=(2,), feature_group_count=2)  # fmt: skip
    plane = lax.conv_general_dilated(
        x.reshape(1, 3, 4, 1), x[:8].reshape(2, 2, 1, 2), (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return jnp.concatenate([jnp.convolve(x, jnp.arange(3.0, dtype=x.dtype)), image.ravel(), plane.ravel()])


def stepped(x):
    """A step of an iteration with five unknowns."""
    places = ((0, 0), (1, 1), (2, 1), (2, 2), (3, 3), (0, 4))
    fixed, factors, rows = matrix(x, 5)[..., None], 0.1 * jnp.tanh(x[:6, None]), x[:5, None]
    solved = linearised_solver(places)(
        fixed, fixed[:, :4] / (1 + jnp.max(fixed)), factors, rows, rows[:4] ** 2, 2 * rows
    )
    return jnp.concatenate(solved)[:, 0]


BOTH = {
    "argmax": lambda x: jnp.argmax(x), "argmin": lambda x: jnp.argmin(x),
    "broadcast_in_dim": lambda x: jnp.broadcast_to(x[:3, None], (3, 4)) * 2,
    "concatenate": lambda x: jnp.concatenate([x[4:], 2 * x[:4], jnp.ones(2, x.dtype)]),
    "cond": lambda x: lax.cond(x[0] > x[1], lambda x: x * 2, lambda x: x - 1, x),
    "conv_general_dilated": convolved,
    "dot_general": lambda x: jnp.outer(x, x) @ x + jnp.eye(WIDTH, k=1, dtype=x.dtype) @ x,
    "dynamic_slice": lambda x: lax.dynamic_slice(jnp.sin(x), (whole(x[0]),), (5,)),
    "dynamic_update_slice": lambda x: lax.dynamic_update_slice(x, 2 * x[:3], (whole(x[1]),)),
    "gather": lambda x: x[place(x)] + x[jnp.arange(0, WIDTH, 3)] + jnp.stack([x, -x])[place(x, 1)][:4],
    "iota": lambda x: x * jnp.arange(WIDTH), "lu": lambda x: lax.linalg.lu(matrix(x))[0],
    "pad": lambda x: jnp.pad(x, 2),
    "reduce_max": lambda x: x.reshape(3, 4).max(0), "reduce_min": lambda x: x.reshape(3, 4).min(1),
    "reduce_prod": lambda x: x.reshape(3, 4).prod(0), "reduce_sum": lambda x: x.reshape(3, 4).sum(1) + x.sum(),
    "reduce_and": lambda x: (x.reshape(3, 4) > -1).all(0), "reduce_or": lambda x: (x.reshape(3, 4) > 1).any(0),
    "reshape": lambda x: x.reshape(3, 4).T.reshape(2, 6) * x[:6], "rev": lambda x: x[::-1] - x,
    "scan": lambda x: lax.scan(lambda s, a: (0.5 * s + a, s * a), x[0], x)[1] + lax.scan(
        lambda s, a: (0.5 * s + a, s), jnp.zeros(4, x.dtype), jnp.tile(x[:4], (40, 1)), reverse=True)[1][3].sum(),
    "scatter": lambda x: x.at[place(x)].set(7.0) + x.at[jnp.array([1, 3])].set(x[:2]),
    "select_n": lambda x: jnp.where(x > 0, x, 2 * x) + lax.select_n(whole(jnp.abs(x)) % 3, x, 2 * x, 3 * x),
    "slice": lambda x: x[1:9:2], "solve_arrays": lambda x: solve_arrays(matrix(x)[..., None], x[:3, None]),
    "solve_linearised": stepped,
    "split": lambda x: jnp.concatenate(jnp.split(x, [2, 7])[::-1]), "squeeze": lambda x: (x[None] * 2).squeeze(0),
    "stack": lambda x: jnp.stack([x, x * x], axis=1), "transpose": lambda x: x.reshape(3, 4).T + 1,
    "tile": lambda x: lax.tile(x[:5], (3,)), "cumsum": lambda x: lax.cumsum(x.reshape(3, 4), 1),
    "cumprod": lambda x: lax.cumprod(x, reverse=True), "cummax": lax.cummax, "cummin": lax.cummin,
    "triangular_solve": lambda x: lax.linalg.triangular_solve(matrix(x), x[:3, None], left_side=True, lower=True),
    "while": until,
}  # fmt: skip
POSITIVE = {"log", "log1p", "sqrt", "rsqrt", "acosh", "pow", "cbrt"}
OF_ONE = {
    "abs", "acosh", "asinh", "atan", "cbrt", "ceil", "cos", "cosh", "erf", "erfc", "exp", "exp2", "expm1", "floor",
    "is_finite", "log", "log1p", "logistic", "neg", "rsqrt", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
}  # fmt: skip
OF_TWO = ["add", "atan2", "div", "eq", "ge", "gt", "le", "lt", "max", "min", "mul", "ne", "pow", "rem", "sub"]
BITS = {"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor"}
NUMBERS = {
    **{name: lambda x, name=name: getattr(lax, name)(inside(name, x)) for name in sorted(OF_ONE)},
    **{name: lambda x, name=name: getattr(lax, name)(inside(name, x), jnp.roll(x, 1)) for name in OF_TWO},
    **{name: lambda x, long=long: getattr(lax, long)(whole(x), whole(jnp.roll(x, 1))) for name, long in BITS.items()},
    "acos": lambda x: lax.acos(jnp.tanh(x)), "asin": lambda x: lax.asin(jnp.tanh(x)),
    "atanh": lambda x: lax.atanh(0.9 * jnp.tanh(x)),
    "add_any": jax.grad(lambda x: (x * x).sum() + (x * x[::-1]).sum()),
    "bitcast_convert_type": lambda x: lax.bitcast_convert_type(
        x, jnp.int64 if x.dtype == jnp.float64 else jnp.int32) >> 20,
    "clamp": lambda x: lax.clamp(x.dtype.type(-0.5), x, x.dtype.type(0.5)), "convert_element_type": whole,
    "exponential": exponential, "wright_omega": lambda x: wright_omega(8 * x),
    "integer_pow": lambda x: x**5 + x**-2, "not": lambda x: ~whole(x),
    "reduce_precision": lambda x: lax.reduce_precision(x, exponent_bits=5, mantissa_bits=10),
    "round": lambda x: jnp.round(3 * x) + lax.round(3 * x), "shift_left": lambda x: whole(x) << 3,
    "shift_right_arithmetic": lambda x: whole(x) >> 2,
    "shift_right_logical": lambda x: lax.shift_right_logical(jnp.abs(whole(x)), jnp.int32(2)),
}  # fmt: skip


def inside(name, x):
    return jnp.abs(x) + (1 if name == "acosh" else 0.01) if name in POSITIVE else x


FORMULAS = BOTH | NUMBERS


@pytest.fixture(scope="module", params=[np.float64, np.float32], ids=["double", "float"])
def library(request, tmp_path_factory):
    """All formulas in one text."""
    models = {name: Formula(function, jnp.dtype(request.param)) for name, function in FORMULAS.items()}
    programs = {name: program(model, name=f"f_{name}") for name, model in models.items()}
    text = "\n".join(one.text for one in programs.values())
    return models, programs, compiled(text, tmp_path_factory.mktemp("native"))


@pytest.mark.parametrize("name", FORMULAS)
def test_a_primitive_is_what_jax_computes(library, name):
    models, programs, made = library
    x = np.random.default_rng(0).normal(0, 1.5, (50, WIDTH)).astype(models[name].dtype)
    x[0], x[1, :4] = 0.5, (0.25, -0.25, 1.0, -2.0)
    y, _ = play(made, programs[name], x)
    want = np.asarray(models[name]((), jnp.asarray(x))[1])
    digits = 2e-13 if models[name].dtype == np.float64 else 2e-4
    np.testing.assert_allclose(y, want, rtol=digits, atol=digits)


def test_every_rule_has_a_formula():
    assert {*RULES, *OF_NUMBERS, *VIEWS} == set(FORMULAS)


def test_the_formulas_use_what_they_are_named_after():
    for name, function in FORMULAS.items():
        if name in FUNCTIONS:
            continue
        text = str(jax.make_jaxpr(function)(jnp.zeros(WIDTH)))
        assert f" {name}" in text or f"{name}[" in text, name


def test_what_has_no_c_names_the_place():
    def sorts_its_input(x):
        return jnp.sort(x)

    with pytest.raises(
        LoweringError, match=r"no C for sort, which .*sorts_its_input, line \d+ of test_primitives.py needs"
    ):
        program(Formula(sorts_its_input, jnp.dtype(jnp.float32)))


def test_calls_and_rules_are_apart():
    assert not {*CALLS, *NOTHING} & {*RULES, *OF_NUMBERS, *VIEWS}
    assert cn.native.LoweringError is LoweringError

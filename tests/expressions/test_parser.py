import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitnn.circuit import NetlistError
from circuitnn.expressions.parser import MAX_DEPTH, parse_expression
from circuitnn.expressions.tree import Binary, Call, Name, Negative, Number, evaluate, names_in

VALUES = {"a": 2.0, "b": 3.0, "t": 0.25}

# What ngspice-39 makes of them; tests/spice/test_agreement.py asks the installed one.
KNOWN = {
    "1+2*3": 7.0, "(1+2)*3": 9.0, "10/5/2-3-2": -4.0, "-a^2": -4.0, "2**3**2": 64.0, "2^-1": 0.5, "a--b": 5.0,
    "a*-b": -6.0, "2k*10meg/1g": 20.0, "10kOhm+1n": 10000.000000001, "log(100)": np.log(100), "ln(100)": np.log(100),
    "log10(1e-3)": -3.0,
    "exp(t)": np.exp(0.25), "exp(3.4*(t-1))": np.exp(-2.55), "sqrt(a)": np.sqrt(2), "abs(-b)": 3.0, "min(a,b)": 2.0,
    "max( a , b )": 3.0, "pow(b,a)": 9.0, "(1-t)*250k+1": 187501.0, "POW(b, a) + Exp(0)": 10.0,
    "+-+a": -2.0, "(-2)^2": 4.0,
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), KNOWN.items())
def test_value(text, value):
    assert evaluate(parse_expression(text), VALUES, np) == pytest.approx(value, rel=1e-15)
    assert evaluate(parse_expression(text), VALUES) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"), ("1+", "ends too early"), ("(1", "expected"), ("1)", "unexpected"), ("a b", "unexpected"),
        ("foo(1)", "unknown function"), ("sqrt(1,2)", "takes 1"), ("min(1)", "takes 2"), ("a.b", "unexpected"),
        ("a[0]", "unexpected"), ("__import__('os')", "unexpected"), ("a if b else c", "unexpected"),
        ("2k2", "2k2"), ("1;2", "unexpected"), ("*1", "unexpected"), ("lambda: 1", "unexpected"),
        ("1e400", "too large"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(text, message):
    with pytest.raises(NetlistError, match=message):
        parse_expression(text)


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000 + "1", "(" * 1000 + "1" + ")" * 1000, "1" + "+1" * 1000, "2" + "^2" * 500, "exp(" * 500, "-" * 3000],
)
def test_depth_and_length_are_bounded(text):
    with pytest.raises(NetlistError, match=r"deep|nested|characters|early"):
        parse_expression(text)


def test_a_chain_within_the_bounds_is_read():
    assert evaluate(parse_expression("1" + "+1" * (MAX_DEPTH - 1)), {}, np) == MAX_DEPTH


def trees():
    leaves = st.builds(Number, st.floats(0, 1e12)) | st.builds(Name, st.sampled_from(["a", "b", "t"]))

    def grown(inner):
        return (
            st.builds(Negative, inner)
            | st.builds(Binary, st.sampled_from("+-*/"), inner, inner)
            | st.builds(
                lambda f, x: Call(f, (x,)), st.sampled_from(["exp", "ln", "log", "log10", "sqrt", "abs"]), inner
            )
            | st.builds(lambda f, x, y: Call(f, (x, y)), st.sampled_from(["min", "max", "pow"]), inner, inner)
        )

    return st.recursive(leaves, grown, max_leaves=12)


@given(trees())
def test_the_text_of_a_tree_reads_back_to_the_tree(tree):
    assert parse_expression(str(tree)) == tree
    assert hash(parse_expression(str(tree))) == hash(tree)


@pytest.mark.parametrize("text", [text for text in KNOWN if list(names_in(parse_expression(text)))])
def test_gradient_agrees_with_central_differences(text):
    tree = parse_expression(text)
    point = {name: jnp.asarray(value) for name, value in VALUES.items()}
    gradient = jax.grad(lambda values: jnp.asarray(evaluate(tree, values)))(point)
    for name, value in VALUES.items():
        h = 1e-6
        up, down = (evaluate(tree, VALUES | {name: value + sign * h}, np) for sign in (1, -1))
        assert gradient[name] == pytest.approx((up - down) / (2 * h), rel=1e-7, abs=1e-8)

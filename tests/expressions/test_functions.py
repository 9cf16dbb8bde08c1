"""What the functions of expressions give, in ngspice's words and with derivatives that are never NaN."""

import subprocess

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import read_netlist
from circuitnn.expressions.parser import parse_expression
from circuitnn.expressions.tree import Current, Voltage, evaluate

# Values of ngspice 39 in a B source, v(a) = -2, v(b) = 3, v(c) = 0.5, i(Va) = 2 mA.
BEHAVIOURAL = {
    "v(a)^2": 4.0, "v(a)^3": 8.0, "v(a)**3": 8.0, "pow(v(a),3)": 8.0, "pwr(v(a),3)": -8.0, "pwr(v(a),2)": -4.0,
    "pwr(v(a),0.5)": -(2**0.5), "pow(v(a),0.5)": 2**0.5, "2^3^2": 64.0, "-v(b)^2": -9.0, "2^-1": 0.5, "2*-v(b)": -6.0,
    "log(v(b))": np.log(3), "ln(v(b))": np.log(3), "log10(v(b))": np.log10(3), "u(v(a))": 0.0, "u(v(b))": 1.0,
    "u(0)": 0.5, "sgn(v(a))": -1.0, "sgn(0)": 0.0, "min(v(a),v(b))": -2.0, "max(v(a),v(b))": 3.0,
    "tanh(v(a))": np.tanh(-2), "atan(v(a))": np.arctan(-2), "sin(v(a))": np.sin(-2), "cos(v(a))": np.cos(-2),
    "tan(v(a))": np.tan(-2), "sinh(v(a))": np.sinh(-2), "cosh(v(a))": np.cosh(-2), "asinh(v(a))": np.arcsinh(-2),
    "abs(v(a))": 2.0, "sqrt(v(b))": 3**0.5, "exp(v(a))": np.exp(-2), "v(a)>0 ? 1 : 2": 2.0, "v(b)>0 ? 1 : 2": 1.0,
    "v(b)/v(a)/2": -0.75, "v(b)-v(a)-1": 4.0, "uramp(v(b))": 3.0, "uramp(v(a))": 0.0, "pi": np.pi, "v(a,b)": -5.0,
    "V(A)": -2.0, "i(Va)": 2e-3, "I(VA)*1k": 2.0, "p*v(b)": -6.0, "p^3": 8.0, "{p}*v(b)": -6.0, "v(a)>v(b)": 0.0,
    "v(a)&&v(b)": 1.0, "v(a)||0": 1.0, "!v(b)": 0.0, "v(b)==3?5:6": 5.0, "v(b)!=3?5:6": 6.0, "-2^2": -4.0,
    "(-2)^3": 8.0, "1-2-3": -4.0, "2/2*3": 3.0, "v(a)<0?v(b)<0?1:2:3": 2.0, "v(b)^0": 1.0, "v(a)^1": 2.0, "2--2": 4.0,
    "u2(v(c))": 0.5, "u2(v(b))": 1.0, "u2(v(a))": 0.0, "eq0(v(a))": 0.0, "ne0(v(a))": 1.0, "gt0(v(b))": 1.0,
    "lt0(v(a))": 1.0, "ge0(0)": 1.0, "le0(v(b))": 0.0,
    "ternary_fcn(v(a)>0,1,2)": 2.0, "1+v(c)>1 && v(a)<=-2": 1.0, "ln(1+exp(v(b)))": np.log1p(np.exp(3)),
}  # fmt: skip
# In the braces of other lines, p = -2, q = 3.
IN_PARAMETERS = {
    "p^3": 8.0, "p**3": 8.0, "pow(p,3)": -8.0, "pwr(p,3)": 8.0, "2^3^2": 64.0, "-q^2": -9.0, "log(q)": np.log(3),
    "sgn(p)": -1.0, "min(p,q)": -2.0, "p>0?1:2": 2.0, "q==3?5:6": 5.0, "(-2)^3": 8.0, "p&&q": 1.0, "q!=3?5:6": 6.0,
    "atan(p)": np.arctan(-2), "arctan(p)": np.arctan(-2), "tanh(p)": np.tanh(-2), "asinh(p)": np.arcsinh(-2),
    "ternary_fcn(p>0,1,2)": 2.0, "sqr(p)": 4.0,
}  # fmt: skip
# Known here and not to ngspice's default mode.
OF_OTHERS = {
    "limit(v(b),-1,1)": 1.0, "limit(v(a),-1,1)": -1.0, "limit(v(c),1,-1)": 0.5, "stp(v(b))": 1.0, "pwrs(v(a),3)": -8.0,
    "if(v(a)>0,1,2)": 2.0,
}  # fmt: skip
CIRCUIT = "t\n.param p=-2 q=3\nVa a 0 -2\nRa a 0 1k\nVb b 0 3\nRb b 0 1k\nVc c 0 0.5\nRc c 0 1k\n"


def value(text, *, a=-2.0, b=3.0, c=0.5):
    circuit = read_netlist(f"{CIRCUIT}B1 out 0 V={text}\nR1 out 0 1k\n", inputs="Va", dialect="ngspice")
    tree = circuit.components[-2].value
    values = {Voltage("a"): a, Voltage("b"): b, Voltage("c"): c, Voltage("a", "b"): a - b, Current("Va"): -a / 1e3}
    return float(evaluate(tree, values | {"p": -2.0, "q": 3.0}))


@pytest.mark.parametrize(("text", "expected"), [*BEHAVIOURAL.items(), *OF_OTHERS.items()])
def test_in_a_b_source(text, expected):
    assert value(text) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("text", "expected"), IN_PARAMETERS.items())
def test_in_braces(text, expected):
    assert float(evaluate(parse_expression(text), {"p": -2.0, "q": 3.0}, np)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.ngspice
def test_ngspice_gives_the_same(tmp_path):
    lines = [CIRCUIT]
    for k, text in enumerate(BEHAVIOURAL):
        lines.append(f"B{k} n{k} 0 V={text}\nR{k} n{k} 0 1k")
        written = (
            read_netlist(f"{CIRCUIT}B1 out 0 V={text}\nR1 out 0 1k\n", inputs="Va", dialect="ngspice")
            .components[-2]
            .value
        )
        lines.append(f"Bw{k} w{k} 0 V={{{written}}}\nRw{k} w{k} 0 1k")
    for k, text in enumerate(IN_PARAMETERS):
        lines.append(f"V{k} p{k} 0 DC {{{text}}}\nRp{k} p{k} 0 1k\nVq{k} q{k} 0 {{{parse_expression(text)}}}")
        lines.append(f"Rq{k} q{k} 0 1k")
    lines.append(".nodeset v(a)=-2 v(b)=3 v(c)=0.5\n.control\nset numdgt=15\nop\nprint all\nquit\n.endc\n.end\n")
    (tmp_path / "t.cir").write_text("\n".join(lines))
    command = ["ngspice", "-n", "-b", "t.cir"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    found = dict(line.split(" = ") for line in answer.splitlines() if line.count(" = ") == 1)
    for k, expected in enumerate(BEHAVIOURAL.values()):
        for letter in "nw":
            assert float(found[f"{letter}{k}"]) == pytest.approx(expected, rel=1e-6, abs=1e-12), list(BEHAVIOURAL)[k]
    for k, expected in enumerate(IN_PARAMETERS.values()):
        for letter in "pq":
            assert float(found[f"{letter}{k}"]) == pytest.approx(expected, rel=1e-6), list(IN_PARAMETERS)[k]


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize(
    "text",
    [
        "exp(x)", "1/(1+exp(x))", "ln(1+exp(x))", "exp(x)/(1+exp(x))", "sinh(x)", "cosh(x)", "tanh(x)", "sqrt(abs(x))",
        "sqrt(x*x)", "x>0 ? sqrt(x) : 0", "x>0 ? ln(x) : 0", "x!=0 ? 1/x : 0", "abs(x)^1.5", "pwr(x,1.5)", "pwr(x,0.5)",
        "pow(x,2)", "x^3", "x>0 ? pow(x,0.5) : 0", "max(x,0)^1.5", "x>0 ? x^-1 : 0", "atan(x)", "limit(x,-1,1)",
        "pow(abs(x),y)", "u(x)*x", "x>0 ? log10(x) : 1", "abs(x)", "1/(x*x+1)", "ln(exp(x)+1)^1.5",
    ],
)  # fmt: skip
def test_gradients_are_finite_where_values_are(text, dtype):
    tree = parse_expression(
        text.replace("x", "v(x)").replace("ev(x)p", "exp").replace("mav(x)", "max"), behavioural=True
    )

    def function(x, y):
        return jnp.asarray(evaluate(tree, {Voltage("x"): x, "y": y}))

    @jax.jit
    @jax.vmap
    def derivatives(x):
        reverse = jax.value_and_grad(function, argnums=(0, 1))(x, jnp.asarray(0.5, dtype))
        return *reverse, jax.jacfwd(function)(x, jnp.asarray(0.5, dtype))

    result, *slopes = derivatives(np.array([0.0, -0.0, 1.0, -1.0, 1e-10, 300.0, -300.0, 1e4, -1e4], dtype))
    assert result.dtype == dtype
    assert np.isfinite(result).all()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes))


def test_gradients_are_those_of_central_differences():
    for text in BEHAVIOURAL:
        tree = parse_expression(text.replace("{", "(").replace("}", ")"), behavioural=True)
        leaves = {
            Voltage("a"): -2.0, Voltage("A"): -2.0, Voltage("b"): 3.0, Voltage("c"): 0.6, Voltage("a", "b"): -5.1,
            Current("Va"): 2e-3, Current("VA"): 2e-3, "p": -2.0, "pi": 3.14,
        }  # fmt: skip
        point = jnp.asarray(list(leaves.values()))

        def function(point, tree=tree, leaves=leaves):
            return jnp.asarray(evaluate(tree, dict(zip(leaves, point, strict=True))), float)

        gradient = jax.jit(jax.grad(function))(point)
        moved = np.asarray(jax.jit(jax.vmap(function))(point + 1e-6 * np.concatenate([np.eye(9), -np.eye(9)])))
        for k, leaf in enumerate(leaves):
            up, down = moved[k], moved[k + 9]
            if abs(up - down) < 0.1:  # no jump in between
                assert gradient[k] == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-8), (text, leaf)


def test_beyond_its_range_exp_goes_on_as_its_tangent():
    tree = parse_expression("exp(x)")
    slope = jax.grad(lambda x: evaluate(tree, {"x": x}))(1000.0)
    assert slope == pytest.approx(np.exp(228.0))
    assert float(evaluate(tree, {"x": 200.0})) == pytest.approx(np.exp(200.0), rel=1e-14)
    assert float(evaluate(parse_expression("ln(1+exp(x))"), {"x": 1e6})) == 1e6

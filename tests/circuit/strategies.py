"""Random netlists of solvable circuits."""

from hypothesis import strategies as st

from circuitnn.expressions.tree import Binary, Call, Name, Number

# Each can be added to the ladder by itself; an element of each kind that the ladder does not have.
OTHER_KINDS = [
    "E1 e1 0 in n1 {knob}\nRe e1 0 1k", "G1 0 n1 in 0 1m", "F1 0 n1 Vin 2", "H1 h1 0 Vin -50\nRh h1 0 1k",
    "Bv bv 0 V={tanh(v(n1)*Gain)+i(Vin)*p_1}\nRbv bv 0 1k",
    "Bi 0 n1 I=1m*pwr(v(in,n1),2)-(v(in)>0?knob:2)*1u*atan(v(n1))",
    "Ev ev 0 VALUE={ln(1+exp(v(n1)))^2}\nRev ev 0 1k", "Gi 0 n1 VALUE={limit(v(in),-1m,{1m*knob})}",
    "LK1 n1 k1 1m\nRK1 k1 0 1k\nLK2 k2 0 {1m*knob}\nRK2 k2 0 1k\nK1 LK1 LK2 0.7",
    "Q1 in n1 q1 QN 2\nRq q1 0 1k\n.model QN NPN(BF={100*knob} VAF=80 CJE=5p RB=10 IKF=0.1 ISE=1e-14)",
    "Q2 0 n1 q2 QP\nRq2 q2 in 1k\n.model QP PNP(IS=1e-14 TF=1n)",
    "J1 in n1 j1 JN\nRj j1 0 1k\n.model JN NJF(VTO=-0.6 BETA=1m CGS=4p RD=1)",
    "J2 0 n1 j2 JP\nRj2 j2 in 1k\n.model JP PJF",
    "X1 in n1 xa PARAMS: g={2*knob} r=2k\n.subckt xa a b g=1 r=1k\nR1 a m {r}\nE1 m b a 0 {g}\nD1 m b DL\n"
    ".model DL D(IS={1f*r} CJO=1p)\n.ends",
]  # fmt: skip
POSITIVE = st.floats(1e-12, 1e9)


def written(number: float) -> st.SearchStrategy[str]:
    """A number as one person or another writes it."""
    return st.sampled_from(
        [repr(number), f"{number:.3e}", f"{{{number!r}}}", f"{number:.6g}k", f"{number:.4g}nF", f"{{ 2 * {number!r} }}"]
    )


def positive_trees(names: list[str]) -> st.SearchStrategy:
    """Expressions whose value is positive where those of the names are."""
    leaves = st.builds(Number, st.floats(0.1, 10)) | st.builds(Name, st.sampled_from(names))

    def grown(inner):
        return (
            st.builds(Binary, st.sampled_from("+*/"), inner, inner)
            | st.builds(lambda x: Call("sqrt", (x,)), inner)
            | st.builds(lambda f, x, y: Call(f, (x, y)), st.sampled_from(["min", "max"]), inner, inner)
            | st.builds(lambda x: Call("pow", (x, Number(0.5))), inner)
        )

    return st.recursive(leaves, grown, max_leaves=6)


@st.composite
def netlists(draw) -> str:
    """A ladder from ``in`` over n1 ... to ``out`` with every kind of component; inputs Vin and I1."""
    names = ["knob", "Gain", "p_1"]
    lines = ["* " + draw(st.text("abc xyz.,-", max_size=20))]
    lines += [f".param {name}={draw(st.floats(0.1, 10))!r}" for name in names]
    derived = draw(positive_trees(names))
    lines.append(f".param Derived={{{derived}}}")
    names.append("derived")

    def value() -> str:
        if draw(st.booleans()):
            return draw(written(draw(POSITIVE)))
        return f"{{{draw(positive_trees(names))}}}"

    lines += [f"Vin IN 0 {draw(st.floats(-10, 10))!r}", "I1 0 n1 DC 1m AC 1"]
    steps = draw(st.integers(1, 4))
    nodes = ["in", *(f"n{k}" for k in range(1, steps + 1)), "out"]
    for k, (a, b) in enumerate(zip(nodes, nodes[1:], strict=False)):
        lines.append(f"R{k} {a} {b} {value()}")
        kind = draw(st.sampled_from("CLDRV"))
        if kind == "D":
            lines.append(f"D{k} {b} 0 DM {draw(st.sampled_from(['', '2', 'area=0.5']))}")
        elif kind == "V":
            lines += [f"Vdc{k} {b} x{k} {{-{names[0]}}}", f"Rdc{k} x{k} 0 {value()}"]
        else:
            lines.append(f"{kind}x{k} {b} gnd {value()}")
    lines.append(f".model dm D(IS={value()} N={value()} RS={value()})")
    lines += draw(st.lists(st.sampled_from(OTHER_KINDS), max_size=4, unique=True))
    order = draw(st.permutations(lines[1:]))
    return "\n".join([lines[0], *order, ".end", ""])

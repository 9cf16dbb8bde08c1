"""Random netlists of solvable circuits."""

from hypothesis import strategies as st

from circuitnn.circuit.expression import Binary, Call, Name, Number

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
    order = draw(st.permutations(lines[1:]))
    return "\n".join([lines[0], *order, ".end", ""])

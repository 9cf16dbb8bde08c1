"""``.if`` to ``.endif``, ``.step`` of what nothing else gives a value, and lines for other programs' ears."""

import pytest

from circuitnn.circuit import NetlistError, read_netlist
from circuitnn.expressions.errors import NetlistWarning

MAIN = "t\nVin in 0 1\nRl out 0 1k\n"


TAKEN = [
    (".param k=1\n.if (k==1)\nR1 in out 1k\n.else\nR1 in out 2k\n.endif\n", 1e3),
    (".param k=2\n.if (k==1)\nR1 in out 1k\n.elseif (k>1)\nR1 in out 2k\n.else\nR1 in out 3k\n.endif\n", 2e3),
    (".param k=0\n.if {k}\nR1 in out 1k\n.elseif k<0\nR1 in out 2k\n.else\nR1 in out 3k\n.endif\n", 3e3),
    (".param a=3 k={a-1}\n.if (k==2)\n.if (a==2)\nR1 in out 1k\n.else\nR1 in out 2k\n.endif\n.endif\n", 2e3),
    (".if (0)\n.if (zz)\nR1 in out 1k\n.else\nR1 in out 4k\n.endif\n.else\nR1 in out 5k\n.endif\n", 5e3),
    ("X1 in out s\n.subckt s a b PARAMS: k=3\n.if (k==3)\nR1 a b 6k\n.else\nR1 a b 7k\n.endif\n.ends\n", 6e3),
    ("X1 in out s k={q}\n.param q=2\n.subckt s a b k=3\n.if (k==3)\nR1 a b 6k\n.else\nR1 a b 7k\n.endif\n.ends\n", 7e3),
    (
        "X1 in out t z=3\n.subckt t a b z=1\n.param k=1\nX2 a b s k={z}\n.ends\n"
        ".subckt s a b k=2\n.if (k==3)\nR1 a b 6k\n.else\nR1 a b 7k\n.endif\n.ends\n",
        6e3,
    ),
    (
        ".if (0)\n.subckt s a b\nR1 a b 1k\n.ends\n.else\n.subckt s a b\nR1 a b 2k\n.ends\n.endif\nX1 in out s\n",
        2e3,
    ),
]


@pytest.mark.parametrize(("text", "expected"), TAKEN)
@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
def test_the_branch_that_is_taken(text, expected):
    circuit = read_netlist(MAIN + text)
    resistor = next(part for part in circuit.components if part.kind == "R" and part.name != "Rl")
    assert float(circuit[resistor.name].value) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".if (zz)\nR1 in out 1k\n.endif\n", "line 4: .if .zz.: unknown parameter zz"),
        (".endif\n", "line 4: .endif without .if"),
        (".else\nR1 in out 1k\n", "line 4: .else without .if"),
        (".param a=b b=a\n.if (a)\nR1 in out 1k\n.endif\n", "refer to each other in a circle"),
        (".if (1\nR1 in out 1k\n.endif\n", "line 4: .if .1: "),
    ],
)  # fmt: skip
def test_conditions_that_are_none(text, message):
    with pytest.raises(NetlistError, match=message):
        read_netlist(MAIN + text)


def test_what_a_condition_gave_is_said():
    with pytest.warns(NetlistWarning, match=r"line 5: \(k>1\) does not hold at the defaults of the parameters"):
        read_netlist(f"{MAIN}.param k=1\n.if (k>1)\nR9 in out 1\n.endif\nR1 in out 1k\n")


def test_a_parameter_that_is_stepped_has_the_first_value():
    for step in ("param r list 2k 3k", "param r 2k 5k 1k", "oct param r 2k 5k 3", "PARAM r LIST 2k, 3k"):
        assert read_netlist(f"{MAIN}R1 in out {{r}}\n.step {step}\n").controls == {"r": 2000.0}
    assert read_netlist(f"{MAIN}R1 in out {{r}}\n.param r=5k\n.step param r list 2k 3k\n").controls == {"r": 5000.0}


@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
def test_lines_for_others_are_passed_over():
    text = ".machine\nstate a 0\n.endmachine\n.aliases\nR_R1 R1(1=in)\n.endaliases\n.savebias x.txt\n.csparam a=1\n"
    assert read_netlist(f"{MAIN}R1 in out 1k\n{text}.ferret x\n.data d\n1 2\n.enddata\n")["R1"].value == 1e3

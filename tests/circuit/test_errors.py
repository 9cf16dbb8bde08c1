"""Every fault of a netlist has its own message, with the line."""

import pytest

from circuitnn.circuit import NetlistError, read_netlist

RC = "title\nVin in 0 1\nR1 in out 1k\nC1 out 0 10n\n"  # the line added to it is number 5
DIODE = "D1 out 0 DX\n.model DX "


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("Q1 out in 0 NPN", "line 5: unknown device letter 'Q'; known: R C L V I D\n    Q1 out in 0 NPN"),
        ("X1 out 0 amp", "line 5: subcircuits"),
        (".subckt amp a b", "line 5: .subckt: subcircuits are not supported"),
        (".include other.cir", "line 5: .include: included files are not supported"),
        (".lib standard.dio", "line 5: .lib: library files are not supported"),
        (".ic v(out)=1", "line 5: .ic: initial conditions are not supported"),
        (".nonsense", "line 5: unknown directive .nonsense"),
        ("R2 out 0 1k5", "line 5: '1k5' is not a number"),
        ("R2 out 0 lots", "line 5: 'lots' is not a number"),
        ("R2 out 0", "line 5: R2 needs one resistance"),
        ("R2 out 0 1k 2k", "line 5: R2 needs one resistance after its two nodes, got 1k 2k"),
        ("R2 out", "line 5: R2 needs two nodes"),
        ("R2 out 0 0", "line 5: the resistance of R2 must be positive, got 0"),
        ("C2 out 0 -1n", "line 5: the capacitance of C2 must be positive"),
        ("L2 out 0 {1-1}", "line 5: the inductance of L2 must be positive"),
        ("R2 out 0 1k tc1=1m", "line 5: R2: unknown parameter TC1"),
        ("C2 out 0 1n IC=2", "line 5: C2: initial conditions"),
        ("R2 out out 1k", "line 5: both ends of R2 are at the node 'out'"),
        ("r1 out 0 1k", "line 5: duplicate component r1"),
        ("R2 out 0 {1+}", "line 5: the expression '1+' ends too early"),
        ("R2 out 0 {1", "line 5: unbalanced braces"),
        ("R2 out 0 {foo}", "line 5: unknown parameter foo"),
        ("R2 out 0 {1/0}", "line 5: the expression {1/0} has no finite value"),
        ("R2 out 0 {t}\n.param t=-1", "line 5: R2 must be positive, got -1"),
        ("R2 out 0 {1/t}\n.param t=0", "line 5: R2 must be finite"),
        (".param a={b} b={a}", "line 5: the .param a, b refer to each other in a circle"),
        (".param a={a}", "line 5: the .param a refer to each other"),
        (".param a={c}", "line 5: unknown parameter c"),
        (".param a=1\n.param A=2", "line 6: duplicate .param A"),
        (".param a", "line 5: .param needs name=value pairs"),
        (".param a=", "line 5: .param a: empty expression"),
        (".param R1=1", "line 3: R1 is the name of two different values"),
        ("D1 out 0", "line 5: D1 needs the name of a .model"),
        ("D1 out 0 DX", "line 5: D1 refers to the .model DX, which is missing"),
        (DIODE + "NPN(BF=1)", "line 5: D1 is a diode and needs a .model of kind D; DX is of kind NPN"),
        (DIODE + "D(IS=0)", "line 6: .model DX: IS must be positive"),
        (DIODE + "D(N=-1)", "line 6: .model DX: N must be positive"),
        (DIODE + "D(IS=few)", "line 6: .model DX: IS: 'few' is not a number"),
        (DIODE + "D(CJO=4p)", "line 6: .model DX: CJO is not supported"),
        (DIODE + "D(BV=100)", "line 6: .model DX: BV is not supported"),
        (DIODE + "D(TNOM=25)", "line 6: .model DX: TNOM must be 27"),
        (DIODE + "D(IS=1n\n.model dx D(N=1)", "line 7: duplicate .model dx"),
        (DIODE + "D(IS=1n IS=2n)", "line 6: IS is given twice"),
        (".model DX", "line 5: .model needs a name and a kind"),
        (".temp 50", "line 5: the temperature is 27 C here, got 50"),
        (".options temp=30", "line 5: the temperature is 27 C here, got 30"),
        ("V2 in 0 1", "line 5: loop of voltage sources and inductors: Vin, V2"),
        ("L1 in a 1\nL2 a 0 1", "line 6: loop of voltage sources and inductors: L1, Vin, L2"),
        ("R2 a b 1k\nR3 a b 1k", "line 5: node a (of R2) is floating: nothing connects it to ground"),
        ("R2 out b 1k", "line 5: node b is dangling: only R2 is connected to it"),
        ("C2 out b 1n\nC3 b 0 1n", "line 5: node b has no DC path to ground"),
        ("I1 out b 1m\nC3 b 0 1n", "line 5: node b has no DC path to ground"),
        ("V2 out b foo", "line 5: 'foo' is not a number"),
        ("V2 out b DC", "line 5: V2: DC without a value"),
        ("V2 out b 1 Rser=3", "line 5: V2: unknown parameter 'Rser'"),
    ],
)
def test_a_fault_is_named_with_its_line(added, message):
    text = RC + added + "\n"
    with pytest.raises(NetlistError) as caught:
        read_netlist(text)
    assert str(caught.value).startswith(message)
    assert caught.value.line == int(message.split(":")[0].removeprefix("line "))
    assert caught.value.text == text.splitlines()[caught.value.line - 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title\nVin in a 1\nR1 in out 1k\nR2 out a 1k\n", "no component is connected to ground"),
        ("title\nV1 in 0 1\nR1 in out 1k\nR2 out 0 1k\n", "no source named 'Vin' for the input; the sources are V1"),
        ("title\nVin in 0 1\nR1 in o 1k\nR2 o 0 1k\n", "no node named 'out' for the output; the nodes are in, o"),
        ("title\n", "the netlist has no components"),
        ("\n\n", "the netlist has no components"),
        ("+ 1k\nVin in 0 1\n", "line 1: a continuation line with nothing before it"),
        (
            "Vin in 0 1 oops\nR1 in out 1k\nR2 out 0 1\n",
            "no source named 'Vin'.*'Vin in 0 1 oops', was taken as the title",
        ),
        ("a\0b\n", "NUL"),
    ],
)
def test_a_fault_of_the_whole(text, message):
    with pytest.raises(NetlistError, match=message):
        read_netlist(text)


def test_wrong_first_lines_are_elements_all_the_same():
    with pytest.raises(NetlistError, match="line 1: unknown device letter 'Q'"):
        read_netlist("Q1 out in 0 NPN\nVin in 0 1\n")
    with pytest.raises(NetlistError, match="line 1: '1k5' is not a number"):
        read_netlist("R1 in out 1k5\nVin in 0 1\n")


def test_an_open_output_is_no_dangling_node():
    assert read_netlist("t\nVin in 0 1\nR1 in out 1k\nC1 in 0 1n\n").outputs == ("out",)

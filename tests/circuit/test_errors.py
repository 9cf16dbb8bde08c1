"""Every fault of a netlist has its own message, with the line."""

import pytest

from circuitnn.circuit import NetlistError, read_netlist

RC = "title\nVin in 0 1\nR1 in out 1k\nC1 out 0 10n\n"  # the line added to it is number 5
DIODE = "D1 out 0 DX\n.model DX "
COILS = "L1 out 0 1m\nL2 in x 1m\n"


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("Y1 out in 0 0 NM", "line 5: unknown device letter 'Y'; known: R C L K V I E G F H B D Q J"),
        ("X1 out 0 amp", "line 5: X1 refers to the .subckt amp, which is missing; there are: none"),
        (".subckt amp a b", "line 5: .subckt without .ends"),
        (".subckt amp a b\n.end", "line 5: .subckt without .ends"),
        (".ends", "line 5: .ends without .subckt"),
        (".subckt\n.ends", "line 5: .subckt needs a name, then its nodes"),
        (".subckt amp a A\n.ends", "line 5: .subckt amp: its nodes must be different"),
        (".subckt amp a b OPTIONAL: c\n.ends", "line 5: .subckt: OPTIONAL: c is no node=default"),
        ("X1 out amp\n.subckt amp a b\n.ends", "line 5: X1 has 1 nodes; the .subckt amp has 2: a b"),
        (
            "X1 out amp\n.subckt amp a\nX2 a amp\n.ends",
            "line 7: subcircuits more than 20 deep; does amp contain itself",
        ),
        ("X1 out amp\n.subckt amp a\nR1 a 0 {r}\n.ends", "line 7: unknown parameter r"),
        ("X1 out amp c=-1\n.subckt amp a\nC1 a 0 {c}\n.ends", "line 7: the capacitance of C.X1.C1 must be positive"),
        (
            "X1 out amp\n.subckt amp a r={q}\n.param q={r}\nR1 a 0 1\n.ends",
            "line 7: the .param r, q refer to each other",
        ),
        ("X1", "line 5: X1 needs its nodes"),
        (".include other.cir", "line 5: .include: a netlist given as text has no folder"),
        (".lib diodes.dio", "line 5: .lib: a netlist given as text has no folder"),
        (".func f(x) {f(x)}\nR2 out 0 {f(1)}", "line 6: the .func f calls itself"),
        (".func f(x,x) {x}", "line 5: .func f: parameters are different names"),
        (".func f x", "line 5: .func needs a name"),
        (".func f(x) {x}\nR2 out 0 {f(1,2)}", "line 6: f takes 1 argument(s), got 2"),
        (".nonsense", "line 5: unknown directive .nonsense"),
        (".parm a=1", "line 5: unknown directive .parm: is .param meant?"),
        ("R2 out 0 1k5", "line 5: '1k5' is not a number"),
        ("R2 out 0 lots", "line 5: unknown parameter lots"),
        ("R2 out 0", "line 5: R2 needs one resistance"),
        ("R2 out 0 1k 2k", "line 5: R2 needs one resistance after its two nodes, got 1k 2k"),
        ("R2 out", "line 5: R2 needs two nodes"),
        ("C2 out 0 -1n", "line 5: the capacitance of C2 must be positive"),
        ("L2 out 0 {1-2}", "line 5: the inductance of L2 must be positive"),
        ("R2 out 0 1k kc1=1m", "line 5: R2: unknown parameter KC1"),
        ("R2 out 0 1k tc1=1m temp=warm", "line 5: unknown parameter warm"),
        ("R2 out 0 1k m=0", "line 5: M= must be positive"),
        ("L2 out OUT 1m", "line 5: both ends of L2 are at the node 'out'"),
        ("r1 out 0 1k", "line 5: duplicate component r1"),
        ("R2 out 0 {1+}", "line 5: the expression '1+' ends too early"),
        ("R2 out 0 {1", "line 5: unbalanced braces"),
        ("R2 out 0 {foo}", "line 5: unknown parameter foo"),
        ("R2 out 0 {1/0}", "line 5: the expression {1/0} has no finite value"),
        ("R2 out 0 {1/t}\n.param t=0", "line 5: R2 must be finite"),
        (".param a={b} b={a}", "line 5: the .param a, b refer to each other in a circle"),
        (".param a={a}", "line 5: the .param a refer to each other"),
        (".param a={c}", "line 5: unknown parameter c"),
        (".param a", "line 5: .param needs name=value pairs"),
        (".param a=", "line 5: .param a: empty expression"),
        ("D1 out 0", "line 5: D1 needs the name of a .model"),
        ("D1 out 0 DX", "line 5: D1 refers to the .model DX, which is missing"),
        (DIODE + "NPN(BF=1)", "line 5: D1 is a diode and needs a .model of kind D; DX is of kind NPN"),
        (DIODE + "D(IS=0)", "line 6: DX.IS must be positive"),
        (DIODE + "D(N=-1)", "line 6: DX.N must be positive"),
        (DIODE + "D(IS=few)", "line 6: unknown parameter few"),
        (DIODE + "D(CJO=-4p)", "line 6: DX.CJO must not be negative"),
        (DIODE + "D(CJO=4p FC=1.5)", "line 6: DX.FC must be from 0 to less than 0.95"),
        (DIODE + "D(BV=-100)", "line 6: DX.BV must be positive"),
        (DIODE + "D(TNOM=-300)", "line 6: DX.TNOM must be above -273.15"),
        (DIODE + "ako:DX", "line 6: .model DX: models that are of each other (AKO) in a circle"),
        (DIODE + "ako:DY N=2", "line 6: DX refers to the .model DY, which is missing"),
        (".model DX", "line 5: .model needs a name and a kind"),
        (".temp", "line 5: .temp needs a temperature in degrees Celsius"),
        (".options temp=", "line 5: .options temp= needs a temperature in degrees Celsius"),
        (".option TNOM", "line 5: .option tnom= needs a temperature in degrees Celsius"),
        (".options temp= tnom=27", "line 5: .options temp= needs a temperature in degrees Celsius"),
        (".options reltol=1m temp = gmin=1p", "line 5: .options temp= needs a temperature in degrees Celsius"),
        (".temp abc", "line 5: unknown parameter abc"),
        (".options tnom={q}", "line 5: unknown parameter q"),
        (".temp -300\nD1 out 0 DX\n.model DX D", "line 7: DX.TEMP must be above -273.15 degrees Celsius"),
        ("R2 out 0 RM 1k\n.model RM NPN", "line 6: .model RM is of kind NPN; a resistor needs R or RES"),
        ("C2 out 0 CM\n.model CM C(TC1=1m)", "line 5: neither the line nor the model says what the capacitance is"),
        ("V2 in 0 1", "line 5: loop of voltage sources and inductors: Vin, V2"),
        ("L1 in a 1\nL2 a 0 1", "line 6: loop of voltage sources and inductors: L1, Vin, L2"),
        ("R2 a b 1k\nR3 a b 1k", "line 5: node a (of R2) is floating: nothing connects it to ground"),
        ("I1 out b 1m", "line 5: node b has no DC path to ground"),
        ("I1 out b 1m\nC3 b 0 1n", "line 5: node b has no DC path to ground"),
        ("V2 out b foo", "line 5: unknown parameter foo"),
        ("V2 out b DC", "line 5: V2: DC without a value"),
        ("V2 out b 1 Rser=-3", "line 5: V2: RSER= must not be negative"),
        ("C2 out b 1n Rpar=4k7", "line 5: '4k7' is not a number"),
        ("K1 L1 L2 0.5", "line 5: K1 refers to L1, which is no inductor; there are: none"),
        (
            COILS + "K1 L1 L2 1.1",
            "line 7: the coupling coefficient of K1 must be between -1 and 1, and not 0, got 1.1",
        ),
        (COILS + "K1 L1 L2 0", "line 7: the coupling coefficient of K1 must be between -1 and 1"),
        (COILS + "K1 L1 L1 0.5", "line 7: K1 couples an inductor with itself"),
        (COILS + "K1 L1 0.5", "line 7: K1 needs the names of two or more inductors"),
        (COILS + "K1 L1 L2 0.5\nK2 L2 L1 0.5", "line 8: K2 couples the inductors that K1 does"),
        (
            COILS + "L3 b 0 1\nR3 b 0 1\nK1 L1 L2 .9\nK2 L2 L3 .9\nK3 L1 L3 -.9",
            "line 11: the couplings K1, K2, K3 cannot",
        ),
        (COILS + "K1 L1 L2 {t}\n.param t=2", "line 7: K1 must be between -1 and 1, and not 0, got 2"),
        ("E1 out 0 in 5", "line 5: E1 needs two nodes, two sensed nodes and a gain, got in 5"),
        ("E1 out 0 LAPLACE {v(in)} {s}", "line 5: E1: LAPLACE: the degree above the fraction is higher"),
        ("F1 out 0 R1 5", "line 5: F1 refers to R1, which is no voltage source; there are: Vin"),
        ("F1 out 0 Vx 5", "line 5: F1 refers to Vx, which is no voltage source"),
        ("H1 out 0 Vin", "line 5: H1 needs two nodes, the voltage source that is sensed and a transresistance"),
        ("E1 in 0 out 0 5", "line 5: loop of voltage sources and inductors: Vin, E1"),
        ("B1 in 0 V=v(out)", "line 5: loop of voltage sources and inductors: Vin, B1"),
        ("B1 out 0", "line 5: B1 needs two nodes, then V=expression or I=expression"),
        ("B1 out 0 R=v(in)", "line 5: B1: R= is not supported"),
        ("B1 out 0 V=", "line 5: empty expression"),
        ("B1 out 0 V=v(nix)", "line 5: B1 refers to the node nix; the nodes are in, out"),
        ("B1 out 0 I=i(R7)", "line 5: B1 refers to R7, which is no voltage source"),
        ("B1 out 0 I=v(in)*q", "line 5: unknown parameter q"),
        ("B1 out 0 I=v(in) Rmax=1", "line 5: B1: unknown parameter RMAX"),
        ("B1 out 0 I=v(in) tc1=1 2", "line 5: TC1= has two values"),
        ("E1 out 0 FREQ {v(in)} (1,0,0)", "line 5: E1: FREQ is not supported; a response by a table is no circuit"),
        ("G1 out 0 b 0 1", "line 5: node b (of G1) is floating"),
        ("Q1 out in 0", "line 5: Q1 needs the name of a .model (NPN or PNP) after its three nodes"),
        ("Q1 out in", "line 5: Q1 needs three nodes, then its model"),
        ("Q1 out in 0 DX\n.model DX D", "line 5: Q1 is a transistor and needs a .model of kind NPN or PNP"),
        ("D1 out 0 DX\n.model DX D(AREA=2)", "line 6: .model DX: AREA is not supported"),
        ("Q1 out in 0 QX\n.model QX NPN(VAF=-1)", "line 6: QX.VAF must be positive"),
        ("J1 out in 0 JX\n.model JX NJF(B=-2)", "line 6: JX.B must not be negative, got -2.0"),
        ("J1 out in 0 JX\n.model JX NJF(LAMBDA=-1)", "line 6: JX.LAMBDA must not be negative"),
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
        (
            "title\nV1 vcc 0 9\nV2 a 0 5\nR1 vcc out 1k\nR2 out a 1k\n",
            "no source named 'Vin' for the input; the sources are V1, V2; inputs= names one",
        ),
        (
            "title\nVin in 0 1\nR1 in o 1k\nR2 o p 1k\nR3 p 0 1k\n",
            "no node named 'out' for the output; the nodes are in, o, p",
        ),
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
    with pytest.raises(NetlistError, match=r"line 1: M1 refers to the \.model NM, which is missing"):
        read_netlist("M1 out in 0 0 NM\nVin in 0 1\nR1 in out 1k\n")
    with pytest.raises(NetlistError, match="line 1: '1k5' is not a number"):
        read_netlist("R1 in out 1k5\nVin in 0 1\n")


def test_an_open_output_is_no_dangling_node():
    assert read_netlist("t\nVin in 0 1\nR1 in out 1k\nC1 in 0 1n\n").outputs == ("out",)

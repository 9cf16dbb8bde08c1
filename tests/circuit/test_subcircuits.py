"""Subcircuits are put in the place of their instances; included files come from the netlist's folder only."""

import os

import pytest

from circuitnn.circuit import NetlistError, NetlistWarning, read_netlist
from circuitnn.expressions.tree import Binary, Current, Name, Number, Voltage

AMP = """amplifier
.param gain=3 wide=2
Vin in 0 1
X1 in mid amp PARAMS: gain={gain*2} r = 2k
X2 mid out pair
Rl out 0 10k
.subckt pair a b
X1 a n amp r=5k
Rn n b 1k
.ends pair
.subckt AMP In Out gain=1 r=1k k={r*2}
.param half={r/2}
Vs in s 0
Rin s 0 {half}
E1 e 0 s GND {gain*wide}
B1 x e V={k*i(Vs)+v(s,e)*gain+v(0,s)+v(vcc)}
Rx x out {k}
D1 out 0 DX
D2 out 0 DTOP
F1 out 0 Vs 2
Q1 vcc s 0 QX
.model DX D(IS={1n*gain} N=1.5)
.ends
.global VCC
Vcc vcc 0 9
.model DTOP D(IS=1p)
.model QX NPN
.end
"""


def test_instances_are_named_as_in_ngspice():
    c = read_netlist(AMP)
    parts = {part.name: part for part in c.components}
    assert parts["R.X2.X1.Rin"].nodes == ("X2.X1.s", "0")
    assert parts["R.X2.Rn"].nodes == ("X2.n", "out")
    assert parts["E.X1.E1"].nodes == ("X1.e", "0", "X1.s", "0")
    assert parts["F.X1.F1"].sense == "V.X1.Vs"
    assert parts["Q.X2.X1.Q1"].nodes == ("vcc", "X2.X1.s", "0")
    assert (parts["D.X1.D1"].model, parts["D.X2.X1.D2"].model) == ("X1.DX", "DTOP")
    assert [model.name for model in c.models] == ["X1.DX", "DTOP", "QX", "X2.X1.DX"]


def test_parameters_of_instances_become_numbers_and_knobs_stay():
    c = read_netlist(AMP)
    assert c.controls == {"gain": 3.0, "wide": 2.0}
    assert (float(c["R.X1.Rin"].value), float(c["R.X1.Rx"].value)) == (1000.0, 4000.0)
    assert (float(c["R.X2.X1.Rin"].value), float(c["R.X2.X1.Rx"].value)) == (2500.0, 10e3)
    assert "R.X1.Rin" in c.values
    parts = {part.name: part for part in c.components}
    assert parts["E.X1.E1"].value == Binary("*", Binary("*", Name("gain"), Number(2.0)), Name("wide"))
    assert float(c["E.X2.X1.E1"].value) == 2.0
    assert float(c.resolve({"gain": 5.0})["E.X1.E1"]) == 20.0
    assert float(c.resolve({"gain": 5.0})["X1.DX.IS"]) == pytest.approx(1e-8)
    text = str(parts["B.X1.B1"].value)
    assert text == "((((4000.0*i(V.X1.Vs))+(v(X1.s,X1.e)*(gain*2.0)))+(-v(X1.s)))+v(vcc))"
    assert read_netlist(c.to_spice()) == c


def test_a_parameter_is_looked_up_in_what_the_instance_stands_in():
    text = "t\nVin in 0 1\nX1 in out outer r=3k\n.subckt outer a b r=1k\nX1 a b inner\n.ends\n"
    c = read_netlist(text + ".subckt inner a b\nR1 a b {r}\nR2 b 0 {pi*r}\n.ends\n")
    assert float(c["R.X1.X1.R1"].value) == 3000.0


def test_a_power_of_a_parameter_keeps_its_meaning_in_a_b_source():
    text = "t\nVin in 0 1\nX1 in out amp g={pow(k,3)}\n.param k=-2\n.subckt amp a b g=1\nB1 b 0 V=v(a)*g+g^3\n.ends\n"
    c = read_netlist(text, dialect="ngspice")
    written = c.to_spice()
    assert "pwr(k,3.0)" in written
    assert read_netlist(written) == c


def test_definitions_inside_of_definitions_and_functions():
    c = read_netlist("""t
.func twice(x) {2*x}
Vin in 0 1
X1 in out amp
R9 out 0 {twice(twice(1k))}
.subckt amp a b
.func r(n) = {twice(n)*1k}
.subckt cell a b
R1 a b {r(3)}
D1 a b DX
.ends
X1 a b cell
.model DX D(IS=2n)
.ends
""")
    assert (float(c["R.X1.X1.R1"].value), float(c["R9"].value)) == (6000.0, 4000.0)
    assert float(c.values["X1.DX.IS"]) == 2e-9


@pytest.mark.slow
def test_what_multiplies_is_bounded():
    head = "t\nVin in 0 1\nR1 in out 1k\nX1 out s0\n"
    layers = "".join(f".subckt s{k} a\nX1 a s{k + 1}\nX2 a s{k + 1}\n.ends\n" for k in range(19))
    for leaf in (".subckt s19 a\n.ends\n", ".subckt s19 a\nR1 a 0 1k\n.ends\n"):
        with pytest.raises(NetlistError, match=r"too large|more than 4000 components"):
            read_netlist(head + layers + leaf)
    chain = ".param p0=1\n" + "".join(f".param p{k + 1}={{p{k}+p{k}}}\n" for k in range(900))
    with pytest.raises(NetlistError, match="deeper than"):
        read_netlist(
            head + ".subckt s0 a x=1\n" + chain.replace("p0=1", "p0={q}") + "R1 a 0 {p900}\n.ends\n.param q=1\n"
        )
    functions = ".func f0(x) {x}\n" + "".join(f".func f{k + 1}(x) {{f{k}(x)+f{k}(x)}}\n" for k in range(30))
    with pytest.raises(NetlistError, match=r"deeper than|more than 16 deep"):
        read_netlist(head.replace("X1 out s0\n", "R2 out 0 {f15(1)}\n") + functions)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret.lib").write_text("R9 in out 1\n")
    inside = tmp_path / "circuit"
    (inside / "sub").mkdir(parents=True)
    (inside / "amp.lib").write_text(".subckt amp a b\n.include sub/r.inc\n.ends\n.end\nnonsense\n")
    (inside / "sub" / "r.inc").write_text("* a comment\nR1 a b 1k\n.inc 'more.inc'\n")
    (inside / "sub" / "more.inc").write_text("R2 b 0 2k\n")
    (inside / "corners.lib").write_text(".lib slow\nR5 out 0 5k\n.endl\n.lib fast\nR5 out 0 1k\n.endl fast\n")
    return inside


def read_in(folder, line):
    (folder / "main.cir").write_text(f"title\nVin in 0 1\n{line}\nX1 in out amp\n.end\n")
    return read_netlist(folder / "main.cir")


def test_files_of_the_folder_are_included(folder):
    c = read_in(folder, '.include "amp.lib"')
    assert [part.name for part in c.components] == ["Vin", "R.X1.R1", "R.X1.R2"]
    assert read_in(folder, ".lib amp.lib") == c
    c = read_in(folder, ".lib amp.lib\n.lib corners.lib FAST")
    assert float(c["R5"].value) == 1000.0


def test_no_other_file_is_read(folder):
    (folder / "link.lib").symlink_to(folder.parent / "secret.lib")
    (folder / "up").symlink_to(folder.parent)
    os.mkfifo(folder / "pipe.lib")
    (folder / "loop.lib").write_text(".include loop.lib\n")
    (folder / "binary.lib").write_bytes(b"\0" * 100)
    (folder / "wrong.lib").write_text("\nR9 in out\n")
    for name, message in (
        ("../secret.lib", "only files within"), (str(folder.parent / "secret.lib"), "only files within"),
        ("link.lib", "is a link to another place"), ("up/secret.lib", "is a link to another place"),
        ("sub/../../secret.lib", "only files within"), ("~/secret.lib", "only files within"),
        ("..\\secret.lib", "only files within"), ("no.lib", "there is no file 'no.lib'"), ("sub", "is a folder"),
        ("pipe.lib", "is a pipe, a device or a socket"), ("loop.lib", "include each other more than 16 deep"),
        ("", "needs the name"),
        ("binary.lib", "holds NUL"), ("a b", "there is no file 'a b'"), ("C:secret.lib", "only files within"),
        ("C:\\up\\secret.lib", "only files within"), ("sub/a:b", "only files within"), ("\\\\up\\secret", "only files"),
        ("wrong.lib", "wrong.lib, line 2: R9 needs one"),
    ):  # fmt: skip
        with pytest.raises(NetlistError, match=message.replace("\\", ".")):
            read_in(folder, f".include {name}")
    with pytest.raises(NetlistError, match="no section 'typical'"):
        read_in(folder, ".lib corners.lib typical")
    (folder / "many.lib").write_text("".join(".include sub/more.inc\n" for _ in range(101)))
    with pytest.raises(NetlistError, match="more than 100 included files"):
        read_in(folder, ".include many.lib")


def test_files_above_are_included_by_the_word_of_the_user(folder):
    for line in (".include ../secret.lib", ".inc '..\\Secret.LIB'", f".lib {folder.parent / 'secret.lib'}"):
        (folder / "main.cir").write_text(f"title\nVin in 0 1\n{line}\nR1 out 0 1\n.end\n")
        c = read_netlist(folder / "main.cir", root=folder.parent)
        assert [part.name for part in c.components] == ["Vin", "R9", "R1"]
        with pytest.raises(NetlistError, match="only files within"):
            read_netlist(folder / "main.cir")
    (folder / "far.lib").symlink_to("/etc/hostname")
    (folder / "main.cir").write_text("title\nVin in 0 1\n.include far.lib\nR1 out 0 1\n")
    with pytest.raises(NetlistError, match="a link to another place"):
        read_netlist(folder / "main.cir", root=folder.parent)
    c = read_netlist("title\nVin in 0 1\n.include secret.lib\nR1 out 0 1\n", root=folder.parent)
    assert "R9" in c
    for root in (folder / "sub", folder / "none"):
        with pytest.raises(ValueError, match="root: "):
            read_netlist(folder / "main.cir", root=root)


def test_absolute_names_of_another_machine_are_taken_from_beside_the_netlist(folder):
    for line in (r".lib C:\Users\me\my models\AMP.lib", ".include /home/me/amp.lib", '.inc "\\\\host\\share\\amp.lib"'):
        with pytest.warns(NetlistWarning, match=r"line 3: (?i:amp\.lib) is taken from the folder of the netlist"):
            assert "R.X1.R1" in read_in(folder, line)
    with pytest.raises(NetlistError, match=r"put a copy of my\.dio into the folder.* root= .* that has cmp/my\.dio"):
        read_in(folder, r".lib C:\Users\me\LTspice\lib\cmp\my.dio")


def test_the_end_of_an_absolute_name_is_looked_for_below_the_root(folder):
    (folder / "sub" / "main.cir").write_text("title\nVin in 0 1\n.include /home/me/work/SUB/more.inc\nR1 in out 1\n")
    (folder / "sub" / "more.inc").rename(folder / "more.inc")
    with pytest.raises(NetlistError, match=r"that has SUB/more\.inc"):
        read_netlist(folder / "sub" / "main.cir", root=folder)
    (folder / "sub" / "Sub").mkdir()
    (folder / "more.inc").rename(folder / "sub" / "Sub" / "more.inc")
    with pytest.warns(NetlistWarning, match=r"line 3: more\.inc is taken from Sub, and not from .home.me.work.SUB"):
        read_netlist(folder / "sub" / "main.cir", root=folder)


def test_a_file_that_is_nowhere_is_a_note_where_own_parts_stand_in(folder):
    missing = ".include /home/me/2n3904.lib\n.include nowhere.lib\n"
    circuit = "Q1 in a 0 2N3904\nR9 a in 1k\nR8 in out 1\n"

    def read(text):
        (folder / "main.cir").write_text(f"title\nVin in 0 1\n{text}")
        return read_netlist(folder / "main.cir", outputs="in")

    with pytest.warns(NetlistWarning, match=r"only files within .*: what is missing is this library's own"):
        c = read(missing + circuit)
    assert c.models[0].name == "2N3904"
    with pytest.raises(NetlistError, match="2 faults:"):
        read(missing + "R9 in out 1k")  # who knows what is in them
    with pytest.raises(NetlistError, match=r"3 faults:(.|\n)*XYZ-1"):
        read(missing + circuit + "D1 in 0 XYZ-1")
    with pytest.raises(NetlistError, match=r"Q1 refers to the \.model 2N3904"):
        read(".include ../2n3904.lib\n" + circuit)  # is there, for all that is known


def test_leaves_are_of_the_flattened_netlist():
    c = read_netlist(
        "t\nVin IN 0 1\nX1 in Out s\n.subckt s a b\nB1 b 0 V={v(A)*i(v1)+v(b,a)}\nV1 A q\nR1 q 0 1\n.ends\n"
    )
    tree = c.components[1].value
    assert isinstance(tree, Binary)
    assert tree.left == Binary("*", Voltage("IN"), Current("V.X1.V1"))
    assert tree.right == Voltage("Out", "IN")

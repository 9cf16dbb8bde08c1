import numpy as np
import pytest

from circuitnn.circuit import NetlistError, read_netlist

RC = "Vin in 0 1\nR1 in out 1k\nC1 out 0 10n\n"


def test_every_kind_of_line():
    c = read_netlist("""
* Title of the netlist
*** comment
.param treble=0.5 gain = {2 * treble} total=250k, ratio=gain/4 ; three forms of a value
.params half = total / 2   big={
+ total * 2}
VIN in GND DC 0.5 AC 1 0 SIN(0 1 1k) $ the signal
+
R1 in Out {(1-Treble)*TOTAL+1} ; braces with spaces
R2 out N001 r=2.2kOhm
C1 N001 0 C = 10nF IC=0 // a unit
L1 out 0 L=1m
I1 n001 0 -1m
D1 out 0 dmod 2
D2 0 out DMOD area={ratio*4}
D3 0 n001 Dmod
.MODEL DMOD D ( Is = 2.52n,
* in between
+ N=1.752  Rs=0 Cjo=0 mfg=OnSemi type=silicon Vpk=75 Eg=1.11)
.model unused NPN(BF=200)
.tran 1u 10m
.option temp=27 reltol=1e-4
.control
run
plot v(out)
.endc
.backanno
.end
Q1 is not read any more
""")
    assert c.title == "Title of the netlist"
    assert c.controls == {"treble": 0.5, "total": 250e3}
    values = {name: float(value) for name, value in c.resolve().items()}
    assert values == {
        "VIN": 0.5, "R1": 125001.0, "R2": 2200.0, "C1": 1e-8, "L1": 1e-3, "I1": -1e-3, "D1": 2.0, "D2": 1.0, "D3": 1.0,
        "DMOD.IS": 2.52e-9, "DMOD.N": 1.752,
        "treble": 0.5, "total": 250e3, "gain": 1.0, "ratio": 0.25, "half": 125e3, "big": 5e5,
    }  # fmt: skip
    assert c.inputs == ("VIN",)
    assert c.outputs == ("Out",)
    assert c.nodes == ("in", "Out", "N001")
    assert [part.model for part in c.components if part.kind == "D"] == ["DMOD"] * 3
    assert {part.name: part.line for part in c.components}["R2"] == 10


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (RC, ""), ("my clipper\n" + RC, "my clipper"), ("* my clipper\n" + RC, "my clipper"), ("\n\n" + RC, ""),
        ("Diode clipper of 1978\n" + RC, "Diode clipper of 1978"), ("Distortion\n" + RC, "Distortion"),
        ("R-C low pass, first order\n" + RC, "R-C low pass, first order"), (".param x=1\n" + RC, ""),
        ("Vox in the attic 3k\n" + RC, "Vox in the attic 3k"), (".title given\n" + RC, "given"),
        ("a\n.title b\n" + RC, "b"), ("Fuzz face by Arbiter 3\n" + RC, "Fuzz face by Arbiter 3"),
        ("Klon of 1994 0.5\n" + RC, "Klon of 1994 0.5"), ("Great old fuzz box 2\n" + RC, "Great old fuzz box 2"),
        ("Fx out 0 Vin 2\n" + RC, ""), ("Ex a 0 in out 2\nR2 a 0 1\n" + RC, ""),
        ("Xa out amp r=2k\n.subckt amp a r=1\nR1 a 0 {r}\n.ends\n" + RC, ""),
        ("Xylophone amp of 1930\n" + RC, "Xylophone amp of 1930"), ("*\n" + RC, ""),
        ("\r\nx\r\n" + RC.replace("\n", "\r\n"), "x"),
    ],
)  # fmt: skip
def test_title_of_a_text(text, title):
    c = read_netlist(text)
    assert c.title == title
    assert c.state_names == ("C1",)


def test_the_first_line_of_a_file_is_its_title(tmp_path):
    path = tmp_path / "rc.cir"
    path.write_text("R7 in 0 1k\n" + RC)
    assert read_netlist(path).title == "R7 in 0 1k"
    assert "R7" not in read_netlist(str(path))
    assert "R7" in read_netlist(path.read_text())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le"])
def test_the_encodings_of_ltspice(tmp_path, encoding):
    path = tmp_path / "rc.net"
    path.write_bytes("* für µ\nVin in 0 1\nR1 in out 1k\nC1 out 0 4.7µF\n".encode(encoding))
    c = read_netlist(path)
    assert c["C1"].value == 4.7e-6
    assert c.title == "für µ"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(export (version D)\n  (design\n", "KiCad's netlist for boards"),
        ("(kicad_sch (version 20231120)\n", "a file of KiCad's own"),
        ("EESchema Schematic File Version 4\n", "a schematic of KiCad"),
        ("<Qucs Schematic 0.0.19>\n", "a schematic of Qucs"),
        ('\n<?xml version="1.0" encoding="utf-8"?>\n<Schematic>\n', "XML"),
        ("\n\n<!doctype html>\n<html>\n", "a page of the web"),
    ],
)
def test_files_of_other_programs_are_told_apart(text, message):
    with pytest.raises(NetlistError, match=f"no SPICE netlist, but {message}") as error:
        read_netlist(text)
    assert len(error.value.faults) == 1


def test_a_missing_file_says_so(tmp_path):
    for source in (tmp_path / "no.cir", str(tmp_path / "no.cir"), "R1 in out 1k", "x" * 5000, "a\0b"):
        with pytest.raises(FileNotFoundError, match="no such netlist file"):
            read_netlist(source)
    with pytest.raises(TypeError, match="a path or a text"):
        read_netlist(3)  # type: ignore[arg-type]


def test_several_inputs_and_outputs():
    text = "t\nVa a 0 1\nIb 0 b 2\nR1 a b 1k\nR2 b c 1k\nR3 c 0 1k\n"
    c = read_netlist(text, inputs=("ib", "VA"), outputs=("C", "b"))
    assert (c.inputs, c.outputs) == (("Ib", "Va"), ("c", "b"))
    assert read_netlist(text, inputs="Va", outputs="c").inputs == ("Va",)
    for inputs, outputs, message in (
        (("Va", "va"), "c", "twice"), ((), "c", "one or more"), ("Vx", "c", "the sources are Va, Ib"),
        ("R1", "c", "R1 is no source"), ("Va", "d", "the nodes are a, b, c"), ("Va", "0", "no node named '0'"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            read_netlist(text, inputs=inputs, outputs=outputs)


@pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning")
def test_a_waveform_is_replaced_on_an_input_and_random_ones_are_refused_elsewhere():
    text = RC.replace("Vin in 0 1", "Vin in 0 {wave}") + "R2 out x 1k\nVx x 0 3\n"
    for wave, rest in (
        ("SIN(0.5 1 1k)", 0.5), ("PULSE(2 3)", 2.0), ("PWL(0 1 2 3)", 1.0), ("DC 4 SINE(0 1 1)", 4.0), ("AC 1", 0.0),
        ("SFFM(1 2)", 1.0), ("wavefile=guitar.wav chan=0", 0.0), ("AC 1 90 DC=2", 2.0), ("", 0.0),
    ):  # fmt: skip
        assert read_netlist(text.replace("{wave}", wave))["Vin"].value == rest
    with pytest.raises(NetlistError, match=r"line 5: Vx is no input: TRNOISE beside the input is not supported"):
        read_netlist(text.replace("{wave}", "1").replace("Vx x 0 3", "Vx x 0 TRNOISE(1 1n)"))


def test_parameters_come_after_those_they_refer_to():
    c = read_netlist(".param a={b+d} b={c*2} c=3 d={c}\n" + RC)
    assert [parameter.name for parameter in c.parameters] == ["c", "b", "d", "a"]
    assert c.controls == {"c": 3.0}


def test_a_parameter_may_have_the_name_of_a_component_that_uses_it():
    c = read_netlist(".param R1=2k\n" + RC.replace("1k", "{R1}"))
    assert c.replace(r1=3e3)["R1"].value == 3000.0
    np.testing.assert_allclose(c.resolve({"R1": 5e3})["R1"], 5e3)


def test_sizes_are_bounded(tmp_path):
    path = tmp_path / "large.cir"
    path.write_bytes(b"*" * 5_000_000)
    for source, message in (
        (path, "is larger than 4000000 bytes"), ("\n" * 1_000_001, "more than 1000000 characters"),
        ("t\n" + "".join(f"R{k} a 0 1\n" for k in range(4_001)), "more than 4000 components"),
        ("t\n" + "R1\n" * 20_001, "more than 20000 lines"),
        ("t\n" + "".join(f".param p{k}=1\n" for k in range(1_001)), "more than 1000 parameters"),
        ("t\nR1 a b 1\n" + "+ 1111111111\n" * 2000, "more than 20000 characters"),
    ):  # fmt: skip
        with pytest.raises(NetlistError, match=message):
            read_netlist(source)

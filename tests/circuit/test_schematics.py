"""LTspice's schematics: symbols, wires, flags and texts."""

import contextlib
from random import Random

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError, read_netlist
from circuitnn.circuit.asc import netlist_of
from tests.fuzz.mutations import mutated

pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.circuit.NetlistWarning")

# A divider: the wire of the output is met by the lower resistor in its middle, without an end there.
DIVIDER = """Version 4
SHEET 1 880 680
WIRE 0 0 -100 0
WIRE 96 0 80 0
WIRE 300 0 96 0
FLAG -100 80 0
FLAG 200 80 0
FLAG 300 0 out
SYMBOL voltage -100 -16 R0
SYMATTR InstName V1
SYMATTR Value SINE(0 1 1k)
SYMATTR Value2 AC 1
SYMBOL res 96 -16 R90
SYMATTR InstName R1
SYMATTR Value {r}
SYMBOL res 184 -16 R0
SYMATTR InstName R2
SYMATTR Value 3k
TEXT 0 200 Left 2 !.param r=1k\\n.tran 1m
TEXT 0 240 Left 2 ;a remark
"""


def test_a_schematic_is_the_circuit_that_it_draws(tmp_path):
    (tmp_path / "divider.asc").write_text(DIVIDER)
    for source in (DIVIDER, tmp_path / "divider.asc"):
        circuit = read_netlist(source)
        assert circuit.inputs == ("V1",)
        assert circuit.outputs == ("out",)
        assert circuit.controls == {"r": 1000.0}
        np.testing.assert_allclose(cn.nodal.frequency_response(circuit, [100.0]), 0.75, rtol=1e-6)


@pytest.mark.parametrize(
    ("turn", "ends"),
    [
        ("R0", ((16, 0), (16, 64))),
        ("R90", ((0, 16), (-64, 16))),
        ("R180", ((-16, 0), (-16, -64))),
        ("R270", ((0, -16), (64, -16))),
        ("M0", ((-16, 0), (-16, 64))),
        ("M90", ((0, -16), (-64, -16))),
        ("M180", ((16, 0), (16, -64))),
        ("M270", ((0, 16), (64, 16))),
    ],
)
def test_a_diode_may_be_turned_and_mirrored(turn, ends):
    flags = "".join(f"FLAG {x + 160} {y + 320} {name}\n" for (x, y), name in zip(ends, "ak", strict=True))
    text = f"Version 4\nSHEET 1 1 1\n{flags}SYMBOL diode 160 320 {turn}\nSYMATTR InstName D1\n"
    assert netlist_of(text).splitlines()[1:3] == ["D1 a k D", ".model D D"]


def test_flags_of_one_name_are_one_node_and_wires_that_cross_are_two():
    text = """Version 4
SHEET 1 1 1
WIRE 0 0 100 0
WIRE 50 -50 50 50
FLAG 0 0 a
FLAG 50 50 b
FLAG 500 64 a
FLAG 516 0 c
SYMBOL cap 84 0 R0
SYMATTR InstName C1
SYMATTR Value 1n
SYMBOL cap 500 0 R0
SYMATTR InstName C2
SYMATTR Value 2n
SYMBOL cap 34 50 R0
SYMATTR InstName X2
SYMATTR Value 3n
"""
    first, second, third = netlist_of(text).splitlines()[1:4]
    assert first.split()[1] == "a"
    assert second.split()[1] == "c"
    assert third.split()[:2] == ["C§X2", "b"]


def test_all_unknown_symbols_are_named_with_their_lines():
    text = DIVIDER.replace("SYMBOL res 96", "SYMBOL Robertugo\\\\pote 96").replace("SYMBOL voltage", "SYMBOL battery")
    with pytest.raises(NetlistError) as caught:
        read_netlist(text)
    assert [fault.line for fault in caught.value.faults] == [9, 13]
    assert "the symbol Robertugo\\\\pote is none of LTspice's usual ones" in str(caught.value)
    assert "let LTspice write the netlist" in str(caught.value)


def drawing(*lines, name="1"):
    """A schematic; "part NAME SYMBOL x y turn attributes ..." of a line is a symbol with attributes KEY=VALUE."""
    text = ["Version 4", "SHEET 1 880 680"]
    for line in lines:
        if not line.startswith("part "):
            text.append(line)
            continue
        _, name, symbol, x, y, turn, *attributes = line.split(" ")
        text += [f"SYMBOL {symbol} {x} {y} {turn}", f"SYMATTR InstName {name}"]
        text += [f"SYMATTR {attribute.replace('=', ' ', 1).replace('~', ' ')}" for attribute in attributes]
    return "\n".join(text) + "\n"


def elements(text, **where):
    return netlist_of(text, **where).splitlines()[1:-1]


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("M1 nmos 0 0 R0 Value=2N7002", "M1 d g s s 2N7002"),
        ("M1 pmos 0 0 R0", "M1 d g s s PMOS"),
        ("J1 pjf 0 0 R0 Value=J175", "J1 d NC_01 s J175"),
        ("Q1 npn2 -16 0 R0 Value=BC549C", "Q1 d NC_01 s 0 BC549C"),
        ("Q1 pnp4 -16 0 R0 Value=BC559", "Q1 d NC_01 s NC_02 BC559"),
        ("XFD npn3 -16 0 R0 Value=BC549C Value2=2", "Q§XFD d NC_01 s 0 BC549C 2"),
        ("V1 voltage 48 -16 R0 Value2=AC~1 SpiceLine=Rser=50", "V1 d NC_01 AC 1 Rser=50"),
        ("V1 voltage 48 -16 R0 Value=\"\" Value2=AC~1", "V1 d NC_01 AC 1"),
        ("I1 bi2 48 0 R0 Value=I=1m", "B§I1 NC_01 d I=1m"),
        ("E1 e 48 -16 R0 Value=2", "E1 d NC_02 g NC_01 2"),
        ("G1 g2 48 -16 R0 Value=1m", "G1 NC_02 d NC_01 g 1m"),
        ("S1 sw 48 -16 R0 Value=MYSW", "S1 d NC_02 NC_01 g MYSW"),
        ("F1 f 48 0 R0 Value=V1~10", "F1 d NC_01 V1 10"),
        ("U1 Misc\\\\triode 48 48 R0 Value=12AX7", "XU1 d NC_01 NC_02 12AX7"),
        ("U1 Opamps\\\\UniversalOpamp2 32 0 R0 Value2=Avol=1k", "XU1 g NC_02 NC_01 NC_04 NC_03 level2 Avol=1k"),
        ("U1 opamps\\\\LT6202 48 32 R0", "XU1 NC_03 NC_01 NC_02 d NC_04 LT6202"),
        ("D1 LED 32 0 R0 Value=QTLP690C", "D1 d NC_01 QTLP690C"),
    ],
)  # fmt: skip
def test_parts_are_lines_as_ltspice_writes_them(part, line):
    """The bulk of a MOSFET is at its source, the substrate of a transistor at ground; a foreign name gets a §."""
    text = drawing("FLAG 48 0 d", "FLAG 0 80 g", "FLAG 48 96 s", "FLAG 0 16 g", f"part {part}")
    assert elements(text)[0] == line


BUFFER = ("part V1 voltage 0 -16 R0 Value=AC~1", "part U1 {symbol} 100 0 R0", "FLAG 0 80 0", "FLAG 200 0 out",
          "WIRE 0 0 100 0", "WIRE 150 0 200 0", "part R1 res 184 -16 R0 Value=1k", "FLAG 200 80 0")  # fmt: skip
SYMBOL = """Version 4
SymbolType CELL
SYMATTR Prefix X
SYMATTR SpiceModel gain.lib
SYMATTR Value what is shown
SYMATTR Value2 gain A=3
PIN 50 0 NONE 0
PINATTR PinName out
PINATTR SpiceOrder 2
PIN 0 0 NONE 0
PINATTR PinName in
PINATTR SpiceOrder 1
"""


def saved(folder, symbol="My\\\\Gain", **files):
    """A buffer with a symbol of its own, and files beside it."""
    for name, text in {"gain.lib": ".subckt gain in out A=1\nE1 out 0 in 0 {A}\n.ends\n", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "buffer.asc").write_text(drawing(*(line.format(symbol=symbol) for line in BUFFER)))
    return folder / "buffer.asc"


@pytest.mark.parametrize("place", ["gain.asy", "GAIN.ASY", "my/gain.asy"])
def test_symbols_beside_a_schematic_have_their_pins_by_number_and_their_library(tmp_path, place):
    circuit = read_netlist(saved(tmp_path, **{place: SYMBOL}))
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, [100.0]), 3, rtol=1e-6)


def test_symbols_of_another_folder_are_read_by_the_word_of_the_caller_alone(tmp_path):
    inner = tmp_path / "inner"
    path = saved(inner, **{"../gain.asy": SYMBOL})
    with pytest.raises(NetlistError, match=r"line 6: the symbol My\\\\Gain is none .* no Gain\.asy beside"):
        read_netlist(path)
    assert read_netlist(path, root=tmp_path).outputs == ("out",)
    (inner / "gain.asy").symlink_to(tmp_path / "gain.asy")
    with pytest.raises(NetlistError, match="the symbol My"):
        read_netlist(path)
    for name in ("..\\\\gain", str(tmp_path / "gain"), "\\\\server\\gain"):
        with pytest.raises(NetlistError, match="the symbol "):
            read_netlist(saved(inner, symbol=name))


def test_a_sheet_in_a_sheet_is_refused_with_a_remedy(tmp_path):
    block = SYMBOL.replace("CELL", "BLOCK").replace("SYMATTR Prefix X\n", "")
    for files in ({"gain.asc": DIVIDER}, {"gain.asc": DIVIDER, "gain.asy": block}):
        with pytest.raises(NetlistError, match=r"line 6: .*a sheet of its own.*View, SPICE Netlist"):
            read_netlist(saved(tmp_path, **files))


def test_errors_of_the_netlist_have_the_lines_of_the_drawing():
    with pytest.raises(NetlistError) as caught:
        read_netlist(DIVIDER.replace("3k", "3q3k+").replace(".tran 1m", ".func f(x"))
    assert [fault.line for fault in caught.value.faults] == [16, 19]
    with pytest.raises(NetlistError, match=r"line 9: no SYMBOL of a schematic"):
        read_netlist(DIVIDER.replace("R0", "R45", 1))
    with pytest.raises(NetlistError, match=r"line 9: a SYMBOL without a name"):
        read_netlist(DIVIDER.replace("SYMATTR InstName V1\n", ""))
    with pytest.raises(NetlistError, match=r"line 16: the pins of this symbol are not known"):
        read_netlist(DIVIDER.replace("SYMBOL res 184", "SYMBOL OpAmps\\\\LT1784 184"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "latin-1"])
def test_any_encoding_of_ltspice(tmp_path, encoding):
    (tmp_path / "micro.asc").write_bytes(DIVIDER.replace("Value 3k", "Value 3000000000µ").encode(encoding))
    circuit = read_netlist(tmp_path / "micro.asc")
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, [100.0]), 0.75, rtol=1e-6)


def test_parts_that_lie_about_are_left_out_and_said():
    loose = drawing("part D7 diode 900 900 R0 Value=DX", "part R8 res 900 948 R0 Value=1k").split("\n", 2)[2]
    circuit = read_netlist(DIVIDER + loose)
    assert not {"D7", "R8"} & {part.name for part in circuit.components}
    assert [note.line for note in circuit.notes if "is left out" in note.message] == [21, 24]
    kept = drawing("part C9 cap 284 0 R0 Value=1n", "FLAG 300 64 0").split("\n", 2)[2]
    assert "C9" in read_netlist(DIVIDER + kept)


def test_nodes_without_a_name_are_numbered_as_ltspice_does():
    capacitors = ("part C1 cap 84 0 R0 Value=1n", "part C2 cap 384 64 R0 Value=2n", "part C3 cap 384 128 R0 Value=3n")
    text = drawing("WIRE 500 0 400 0", "WIRE 100 -99 100 0", "WIRE 400 0 400 64", *capacitors)
    assert elements(text) == ["C1 N002 NC_01 1n", "C2 N001 P001 2n", "C3 P001 NC_02 3n"]


def test_drawings_of_many_wires_take_no_time():
    """A comb on one line, all wires over each other; and wires of too many directions."""
    wires = [f"WIRE {x} 0 {8000 - x} 0" for x in range(0, 8000)]
    text = drawing(
        *wires, "part C1 cap -16 0 R0 Value=1n", "part C2 cap 7984 0 R0 Value=1n", "FLAG 0 64 0", "FLAG 8000 64 0"
    )
    assert elements(text) == ["C1 N001 0 1n", "C2 N001 0 1n"]
    with pytest.raises(NetlistError, match="directions"):
        netlist_of(drawing(*(f"WIRE 0 0 7 {y}" for y in range(60)), "part C1 cap 0 0 R0 Value=1n"))


def test_braces_in_braces_are_parentheses():
    circuit = read_netlist(DIVIDER.replace("Value {r}", "Value {{r}*{1}+0}"))
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, [100.0]), 0.75, rtol=1e-6)


def test_whatever_happens_to_a_drawing_it_reads_or_says_why(tmp_path):
    random = Random(20)
    seeds = [DIVIDER.encode(), saved(tmp_path, **{"gain.asy": SYMBOL}).read_bytes(), SYMBOL.encode()]
    for number in range(150):
        data = mutated(random, seeds[number % 3])
        (tmp_path / ("gain.asy" if number % 3 == 2 else "buffer.asc")).write_bytes(data)
        with contextlib.suppress(NetlistError):
            read_netlist(tmp_path / "buffer.asc")

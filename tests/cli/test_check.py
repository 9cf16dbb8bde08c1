"""`circuitnn check`: what was read, inferred and passed over, the operating point, ngspice's beside it, all faults."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import circuitnn as cn
from circuitnn.cli import app
from circuitnn.spice.as_written import rest_as_written

needs_ngspice = pytest.mark.skipif(cn.spice.version() is None, reason="ngspice is not installed")

PEDAL = """my pedal
V1 vcc 0 9
V2 in 0 DC 0 AC 1
.param gain=0.25
R1 vcc b 1k
R2 b 0 2k
R3 b vout {4k*gain}
D1 vout 0 DX
.model DX D(IS=2n FOO=3)
.tran 1u
+ 1m
.control
shell touch spoiled
.endc
.end
"""


def test_it_tells_what_is_read(call):
    Path("my.cir").write_text(PEDAL)
    out = call("check", "my.cir").stdout
    assert "my.cir: 6 components (2 V, 3 R, 1 D), 4 nodes" in out
    assert "input: V2; output: vout" in out
    assert "knobs: gain 0.25" in out
    inferred, others = out.split("passed over or taken otherwise:")
    assert "line 3: V2 is taken as the input" in inferred
    assert "line 9: .model DX: FOO passed over" in others
    rows = {row[0]: row[1:] for row in map(str.split, others.splitlines()) if row}
    assert float(rows["vcc"][0]) == 9.0


@needs_ngspice
def test_ngspice_is_asked_about_the_same_text_without_its_commands(call):
    Path("my.cir").write_text(PEDAL)
    volts = rest_as_written(PEDAL, Path())
    assert set(volts) == {"vcc", "in", "b", "vout"}
    out = call("check", "my.cir").stdout
    assert "\n  ngspice says the same\n" in out
    assert f"{volts['vout']:.6g}" in out
    assert not list(Path().rglob("spoiled"))


@needs_ngspice
def test_where_ngspice_differs_it_is_marked(call):
    # LTspice's diode of straight lines, whose numbers ngspice passes over.
    Path("my.cir").write_text("t\nVin in 0 2\nR1 in out 10k\nD1 out 0 DI\n.model DI D(Ron=2k Roff=100Meg)\n.end\n")
    out = call("check", "my.cir").stdout
    assert "\n  ngspice differs at 1 of 2 nodes\n" in out
    (row,) = (line.split() for line in out.splitlines() if line.strip().startswith("out "))
    assert float(row[1]) == pytest.approx(2 * 2 / 12, rel=1e-3)
    assert row[-1] == "differs"


@needs_ngspice
def test_included_files_are_those_beside_it(call):
    Path("part.lib").write_text(".subckt half a b\nR1 a b 1k\nR2 b 0 1k\n.ends\n")
    Path("my.cir").write_text("t\n.include part.lib\nVin in 0 1\nX1 in out half\n.end\n")
    out = call("check", "my.cir").stdout
    assert "\n  ngspice says the same\n" in out
    assert "0.5" in out


def test_all_faults_end_in_status_one(folder):
    Path("bad.cir").write_text("t\nVin in 0 1\nR1 in out 1k 5 6\nR2 out 0\nZ1 out 0 1\n.end\n")
    result = CliRunner().invoke(app, ["check", "bad.cir"])
    assert result.exit_code == 1
    assert all(f"line {number}: " in result.stderr for number in (3, 4, 5))


def test_supplies_and_devices_are_tables(call):
    Path("my.cir").write_text(PEDAL)
    head, rest = call("check", "my.cir").stdout.split("  supply  volts  mA")
    rows = {row[0]: row[1:] for row in map(str.split, rest.splitlines()) if row}
    vcc, b = (float(line.split()[1]) for line in head.splitlines() if line.split()[0] in ("vcc", "b"))
    milliamperes = (vcc - b) / 1e3 * 1e3  # through R1
    assert [float(cell) for cell in rows["V1"]] == pytest.approx([9, milliamperes, 9 * milliamperes], rel=1e-5)
    assert rows["D1"][:2] == ["DX", "anode"]
    assert 0.2 < float(rows["D1"][2]) < 0.8


def test_what_is_typed_is_told_and_counts(call):
    Path("my.cir").write_text(PEDAL)
    out = call("check", "my.cir", "--set", "V1=4.5", "--model", "D1=1N34A").stdout
    changes = out.split("changed:\n")[1].splitlines()
    assert "D1: 1N34A of this library's own parts" in changes[0]
    assert changes[1] == "  V1: 4.5"
    assert "  vcc   4.5 " in out
    assert "differs" not in out


def test_what_other_commands_say_of_it_are_lines(call):
    """Not a warning of Python, with the line of a program in it."""
    Path("my.cir").write_text(PEDAL)
    told = call("response", "my.cir", "--knob", "treble=0.5", fails=2)
    assert "my.cir: line 9: " in told.stdout
    assert "Warning" not in told.stdout + told.stderr
    Path("long.cir").write_text(
        PEDAL.replace(".tran 1u", "\n".join(f".model M{n} D(FOO=1)\nD{n + 2} vout 0 M{n}" for n in range(20)))
    )
    lines = call("response", "long.cir", "--knob", "treble=0.5", fails=2).stdout.splitlines()
    assert len(lines) == 9
    assert "circuitnn check tells" in lines[-1]

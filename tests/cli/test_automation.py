import numpy as np
import pytest

import circuitnn as cn
from circuitnn.cli.automation import read_automation
from circuitnn.cli.problems import Fault


@pytest.fixture
def table(folder):
    def read(text):
        (folder / "moves.csv").write_text(text, encoding="utf-8")
        return read_automation("moves.csv", cn.read_netlist("tone.cir"), "tone.cir")

    return read


def test_interpolated_and_held(table):
    moves = table("time_s,tone,level\n0.5,0,1\n1.5,1,0.5\n")
    at = moves.at(0, 5, 2)  # 0, 0.5, 1, 1.5, 2 s
    np.testing.assert_allclose(at["tone"], [0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(at["level"], [1, 1, 0.75, 0.5, 0.5])
    np.testing.assert_array_equal(moves.at(2, 3, 2)["tone"], at["tone"][2:])


def test_what_spreadsheets_write(table):
    moves = table("\ufeff# from a mixer\nTime , TONE\r\n\r\n 0, 0.25\r\n# later\n1,1\n")
    assert moves.times.tolist() == [0, 1]
    assert {name: values.tolist() for name, values in moves.knobs.items()} == {"tone": [0.25, 1]}


def test_what_spreadsheets_write_where_the_comma_is_the_decimal_point(table):
    for text in ("time;tone\n0;0,25\n1;,5\n", "time\ttone\n0\t0.25\n1\t0.5\n", 'time,tone\n0,"0,25"\n1,0.5\n'):
        moves = table(text)
        assert moves.times.tolist() == [0, 1]
        assert moves.knobs["tone"].tolist() == [0.25, 0.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "moves.csv: is empty; its first line names the columns"),
        ("tone\n0.5\n", "moves.csv: has no column time_s (or time); its columns: tone"),
        ("time;tone\n0;0.5;1\n", "moves.csv, line 2: has 3 cells"),
        ("time\n0\n", "moves.csv: has no column for a knob"),
        ("time,time_s,tone\n0,0,0.5\n", "has a column time_s and a column time"),
        ("time,tone,Tone\n0,0.5,0.5\n", "has the column 'tone' twice"),
        ("time,treble\n0,0.5\n", "moves.csv: tone.cir: no knob 'treble'; there are tone, level"),
        ("time,tone\n", "moves.csv: has no rows"),
        ("time,tone\n0,0.5\n1\n", "moves.csv, line 3: has 1 cells, the head has 2 columns"),
        ("time,tone\n0,0.5\n1,loud\n", "moves.csv, line 3: tone is 'loud', which is no number"),
        ("time,tone\n0,0.5\n1,\n", "moves.csv, line 3: tone is '', which is no number"),
        ("time,tone\n0,0.5\n\n1,nan\n", "moves.csv, line 4: tone is nan, which is not finite"),
        ("time,tone\ninf,0.5\n", "moves.csv, line 2: time is inf, which is not finite"),
        ("time,tone\n0,0.5\n1,1.01\n", "moves.csv, line 3: knob tone: 1.01 is outside 0..1"),
        ("time,tone\n0,-0.5\n", "moves.csv, line 2: knob tone: -0.5 is outside 0..1"),
        ("time,tone\n1,0.5\n1,0.6\n", "moves.csv, line 3: time 1 s does not come after 1 s"),
        ("time,tone\n1,0.5\n0.5,0.6\n", "moves.csv, line 3: time 0.5 s does not come after 1 s"),
    ],
)
def test_bad_tables(text, said, table):
    with pytest.raises(Fault) as caught:
        table(text)
    assert said in caught.value.message


def test_no_text(folder):
    (folder / "moves.csv").write_bytes(b"\xff\x00\x81")
    with pytest.raises(Fault, match="is not a text file in UTF-8"):
        read_automation("moves.csv", cn.read_netlist("tone.cir"), "tone.cir")

"""What a stranger's file says reaches a terminal as words: nothing of it steers one."""

import re
from pathlib import Path

import pytest

import circuitnn as cn
from circuitnn.cli import problems
from circuitnn.opening import printable

STEERING = "\x1b[2J\x1b]0;owned\x07 \x9b31m \x7f \u202e \x00"
NETLIST = """evil TITLE
V1 in 0 AC 1
R1 in mNid 1k
D2 mNid 0 dNiode
.model dNiode D(IS=1n fNoo=3)
C1 mNid 0 1n
X1 mNid 0 pNart
.subckt pNart a b
R1 a b 1k
.ends
.param knob=0.5
R2 mNid out {1k+knob}
R3 out 0 1k
R4 out dangling 1k
"""


def steers(text):
    return [character for character in text if not (character.isprintable() or character in "\n\t")]


def evil(character):
    return NETLIST.replace("TITLE", STEERING.replace("\0", "")).replace("N", character)


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x9b", "\u202e", "\u200b", "\x7f"])
def test_titles_names_and_notes_of_a_netlist_are_printable(character):
    with pytest.warns(cn.NetlistWarning) as caught:
        circuit = cn.read_netlist(evil(character))
    said = [str(caught[0].message), circuit.title, *circuit.nodes, *circuit.values, *circuit.controls, repr(circuit)]
    assert not [text for text in said if steers(text)]
    assert "passed over" in said[0]
    with pytest.raises(cn.NetlistError) as fault:
        cn.read_netlist(evil(character) + f"D1 out 0 mod{character}el\n")
    assert not steers(str(fault.value))


def test_marks_of_byte_order_and_form_feeds_between_joined_files_are_nothing():
    circuit = cn.read_netlist("t\nVin in 0 AC 1\n\ufeffR1 in out 1k\n\x0cR2 out 0 1k\n\x1aR3 out 0 1k\n", outputs="out")
    assert [part.name for part in circuit.components] == ["Vin", "R1", "R2", "R3"]


def test_words_stay_and_what_steers_is_an_escape():
    assert printable("Röhre\t10 µF\n真空管") == "Röhre\t10 µF\n真空管"
    assert printable("a\x1b[2J\u202eb\x85") == "a\\x1b[2J\\u202eb\\x85"
    assert not steers(printable("".join(map(chr, range(0x3000)))).replace("\xa0", ""))


def test_all_that_the_command_prints_is_made_printable():
    for file in Path(problems.__file__).parent.glob("*.py"):
        text = file.read_text("utf-8").replace("click.echo(printable(str(text)), err=err)", "")
        assert not re.search(r"\b(click\.echo|click\.secho|print|sys\.std\w+\.write)\(", text), file.name


def test_errors_and_reports_of_commands_are_printable(capsys, tmp_path):
    from circuitnn.cli.commands import app

    (tmp_path / "evil.cir").write_bytes(evil("\x1b").encode())
    (tmp_path / "bad.cir").write_bytes((evil("\x1b") + "D1 out 0 mod\x1b[2Jel\n").encode())
    for words in (
        ["check", str(tmp_path / "evil.cir")],
        ["check", str(tmp_path / "bad.cir")],
        ["run", "a\x1b[2J", "b", "c"],
    ):
        with pytest.raises(SystemExit):
            app(words)
        out, err = capsys.readouterr()
        assert out + err
        assert not steers(out + err)

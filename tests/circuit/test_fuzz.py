"""Whatever the text, reading it ends in a circuit or in a NetlistError."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitnn.circuit import NetlistError, NetlistWarning, catalogue, read_netlist
from circuitnn.expressions.numbers import parse_number
from circuitnn.expressions.parser import parse_expression
from tests.circuit.strategies import netlists

WORDS = st.sampled_from(
    [
        "R1", "C1", "L1", "Vin", "I1", "D1", "Q1", "X1", "K1", "E1", "G1", "F1", "H1", "B1", "J1", "V=", "VALUE=",
        "v(in)", "i(Vin)", "{v(in)*2}", ".subckt", ".ends", "PARAMS:", ".func", "f(x)", "{f(1)}", ".include", ".lib",
        ".global", "NPN(BF=2)", "NJF", "exp(", "?", ":", "'", '"', "POLY(1)", "Rser=0", "QX",
        "in", "out", "0", "gnd", "1k", "10n", "-1", "0", "{t}",
        "{1/0}", "{", "}", "=", "(", ")", ",", "SIN(0 1 1k)", "AC", "DC", "area=2", "IC=0", "IC", ".param", "t=1",
        "t={t}", ".model", "DX", "D(IS=1n", "N=1)", ".end", ".temp", "27", ".options", ".control", ".endc",
        ".title", "+", "*", ";", "$", "//", "\n", "\n", "\n", "µ", "1e999", "\ufeff", "\x85", "\u2028", "²", "é",
    ]
)  # fmt: skip


def reads_or_says_why(text):
    with contextlib.suppress(NetlistError):
        read_netlist(text)


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_any_text(text):
    reads_or_says_why("\n" + text)


@given(st.lists(WORDS, max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_words_of_the_language(words):
    reads_or_says_why("title\n" + " ".join(words))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::circuitnn.NetlistWarning")
@given(netlists(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_netlist_with_a_piece_cut_out_or_doubled(text, data):
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 20)))
    reads_or_says_why(
        "\n" + text[:start] + data.draw(st.sampled_from(["", text[start:stop] * 2, "{", "=", "1", "\n"])) + text[stop:]
    )


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_in_a_file(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "any.cir"
    path.write_bytes(data)
    reads_or_says_why(path)


@given(st.text("0123456789.eEkmunµ+-*/^(),abt _sqrt", max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_expression(text):
    for parse in (parse_expression, parse_number):
        with contextlib.suppress(NetlistError):
            parse(text)


@pytest.mark.parametrize("name", ["diode_clipper", "diode_clipper_second_order"])
def test_losing_any_line_of_a_good_netlist_is_noticed_or_harmless(name):
    lines = getattr(catalogue, name)().to_spice().splitlines()
    failures = 0
    for at in range(1, len(lines)):
        try:
            read_netlist("\n".join(lines[:at] + lines[at + 1 :]) + "\n")
        except (NetlistError, NetlistWarning):  # warnings are errors here
            failures += 1
    assert failures >= 3

"""Whatever the text, reading it ends in a circuit or in a NetlistError."""

import contextlib
import re
from pathlib import Path
from random import Random
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitnn.circuit import NetlistError, NetlistWarning, catalogue, read_netlist
from circuitnn.expressions.numbers import parse_number
from circuitnn.expressions.parser import parse_expression
from tests.circuit.strategies import OTHER_KINDS, netlists
from tests.circuit.test_intake import DIVIDED, FAULTY, START, VENDOR
from tests.circuit.test_sources import HEAD, SOURCES

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


def mutated(random, seeds):
    """A seed after a few accidents: words and lines swapped, dropped, doubled, replaced by words of other seeds."""
    lines = random.choice(seeds).splitlines()
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(lines))
        match random.randrange(8):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, random.choice(random.choice(seeds).splitlines()))
            case 2:
                lines[at], lines[-1] = lines[-1], lines[at]
            case 3:
                words = lines[at].split()
                random.shuffle(words)
                lines[at] = " ".join(words)
            case 4:
                words = lines[at].split() or [""]
                words[random.randrange(len(words))] = random.choice(random.choice(seeds).split())
                lines[at] = " ".join(words)
            case 5:
                cut = random.randint(0, len(lines[at]))
                lines[at] = lines[at][:cut] + random.choice("{}()=,'\";.+-*/^0xXqé\0 \t\n") + lines[at][cut:]
            case 6:
                cut = random.randint(0, len(lines[at]))
                lines[at] = lines[at][:cut] + lines[at][cut + random.randint(1, 4) :]
            case 7:
                lines[at] = re.sub(r"[0-9.]+", lambda _: random.choice(NUMBERS), lines[at], count=1)
        if not lines:
            break
    return "\n".join(lines) + "\n"


NUMBERS = ["0", "-1", "1e300", "1e-300", "1e999", "{1/0}", "{sqrt(-1)}", "1k5", "nan", "inf", "1", "{k}", ""]
FOLDER = Path(catalogue.__file__).parent


@pytest.mark.filterwarnings("ignore::circuitnn.circuit.NetlistWarning")
@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_mutated_netlists_are_read_or_refused_with_one_error(count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # nothing may be written there
    seeds = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.cir"))]
    library = "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.lib")))
    seeds = [re.sub(r"(?im)^\.include.*$", lambda _: library, seed) for seed in seeds]
    seeds += ["* t\n.param knob=1 Gain=1 p_1=1\nVin in 0 1\nR1 in n1 1\nR2 n1 0 1\n" + kind for kind in OTHER_KINDS]
    seeds += [FAULTY, VENDOR, *(START + lines for lines, *_ in DIVIDED), *(HEAD + lines for lines, _ in SOURCES)]
    random = Random(count)
    read, slowest = 0, 0.0
    for _ in range(count):
        text = mutated(random, seeds)
        start = perf_counter()
        try:
            circuit = read_netlist("\n" + text, outputs=("n1",) if " n1 " in text else ("out",))
        except NetlistError:
            pass
        else:
            read += 1
            values = circuit.resolve()
            assert all(np.isfinite(value) for value in values.values()), text
            again = read_netlist(circuit.to_spice(), inputs=circuit.inputs, outputs=circuit.outputs)
            assert again == circuit, text
        slowest = max(slowest, perf_counter() - start)
    assert read > count // 20
    assert slowest < 5.0
    assert not list(tmp_path.iterdir())

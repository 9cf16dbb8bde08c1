import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitnn.circuit import NetlistError
from circuitnn.expressions.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2200", 2200.0), ("2.2k", 2200.0), ("2.2kOhm", 2200.0), ("10nF", 1e-8), ("10NF", 1e-8), ("0.47u", 4.7e-7),
        ("0.47µF", 4.7e-7), ("0.47μ", 4.7e-7), ("1meg", 1e6), ("1MEGohm", 1e6), ("1M", 1e-3), ("1g", 1e9), ("2t", 2e12),
        ("5p", 5e-12), ("1F", 1e-15), ("1e-3F", 1e-18), ("10e", 10.0), ("-3e-2", -0.03),
        ("+.5", 0.5), ("5.", 5.0), ("5V", 5.0), ("1e3k", 1e6), ("0.1", 0.1), ("1Ω", 1.0), ("1e-999999", 0.0),
    ],
)  # fmt: skip
def test_suffixes_are_those_of_spice(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["", "k", "abc", "4k7", "1..2", "--1", "0x10", "nan", "1 k", "1,5", "1_000", "²"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(NetlistError, match="is not a number"):
        parse_number(text)


def test_a_mil_is_a_thousandth_of_an_inch():
    assert parse_number("2mil") == pytest.approx(50.8e-6, rel=1e-15)


def test_a_number_beyond_floating_point_is_refused():
    with pytest.raises(NetlistError, match="too large"):
        parse_number("1e308k")


def test_a_forgotten_point_gets_a_hint():
    with pytest.raises(NetlistError, match=r"write 4\.7k"):
        parse_number("4k7")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back(number):
    assert parse_number(repr(number)) == number


@given(st.integers(1, 9999), st.sampled_from(["f", "p", "n", "u", "m", "", "k", "meg", "g", "t"]))
def test_a_suffix_is_one_decimal_conversion(mantissa, suffix):
    power = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "meg": 6, "g": 9, "t": 12}[suffix]
    assert parse_number(f"{mantissa}{suffix}") == float(f"{mantissa}e{power}")
    assert math.isclose(parse_number(f"{mantissa}{suffix}"), mantissa * 10.0**power)

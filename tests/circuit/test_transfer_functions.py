"""Transfer functions, LAPLACE, against what is written."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError, read_netlist

F = np.array([20.0, 1e3, 2e4])
S = 2j * np.pi * F
START = "t\nVin in 0 0\nRi in 0 1k\nVq q 0 3\nRq q 0 1k\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("E1 out 0 LAPLACE {V(in)} = {1/(1+s*1m)}", 1 / (1 + S * 1e-3)),
        ("E1 out 0 LAPLACE {V(in)} {-5}", -5 + 0 * S),
        ("G1 0 out LAPLACE {2*V(in)-V(q)} = {s/(s+1e3)}\nRo out 0 2", 4 * S / (S + 1e3)),
        ("E1 out 0 in q laplace=(3*S^2+1e4*s-2e8)/(s**2+500*s+1e8)", 3 + (8.5e3 * S - 5e8) / (S**2 + 500 * S + 1e8)),
        ("B1 out 0 V=V(in)*3 Laplace=1/(s/(2*pi*fc)+1)**4\n.param fc=1k", 3 / (S / (2 * np.pi * 1e3) + 1) ** 4),
        (
            "X1 in out low f=2k\n.subckt low a b f=1k\nE1 b 0 LAPLACE {V(a)}={1/(1+s/(2*pi*f))}\n.ends",
            1 / (1 + S / (2 * np.pi * 2e3)),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dialect", ["ltspice", "pspice"])
def test_the_response_is_the_ratio(lines, expected, dialect):
    circuit = read_netlist(START + lines + "\n", dialect=dialect)
    assert cn.nodal.frequency_response(circuit, F) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert read_netlist(circuit.to_spice()) == circuit


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("E1 out 0 LAPLACE {V(in)} = {exp(-s*1m)}", "E1: LAPLACE needs a ratio of polynomials in s"),
        ("E1 out 0 LAPLACE {V(in)} = {s}", "the degree above the fraction is higher than the one below"),
        ("E1 out 0 LAPLACE {V(in)}", "E1 needs LAPLACE {expression} = {"),
        ("E1 out 0 in 0 laplace=1/0", "E1: LAPLACE divides by zero"),
        ("E1 out 0 in 0 laplace=s**30/s**31", "polynomials of a degree above 20"),
        ("B1 out 0 LAPLACE={1/s}", "B1 needs V=expression or I=expression"),
    ],
)
def test_what_is_none_is_refused(line, message):
    with pytest.raises(NetlistError) as caught:
        read_netlist(START + line + "\nRo out 0 1\n")
    assert message in str(caught.value)


def test_a_file_may_begin_with_what_it_includes(tmp_path):
    (tmp_path / "part.inc").write_text("* the load\nR2 out 0 1k\n")
    (tmp_path / "my.cir").write_text(".include part.inc\nVin in 0 0\nR1 in out 1k\n")
    assert cn.read_netlist(tmp_path / "my.cir")["R2"].nodes == ("out", "0")

"""Parts that a netlist uses and does not define are read from this library's own, and that is said."""

import re
import warnings
from importlib import resources

import numpy as np
import pytest

from circuitnn.circuit import NetlistError, read_netlist
from circuitnn.circuit.standard import is_brought_along, standard_part
from circuitnn.expressions.errors import NetlistWarning
from circuitnn.nodal import frequency_response
from circuitnn.spice import operating_point

# Gain, unity gain, distances of supplies of 15 V.
AMPLIFIERS = {"TL072": (2e5, 3e6, 1.5, 1.5), "LM308": (3e5, 0.8e6, 1, 1)}


def read(text, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetlistWarning)
        return read_netlist(text, **options)


@pytest.mark.ngspice
def test_drain_currents_of_lateral_power_transistors_are_those_of_data_sheets(ngspice):
    points = (("2SK1058", 0.77, 0.1), ("2SK134", 3.6, 3), ("2SJ162", -0.79, 0.1), ("2SJ49", -3.9, 3))
    lines = [
        f"Vd{k} d{k} 0 {np.sign(volts) * 10}\nVg{k} g{k} 0 {volts}\nM{k} d{k} g{k} 0 {name}"
        for k, (name, volts, _) in enumerate(points)
    ]
    circuit = read("\n".join(["t", "Vin in 0 0", "Rin in 0 1", *lines]), outputs=[f"i(Vd{k})" for k in range(4)])
    found = operating_point(circuit)
    for k, (name, _, amperes) in enumerate(points):
        assert abs(float(found[f"i(Vd{k})"])) == pytest.approx(amperes, rel=0.1), name


@pytest.mark.ngspice
@pytest.mark.parametrize("name", AMPLIFIERS)
def test_gain_bandwidth_rails_and_slew_rate_are_those_of_data_sheets(ngspice, name):
    gain, unity, top, bottom = AMPLIFIERS[name]
    text = f"t\nVin in 0 0\nVp p 0 15\nVm m 0 -15\nX1 in 0 p m out {name}\nRl out 0 10k\n"
    found = np.abs(frequency_response(read(text), np.array([1e-3, 1e6]))).ravel()
    np.testing.assert_allclose(found, [gain, unity / 1e6], rtol=1e-4)
    for volts, end in ((20, 15 - top), (-20, bottom - 15)):
        follower = read(text.replace("in 0 0", f"in 0 {volts}").replace("X1 in 0", "X1 in out"))
        assert float(operating_point(follower)["out"]) == pytest.approx(end, abs=0.01)


def test_every_part_is_read():
    lines = ["t", "Vin in 0 1", "Rin in 0 1k", "Vp p 0 9"]
    count = 0
    for file in ("diodes.lib", "transistors.lib", "fets.lib", "opamps.lib", "pots.lib"):
        text = resources.files("circuitnn.circuit").joinpath("parts", file).read_text("utf-8")
        names = re.findall(r"^\.(?:model|subckt) (?!clamp)(\S+)", text, re.MULTILINE)
        names += [name for listed in re.findall(r"^\* also: (.*)", text, re.MULTILINE) for name in listed.split()]
        assert len({name.lower() for name in names}) == len(names), file
        count += len(names)
        for name in names:
            part = standard_part(name, directive=".model") or standard_part(name, directive=".subckt")
            assert part is not None, name
            kind = part.lines[0].text.split("(")[0].split()[-1]
            letter = {"NPN": "Q", "PNP": "Q", "NJF": "J", "PJF": "J", "D": "D", "VDMOS": "M"}.get(kind)
            if letter is not None:
                nodes = "p 0" if letter == "D" else "p in 0"
                lines.append(f"{letter}{len(lines)} {nodes} {name}")
            elif part.lines[0].text.startswith(".subckt") and len(part.lines[0].text.split("params")[0].split()) == 7:
                lines.append(f"X{len(lines)} in o{len(lines)} p 0 o{len(lines)} {name}")
    assert count > 480
    circuit = read("\n".join(lines), outputs="in")
    assert len(circuit.notes) > 50


START = "t\nVin in 0 1\nR1 in a 1k\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("D1 a 0 1n4148\n", "line 4: 1n4148 is not in the netlist and taken from this library"),
        ("D1 a 0 D1N4148\n.lib nom.lib\n", "D1N4148 .* own parts as 1N4148"),
        ("X1 in a p 0 a TL072CP\nVp p 0 9\n", "as TL071, with typical .* model, with the pins in. in- V. V- out"),
        ("X1 a in b opamp Aol=1e5\nR2 b a 1k\n", "with the pins in- in. out"),
        ("D1 a 0 BAT54S\n", "as BAT54, with published model parameters .Vishay."),
        ("D1 a 0 1N914\nD2 a 0 1N4148\n", "line 5: 1N4148 is not in the netlist"),
        ("D1 a 0 1N914\n.lib C:\\Program Files\\lib\\standard.dio\n", "standard.dio is another"),
    ],
)  # fmt: skip
def test_what_stands_in_is_said(text, said):
    with pytest.warns(NetlistWarning, match=said):
        read_netlist(START + text, outputs="a")


def test_what_the_netlist_says_itself_goes_before():
    text = START + "D1 a 0 1N4148\nX1 a 0 TL072\n.model 1N4148 D(IS=7n)\n.subckt TL072 a b\nR1 a b 1k\n.ends\n"
    circuit = read_netlist(text, outputs="a")
    assert circuit.values["1N4148.IS"] == 7e-9
    assert not circuit.notes


def test_a_library_that_is_there_is_read_and_parts_of_no_library_are_missing(tmp_path):
    (tmp_path / "standard.dio").write_text(".model 1N4148 D(IS=3n)\n")
    (tmp_path / "t.net").write_text(START + "D1 a 0 1N4148\n.lib C:\\LTspice\\standard.dio\n")
    with pytest.warns(NetlistWarning, match="is taken from the folder of the netlist"):
        assert read_netlist(tmp_path / "t.net", outputs="a").values["1N4148.IS"] == 3e-9
    (tmp_path / "t.net").write_text(START + "D1 a 0 1N4147\nX1 a 0 AMP9\n.lib standard.bjt\n")
    with pytest.raises(NetlistError) as caught:
        read_netlist(tmp_path / "t.net", outputs="a")
    assert [fault.line for fault in caught.value.faults] == [4, 5]
    assert standard_part("TL0725", directive=".subckt") is None
    assert standard_part("1N4148", directive=".subckt") is None
    for name in ("standard.jft", "UniversalOpAmps2.sub", "LTC.lib", "nom.lib", "Simulation_SPICE.sp"):
        assert is_brought_along(name)
    assert not is_brought_along("my.lib")


def test_the_potentiometer_of_pspice_is_a_knob():
    c = read("t\nVin in 0 1\nX_R1 in out 0 POT PARAMS: SET=0.25 VALUE=100K\n.lib nomd.lib\n")
    knob = next(iter(c.controls))
    assert c.controls == {knob: 0.25}
    np.testing.assert_allclose(frequency_response(c, [1e3], controls={knob: 0.25}), 0.25, rtol=1e-6)

"""Parts that a netlist uses and does not define: read from this library's own, against points of data sheets."""

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

# Typical values of data sheets: amperes, volts.
FORWARD = {
    "1N4148": ((1e-4, 0.475), (1e-2, 0.705), (0.1, 0.90)), "1N914": ((1e-2, 0.705),),
    "1N4007": ((1e-2, 0.65), (1, 0.93)),
    "1N34A": ((1e-3, 0.275), (5e-3, 0.36)), "1N60": ((1e-3, 0.26),), "1N270": ((1e-2, 0.365),), "OA91": ((1e-2, 0.65),),
    "1N5817": ((0.1, 0.275), (1, 0.40)), "1N5819": ((1, 0.45),), "BAT41": ((1e-3, 0.37),), "BAT46": ((1e-2, 0.37),),
    "BAT54": ((1e-2, 0.355),), "BAT85": ((1e-2, 0.345),), "1N5711": ((1e-3, 0.385),), "LED_RED": ((1e-2, 1.80),),
    "LED_GREEN": ((1e-2, 2.05),), "1N5404": ((1, 0.815), (3, 0.92)), "UF4002": ((1, 0.85),), "UF4007": ((1, 1.25),),
    "MUR460": ((4, 1.05),), "MBRS340": ((3, 0.44),), "BAT43": ((1e-2, 0.38),), "BAV21": ((0.1, 0.86),),
    "LED_YELLOW": ((1e-2, 1.98),), "LED_BLUE": ((2e-2, 3.2),),
}  # fmt: skip
# Collector current, current gain, and the base-emitter voltage with its current.
BIPOLAR = {
    "2N3904": (1e-2, 175, 1e-3, 0.66), "2N3906": (1e-2, 180, 1e-3, 0.66), "2N2222": (1e-2, 200, 1e-3, 0.63),
    "2N5088": (1e-3, 500, 1e-3, 0.62), "2N5089": (1e-3, 750, 1e-3, 0.62), "BC547": (2e-3, 290, 2e-3, 0.66),
    "BC549C": (2e-3, 520, 2e-3, 0.66), "BC108A": (2e-3, 180, 2e-3, 0.66), "BC557B": (2e-3, 290, 2e-3, 0.65),
    "MPSA18": (1e-3, 1100, 1e-3, 0.60), "MPSA13": (1e-2, 20000, 1e-2, 1.22), "AC128": (1e-3, 90, 1e-3, 0.16),
    "OC44": (1e-3, 100, 1e-3, 0.16), "2SC1815": (2e-3, 280, 1e-3, 0.65), "2N2907A": (1e-2, 190, 1e-3, 0.64),
    "2N5551": (1e-2, 140, 1e-3, 0.65), "2N5401": (1e-2, 125, 1e-3, 0.65), "MPSA42": (1e-2, 95, 1e-3, 0.64),
    "MJE340": (0.05, 100, 1e-2, 0.62), "BD131": (2, 50, 1e-2, 0.61),
    "TIP41C": (3, 45, 0.1, 0.64), "2N3055": (4, 45, 0.5, 0.66),
    "MJ2955": (4, 45, 0.5, 0.67), "2SC5200": (7, 75, 0.1, 0.58), "2SA1943": (7, 70, 0.1, 0.59),
    "BC517": (2e-2, 50000, 2e-2, 1.25), "KSC1845": (1e-3, 450, 1e-3, 0.6),
}  # fmt: skip
PNP = ("2N3906", "BC557B", "AC128", "OC44", "2N2907A", "2N5401", "MJ2955", "2SA1943")
SATURATED = {
    "J201": 0.6e-3, "2N5457": 3e-3, "2N5458": 6e-3, "2N3819": 9e-3, "MPF102": 9e-3, "BF245A": 4e-3, "BF245C": 17e-3,
    "2N4117": 5e-5, "2N4416A": 9e-3, "J310": 35e-3, "J111": 50e-3, "BF862": 15e-3,
    "J174": 50e-3, "2SJ74": 8e-3, "2N5952": 6e-3, "2SK170": 8e-3, "J113": 10e-3, "2N5460": 3e-3,
}  # fmt: skip
# Gain, unity gain, distances of supplies of 15 V.
AMPLIFIERS = {"TL072": (2e5, 3e6, 1.5, 1.5), "LM308": (3e5, 0.8e6, 1, 1)}


def read(text, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetlistWarning)
        return read_netlist(text, **options)


@pytest.mark.ngspice
def test_forward_voltages_are_those_of_data_sheets(ngspice):
    points = [(name, current, volts) for name, listed in FORWARD.items() for current, volts in listed]
    lines = [f"I{k} 0 a{k} {current}\nD{k} a{k} 0 {name}" for k, (name, current, _) in enumerate(points)]
    found = operating_point(read("\n".join(["t", "Vin in 0 0", "Rin in 0 1", *lines]), outputs="a0"))
    for k, (name, _, volts) in enumerate(points):
        assert float(found[f"a{k}"]) == pytest.approx(volts, rel=0.02), name


@pytest.mark.ngspice
def test_current_gains_and_base_voltages_are_those_of_data_sheets(ngspice):
    lines = []
    for k, (name, (gain_at, gain, at, _)) in enumerate(BIPOLAR.items()):
        sign = -1 if name in PNP else 1
        # A base current, and a loop that makes the collector current what the data sheet has it at.
        lines += [f"Ib{k} 0 b{k} {sign * gain_at / gain}", f"Q{k} c{k} b{k} 0 {name}", f"Vc{k} c{k} 0 {sign * 5}"]
        lines += [f"Iv{k} 0 d{k} {sign * at}", f"Qv{k} d{k} d{k} 0 {name}"]
    circuit = read(
        "\n".join(["t", "Vin in 0 0", "Rin in 0 1", *lines]), outputs=[f"i(Vc{k})" for k in range(len(BIPOLAR))]
    )
    found = operating_point(circuit)
    for k, (name, (gain_at, _, _, volts)) in enumerate(BIPOLAR.items()):
        assert abs(float(found[f"i(Vc{k})"])) == pytest.approx(gain_at, rel=0.12), name  # 5 V on VAF among it
        assert abs(float(found[f"d{k}"])) == pytest.approx(volts, rel=0.02), name


@pytest.mark.ngspice
def test_saturated_drain_currents_are_those_of_data_sheets(ngspice):
    lines = [
        f"J{k} d{k} 0 0 {name}\nVd{k} d{k} 0 {-15 if name in ('2N5460', 'J174', '2SJ74') else 15}"
        for k, name in enumerate(SATURATED)
    ]
    circuit = read(
        "\n".join(["t", "Vin in 0 0", "Rin in 0 1", *lines]), outputs=[f"i(Vd{k})" for k in range(len(SATURATED))]
    )
    found = operating_point(circuit)
    for k, (name, current) in enumerate(SATURATED.items()):
        assert abs(float(found[f"i(Vd{k})"])) == pytest.approx(current, rel=0.02), name


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
        ("X1 in a p 0 a TL072CP\nVp p 0 9\n", "as TL071, by data sheet, with the pins in. in- V. V- out"),
        ("X1 a in b opamp Aol=1e5\nR2 b a 1k\n", "with the pins in- in. out"),
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

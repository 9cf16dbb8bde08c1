"""Triodes and pentodes against data sheets and ngspice; their gradients; how netlists have them."""

import warnings

import jax
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.circuit import NetlistError
from circuitnn.devices.triode import TRIODE
from tests.devices.engines import check_engines
from tests.devices.slopes import check_slopes

FS = 48_000
KOREN = "MU=100 EX=1.4 KG1=1060 KP=600 KVB=300 RGI=2k IS=1n CCG=1.6p CGP=1.7p CCP=.4p"
DEMPWOLF = "G=2.242m MU=103.2 GAMMA=1.26 C=3.4 GG=617.7u XI=1.314 CG=9.901 IG0=80.25n"
STAGE = """* a common cathode
Vb b 0 300
Vin in 0 0
Rg in g 68k
Rp b p 100k
Rk k 0 1.5k
Co p out 22n
Rl out 0 1meg
N1 p g k TUBE
.model TUBE TRIODE({})
"""
OUTPUT = """* a pentode
Vb b 0 250
Vin in 0 -8
Rg in g 1k
Rp b out 2k
Rs b s 470
Rk k 0 10
Cs s 0 1u
N1 out s g k TUBE
.model TUBE PENTODE({})
"""
DERK = "MU=23.36 EX=1.138 KG1=117.4 KG2=1275 KP=152.4 KVB=4015.8 AS=7.66 A=4.344e-4 B=.148"
CARDS = {
    "koren": (STAGE, KOREN),
    "dempwolf": (STAGE, DEMPWOLF),
    "pentode of koren": (OUTPUT, "MU=11 EX=1.35 KG1=650 KG2=4200 KP=60 KVB=24 RGI=2k IS=1n"),
    "derk": (OUTPUT, f"{DERK} GG=600u XI=1.3 CG=10 CGP=.5p"),
    "derke": (OUTPUT, f"{DERK} FORM=1 IS=1n"),
}
# Plate, screen (of pentodes) and grid in volts; what the data sheets have of plate and screen, in milliamperes.
POINTS = {
    "12AX7": ((250, -2), (1.2,)),
    "12AT7": ((250, -2), (10,)),
    "12AU7": ((250, -8.5), (10.5,)),
    "12AY7": ((250, -4), (3,)),
    "6DJ8": ((90, -1.3), (15,)),
    "6SN7": ((250, -8), (9,)),
    "6SL7": ((250, -2), (2.3,)),
    "2A3": ((250, -45), (60,)),
    "300B": ((300, -61), (62,)),
    "EL84": ((250, 250, -7.3), (48, 5.5)),
    "EL34": ((250, 265, -13.5), (100, 14.9)),
    "EF86": ((250, 140, -2), (3, 0.6)),
    "6L6GC": ((250, 250, -14), (72, 5)),
    "6V6": ((250, 250, -12.5), (45, None)),
    "6550": ((250, 250, -14), (140, 12)),
    "KT88": ((250, 250, -15), (140, None)),
}


def read(name, **values):
    text, card = CARDS[name]
    return cn.read_netlist(text.format(card), inputs=("Vin",), outputs=("out",)).replace(**values)


def test_the_tubes_by_name_have_the_currents_of_data_sheets():
    """Within 30 %, screens within 60 %; all in one circuit."""
    lines = ["* tubes", "Vin in 0 0", "Rin in 0 1"]
    for name, (volts, _) in POINTS.items():
        nodes = [f"{name}.{place}" for place in range(len(volts))]
        lines += [f"V{node} {node}.s 0 {v}\nR{node} {node}.s {node} 1" for node, v in zip(nodes, volts, strict=True)]
        lines.append(f"X{name} {' '.join(nodes)} 0 {name}")
    with pytest.warns(cn.NetlistWarning, match="12AX7 is not in the netlist.*with the pins plate grid cathode"):
        circuit = cn.read_netlist("\n".join(lines), inputs=("Vin",), outputs=("in",))
    rest = cn.nodal.operating_point(circuit)
    for name, (volts, milliamperes) in POINTS.items():
        for place, (v, expected, within) in enumerate(zip(volts, milliamperes, (0.3, 0.6), strict=False)):
            if expected is not None:
                assert 1e3 * (v - float(rest[f"{name}.{place}"])) == pytest.approx(expected, rel=within), (name, place)


def test_the_record_is_the_subcircuit_of_the_catalogue():
    """Koren's triode as a row of sources, and as a device."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cn.NetlistWarning)
        known = cn.circuits.triode_koren()
        nodes = "XV1 plate grid cathode"
        card = ".model TUBE TRIODE(MU=100 EX=1.4 KG1=1060 KP=600 KVB=300)\nRgi grid gi 2k\nDg gi cathode DG"
        text = known.to_spice()
        kept = [line for line in text.splitlines() if ".XV1." not in line and not line.startswith((".model", nodes))]
        lines = [*kept[:-2], "N1 plate grid cathode TUBE", card, ".model DG D(IS=1n RS=1)"]
        circuit = cn.read_netlist("\n".join(lines), inputs=known.inputs, outputs=known.outputs)
    freqs = np.array([20.0, 1e3, 2e4])
    expected = cn.nodal.frequency_response(known, freqs)
    np.testing.assert_allclose(cn.nodal.frequency_response(circuit, freqs), expected, rtol=1e-9)


@pytest.mark.parametrize("name", ["tube_preamp", "push_pull_amplifier", "pultec"])
def test_the_tubes_of_the_catalogue_are_devices(name):
    """What tubes.lib has is word for word what ngspice is given for a device; else it would be a row of sources."""
    circuit = cn.circuits.CATALOGUE[name]()
    tubes = [part for part in circuit.components if part.name.startswith("N")]
    assert len(tubes) >= 3
    assert {part.device.word for part in tubes} <= {"triode", "pentode"}
    assert not any(part.is_behavioural for part in circuit.components)


REGIONS = {
    "cut off": (200.0, -9.0),
    "on": (180.0, -1.0),
    "zero": (100.0, 0.0),
    "grid current": (60.0, 3.0),
    "low": (0.5, 0.4),
}


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("region", REGIONS)
def test_gradients_of_the_law(name, region):
    """Of each current by each parameter and voltage."""
    circuit = read(name)
    (model,) = circuit.models
    record = model.device
    plate, grid = REGIONS[region]
    volts = [plate, grid] if record is TRIODE else [plate, 200.0, 4 * grid]
    parameters = {
        key: float(circuit.values[f"TUBE.{key}"]) for key, _ in model.parameters if key not in ("RGI", "FORM")
    }
    form = {"FORM": jax.numpy.asarray(float(circuit.values["TUBE.FORM"]))} if "TUBE.FORM" in circuit.values else {}
    volts += [grid] * ("IS" in parameters) + [grid - plate] * ("CGP" in parameters)
    check_slopes(record, parameters, volts, variant=model.variant, fixed=form)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["koren", "dempwolf", "derk"])
def test_the_model_and_the_wave_digital_filter(name):
    circuit = read(name)
    x = (float(circuit.values["Vin"]) + np.array([[2.0], [9.0]]) * np.sin(np.arange(12) / 2))[..., None]
    check_engines(circuit, x, FS)


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize("name", CARDS)
def test_ngspice_has_its_equivalent(name, ngspice):
    """Into cut-off and grid current; small signals."""
    circuit, fs = read(name), 8 * FS
    x = float(circuit.values["Vin"]) + 9 * np.sin(2 * np.pi * 500 * np.arange(2000) / fs)
    y = np.ravel(cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=np.float64), x)[1])
    expected = np.ravel(cn.spice.transient(circuit, x, fs))
    assert np.sum((y - expected) ** 2) < 1e-7 * np.sum((expected - expected.mean()) ** 2)
    freqs = np.array([100.0, 1e4])
    response = cn.nodal.frequency_response(circuit, freqs)
    np.testing.assert_allclose(response, np.ravel(cn.spice.ac(circuit, freqs)), rtol=1e-5)


def test_two_of_them_are_written_for_spice_with_the_half_of_what_is_inside():
    """Resistances before the grid's diode, too."""
    circuit = read("koren", Vin=3.0, N1=2.0)
    written = cn.read_netlist(circuit.to_spice(), inputs=("Vin",), outputs=("out",))
    rest, same = (cn.nodal.operating_point(each) for each in (circuit, written))
    for node in ("g", "k", "p"):
        assert float(rest[node]) == pytest.approx(float(same[node]), rel=1e-9)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("MU=100", "a TRIODE has either KG1 .Koren. or G"),
        ("KG1=1060 G=2m", "a TRIODE has either KG1 .Koren. or G"),
        ("KG1=1060 RGI=2k", "RGI is before the grid's diode, which needs IS"),
    ],
)
def test_what_is_wrong_with_a_card_is_told(card, message):
    with pytest.raises(NetlistError, match=message):
        cn.read_netlist(STAGE.format(card))
    with pytest.raises(NetlistError, match="FORM is 0"):
        cn.read_netlist(OUTPUT.format(f"{DERK} FORM=2"))

"""Trees built by hand are the circuits that their author meant: each against a netlist written independently of it.

References are circuits of the catalogue or netlists in plain text, run by a simulator that shares nothing with the
engines (tests/reference.py); never what the tree itself has been written down as, which would agree with a tree that is
put together wrongly.
"""

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn import wdf
from circuitnn.wdf import (
    BJT,
    Capacitor,
    Diode,
    DiodePair,
    Inductor,
    Inverter,
    Parallel,
    ResistiveCurrentSource,
    ResistiveVoltageSource,
    Resistor,
    RType,
    Series,
    Transformer,
    Triode,
    VoltageSource,
    WDFModel,
    YParameters,
)
from tests.cases import cases
from tests.wdf.agreement import FS, difference, guitar_like, played

TOLERANCE = 1e-9
DIODES = ".model DX D(IS=2.52n N=1.752)\n"


def model(tree, root=None, **options):
    return WDFModel(tree, root, FS, dtype=jnp.float64, **options)


def agrees(built, reference, x=None, *, inputs=("Vin",), outputs=("out",), controls=None):
    """The tree and a circuit, or a netlist without its models: outputs and states are equal."""
    x = guitar_like(150, peak=3)[:, None] if x is None else x
    if isinstance(reference, str):
        reference = cn.read_netlist(f"* t\n{reference}\n{DIODES}.end", inputs=inputs, outputs=outputs)
    assert difference(built, x, reference, controls=controls) < TOLERANCE


def test_diode_clipper():
    tree = Parallel(ResistiveVoltageSource("2.2k", "in"), Capacitor("10n", "C1"))
    agrees(model(tree, DiodePair(2.52e-9, 1.752)), cn.circuits.diode_clipper())


def test_diode_clipper_second_order():
    """The netlist counts the voltage of Ch from the source on, a tree towards it."""
    tree = Parallel(
        Series(ResistiveVoltageSource(2200, "in"), Inverter(Capacitor(0.47e-6, "Ch"))), Capacitor(10e-9, "Cl")
    )
    agrees(model(tree, DiodePair()), cn.circuits.diode_clipper_second_order())


def test_klon_clipping():
    source = Series(ResistiveVoltageSource("1k", "in"), Inverter(Capacitor("1u", "C9")))
    tree = Parallel(source, Series(Capacitor("1u", "C10"), Resistor("47k", "R16")))
    built = model(tree, DiodePair(15e-6, 1), output="R16")
    agrees(built, cn.circuits.klon_clipping(), played("klon_clipping"))


def klon_feed_forward(output):
    """S(P(S(P(C5, R6), bias through 100k g), S(P(bias2 through 15k, C16), R7)), C3), as Chowdhury (2020) draws it."""
    upper = Series(
        Parallel(Capacitor("68n", "C5"), Resistor("10k", "R6")), ResistiveVoltageSource("100k*gain", "bias", 0)
    )
    lower = Series(Parallel(ResistiveVoltageSource("15k", "bias2", 0), Capacitor("1u", "C16")), Resistor("1.5k", "R7"))
    tree = Series(Parallel(upper, lower), Capacitor("100n", "C3"))
    return model(tree, VoltageSource("in"), output=output, controls={"gain": 0.5})


@pytest.mark.parametrize("gain", [0.0, 0.3, 1.0])
def test_klon_feed_forward_network(gain):
    """Its output is across C16; that of the plug-in's pre-amplifier is what C3 leaves, across R7 and C16."""
    built, x, knobs = klon_feed_forward(("C16", "R7")), played("klon_feed_forward_1"), {"gain": gain}
    _, y = cn.run(built, x, controls=knobs)
    same = cn.circuits.klon_feed_forward_1(), cn.circuits.klon_pre_amp(version="plugin")
    for circuit, found in zip(same, (y[:, 0], y[:, 0] + y[:, 1]), strict=True):
        nodal = cn.nodal.NodalModel(circuit, FS, dtype=jnp.float64)
        _, expected = cn.run(nodal, x, controls=knobs)
        np.testing.assert_allclose(found, expected[:, 0], rtol=0, atol=TOLERANCE)


def bassman(**options):
    parts = {
        ("in", "a"): Capacitor("250p", "C1"),
        ("a", "out"): Resistor("250k*(1-treble)", "R1a"),
        ("out", "b"): Resistor("250k*treble", "R1b"),
        ("in", "x"): Resistor("56k", "R4"),
        ("x", "b"): Capacitor("20n", "C2"),
        ("x", "c"): Capacitor("20n", "C3"),
        ("b", "c"): Series(Resistor("1meg*exp(3.4*(bass-1))", "R2"), Resistor("25k*(1-mid)", "R3a")),
        ("c", "0"): Resistor("25k*mid", "R3b"),
        ("in", "0"): VoltageSource("in"),
    }
    tree = RType(*parts.values(), nodes=list(parts))
    return model(tree, output="out", controls={"treble": 0.5, "bass": 0.5, "mid": 0.5}, **options)


@pytest.mark.parametrize("position", [0.0, 0.5, 1.0])
def test_bassman_as_an_r_type_adaptor(position):
    built = bassman()
    controls = dict.fromkeys(built.controls, position)
    agrees(built, cn.circuits.bassman(), played("bassman"), controls=controls)


@pytest.mark.slow
def test_transistor_on_an_r_type_adaptor():
    parts = {
        ("vcc", "0"): VoltageSource("cc", 9.0),
        ("in", "0"): VoltageSource("in"),
        ("in", "base"): Capacitor("100n", "C1"),
        ("vcc", "base"): Resistor("430k"),
        ("base", "0"): Resistor("43k"),
        ("vcc", "collector"): Resistor("10k"),
        ("emitter", "0"): Resistor(390),
        ("collector", "pot"): Capacitor("100n", "C2"),
        ("pot", "out"): Resistor("100k*(1-level)"),
        ("out", "0"): Resistor("100k*level"),
    }
    card = {
        "IS": "5.911f", "BF": 1122, "NF": 1, "VAF": 62.37, "IKF": "14.92m", "ISE": "5.911f", "NE": 1.394, "BR": 1.271,
        "NR": 1, "RC": 1.61,
    }  # fmt: skip
    root = BJT(("collector", "base", "emitter"), "NPN", card)
    built = model(RType(*parts.values(), nodes=list(parts)), root, output="out", controls={"level": 1})
    agrees(built, cn.circuits.common_emitter(), played("common_emitter"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["koren", "dempwolf"])
def test_triode_on_an_r_type_adaptor(kind):
    parts = {
        ("plate", "0"): ResistiveVoltageSource("100k", "b", 300),
        ("grid", "0"): ResistiveVoltageSource("68k", "in"),
        ("cathode", "0"): Parallel(Resistor("2.7k"), Capacitor("680n", "Ck")),
        ("plate", "out"): Capacitor("22n", "Co"),
        ("out", "0"): Resistor("1meg"),
    }
    built = model(RType(*parts.values(), nodes=list(parts)), Triode(("plate", "grid", "cathode"), kind), output="out")
    name = f"triode_{kind}"
    agrees(built, cn.circuits.CATALOGUE[name](), played(name))


def sallen_key(**inside):
    parts = {
        ("in", "0"): VoltageSource("in"),
        ("in", "a"): Resistor("1k+100k*(1-cutoff)"),
        ("a", "inp"): Resistor("1k+100k*(1-cutoff)"),
        ("a", "out"): Capacitor("10n", "C1"),
        ("inp", "0"): Capacitor("10n", "C2"),
        ("inn", "0"): Resistor("10k"),
        ("inn", "out"): Resistor("18k*resonance"),
    }
    tree = RType(*parts.values(), nodes=list(parts), **inside)
    return model(tree, output="out", controls={"cutoff": 0.5, "resonance": 0.5})


def test_op_amps():
    """The catalogue's has a gain of 1e6, by which the ideal one differs from it."""
    circuit, x = cn.circuits.sallen_key(), played("sallen_key")
    agrees(sallen_key(inside="E1 out 0 inp inn 1e6"), circuit, x)
    assert 1e-8 < difference(sallen_key(nullors=[("out", "inp", "inn")]), x, circuit) < 1e-5


def test_inverting_amplifier_of_a_nullor_in_closed_form():
    """All of the input's current goes through Rf: 4.7 times the input is across it."""
    parts = [ResistiveVoltageSource("1k", "in"), Resistor("4.7k", "Rf")]
    adaptor = RType(*parts, nodes=[("minus", "0"), ("minus", "o")], nullors=[("o", "0", "minus")])
    x = guitar_like(20)
    _, y = cn.run(model(adaptor, output=("Rf", "o")), x[:, None])
    np.testing.assert_allclose(y, np.stack([4.7 * x, -4.7 * x], axis=-1), rtol=1e-12, atol=1e-14)


def test_sensed_sources_inside():
    """The current of a source on a port drives something: the source is no port then."""
    parts = [VoltageSource("in"), Resistor("1k"), Capacitor("10n", "C1"), wdf.parallel_rc("1k", "22n")]
    nodes = [("a", "0"), ("a", "b"), ("b", "0"), ("c", "0")]
    built = model(RType(*parts, nodes=nodes, inside="F1 0 c Vin 2\nH1 d 0 Vin 100\nE2 e d b 0 1"), output=("c", "e"))
    reference = (
        "Vin a 0 0\nR1 a b 1k\nC1 b 0 10n\nR2 c 0 1k\nC2 c 0 22n\nF1 0 c Vin 2\nH1 d 0 Vin 100\nE2 e d b 0 1\nR9 e 0 1g"
    )
    agrees(built, reference, outputs=("c", "e"))


def test_a_sensed_source_below_the_root():
    mirror = RType(
        Resistor("1k"),
        VoltageSource("s", 0.5),
        wdf.parallel_rc("1k", "22n"),
        Resistor("3k"),
        nodes=[("p", "b"), ("b", "g"), ("c", "g"), ("c", "p")],
        port=("p", "g"),
        inside="F1 g c Vs 2",
    )
    built = model(Parallel(ResistiveVoltageSource("1k", "in"), mirror), Diode())
    reference = (
        "Vin in 0 0\nR0 in out 1k\nR1 out b 1k\nVs b 0 0.5\nR2 c 0 1k\nC1 c 0 22n\nR3 c out 3k\nF1 0 c Vs 2\n"
        "D1 out 0 DX"
    )
    agrees(built, reference)


@pytest.mark.slow
def test_controlled_sources_inside():
    """A transconductance and a voltage amplifier in a feedback, with diodes between two of the nodes."""
    parts = [
        ResistiveVoltageSource("1k", "in"),
        Capacitor("10n", "C1"),
        Resistor("10k"),
        Parallel(Capacitor("1n", "C2"), Resistor("22k")),
    ]
    inside = "G1 0 b a 0 1m\nE1 c 0 b 0 -3"
    tree = RType(*parts, nodes=[("a", "0"), ("a", "c"), ("c", "b"), ("b", "0")], inside=inside)
    built = model(tree, DiodePair(nodes=("a", "b")), output="C1")
    reference = (
        "Vin in 0 0\nRin in a 1k\nC1 a c 10n\nR1 c b 10k\nC2 b 0 1n\nR2 b 0 22k\nG1 0 b a 0 1m\nE1 c 0 b 0 -3\n"
        "D1 a b DX\nD2 b a DX"
    )
    agrees(built, reference, outputs=("v(C1)",))


@pytest.mark.slow
def test_r_type_adaptor_below_the_root():
    """A bridge of five elements as a one-port, with a source of voltage inside of it."""
    bridge = RType(
        Resistor("1k"),
        Capacitor("47n", "C1"),
        Inductor("100m", "L1"),
        Resistor("3k"),
        ResistiveVoltageSource("2k", "in"),
        nodes=[("p", "l"), ("p", "r"), ("l", "m"), ("r", "m"), ("l", "r")],
        port=("p", "m"),
    )
    built = model(Parallel(bridge, Capacitor("10n", "C2")), DiodePair(up=2))
    reference = (
        "R1 out l 1k\nC1 out r 47n\nL1 l 0 100m\nR2 r 0 3k\nVin l v 0\nR3 v r 2k\nC2 out 0 10n\n"
        "D1 out m DX\nD2 m 0 DX\nD3 0 out DX"
    )
    agrees(built, reference)


@pytest.mark.slow
def test_nullor_below_the_root():
    """A non-inverting amplifier with its own feedback, as a one-port at its output behind a resistor."""
    amplifier = RType(
        ResistiveVoltageSource("1k", "in"),
        Resistor("10k"),
        wdf.parallel_rc("22k", "1n"),
        Resistor("470"),
        nodes=[("q", "g"), ("minus", "g"), ("minus", "o"), ("o", "p")],
        port=("p", "g"),
        inside="E1 o g q minus 1e5",
    )
    built = model(Parallel(amplifier, Capacitor("10n", "C2")), DiodePair())
    reference = (
        "Vin in 0 0\nR0 in q 1k\nR1 minus 0 10k\nR2 minus o 22k\nC1 minus o 1n\nR3 o out 470\nE1 o 0 q minus 1e5\n"
        "C2 out 0 10n\nD1 out 0 DX\nD2 0 out DX"
    )
    agrees(built, reference)


def test_transformer():
    """v = n v1, i1 = n i: two controlled sources in the reference."""
    secondary = Parallel(Capacitor("10n", "C1"), Resistor("1k"))
    tree = Series(ResistiveVoltageSource("2.2k", "in"), Transformer(secondary, 3.0, "T1"))
    reference = (
        "Vin out m 0\nRs m v 2.2k\nVs v p 0\nE1 p 0 s 0 3\nF1 0 s Vs 3\nC1 s 0 10n\nR1 s 0 1k\nD1 out 0 DX\nD2 0 out DX"
    )
    agrees(model(tree, DiodePair()), reference)


def test_a_transformer_of_a_resistor_is_a_resistor():
    tree = Parallel(ResistiveVoltageSource("1k", "in"), Transformer(Resistor("1k"), 2.0))
    x = guitar_like(20)
    np.testing.assert_allclose(cn.run(model(tree), x)[1], 0.8 * x, rtol=1e-12)


@pytest.mark.parametrize("y12", [0.0, 2e-4])
def test_two_port_of_admittances(y12):
    tree = Parallel(
        ResistiveVoltageSource("2.2k", "in"),
        YParameters(wdf.parallel_rc("1k", "10n"), 1e-3, y12, -3e-3, 5e-4, "Y"),
    )
    reference = (
        f"Vin in 0 0\nRs in out 2.2k\nG11 out 0 out 0 1m\nG12 out 0 s 0 {y12}\nG21 s 0 out 0 -3m\nG22 s 0 s 0 0.5m\n"
        "C1 s 0 10n\nR1 s 0 1k\nD1 out 0 DX"
    )
    agrees(model(tree, Diode()), reference)


def test_inverter():
    """What is inverted counts the other way round: the half wave that a diode leaves is the other one."""
    reference = "Vin 0 in 0\nRs in out 2.2k\nC1 out 0 10n\nC2 0 out 4.7n\nD1 out 0 DX"
    tree = Parallel(
        Inverter(ResistiveVoltageSource("2.2k", "in")), Capacitor("10n", "C1"), Inverter(Capacitor("4.7n", "C2"))
    )
    agrees(model(tree, Diode()), reference)


@pytest.mark.slow
@pytest.mark.parametrize("bright", cases([0.0, 1.0], quick=[1.0]))
def test_switch(bright):
    tree = Parallel(
        ResistiveVoltageSource("2.2k", "in"),
        Series(wdf.Switch("bright"), Capacitor("10n", "C1")),
        Capacitor("4.7n", "C2"),
    )
    built = model(tree, DiodePair(), controls={"bright": 0})
    closed = "Vin in 0 0\nR1 in out 2.2k\nRs out s {r}\nC1 s 0 10n\nC2 out 0 4.7n\nD1 out 0 DX\nD2 0 out DX"
    _, y = cn.run(built, guitar_like(100, peak=3), controls={"bright": bright})
    reference = cn.read_netlist(f"* t\n{closed.format(r=1e-6 if bright else 1e12)}\n{DIODES}.end")
    _, expected = cn.run(cn.nodal.NodalModel(reference, FS, dtype=jnp.float64), guitar_like(100, peak=3))
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-7)


@pytest.mark.slow
def test_current_sources():
    tree = Parallel(ResistiveCurrentSource("1k", "in"), wdf.series_rl("470", "10m"), Capacitor("100n"))
    agrees(
        model(tree, DiodePair()),
        "Iin out 0 0\nR1 out 0 1k\nR2 out b 470\nL1 b 0 10m\nC1 out 0 100n\nD1 out 0 DX\nD2 0 out DX",
        guitar_like(100, peak=5e-3)[:, None],
        inputs=("Iin",),
    )
    root = model(Series(wdf.parallel_rl("1k", "10m"), Resistor(100)), wdf.CurrentSource("in"))
    agrees(
        root,
        "Iin out 0 0\nR1 out m 1k\nL1 out m 10m\nR2 m 0 100",
        guitar_like(100, peak=5e-3)[:, None],
        inputs=("Iin",),
    )


def test_short_and_open_roots():
    """A current into a short, a voltage at an open end."""
    parts = lambda: (ResistiveVoltageSource("1k", "in"), Inductor("10m", "L1"))  # noqa: E731
    short = model(Series(*parts()), wdf.Short(), output="i(L1)")
    agrees(short, "Vin in 0 0\nR1 in a 1k\nL1 0 a 10m", outputs=("i(L1)",))
    opened = model(Parallel(*parts()), wdf.Open())
    agrees(opened, "Vin in 0 0\nR1 in out 1k\nL1 out 0 10m")
    nothing = model(Parallel(*parts()))
    agrees(nothing, "Vin in 0 0\nR1 in out 1k\nL1 out 0 10m")


@pytest.mark.slow
def test_shorts_and_opens_inside():
    tree = Parallel(
        Series(ResistiveVoltageSource("1k", "in"), wdf.Short()), wdf.Open(), Capacitor("10n", "C1"), wdf.Open("x")
    )
    agrees(model(tree, Diode()), "Vin in 0 0\nR1 in out 1k\nC1 out 0 10n\nD1 out 0 DX")


@pytest.mark.parametrize(
    ("one_port", "reference"),
    [
        (lambda: wdf.series_rc("1k", "10n"), "R1 out a 1k\nC1 a 0 10n"),
        (lambda: wdf.parallel_rc("1k", "10n"), "R1 out 0 1k\nC1 out 0 10n"),
        (lambda: wdf.series_rl("1k", "10m"), "R1 out a 1k\nL1 a 0 10m"),
        (lambda: wdf.parallel_rl("1k", "10m"), "R1 out 0 1k\nL1 out 0 10m"),
        (lambda: wdf.series_rlc("100", "10m", "10n"), "R1 out a 100\nL1 a b 10m\nC1 b 0 10n"),
        (lambda: wdf.parallel_rlc("10k", "10m", "10n"), "R1 out 0 10k\nL1 out 0 10m\nC1 out 0 10n"),
    ],
    ids=["series_rc", "parallel_rc", "series_rl", "parallel_rl", "series_rlc", "parallel_rlc"],
)
def test_ready_made_one_ports(one_port, reference):
    agrees(model(Parallel(ResistiveVoltageSource(600, "in"), one_port())), f"Vin in 0 0\nRin in out 600\n{reference}")


@pytest.mark.slow
def test_several_diodes_at_several_ports():
    """A ring modulator's ring, half of it: the devices at the root meet at the nodes of the adaptor."""
    parts = {
        ("a", "0"): ResistiveVoltageSource("1k", "in"),
        ("b", "0"): ResistiveVoltageSource("1.5k", "carrier"),
        ("c", "0"): wdf.parallel_rc("10k", "4.7n"),
    }
    devices = [Diode(nodes=("a", "b")), Diode(1e-9, 1.2, nodes=("b", "c")), DiodePair(up=3, nodes=("a", "c"), name="P")]
    built = model(RType(*parts.values(), nodes=list(parts)), devices, output="C1")
    reference = cn.read_netlist(
        "* t\nVin i 0 0\nVcarrier j 0 0\nR1 i a 1k\nR2 j b 1.5k\nR3 c 0 10k\nC1 c 0 4.7n\nD1 a b DX\nD2 b c DY\n"
        "D3 a m DX\nD4 m n DX\nD5 n c DX\nD6 c a DX\n.model DX D(IS=2.52n N=1.752)\n.model DY D(IS=1n N=1.2)\n.end",
        inputs=("Vin", "Vcarrier"),
        outputs="c",
    )
    assert built.in_features == 2
    assert difference(built, guitar_like(2, 150, peak=4).T, reference) < TOLERANCE


@pytest.mark.slow
def test_ngspice_runs_the_tree(ngspice):
    """What a tree is written down as is a netlist: at eight times the rate both are the continuous circuit."""
    tree = Parallel(ResistiveVoltageSource("2.2k", "in"), Capacitor("10n", "C1"), Transformer(Resistor("1k"), 2.0))
    built = WDFModel(tree, DiodePair(), 8 * FS, dtype=jnp.float64)
    t = np.arange(800) / built.fs
    x = 3 * np.sin(2 * np.pi * 1000 * t) * np.minimum(1, t * 5000)
    _, y = cn.run(built, x)
    np.testing.assert_allclose(y, np.ravel(cn.spice.transient(built.circuit, x, built.fs)), rtol=0, atol=5e-4)

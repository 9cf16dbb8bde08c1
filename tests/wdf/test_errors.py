"""Trees that are no wave digital filter, and values that are none: said at construction, with the element's name."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn import wdf
from circuitnn.wdf import (
    BJT,
    Capacitor,
    CurrentSource,
    Diode,
    DiodePair,
    Inductor,
    Inverter,
    Open,
    Parallel,
    ResistiveVoltageSource,
    Resistor,
    RType,
    Series,
    Short,
    Transformer,
    TreeError,
    Triode,
    VoltageSource,
    WDFModel,
)
from circuitnn.wdf.build import build


def source():
    return ResistiveVoltageSource("1k", "in")


@pytest.mark.parametrize(
    ("element", "name"),
    [
        (Resistor(0.0, "R7"), "R7"),
        (Resistor(-1e3, "R7"), "R7"),
        (Capacitor("-10n", "C7"), "C7"),
        (Capacitor(0, "C7"), "C7"),
        (Inductor(-1.0, "L7"), "L7"),
        (ResistiveVoltageSource(0.0, "seven", 1.0), "RVseven"),
        (wdf.ResistiveCurrentSource(-5.0, "seven", 1.0), "RIseven"),
    ],
)
def test_port_resistances_that_are_not_positive(element, name):
    with pytest.raises(TreeError, match=f"port resistance of {name} must be positive"):
        WDFModel(Parallel(source(), element))


@pytest.mark.parametrize("adaptor", [Series, Parallel])
@pytest.mark.parametrize(
    ("element", "advice"),
    [
        (VoltageSource("seven", 1.0), "VoltageSource seven .*ResistiveVoltageSource"),
        (CurrentSource("seven", 1.0), "CurrentSource seven .*ResistiveCurrentSource"),
    ],
)
def test_ideal_sources_below_an_adaptor(adaptor, element, advice):
    with pytest.raises(TreeError, match=advice):
        WDFModel(adaptor(source(), element))


def test_shorts_in_parallel_and_opens_in_series():
    with pytest.raises(TreeError, match=r"Short gap .* in series"):
        WDFModel(Parallel(source(), Short("gap")))
    with pytest.raises(TreeError, match=r"Open gap .* in parallel"):
        WDFModel(Series(source(), Open("gap")))
    with pytest.raises(TreeError, match="shorts alone"):
        WDFModel(Series(Short(), Short()))
    with pytest.raises(TreeError, match="without parts"):
        WDFModel(Parallel(Open(), Open()))


def test_the_same_element_in_two_places():
    shared = Resistor("1k", "R7")
    with pytest.raises(TreeError, match="R7 is there twice"):
        WDFModel(Series(Parallel(source(), shared), shared))
    nameless = Resistor("1k")
    with pytest.raises(TreeError, match="a Resistor is there twice"):
        WDFModel(Series(Parallel(source(), nameless), nameless))


@pytest.mark.parametrize("other", ["C7", "c7", "7"])
def test_the_same_name_twice(other):
    with pytest.raises(TreeError, match=r"(?i)C7 is there twice"):
        WDFModel(Parallel(source(), Capacitor("1n", "C7"), Capacitor("2n", other)))


@pytest.mark.parametrize("device", [Diode(name="D7"), DiodePair(name="D7"), BJT(("a", "b", "c"), name="D7")])
def test_devices_below_the_root(device):
    with pytest.raises(TreeError, match=r"D7 .*for the root"):
        WDFModel(Parallel(source(), device))


@pytest.mark.parametrize("root", [Resistor("1k", "R7"), Parallel(Resistor("1k"), Capacitor("1n"))])
def test_trees_at_the_root(root):
    with pytest.raises(TreeError, match="is no root"):
        WDFModel(Parallel(source(), Capacitor("1n")), root)


def test_things_that_are_no_elements():
    for thing in (1e3, "10k", None, Resistor):
        with pytest.raises(TreeError, match="no element"):
            WDFModel(Parallel(source(), thing))


def test_two_ideal_sources_at_one_port():
    """Neither has a port resistance: what would adapt to what?"""
    with pytest.raises(cn.circuit.CircuitError, match=r"(?i)V"):
        WDFModel(Parallel(source(), Capacitor("1n")), [VoltageSource("x"), VoltageSource("y")])


def test_expressions_of_unknown_knobs():
    with pytest.raises(TreeError, match="treble"):
        WDFModel(Parallel(source(), Resistor("10k*treble", "R7")))
    with pytest.raises(TreeError, match="treble"):
        WDFModel(Parallel(source(), Resistor("10k*treble", "R7")), controls={"bass": 0.5})


@pytest.mark.parametrize(
    "value", ["1k\nR9 out 0 1", "1k}", "{1k}", "1k;", "'1k'", '"1k"', "1k\r", "\x00", float("nan"), float("inf"), "$x"]
)
def test_values_that_are_none(value):
    """Nothing in a value can end its line or its expression and begin another."""
    with pytest.raises(TreeError, match="R7"):
        WDFModel(Parallel(source(), Resistor(value, "R7"), Capacitor("1n")))
    with pytest.raises(TreeError, match=r"D7|DD7|saturation|value"):
        WDFModel(Parallel(source(), Capacitor("1n")), Diode(value, name="D7"))


@pytest.mark.parametrize("value", ["", " ", "1k*", "(", "1k 2k", "foo(2)"])
def test_expressions_that_are_none(value):
    with pytest.raises(TreeError):
        WDFModel(Parallel(source(), Resistor(value, "R7"), Capacitor("1n")))


@pytest.mark.parametrize("value", [None, [1e3], np.ones(2), 1j, object()])
def test_values_of_other_types(value):
    with pytest.raises(TreeError, match="R7"):
        WDFModel(Parallel(source(), Resistor(value, "R7"), Capacitor("1n")))


@pytest.mark.parametrize("name", ["a b", "R\n1", "", "a{b}", "a;b", "a(b)"])
def test_names_that_are_none(name):
    with pytest.raises(TreeError, match="is no name"):
        WDFModel(Parallel(source(), Resistor("1k", name)))


def test_adaptors_without_parts():
    for adaptor in (Series(), Parallel()):
        with pytest.raises(TreeError, match="without parts"):
            WDFModel(Parallel(source(), adaptor))
    with pytest.raises(TreeError):
        WDFModel(RType(nodes=[]), output="x")


def test_pots_in_parallel_that_may_both_be_shorts():
    with pytest.raises(TreeError, match="Rone and Rtwo may both have no resistance"):
        WDFModel(
            Parallel(source(), Resistor("10k*k", "Rone"), Resistor("10k*(1-k)", "Rtwo")), None, controls={"k": 0.5}
        )


def bridge(**changes):
    options = {"nodes": [("a", "0"), ("a", "b"), ("b", "0")], **changes}
    return RType(source(), Resistor("1k"), Capacitor("1n", "C1"), **options)


def test_r_type_adaptors():
    with pytest.raises(TreeError, match="3 parts and 2 pairs"):
        WDFModel(bridge(nodes=[("a", "0"), ("a", "b")]), output="C1")
    with pytest.raises(TreeError, match="say what is heard"):
        WDFModel(bridge())
    with pytest.raises(TreeError, match="needs port="):
        WDFModel(Parallel(source(), bridge()))
    with pytest.raises(TreeError, match="needs nodes="):
        WDFModel(bridge(), Diode(), output="C1")
    with pytest.raises(TreeError, match="not 'R9 a 0 1k'"):
        WDFModel(bridge(inside="R9 a 0 1k"), output="C1")
    with pytest.raises(TreeError, match="not 'E1 a 0 b'"):
        WDFModel(bridge(inside="E1 a 0 b"), output="C1")
    with pytest.raises(TreeError, match="F1 senses Vin, which is no VoltageSource on a port"):
        WDFModel(bridge(inside="F1 0 b Vin 2"), output="C1")
    with pytest.raises(TreeError, match="is no name"):
        WDFModel(bridge(nodes=[("a", "0"), ("a\n", "b"), ("b", "0")]), output="C1")


@pytest.mark.parametrize("output", ["C9", "v(C9)", "i(C9)", "v(nowhere)"])
def test_unknown_outputs(output):
    with pytest.raises(TreeError, match=r"(?i)C9|nowhere"):
        WDFModel(Parallel(source(), Capacitor("1n", "C1")), output=output)


def test_unknown_kinds():
    with pytest.raises(TreeError, match="koren and dempwolf"):
        WDFModel(bridge(), Triode(("a", "b", "0"), "norman"), output="C1")
    with pytest.raises(TreeError, match=r"(?i)XNP"):
        WDFModel(bridge(), BJT(("a", "b", "0"), "XNP"), output="C1")
    with pytest.raises(TreeError, match=r"(?i)volume"):
        WDFModel(bridge(), BJT(("a", "b", "0"), "NPN", {"volume": 11}), output="C1")


@pytest.mark.parametrize("count", [0, -1, 1.5, "2"])
def test_strings_without_diodes(count):
    with pytest.raises(TreeError, match="string of"):
        WDFModel(Parallel(source(), Capacitor("1n")), DiodePair(up=count))


def test_arguments_of_the_model():
    def tree():
        return Parallel(source(), Capacitor("1n", "C1"))

    with pytest.raises(ValueError, match="fs must be a positive"):
        WDFModel(tree(), fs=0)
    with pytest.raises(ValueError, match="no discretisation rule named 'euler'"):
        WDFModel(tree(), rule="euler")
    with pytest.raises(ValueError, match=r"'Q\*' matches no value"):
        WDFModel(tree(), trainable=("Q*",))
    with pytest.raises(ValueError, match="no solver named 'fast'"):
        WDFModel(tree(), solver="fast")
    with pytest.raises(ValueError, match="fs must be a positive"):
        cn.wdf.derive(cn.circuits.diode_clipper(), -1)


def test_what_is_near_to_an_error_is_none():
    """The same shapes as above, but right: the checks do not refuse what they should not."""
    WDFModel(
        Parallel(source(), Series(Resistor("10k*k", "Ra"), Resistor("1")), Resistor("10k*(1-k)")), controls={"k": 0}
    )
    WDFModel(Parallel(source(), Inverter(Resistor("1k", "R7")), Resistor("1k", "R8")))
    WDFModel(Parallel(source(), Transformer(Resistor("1k"), -2.0)))
    WDFModel(bridge(), Diode(nodes=("a", "b")), output=("C1", "i(C1)", "a", "v(a,b)"))


@pytest.mark.parametrize("name", ["R.x", "R#collector", "R-1", "R+", "R.X1.R1", "-", "gnd", "Rå", "R0"])
def test_a_name_that_looks_like_something_else_is_a_name(name):
    """The circuit is the same whatever its components are called."""
    plain = build(Parallel(source(), Resistor("1k", "R9"), Capacitor("1n", "C1")), None, None, None)[0]
    odd = build(Parallel(source(), Resistor("1k", name), Capacitor("1n", "C1")), None, None, None)[0]
    assert [part.nodes for part in odd.components] == [part.nodes for part in plain.components]
    assert list(odd.values.values()) == list(plain.values.values())
    assert read_back(odd) == odd


@pytest.mark.parametrize("nodes", [("n1", "n2"), ("N2", "nn1"), ("n1_p", "out"), ("A", "a2")])
def test_nodes_of_an_adaptor_may_have_any_name(nodes):
    """None is taken for one of those inside of its parts; the case does not matter."""
    first, second = nodes
    inner = RType(Resistor("1k"), Resistor("2k"), nodes=[("p", "q"), ("q", "r")], port=("p", "r"))
    parts = source(), Series(Resistor("1k"), Capacitor("1n", "C1")), inner
    tree = RType(*parts, nodes=[(first, "0"), (first.swapcase(), second), (second, "0")])
    circuit = build(tree, None, "C1", None)[0]
    assert len(circuit.nodes) == 5  # two of the adaptor, one in each part
    assert {first.lower(), second.lower()} <= {node.lower() for node in circuit.nodes}


def read_back(circuit):
    return cn.read_netlist(circuit.to_spice(), inputs=circuit.inputs, outputs=circuit.outputs)

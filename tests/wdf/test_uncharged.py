"""What direct current leaves undetermined: capacitors alone in series, loops of coils, terminals in the air."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.wdf import (
    Capacitor,
    DiodePair,
    Inductor,
    Inverter,
    Open,
    Parallel,
    ResistiveVoltageSource,
    Resistor,
    Series,
    Transformer,
    TreeError,
    VoltageSource,
    WDFModel,
)
from tests.cases import cases
from tests.reference import simulate
from tests.wdf.agreement import FS, guitar_like

PAIRS = {
    "capacitors": (Series(Capacitor(30e-9), Capacitor(60e-9)), "C1 out 0 20n"),
    "capacitors, one turned": (Series(Capacitor(30e-9), Inverter(Capacitor(60e-9))), "C1 out 0 20n"),
    "a transformer": (Series(Transformer(Capacitor(120e-9), 2.0), Capacitor(60e-9)), "C1 out 0 20n"),
    "coils": (Parallel(Inductor(30e-3), Inductor(60e-3)), "L1 out 0 20m"),
    "coils and a transformer": (Parallel(Transformer(Inductor(7.5e-3), 2.0), Inductor(60e-3)), "L1 out 0 20m"),
}


@pytest.mark.parametrize("name", cases(PAIRS, quick=["capacitors"]))
def test_several_are_as_one(name):
    x = guitar_like(400, peak=2.0)
    several, one = PAIRS[name]
    model = WDFModel(Parallel(ResistiveVoltageSource("1k", "in"), several), DiodePair(), FS, dtype=jnp.float64)
    diodes = "D1 out 0 DX\nD2 0 out DX\n.model DX D(IS=2.52n N=1.752)"
    expected, _ = simulate(cn.read_netlist(f"* t\nVin in 0 0\nR1 in out 1k\n{one}\n{diodes}\n.end"), x[:, None], FS)
    assert np.max(np.abs(expected)) > 0.1
    np.testing.assert_allclose(cn.run(model, x)[1], expected[:, 0], rtol=0, atol=1e-11)


def test_capacitors_divide_a_bias_as_they_would_have_when_it_came():
    bias = ResistiveVoltageSource("1k", "bias", 9.0)
    tree = Parallel(ResistiveVoltageSource("1k", "in"), Series(bias, Capacitor("1n", "C1"), Capacitor("3n", "C2")))
    model = WDFModel(tree, None, FS, output=("v(C1)", "v(C2)"), dtype=jnp.float64)
    assert model.circuit.uncharged
    np.testing.assert_allclose(model.init_carry().states, [-6.75, -2.25], rtol=1e-9)
    _, y = cn.run(model, np.zeros(100))
    np.testing.assert_allclose(y[-1], [-6.75, -2.25], rtol=1e-9)


def test_what_is_determined_is_not_touched():
    tree = Parallel(ResistiveVoltageSource("1k", "in"), Capacitor("1n"))
    assert not WDFModel(tree, None, FS).circuit.uncharged


def test_a_direct_current_through_coils_in_parallel_is_refused():
    bias = ResistiveVoltageSource("1k", "bias", 9.0)
    tree = Parallel(ResistiveVoltageSource("1k", "in"), bias, Inductor(1e-3), Inductor(3e-3))
    with pytest.raises(cn.circuit.CircuitError, match="L1, the current of L2 undetermined"):
        WDFModel(tree, None, FS)


def test_a_transformer_across_an_ideal_source():
    tree = Transformer(Parallel(Resistor("1k"), Capacitor("10n", "C1")), 3.0)
    model = WDFModel(tree, VoltageSource("in"), FS, output="v(C1)", dtype=jnp.float64)
    x = guitar_like(100, peak=1.0)
    np.testing.assert_allclose(cn.run(model, x)[1], x / 3, atol=1e-14)


def test_an_open_root():
    tree = Series(ResistiveVoltageSource("1k", "in"), Capacitor("10n", "C1"), Resistor("1k"))
    model = WDFModel(tree, Open(), FS, dtype=jnp.float64)
    x = guitar_like(100, peak=1.0)
    np.testing.assert_allclose(cn.run(model, x)[1], x, atol=1e-14)


def test_ideal_sources_in_parallel_are_still_an_error():
    with pytest.raises(TreeError, match="loop of voltage sources"):
        WDFModel(Parallel(ResistiveVoltageSource("1k", "in"), Resistor("1k")), (VoltageSource("a"), VoltageSource("b")))


def test_a_netlist_may_be_uncharged():
    text = "Vin in 0 0\nR1 in out 1k\nC1 out mid 30n\nC2 mid 0 60n\n.end"
    with pytest.warns(cn.circuit.NetlistWarning, match="mid has no direct current"):
        assert "R.mid" in cn.read_netlist(text)  # of a teraohm
    circuit = cn.read_netlist(text, uncharged=True)
    assert dataclasses.replace(circuit, uncharged=False) != circuit
    one = cn.read_netlist("Vin in 0 0\nR1 in out 1k\nC1 out 0 20n\n.end")
    freqs = np.array([10.0, 1e3, 2e4])
    np.testing.assert_allclose(
        cn.nodal.frequency_response(circuit, freqs), cn.nodal.frequency_response(one, freqs), rtol=1e-12
    )
    x = guitar_like(100, peak=1.0)
    y = [cn.run(cn.nodal.NodalModel(each, FS, dtype=jnp.float64), x)[1] for each in (circuit, one)]
    np.testing.assert_allclose(*y, atol=1e-13)

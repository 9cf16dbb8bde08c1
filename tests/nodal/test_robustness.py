"""The nonlinear solve: passive circuits always converge; what does not is counted, located and said."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.expressions.errors import CircuitError
from circuitnn.mna import guarded, iteration
from circuitnn.model import run
from circuitnn.nodal import NodalModel
from circuitnn.numerics.report import SolveWarning, warn_of_failures
from tests.cases import cases
from tests.mna.circuits import BRIDGE, DIODES, RLC
from tests.nodal.signals import noise

LADDER = "* diodes along and across\nVin in 0 0\nR1 in a 1k\nD1 a b DX\nD2 b 0 DX\nR2 b c 1k\nD3 0 c DY\nD4 c out DY\n"
LADDER += "R3 out 0 1k\nC1 out 0 1n\nR4 a out 1k\nD5 out a DX\n.model DX D(IS=1n N=1.5)\n.model DY D(IS=1p RS=1)\n.end"
RING = "* a ring\nVin in 0 0\nR1 in a 1k\nD1 a b DX\nD2 b out DX\nD3 out a DX\nR2 b 0 1k\nR3 out 0 1k\nC1 b out 10n\n"
RING += ".model DX D(IS=1n N=1.5)\n.end"
NETWORKS = {"ladder": read_netlist(LADDER), "ring": read_netlist(RING), "bridge": BRIDGE}
STEPS = np.concatenate([np.zeros(4), np.full(5, 100.0), np.full(5, -100.0), [100, -100, 100, 0, 0.5, -100, 1e-3, 1]])


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("name", cases(DIODES, slow=("bridge", "series")))
def test_converges_however_hard_it_is_driven(name, dtype):
    square = 50 * np.sign(np.sin(2 * np.pi * 1000 * np.arange(96) / 48_000 + 0.1))
    x = np.stack([square, noise(96, peak=50), noise(96, peak=100), 0 * square])[:, :, None]
    carry, y = run(NodalModel(DIODES[name], dtype=dtype), x)  # a SolveWarning would be an error here
    assert carry.report.failed.tolist() == [0] * 4
    assert np.isfinite(y).all()


def random_values(circuit, random, count):
    """Resistances over seven decades, saturation currents over ten, emission coefficients from 1 to 2."""

    def one(name):
        if name == "Vin" or (name[0] == "D" and "." not in name):
            return np.full(count, float(circuit.values[name]))
        low, high = {"IS": (-16, -6), "N": (0, 0.3), "RS": (-2, 2)}.get(name.split(".")[-1], (0, 7))
        low, high = (-12, -6) if name[0] == "C" else (low, high)
        return 10 ** random.uniform(low, high, count)

    return {name: jnp.asarray(one(name)) for name in circuit.values}


def failures_of(circuit, x):
    @jax.jit
    @jax.vmap
    def failures(values):
        model = NodalModel(dataclasses.replace(circuit, values=values), dtype=jnp.float64)
        carry, y = model(model.init_carry(), x)
        return carry.report.failed, jnp.max(jnp.abs(y))

    return failures


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_random_passive_networks_and_steps_of_a_hundred_volts(name):
    circuit = NETWORKS[name]
    failures = failures_of(circuit, jnp.asarray(STEPS)[:, None])
    failed, peak = failures(random_values(circuit, np.random.default_rng(0), 48))
    assert np.asarray(failed).tolist() == [0] * 48
    # No voltage in a passive network of resistors and diodes is larger than the source; a capacitor adds its own.
    assert (np.asarray(peak) < 400).all()


@st.composite
def networks(draw):
    """Resistors to ground from each node, and between them resistors, diodes and a capacitor."""
    nodes = draw(st.integers(2, 5))
    names = [f"n{k}" for k in range(nodes)] + ["0"]
    lines = [f"Rin in n0 {draw(st.sampled_from((1, 100, 1e4)))}"]
    lines += [f"Rg{k} n{k} 0 {draw(st.sampled_from((10, 1e3, 1e6)))}" for k in range(nodes)]
    lines += [f"Rs{k} n{k} n{k + 1} {draw(st.sampled_from((10, 1e3, 1e6)))}" for k in range(nodes - 1)]
    for k in range(draw(st.integers(1, 6))):
        a, b = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
        lines.append(f"D{k} {a} {b} {draw(st.sampled_from(('DX', 'DY', 'DZ')))}")
    lines.append(f"C1 n{nodes - 1} 0 10n")
    models = ".model DX D(IS=2.52n N=1.752)\n.model DY D(IS=1e-14 RS=0.5)\n.model DZ D(IS=10u N=1.1)\n"
    return f"* t\nVin in 0 0\n{chr(10).join(lines)}\n{models}.end", f"n{nodes - 1}"


@pytest.mark.slow
@settings(max_examples=25)
@given(network=networks(), seed=st.integers(0, 100))
def test_networks_of_any_shape(network, seed):
    text, output = network
    model = NodalModel(read_netlist(text, outputs=output), dtype=jnp.float64)
    x = np.concatenate([STEPS, 100 * np.sign(np.random.default_rng(seed).standard_normal(20))])
    carry, y = run(model, x)
    assert int(carry.report.failed) == 0
    assert np.abs(y).max() < 400


@pytest.fixture
def fresh():
    """Nothing compiled with other constants of the iteration, before and after."""
    jax.clear_caches()
    yield
    jax.clear_caches()


@pytest.mark.slow
def test_where_the_plain_iteration_fails_the_guarded_one_finds_the_same(monkeypatch, fresh):
    model, x = NodalModel(DIODES["bridge"], dtype=jnp.float64), noise(2, 40, 1, peak=50)
    _, expected = run(model, x)
    jax.clear_caches()
    monkeypatch.setattr(iteration, "PLAIN_ITERATIONS", 3)
    carry, y = run(model, x)
    assert carry.report.failed.tolist() == [0, 0]
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-9)


def test_what_does_not_converge_is_counted_and_said(monkeypatch, fresh):
    monkeypatch.setattr(iteration, "PLAIN_ITERATIONS", 1)
    monkeypatch.setattr(guarded, "ITERATIONS", 1)
    x = np.concatenate([np.zeros((12, 1)), noise(18, 1)])
    with pytest.warns(SolveWarning, match="first at sample 12"):
        carry, _ = run(NodalModel(diode_clipper(), dtype=jnp.float64), x)
    assert 0 < int(carry.report.failed) <= 18
    assert int(carry.report.samples) == 30


def test_samples_that_are_not_numbers_are_counted_in_their_entry_of_the_batch():
    x = noise(2, 30, 1).astype(np.float32)
    x[1, 20] = np.nan
    model, linear = NodalModel(diode_clipper()), NodalModel(RLC)
    carry, y = jax.jit(model)(model.init_carry((2,)), x)
    assert carry.report.not_finite.tolist() == [0, 1]
    assert carry.report.failed.tolist() == [0, 9]  # the samples after it, as the state is lost
    assert np.isfinite(y[0]).all()
    with pytest.warns(SolveWarning, match="1 of 60 samples, first at sample 20 of batch entry 1; 9 other samples"):
        warn_of_failures(carry)
    carry, _ = jax.jit(linear)(linear.init_carry(), x[1])
    assert (int(carry.report.first_not_finite), int(carry.report.first_failed)) == (20, 21)


@pytest.mark.parametrize(
    ("lines", "node"),
    [
        ("B1 in a I=v(in,a)/1k\nB2 a out I=v(a,out)/1k\nR1 out 0 1k", "node a"),
        ("R1 in 0 1k\nR2 lost out 10k\nD1 out 0 DI\n.model DI D(Ron=2k Roff=100meg Vfwd=0)", "node out"),
    ],
)
@pytest.mark.filterwarnings("ignore::circuitnn.NetlistWarning")
def test_a_node_that_laws_without_junctions_alone_hold_is_named(lines, node):
    circuit = read_netlist(f"Vin in 0 0\n{lines}\n", inputs="Vin", outputs="v(out)")
    with pytest.raises(CircuitError, match=f"{node} undetermined; in time: held by"):
        NodalModel(circuit, dtype=jnp.float64)

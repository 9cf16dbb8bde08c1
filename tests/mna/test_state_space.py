import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn import testing
from circuitnn.circuit import CircuitError, catalogue, read_netlist
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.mna.small_signal import transfer
from circuitnn.mna.state_space import state_space
from circuitnn.mna.structure import gains_of, structure
from circuitnn.mna.topology import topology
from tests.cases import cases
from tests.mna.circuits import BIASED, BRIDGE, RLC, SERIES

S = 2j * np.pi * np.geomspace(20, 20e3, 31)
CAPACITOR_LOOP = read_netlist(
    "* three capacitors in a loop\nVin in 0 0\nR1 in a 1k\nC1 a 0 1u\nC2 a b 2u\nC3 b 0 3u\nR3 b 0 10k\nR2 b out 1k\n"
    "C4 out 0 1u\n.end"
)
SOURCE_LOOP = read_netlist(
    "* a loop with the source\nVin in 0 0\nC1 in out 1u\nC2 out 0 2u\nR1 out a 1k\nL1 a 0 10m\n.end"
)
INDUCTOR_CUT = read_netlist(
    "* two inductors in series\nVin in 0 0\nR1 in a 1k\nL1 a b 1m\nL2 b out 2m\nR2 out 0 1k\n.end"
)
TRANSFORMER = read_netlist(
    "* t\nVin in 0 0\nR1 in a 10\nL1 a 0 10m\nL2 out 0 40m\nL3 0 c 1m\nK1 L1 L2 0.9\nK2 L2 L3 0.3\n"
    "R2 out 0 100\nR3 c 0 5\n.end"
)
FOLLOWER = read_netlist(
    "* no voltage across C1, whose other end follows\nVin in 0 0\nR1 in out 1k\nC1 out x 1u\nE1 x 0 out 0 1\n"
    "C2 out 0 1u\n.end"
)
MINE = {
    "rlc": RLC,
    "biased": BIASED,
    "bridge": BRIDGE,
    "series": SERIES,
    "capacitor_loop": CAPACITOR_LOOP,
    "source_loop": SOURCE_LOOP,
    "inductor_cut": INDUCTOR_CUT,
    "transformer": TRANSFORMER,
    "follower": FOLLOWER,
}
MINE |= {
    name: catalogue.CATALOGUE[name]()
    for name in ("bassman", "pultec_eqp1a", "sallen_key", "tube_screamer_clipping", "common_emitter")
}


def matrices(circuit, values=None):
    top = topology(circuit)
    return state_space(top, circuit.resolve(None) if values is None else values, structure(top, gains_of(circuit)))


LARGE = ("bridge", "bassman", "sallen_key", "tube_screamer_clipping")


@pytest.mark.parametrize("name", cases(MINE, slow=(*LARGE, "common_emitter", "series")))
def test_response(name):
    circuit = MINE[name]
    found = jax.jit(matrices)(circuit) if name != "follower" else matrices(circuit)
    inner = np.linalg.solve(S[:, None, None] * np.eye(len(found.a)) - found.a, np.asarray(found.b)[None])
    expected = jax.jit(transfer, static_argnums=0)(topology(circuit), circuit.resolve(None), jnp.asarray(S))
    np.testing.assert_allclose(found.c @ inner + found.d, np.moveaxis(expected, -1, 0), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "size"),
    [("rlc", 2), ("capacitor_loop", 3), ("source_loop", 2), ("inductor_cut", 1), ("transformer", 3), ("follower", 1)],
)
def test_size(name, size):
    assert matrices(MINE[name]).a.shape == (size, size)


def test_states_are_those_of_the_circuit():
    found = matrices(RLC)  # L1 is after R1, and comes first
    L, C, R1, R2 = 10e-3, 1e-6, 100, 1000
    np.testing.assert_allclose(found.a, [[-R1 / L, -1 / L], [1 / C, -1 / (R2 * C)]], rtol=1e-10)
    np.testing.assert_allclose(found.b, [[1 / L], [0]], atol=1e-9)
    np.testing.assert_allclose(found.c, [[0, 1]], atol=1e-12)
    np.testing.assert_array_equal(found.states, np.eye(2))


def test_states_in_a_loop_add_up():
    found = matrices(CAPACITOR_LOOP)  # C1, C2, C3, C4: v1 = v2 + v3
    np.testing.assert_allclose(found.states[0], found.states[1] + found.states[2], atol=1e-12)
    found = matrices(SOURCE_LOOP)  # C1, C2, L1: v1 + v2 = u
    np.testing.assert_allclose(found.states[0] + found.states[1], 0, atol=1e-12)
    np.testing.assert_allclose(found.follow[0] + found.follow[1], 1, rtol=1e-9)


@pytest.mark.slow
def test_of_the_diode_clipper():
    g = 2 * 2.52e-9 / (1.752 * THERMAL_VOLTAGE)
    R, Ch, Cl = 2200, 0.47e-6, 10e-9
    found = matrices(catalogue.diode_clipper_second_order())
    expected = -np.array([[1 / (R * Ch), 1 / (R * Ch)], [1 / (R * Cl), 1 / (R * Cl) + g / Cl]])
    np.testing.assert_allclose(found.a, expected, rtol=1e-10)


@pytest.mark.parametrize("name", cases(["biased", "transformer"], quick=["transformer"]))
def test_gradient(name):
    circuit = MINE[name]
    logs = {part.name: 0.0 for part in circuit.components if part.kind in "RCL"}
    sizes = [float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(matrices(circuit))]

    def f(logs):
        changed = circuit.replace(**{key: circuit.values[key] * jnp.exp(log) for key, log in logs.items()})
        found = matrices(changed)
        pairs = zip(jax.tree.leaves(found), sizes, strict=True)
        return sum(jnp.sum(jnp.sin(new / size)) for new, size in pairs if size > 1e-9)

    testing.check_gradient(f, (logs,), rtol=1e-5)


def test_an_output_that_follows_a_derivative():
    net = "* t\nVin in 0 0\nC1 in x 1u\nVs x 0 0\nH1 out 0 Vs 1k\nR1 out 0 1k\n.end"
    with pytest.raises(CircuitError, match="follows the derivative"):
        matrices(read_netlist(net))


def test_a_circuit_without_a_solution():
    circuit = read_netlist("* v = v\nVin in 0 0\nR1 in out 1k\nE1 out 0 out 0 1\nC1 out 0 1n\n.end")
    with pytest.raises(CircuitError, match="no unique solution"):
        structure(topology(circuit), gains_of(circuit))


@pytest.mark.slow
def test_single_precision():
    found = matrices(RLC.astype(jnp.float32))
    assert {leaf.dtype for leaf in jax.tree.leaves(found)} == {jnp.dtype(jnp.float32)}
    np.testing.assert_allclose(found.a, matrices(RLC).a, rtol=1e-3)

"""Coupled inductors against the equations of a transformer: v = L di/dt with the matrix of all inductances."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from circuitnn.circuit import read_netlist
from circuitnn.model import Forcing, trace
from circuitnn.nodal import NodalModel, frequency_response
from circuitnn.testing import check_block_law, check_gradient
from tests.nodal.signals import energy, noise

FS, L1, L2, K, R1, R2 = 48_000, 0.1, 0.4, 0.9, 100.0, 1e3
TRANSFORMER = read_netlist(
    f"* t\nVin in 0 0\nR1 in a {R1}\nL1 a 0 {L1}\nL2 out 0 {L2}\nK1 L1 L2 {K}\nR2 out 0 {R2}\n.end"
)
# The second winding the other way round and a third one, coupled to the second only.
THREE = read_netlist(
    "* t\nVin in 0 0\nR1 in a 100\nL1 a 0 0.1\nL2 0 out 0.4\nL3 b 0 0.2\nK1 L1 L2 0.7\nK2 L2 L3 0.5\nR2 out 0 1k\n"
    "R3 b 0 220\n.end",
    outputs=("out", "b"),
)


def state_space(inductance, resistance, outputs):
    """di/dt = L^-1 (u - R i) for windings in loops of their own, the first driven; outputs are ``outputs i``."""
    inverse = np.linalg.inv(inductance)
    first = np.eye(len(inductance))[:, :1]
    return -inverse @ np.diag(resistance), inverse @ first, outputs, np.zeros((len(outputs), 1))


M = K * np.sqrt(L1 * L2)
TWO = state_space(np.array([[L1, M], [M, L2]]), [R1, R2], np.array([[0, -R2]]))
M12, M23 = -0.7 * np.sqrt(0.1 * 0.4), -0.5 * np.sqrt(0.4 * 0.2)
MANY = state_space(
    np.array([[0.1, M12, 0], [M12, 0.4, M23], [0, M23, 0.2]]), [100, 1e3, 220], np.array([[0, -1e3, 0], [0, 0, -220]])
)
# Currents out of a winding into its load: the netlist's second one of THREE is reversed, and its coupling with it.
CASES = {"two": (TRANSFORMER, TWO), "three": (THREE, MANY)}


@pytest.mark.parametrize("name", CASES)
def test_frequency_response(name):
    circuit, (a, b, c, _) = CASES[name]
    freqs = np.geomspace(10, 20e3, 9)
    s = 2j * np.pi * freqs
    expected = np.stack([c @ np.linalg.solve(each * np.eye(len(a)) - a, b) for each in s], axis=-1)[:, 0]
    found = np.reshape(frequency_response(circuit, freqs), expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_along_time(name):
    """The bilinear transform of the state space."""
    circuit, system = CASES[name]
    x = noise(60)
    discrete = signal.dlti(*signal.cont2discrete(system, 1 / FS, "bilinear")[:4], dt=1 / FS)
    _, expected, _ = signal.dlsim(discrete, x)
    _, y, _ = trace(NodalModel(circuit, dtype=jnp.float64), x[:, None])
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_the_other_rules_converge_to_the_same():
    x = np.convolve(noise(60), np.hanning(9), "same")
    x = np.repeat(x, 16)[:, None]
    known = trace(NodalModel(TRANSFORMER, 16 * FS, dtype=jnp.float64), x)[1]
    for rule, tolerance in (("bdf2", 1e-2), ("backward_euler", 5e-2)):
        y = trace(NodalModel(TRANSFORMER, 16 * FS, rule=rule, dtype=jnp.float64), x)[1]
        assert np.linalg.norm(y - known) < tolerance * np.linalg.norm(known)


def test_the_block_law_and_forced_states():
    model, x = NodalModel(THREE, dtype=jnp.float64), noise(40, 1)
    check_block_law(model, x, cuts=(20,), rtol=1e-11)
    _, y, states = trace(model, x)
    before = jnp.concatenate([model.init_carry().states[None], states[:-1]])
    _, forced, _ = trace(model, x, forcing=Forcing(before))
    np.testing.assert_allclose(forced, y, rtol=0, atol=1e-10)


def test_gradients():
    total, (values, u) = energy(TRANSFORMER, noise(40, 1))
    check_gradient(total, (values, u), rtol=1e-7)

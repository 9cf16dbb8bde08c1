"""Gradients against central differences, forwards, in reverse, through forcing, knobs and carries; to second order."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit.catalogue import CATALOGUE, diode_clipper, diode_clipper_second_order
from circuitnn.model import Forcing
from circuitnn.nodal import NodalModel
from circuitnn.testing import check_gradient
from tests.cases import cases
from tests.mna.circuits import DIODES, KNOB, RLC
from tests.nodal.signals import energy, noise

PEAKS = np.array([1e-3, 1.0, 50.0])[:, None, None]


@pytest.mark.parametrize("name", cases(["diode_clipper", "diode_clipper_second_order"], quick=("diode_clipper",)))
def test_the_clippers_quiet_loud_and_far_too_loud(name):
    """A batch, each of its entries with the same say; and in silence nothing is NaN."""
    total, (values, u) = energy(CATALOGUE[name](), noise(3, 60, 1, peak=1), scale=PEAKS)
    check_gradient(total, (values, u))
    for derivative in jax.tree.leaves(jax.jit(jax.grad(total, (0, 1)))(values, 0 * u)):
        assert np.isfinite(derivative).all()


@pytest.mark.parametrize("name", cases(["bridge", "biased", "rlc"], slow=("bridge",)))
def test_other_circuits(name):
    check_gradient(*energy((DIODES | {"rlc": RLC})[name], noise(60, 1)))


@pytest.mark.slow
def test_backward_euler():
    check_gradient(*energy(diode_clipper(), noise(60, 1), rule="backward_euler"))


@pytest.mark.slow
def test_forward_and_reverse_agree_to_rounding():
    total, (values, u) = energy(DIODES["half_wave"], noise(60, 1))
    forward, reverse = jax.jit(jax.jacfwd(total))(values, u), jax.jit(jax.grad(total))(values, u)
    for name in values:
        assert float(forward[name]) == pytest.approx(float(reverse[name]), rel=1e-9), name


@pytest.mark.slow
def test_second_derivatives():
    model, u = NodalModel(KNOB, dtype=jnp.float64), jnp.asarray(noise(40, 1))

    def slope(drive):
        return jax.grad(lambda d: jnp.sum(model(model.init_carry(()), u, {"drive": d})[1] ** 2))(drive)

    check_gradient(slope, (jnp.asarray(0.4),))


def test_knobs_along_time():
    model, u = NodalModel(KNOB, dtype=jnp.float64), jnp.asarray(noise(60, 1))
    drive = 0.5 + 0.4 * jnp.sin(jnp.arange(60) / 9)
    rest = model.init_carry()
    check_gradient(lambda d: jnp.sum(model(rest, u, {"drive": d})[1] ** 2), (drive,))


@pytest.mark.parametrize(
    "mask", [pytest.param(None, marks=pytest.mark.slow), jnp.arange(50) % 5 == 0], ids=["always", "sometimes"]
)
def test_forcing(mask):
    model, u = NodalModel(diode_clipper_second_order(), dtype=jnp.float64), jnp.asarray(noise(50, 1))
    rest = model.init_carry()

    def total(previous, u):
        return jnp.sum(model.trace(rest, u, None, Forcing(previous, mask))[1] ** 2)

    check_gradient(total, (jnp.asarray(noise(50, 2, peak=0.3, seed=1)), u))


def test_the_carry_and_forced_states():
    model, u = NodalModel(diode_clipper_second_order(), dtype=jnp.float64), jnp.asarray(noise(30, 1))
    rest = model.init_carry()

    def from_states(states, dual):
        carry = dataclasses.replace(rest, deviation=states - rest.reference.states, dual=dual)
        return jnp.sum(model(carry, u)[1] ** 2)

    check_gradient(from_states, (jnp.asarray([0.3, -0.2]), jnp.asarray([1e-5, -2e-5])))
    check_gradient(lambda states: jnp.sum(model(model.force(rest, states), u)[1] ** 2), (jnp.asarray([0.3, -0.2]),))

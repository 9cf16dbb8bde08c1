"""Gradients against central differences, forwards, in reverse, through forcing, knobs and carries; to second order."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit.catalogue import diode_clipper, diode_clipper_second_order
from circuitnn.model import Forcing
from circuitnn.nodal import NodalModel
from circuitnn.testing import check_gradient
from tests.mna.circuits import DIODES, KNOB, RLC
from tests.nodal.signals import energy, noise


@pytest.mark.parametrize("peak", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("circuit", [diode_clipper(), diode_clipper_second_order()], ids=["first", "second"])
def test_the_clippers(circuit, peak):
    check_gradient(*energy(circuit, noise(100, 1, peak=peak)))


@pytest.mark.parametrize("name", [*DIODES, "rlc"])
def test_other_circuits(name):
    check_gradient(*energy((DIODES | {"rlc": RLC})[name], noise(60, 1)))


def test_backward_euler():
    check_gradient(*energy(diode_clipper(), noise(100, 1), rule="backward_euler"))


def test_a_batch():
    check_gradient(*energy(diode_clipper_second_order(), noise(2, 3, 40, 1)))


def test_silence_has_finite_gradients():
    total, (values, u) = energy(diode_clipper(), np.zeros((50, 1)))
    for found in jax.tree.leaves(jax.grad(total, (0, 1))(values, u)):
        assert np.isfinite(found).all()


def test_forward_and_reverse_agree_to_rounding():
    total, (values, u) = energy(DIODES["half_wave"], noise(60, 1))
    forward, reverse = jax.jacfwd(total)(values, u), jax.grad(total)(values, u)
    for name in values:
        assert float(forward[name]) == pytest.approx(float(reverse[name]), rel=1e-9), name


def test_second_derivatives():
    model, u = NodalModel(KNOB, dtype=jnp.float64), jnp.asarray(noise(40, 1))

    def slope(drive):
        return jax.grad(lambda d: jnp.sum(model(model.init_carry(()), u, {"drive": d})[1] ** 2))(drive)

    check_gradient(jax.jit(slope), (jnp.asarray(0.4),))


def test_knobs_along_time():
    model, u = NodalModel(KNOB, dtype=jnp.float64), jnp.asarray(noise(60, 1))
    drive = 0.5 + 0.4 * jnp.sin(jnp.arange(60) / 9)
    check_gradient(jax.jit(lambda d: jnp.sum(model(model.init_carry(()), u, {"drive": d})[1] ** 2)), (drive,))


@pytest.mark.parametrize("mask", [None, jnp.arange(50) % 5 == 0], ids=["always", "sometimes"])
def test_forcing(mask):
    model, u = NodalModel(diode_clipper_second_order(), dtype=jnp.float64), jnp.asarray(noise(50, 1))

    def total(previous, u):
        return jnp.sum(model.trace(model.init_carry(()), u, None, Forcing(previous, mask))[1] ** 2)

    check_gradient(jax.jit(total), (jnp.asarray(noise(50, 2, peak=0.3, seed=1)), u))


def test_the_carry_and_forced_states():
    model, u = NodalModel(diode_clipper_second_order(), dtype=jnp.float64), jnp.asarray(noise(30, 1))

    def from_states(states, dual):
        carry = dataclasses.replace(model.init_carry(()), states=states, dual=dual)
        return jnp.sum(model(carry, u)[1] ** 2)

    check_gradient(jax.jit(from_states), (jnp.asarray([0.3, -0.2]), jnp.asarray([1e-5, -2e-5])))
    forced = jax.jit(lambda states: jnp.sum(model(model.force(model.init_carry(()), states), u)[1] ** 2))
    check_gradient(forced, (jnp.asarray([0.3, -0.2]),))

"""Signals and small helpers for the tests of the nodal model."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from circuitnn.nodal import NodalModel


def sine(samples, *, fs=48_000, peak=4.5, frequency=220.0):
    """A sine that begins softly, so that all rates see the same signal."""
    t = np.arange(samples) / fs
    return peak * np.sin(2 * np.pi * frequency * t) * np.minimum(1, t * 1000)


def noise(*shape, peak=5.0, seed=0):
    return peak * np.random.default_rng(seed).standard_normal(shape)


def esr(y, truth):
    y, truth = np.asarray(y, np.float64), np.asarray(truth, np.float64)
    return float(np.sum((y - truth) ** 2) / np.sum(truth**2))


def energy(circuit, u, *, rule="trapezoidal", scale=1.0):
    """The energy of the output as a function of the circuit's values and the input, jitted; and both.

    The input is u times `scale`, and the output is counted in units of it.
    """

    @jax.jit
    def total(values, u):
        model = NodalModel(dataclasses.replace(circuit, values=values), rule=rule, dtype=jnp.float64)
        return jnp.sum((model(model.init_carry(u.shape[:-2]), u * scale)[1] / scale) ** 2)

    return total, ({name: jnp.asarray(value) for name, value in circuit.values.items()}, jnp.asarray(u))

"""What the tests of wave digital filters have in common: inputs, and the comparison with the nodal model."""

import jax.numpy as jnp
import numpy as np

from circuitnn.circuit import catalogue
from circuitnn.model import trace
from circuitnn.nodal import NodalModel
from tests.golden.catalogue.load import LFO_REST

FS = 48_000


def guitar_like(*shape, peak=1.0, seed=0):
    """Noise (..., samples) that is softer the higher it is, and dies away, as what a string gives: of that peak."""
    white = np.random.default_rng(seed).standard_normal(shape)
    x = np.empty_like(white)
    last = np.zeros(shape[:-1])
    for n in range(shape[-1]):
        last = x[..., n] = 0.85 * last + white[..., n]
    x = x * np.exp(-np.arange(shape[-1]) / 400)
    return peak * x / np.max(np.abs(x))


def played(name, samples=200, seed=0):
    """An input (samples, inputs) of a circuit of the catalogue: as loud as it should be, further inputs constant."""
    x = guitar_like(samples, peak=catalogue.NOMINAL_PEAK[name], seed=seed)
    others = len(catalogue.CATALOGUE[name]().inputs) - 1
    return np.stack([x, *[np.full(samples, LFO_REST)] * others], axis=-1)


def difference(model, x, reference=None, *, controls=None, **options):
    """The largest difference of outputs and of states between a wave digital filter and the nodal model.

    Each output and each state is measured against its own peak, or one volt (ampere) where that is smaller.

    Args:
        model: the wave digital filter, float64.
        x: (..., time, inputs).
        reference: circuit of the nodal model; `model.circuit` when None.
        controls: knobs, constant or along time.
        options: of the nodal model, as the filter has them.
    """
    circuit = model.circuit if reference is None else reference
    nodal = NodalModel(circuit, model.fs, rule=model.rule, dtype=jnp.float64, **options)
    carry, y, states = trace(model, x, controls=controls)
    _, expected, order = trace(nodal, x, controls=controls)
    # States by their names: circuits written in another order have the same ones.
    names = {name.lower(): k for k, name in enumerate(nodal.state_names)}
    places = [names[name.lower()] for name in model.state_names]
    assert len(places) == len(names)
    assert not np.any(carry.report.failed)
    return max(_worst(y, expected), _worst(states, order[..., places]))


def _worst(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert np.isfinite(found).all()
    if found.size == 0:
        return 0.0
    peak = np.maximum(1, np.max(np.abs(expected), axis=tuple(range(expected.ndim - 1))))
    return float(np.max(np.abs(found - expected) / peak))

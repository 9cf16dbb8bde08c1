"""What the tests of wave digital filters have in common: inputs, and the comparison with the reference simulator."""

import numpy as np

from circuitnn.circuit import catalogue
from circuitnn.model import trace
from tests.golden.catalogue.load import LFO_REST
from tests.reference import simulate

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


def difference(model, x, circuit=None, *, controls=None):
    """The largest difference of outputs and of states between a model of a circuit and the reference simulator.

    Each output and each state is measured against its own peak, or one volt (ampere) where that is smaller.

    Args:
        model: a wave digital filter or a nodal model, float64.
        x: (..., time, inputs).
        circuit: what the reference simulates; `model.circuit` when None.
        controls: knobs, constant or along time.
    """
    circuit = model.circuit if circuit is None else circuit
    rule = model.rule if isinstance(model.rule, str) else model.rule.memory  # of the alpha transform
    carry, y, states = trace(model, x, controls=controls)
    assert not np.any(carry.report.failed)
    batch, samples = x.shape[:-2], x.shape[-2]
    knobs = {name: np.broadcast_to(value, (*batch, samples)) for name, value in (controls or {}).items()}
    runs = [
        simulate(circuit, x[entry], model.fs, rule=rule, controls={name: value[entry] for name, value in knobs.items()})
        for entry in np.ndindex(batch)
    ]
    expected, reference = (np.stack(signals).reshape(*batch, samples, -1) for signals in zip(*runs, strict=True))
    # States by their names: circuits written in another order have the same ones.
    names = {name.lower(): k for k, name in enumerate(circuit.state_names)}
    places = [names[name.lower()] for name in model.state_names]
    assert len(places) == len(names)
    return max(_worst(y, expected), _worst(states, reference[..., places]))


def _worst(actual, expected):
    actual = np.asarray(actual)
    assert actual.shape == expected.shape
    assert np.isfinite(actual).all()
    if actual.size == 0:
        return 0.0
    peak = np.maximum(1, np.max(np.abs(expected), axis=tuple(range(expected.ndim - 1))))
    return float(np.max(np.abs(actual - expected) / peak))

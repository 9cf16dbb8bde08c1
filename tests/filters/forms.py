"""Filters with random numbers, and what every form of a filter is held against."""

from operator import itemgetter

import jax
import jax.numpy as jnp
import numpy as np

from circuitnn.filters import Biquads, Coupled

FS = 48_000
FREQS = np.geomspace(20, 23e3, 101)
RADIUS = 1 - 1e-5


def _decays(rng, shape):
    return rng.uniform(np.log(0.01), np.log(2.0), shape)


def free_numbers(kind, order, rng, batch=()):
    """Free numbers whose impulse responses have ended after some thousand samples."""
    pairs = order // 2
    angles, decays = rng.uniform(-np.pi, np.pi, (*batch, pairs)), _decays(rng, (*batch, order))
    rest = rng.standard_normal((*batch, order + 1))
    if kind is Biquads:
        others = rng.uniform(-np.pi, np.pi, (*batch, pairs))
        return np.concatenate([angles, decays, others, _decays(rng, (*batch, order)), rest[..., -1:]], axis=-1)
    return np.concatenate([angles, decays, rest], axis=-1)


def random_form(kind, order, rng, batch=(), dtype=jnp.float64, radius=RADIUS):
    return kind.unpacked(jnp.asarray(free_numbers(kind, order, rng, batch), dtype), order, radius)


@jax.jit
def filtered(form, state, x):
    return form.filtered(state, x)


def impulse_response(form, samples=8192):
    x = np.eye(1, samples, dtype=form.coefficients().dtype)[0]
    return np.asarray(filtered(form, form.at_rest(), x)[1], float)


def check_response(form, rtol):
    """The closed form is the spectrum of the impulse response, to `rtol` of the largest."""
    h = impulse_response(form)
    assert np.abs(h[-1]) < 1e-12 * np.abs(h).max()
    spectrum = np.exp(-2j * np.pi * np.outer(FREQS / FS, np.arange(len(h)))) @ h
    found = np.asarray(form.response(FREQS, FS))
    assert found.dtype == np.result_type(form.coefficients().dtype, np.complex64)
    np.testing.assert_allclose(found, spectrum, rtol=0, atol=rtol * np.abs(spectrum).max())


def pieces(form, x, cuts):
    """The output of a block, cut where it is said."""
    state, out, moves = form.at_rest(x.shape[:-1]), [], form.coefficients().ndim > 1
    for start, stop in zip([0, *cuts], [*cuts, x.shape[-1]], strict=True):
        piece = jax.tree.map(itemgetter(slice(start, stop)), form) if moves else form
        state, y = filtered(piece, state, x[..., start:stop])
        out.append(y)
    return np.concatenate(out, axis=-1)


KINDS = (Coupled, Biquads)

"""Cascades of sections, against scipy.signal and against a loop."""

import dataclasses

import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis.extra.numpy import arrays
from scipy import signal

from circuitnn.filters import Biquads
from circuitnn.filters.biquad_form import STRUCTURES
from tests.filters.forms import FREQS, FS, RADIUS, check_response, filtered, pieces, random_form

ORDERS = (1, 2, 5)


def sections(form, at=()):
    return np.concatenate([np.asarray(form.b[at]), np.asarray(form.a[at])], axis=-1)


@pytest.mark.parametrize("order", ORDERS)
def test_coefficients_against_scipy(order):
    rng = np.random.default_rng(order)
    form = random_form(Biquads, order, rng)
    _, expected = signal.freqz_sos(sections(form), FREQS, fs=FS)
    np.testing.assert_allclose(form.response(FREQS, FS), expected, rtol=1e-10)
    x = rng.standard_normal(300)
    _, y = filtered(form, form.at_rest(), x)
    np.testing.assert_allclose(y, signal.sosfilt(sections(form), x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("order", ORDERS)
def test_response_is_that_of_the_impulse(order, structure):
    for dtype, rtol in ((jnp.float64, 1e-10), (jnp.float32, 1e-4)):
        form = random_form(Biquads, order, np.random.default_rng(order), dtype=dtype)
        check_response(dataclasses.replace(form, structure=structure), rtol)


@pytest.mark.parametrize("order", ORDERS)
def test_structures_are_equal_while_nothing_moves(order):
    form = random_form(Biquads, order, np.random.default_rng(order))
    other = dataclasses.replace(form, structure="state variable")
    x = jnp.asarray(np.random.default_rng(0).standard_normal(300))
    expected = filtered(form, form.at_rest(), x)[1]
    y = filtered(other, other.at_rest(), x)[1]
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def direct(form, x):
    """Direct form II transposed."""
    s, out = np.zeros((form.gain.shape[-1], 2)), np.zeros(len(x))
    for n, u in enumerate(x):
        for k, (b0, b1, b2, _, a1, a2) in enumerate(sections(form, n)):
            y = b0 * u + s[k, 0]
            s[k] = b1 * u - a1 * y + s[k, 1], b2 * u - a2 * y
            u = y
        out[n] = u
    return out


def state_variable(form, x):
    """Two trapezoidal integrators a section, hp -> bp -> lp, the loop without delay solved as equations."""
    s, out = np.zeros((form.gain.shape[-1], 2)), np.zeros(len(x))
    for n, u in enumerate(x):
        for k, (b0, b1, b2, _, a1, a2) in enumerate(sections(form, n)):
            # By z = (1 + p)/(1 - p): (1 + p)^2 + a1 (1 + p)(1 - p) + a2 (1 - p)^2, and p = g q.
            share, first, last = 1 - a1 + a2, 2 - 2 * a2, 1 + a1 + a2
            g = np.sqrt(last / share)
            damping = first / (share * g)
            mix = (b0 - b1 + b2) / share, (2 * b0 - 2 * b2) / (share * g), (b0 + b1 + b2) / (share * g**2)
            equations = np.array([[1, damping, 1], [-g, 1, 0], [0, -g, 1]])
            hp, bp, lp = np.linalg.solve(equations, [u, *s[k]])
            s[k] = bp + g * hp, lp + g * bp
            u = np.dot(mix, [hp, bp, lp])
        out[n] = u
    return out


@pytest.mark.parametrize("order", [1, 4])
@pytest.mark.parametrize(("structure", "loop"), [("direct", direct), ("state variable", state_variable)])
def test_moving_numbers_against_a_loop(structure, loop, order):
    rng = np.random.default_rng(order)
    # Slowly: a cascade that jumps from anywhere to anywhere may grow without a bound.
    start, stop = (random_form(Biquads, order, rng) for _ in range(2))
    way = np.linspace(0, 1, 50)[:, None]

    def between(a, b):
        ratio = jnp.asarray(way[..., None] if a.ndim == 2 else way)
        return a + ratio * (b - a)

    form = Biquads(
        between(start.gain, stop.gain), between(start.above, stop.above), between(start.below, stop.below), order
    )
    form = dataclasses.replace(form, structure=structure)
    x = rng.standard_normal(50)
    expected = loop(form, x)
    _, y = filtered(form, form.at_rest(), x)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-11 * np.abs(expected).max())
    np.testing.assert_allclose(pieces(form, x, (25,)), y, rtol=0, atol=1e-12 * np.abs(y).max())


@given(arrays(np.float64, Biquads.size(5), elements=st.floats(-1e3, 1e3, allow_nan=False)))
@example(np.full(Biquads.size(5), 1e3))
@example(np.full(Biquads.size(5), -1e3))
def test_poles_and_zeros_keep_within_the_radius(free):
    form = Biquads.unpacked(jnp.asarray(free), 5, RADIUS)
    for polynomial in (form.a, form.b / jnp.where(form.gain == 0, 1, form.gain)[:, None]):
        for row, gain in zip(np.asarray(polynomial), form.gain, strict=True):
            # Two poles at the radius are known to the root of an ulp of their polynomial in z.
            assert gain == 0 or np.abs(np.roots(row)).max() <= RADIUS + 1e-7
    assert np.isfinite(form.response(FREQS, FS)).all()


def test_low_frequencies_in_single_precision():
    share = 2 * np.pi * 20 / 192e3
    below, above = np.array([[2 * share, share**2 * 2]]), np.array([[3 * share, share**2]])
    exact = Biquads(jnp.ones(1), jnp.asarray(above), jnp.asarray(below), 2)
    single = Biquads(*(jnp.asarray(each, jnp.float32) for each in (exact.gain, exact.above, exact.below)), 2)
    freqs = np.geomspace(1, 2e3, 60)
    assert np.max(np.abs(single.response(freqs, 192e3) / np.asarray(exact.response(freqs, 192e3)) - 1)) < 1e-4
    # The same section in z has lost them: what the polynomials in w are for.
    z = np.exp(2j * np.pi * freqs / 192e3)
    naive = np.polyval(np.asarray(single.b[0], np.float32), z) / np.polyval(np.asarray(single.a[0], np.float32), z)
    assert np.max(np.abs(naive / np.asarray(exact.response(freqs, 192e3)) - 1)) > 1e-3

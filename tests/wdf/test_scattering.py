"""Laws of scattering matrices, for any port resistances and for networks of any shape."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.test_util import check_grads

from circuitnn import wdf
from circuitnn.wdf import scattering

DECADES = st.floats(0, 7)  # of ohms


def resistances(least=2, most=5):
    return st.lists(DECADES, min_size=least, max_size=most).map(lambda decades: 10 ** np.array(decades))


@st.composite
def networks(draw, decades=DECADES):
    """The incidence matrix of a connected graph on some nodes and ground, and port resistances of its edges."""
    nodes = draw(st.integers(1, 4))
    edges = [(draw(st.integers(-1, node - 1)), node) for node in range(nodes)]  # a tree: -1 is ground
    pair = st.tuples(st.integers(-1, nodes - 1), st.integers(-1, nodes - 1)).filter(lambda pair: pair[0] != pair[1])
    edges += draw(st.lists(pair, min_size=1, max_size=3))
    incidence = np.zeros((nodes, len(edges)))
    for k, (a, b) in enumerate(edges):
        for node, sign in ((a, 1), (b, -1)):
            if node >= 0:
                incidence[node, k] = sign
    flips = draw(st.lists(st.sampled_from((1.0, -1.0)), min_size=len(edges), max_size=len(edges)))
    r = 10 ** np.array(draw(st.lists(decades, min_size=len(edges), max_size=len(edges))))
    return incidence * np.array(flips), r


def in_series(n):
    """A ring of n ports: ground and n - 1 nodes, the last port from the last node back to ground."""
    incidence = np.zeros((n - 1, n))
    for k in range(n):
        if k > 0:
            incidence[k - 1, k] += 1
        if k < n - 1:
            incidence[k, k] -= 1
    return incidence


@given(resistances())
def test_series_and_parallel_keep_the_energy(r):
    """S^T G S = G; with resistances over seven decades, as waves of power, in which it is an orthogonal matrix."""
    assert scattering.imbalance(scattering.series(r), r) < 1e-12
    assert scattering.imbalance(scattering.parallel(r), r) < 1e-12


def test_energy_without_the_helper():
    """The same in the terms of the law itself, relative to the powers that each entry is a sum of."""
    r = np.array([1e2, 4.7e3, 33.0, 1e3])
    for matrix in (np.asarray(scattering.series(r)), np.asarray(scattering.parallel(r))):
        g = np.diag(1 / r)
        size = np.abs(matrix).T @ g @ np.abs(matrix)
        assert np.max(np.abs(matrix.T @ g @ matrix - g) / size) < 1e-13


@given(networks(st.floats(0, 3)))
def test_networks_keep_the_energy(network):
    incidence, r = network
    assert scattering.imbalance(scattering.r_type(incidence, r), r) < 1e-12


def test_what_is_lost_is_seen():
    r = np.array([1.0, 2.0, 3.0])
    assert scattering.imbalance(0.9 * scattering.series(r), r) > 0.1
    assert scattering.imbalance(scattering.parallel(r), r[::-1]) > 0.1


@given(networks(st.floats(0, 3)), st.data())
def test_voltages_and_currents_of_the_ports_obey_kirchhoff(network, data):
    """v = (a + b)/2 is the difference of node voltages, and the currents (a - b)/(2 R) at each node add up to zero."""
    incidence, r = network
    a = np.array(data.draw(st.lists(st.floats(-1, 1), min_size=len(r), max_size=len(r))))
    b = np.asarray(scattering.r_type(incidence, r)) @ a
    v, i = (a + b) / 2, (a - b) / (2 * r)
    nodes = np.linalg.lstsq(incidence.T, v, rcond=None)[0]
    np.testing.assert_allclose(incidence.T @ nodes, v, rtol=0, atol=1e-11)
    np.testing.assert_allclose(incidence @ i, 0, rtol=0, atol=1e-11 * np.sum(1 / r))


@given(resistances())
def test_series_and_parallel_are_networks(r):
    n = len(r)
    np.testing.assert_allclose(scattering.r_type(np.ones((1, n)), r), scattering.parallel(r), rtol=0, atol=1e-11)
    # A resistance of seven decades more than the others next to it: what nodal analysis loses there.
    r = np.clip(r, 1e2, 1e5)
    np.testing.assert_allclose(scattering.r_type(in_series(n), r), scattering.series(r), rtol=0, atol=1e-10)


@given(resistances(), st.data())
def test_adapted_ports_of_series_and_parallel_reflect_nothing(r, data):
    port = data.draw(st.integers(0, len(r) - 1))
    for kind, make in ((wdf.Series, scattering.series), (wdf.Parallel, scattering.parallel)):
        own = r.copy()
        own[port] = scattering.adapted(kind, r, port)
        matrix = make(own)
        assert abs(matrix[port, port]) < 1e-12
    assert scattering.adapted(wdf.Series, r, port) == pytest.approx(np.sum(np.delete(r, port)))
    assert scattering.adapted(wdf.Parallel, r, port) == pytest.approx(1 / np.sum(1 / np.delete(r, port)))


@given(networks(st.floats(0, 3)), st.data())
def test_adapted_ports_of_networks_reflect_nothing(network, data):
    """Of those ports without which the network is still connected; no resistance adapts another."""
    incidence, r = network
    ports = [k for k in range(len(r)) if np.linalg.matrix_rank(np.delete(incidence, k, axis=1)) == len(incidence)]
    if not ports:
        return
    port = data.draw(st.sampled_from(ports))
    own = r.copy()
    own[port] = scattering.adapted(incidence, r, port)
    assert abs(scattering.r_type(incidence, own)[port, port]) < 1e-12


def test_a_transformer_inside():
    """Ideal elements with unknowns of their own: v1 = n v2 and i2 = -n i1, one more row and column; nothing is lost."""
    n = 3.0
    incidence = np.eye(2)
    inside = np.array([[0, 0, 1], [0, 0, -n], [1, -n, 0]])
    r = np.array([9e3, 2e3])
    matrix = scattering.r_type(incidence, r, inside)
    assert scattering.imbalance(matrix, r) < 1e-12
    # Seen through it, 2k are 18k.
    assert matrix[0, 0] == pytest.approx((n**2 * r[1] - r[0]) / (n**2 * r[1] + r[0]))
    a = np.array([1.0, -0.4])
    v = (a + matrix @ a) / 2
    assert v[0] == pytest.approx(n * v[1])


def test_a_conductance_inside_takes_energy():
    incidence, r = np.ones((1, 2)), np.array([1e3, 1e3])
    matrix = np.asarray(scattering.r_type(incidence, r, np.array([[1e-3]])))
    three = np.asarray(scattering.parallel([1e3, 1e3, 1e3]))
    np.testing.assert_allclose(matrix, three[:2, :2], rtol=1e-12)
    assert np.all(np.linalg.eigvalsh(np.diag(1 / r) - matrix.T @ np.diag(1 / r) @ matrix) > -1e-18)


def test_batches():
    r = 10 ** np.random.default_rng(0).uniform(2, 4, (4, 2, 3))
    bridge = np.array([[1, -1, 0], [0, 1, -1.0]])
    for make in (scattering.series, scattering.parallel, lambda r: scattering.r_type(bridge, r)):
        many = make(r)
        assert many.shape == (4, 2, 3, 3)
        np.testing.assert_allclose(many[3, 1], make(r[3, 1]), rtol=1e-12)


def test_gradients():
    r = jnp.array([1.0, 2.5, 0.7, 4.0])
    incidence = np.array([[1, -1, 0, 0], [0, 1, -1, 1.0]])
    for f in (
        scattering.series,
        scattering.parallel,
        lambda r: scattering.r_type(incidence, r),
        lambda r: scattering.r_type(incidence, r, r[0] * np.array([[0, 0.0], [0.3, 0]])),
        lambda r: scattering.adapted(wdf.Series, r, 1),
        lambda r: scattering.adapted(wdf.Parallel, r, 1),
        lambda r: scattering.adapted(incidence, r, 3),
    ):
        check_grads(f, (r,), order=1, modes=("rev",), rtol=1e-6, atol=1e-6)
    assert np.isfinite(jax.jacobian(scattering.series)(r)).all()

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.recurrent.cells import Weights
from circuitnn.recurrent.gru import GRU_CELL
from circuitnn.recurrent.lstm import LSTM_CELL
from circuitnn.recurrent.recurrence import Injection, recurrence
from circuitnn.testing import check_gradient

CELLS = {"gru": GRU_CELL, "lstm": LSTM_CELL}
HIDDEN, INPUTS, TIME, LANES = 5, 2, 13, 3


def plain(cell, weights, state, xs, injection=None):
    """The same loop from the textbook equations, left to automatic differentiation."""

    def step(state, inputs):
        x, known = inputs
        h = state[0]
        if known is not None:
            shown = injection.projection * h if injection.projection.shape[1] == 1 else injection.projection @ h
            h = h + known[1] * (known[0] - shown)
        a = weights.ih @ x + weights.bias_ih[:, None]
        b = weights.hh @ h + weights.bias_hh[:, None]
        if cell is GRU_CELL:
            (ar, az, an), (br, bz, bn) = jnp.split(a, 3), jnp.split(b, 3)
            r, z = jax.nn.sigmoid(ar + br), jax.nn.sigmoid(az + bz)
            state = ((1 - z) * jnp.tanh(an + r * bn) + z * h,)
        else:
            i, f, g, o = jnp.split(a + b, 4)
            c = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
            state = (jax.nn.sigmoid(o) * jnp.tanh(c), c)
        return state, state[0]

    return jax.lax.scan(step, state, (xs, None if injection is None else (injection.target, injection.mask)))


def problem(cell, *, size=1.0, seed=0):
    rng = np.random.default_rng(seed)
    rows = len(cell.hh_blocks) * HIDDEN
    shapes = (rows, INPUTS), (rows, HIDDEN), (rows,), (rows,)
    weights = Weights(*(jnp.asarray(size * rng.normal(size=shape)) for shape in shapes))
    state = tuple(jnp.asarray(rng.normal(size=(HIDDEN, LANES))) for _ in range(cell.slots))
    return weights, state, jnp.asarray(size * rng.normal(size=(TIME, INPUTS, LANES)))


def injection(kind, seed=1):
    rng = np.random.default_rng(seed)
    rows = np.linalg.qr(rng.normal(size=(HIDDEN, 2)))[0]
    projection = np.array([[1.0, 1.0, 0.0, 0.0, 0.0]]).T if kind == "diagonal" else rows @ rows.T
    mask = rng.random((TIME, 1, LANES)) < 0.5
    return Injection(*(jnp.asarray(a, float) for a in (projection, rng.normal(size=(TIME, HIDDEN, LANES)), mask)))


def probe(run):
    """A scalar that every output has a share in."""

    def value(*args):
        rng = np.random.default_rng(2)
        state, hs = run(*args)
        return sum(jnp.sum(leaf * jnp.asarray(rng.normal(size=leaf.shape))) for leaf in (*state, hs))

    return value


def outputs_and_gradients(run, count):
    """A compiled function that gives both, of `count` arguments."""

    def value(*args):
        outputs = run(*args)
        return probe(lambda: outputs)(), outputs

    return jax.jit(jax.value_and_grad(value, argnums=tuple(range(count)), has_aux=True))


@pytest.mark.parametrize("kind", [None, "diagonal", "full"])
@pytest.mark.parametrize("name", CELLS)
def test_own_reverse_rule_agrees_with_automatic_differentiation(name, kind):
    cell, extra = CELLS[name], () if kind is None else (injection(kind),)
    ruled = outputs_and_gradients(
        lambda w, s, x, shown=None: recurrence(cell, w, s, x, injection=shown), 3 + len(extra)
    )
    automatic = outputs_and_gradients(lambda *args: plain(cell, *args), 3 + len(extra))
    for size in (0.3, 30.0, 0.0):  # small, saturated, silent
        args = problem(cell, size=size) + extra
        ((_, outputs), slopes), ((_, expected), expected_slopes) = ruled(*args), automatic(*args)
        for a, b in zip(jax.tree.leaves(outputs), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-13)
        for a, b in zip(jax.tree.leaves(slopes), jax.tree.leaves(expected_slopes), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-11 * max(1.0, float(np.abs(b).max())))


@pytest.mark.parametrize("name", CELLS)
def test_gradient_agrees_with_central_differences(name):
    cell = CELLS[name]
    check_gradient(probe(lambda w, s, x: recurrence(cell, w, s, x)), problem(cell, size=0.5))


@pytest.mark.parametrize("name", CELLS)
def test_many_models_by_vmap_are_each_what_they_are_alone(name):
    cell = CELLS[name]
    problems = [problem(cell, seed=seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *a: jnp.stack(a), *problems)
    value = probe(lambda w, s, x: recurrence(cell, w, s, x))
    both = jax.value_and_grad(value, argnums=(0, 1, 2))
    together, one = jax.jit(jax.vmap(both))(*stacked), jax.jit(both)
    for index, args in enumerate(problems):
        alone = one(*args)
        for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(a[index], b, rtol=1e-11, atol=1e-11)


def test_gru_is_a_residual_step_with_a_bounded_learned_gain():
    """h_n = h_{n-1} + (1 - z) (c - h_{n-1}), the identity that makes a GRU a state trajectory network."""
    weights, state, xs = problem(GRU_CELL)
    _, hs = recurrence(GRU_CELL, weights, state, xs)
    before = jnp.concatenate([state[0][None], hs[:-1]])
    a = weights.ih @ xs + weights.bias_ih[:, None]
    b = weights.hh @ before + weights.bias_hh[:, None]
    (ar, az, an), (br, bz, bn) = jnp.split(a, 3, axis=1), jnp.split(b, 3, axis=1)
    candidate = jnp.tanh(an + jax.nn.sigmoid(ar + br) * bn)
    np.testing.assert_allclose(hs, before + jax.nn.sigmoid(-(az + bz)) * (candidate - before), rtol=0, atol=1e-14)

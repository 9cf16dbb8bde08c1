"""A cell of a file of its own is a model like the others: everything else follows from its equations."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from circuitnn.model import run
from circuitnn.networks.activations import sigmoid
from circuitnn.recurrent.cells import elementwise_cell
from circuitnn.recurrent.gru import GRU_CELL
from circuitnn.recurrent.lstm import LSTM_CELL
from circuitnn.recurrent.recurrence import recurrence
from circuitnn.testing import check_block_law
from circuitnn.train import Dataset, TruncatedBPTT, fit, restore, save
from tests.recurrent.minimal_gated_unit import MinimalGatedUnit
from tests.recurrent.test_recurrence import outputs_and_gradients, problem


def gru_step(x, h, state):
    r, z = sigmoid(x[0] + h[0]), sigmoid(x[1] + h[1])
    return ((1 - z) * jnp.tanh(x[2] + r * h[2]) + z * state[0],)


def lstm_step(x, h, state):
    i, f, g, o = (a + b for a, b in zip(x, h, strict=True))
    c = sigmoid(f) * state[1] + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


@pytest.mark.parametrize(
    ("derived", "written"),
    [(elementwise_cell(gru_step, gates=3), GRU_CELL), (elementwise_cell(lstm_step, gates=4, slots=2), LSTM_CELL)],
)
def test_the_reverse_rule_that_is_derived_is_the_one_written_out(derived, written):
    slopes = [
        jax.tree.leaves(
            outputs_and_gradients(lambda w, s, x, cell=cell: recurrence(cell, w, s, x), 3)(*problem(written))
        )
        for cell in (derived, written)
    ]
    for cell_gradient, expected in zip(*slopes, strict=True):
        np.testing.assert_allclose(cell_gradient, expected, rtol=0, atol=1e-12 * max(1.0, np.abs(expected).max()))


def textbook(model, x):
    """The equations in NumPy, from h = 0."""
    weight_ih, weight_hh, bias_ih, bias_hh, read_out, bias = (
        np.asarray(a, float) for a in model.torch_state().values()
    )
    h, outputs = np.zeros(model.hidden), []
    for u in x:
        (a_f, a_n), (b_f, b_n) = np.split(weight_ih @ u + bias_ih, 2), np.split(weight_hh @ h + bias_hh, 2)
        f = 1 / (1 + np.exp(-a_f - b_f))
        h = (1 - f) * h + f * np.tanh(a_n + f * b_n)
        outputs.append(read_out @ h + bias)
    return np.array(outputs)


def test_it_is_a_model_with_a_rest():
    model = MinimalGatedUnit(4, dtype=jnp.float64, rngs=nnx.Rngs(0))
    x = np.random.default_rng(0).normal(size=(30, 1))
    np.testing.assert_allclose(run(model, x, jnp.zeros(4))[1], textbook(model, x), rtol=0, atol=1e-13)
    check_block_law(model, x)
    np.testing.assert_allclose(run(model, np.zeros(1))[1], textbook(model, np.zeros((2000, 1)))[-1], rtol=1e-9)


@pytest.mark.slow
def test_seeds_train_at_once_and_are_kept(tmp_path):
    x = np.random.default_rng(1).normal(size=(4, 200, 1))
    target = np.tanh(x + 0.5 * np.roll(x, 1, axis=1))
    regime, quiet = TruncatedBPTT(length=32, warmup=8), {"epochs": 20, "batch": 8, "progress": False}
    models = [MinimalGatedUnit(4, rngs=nnx.Rngs(seed)) for seed in range(2)]
    trained, history = fit(models, Dataset(x, target, fs=48_000), regime, optimizer=optax.adam(0.02), **quiet)
    assert np.all(history.loss[-1] < 0.3 * history.loss[0])
    save(trained[1], tmp_path / "unit.npz")
    kept = restore(tmp_path / "unit.npz")
    assert isinstance(kept, MinimalGatedUnit)
    np.testing.assert_array_equal(run(kept, x[0])[1], run(trained[1], x[0])[1])
    assert jax.tree.leaves(nnx.state(kept, nnx.Param))[0].dtype == jnp.float32

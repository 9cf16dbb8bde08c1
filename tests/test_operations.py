"""What models cost: published numbers of weights, and operations counted by hand."""

import jax.numpy as jnp
import pytest
from flax import nnx
from jax import lax

import circuitnn as cn
from circuitnn.operations import operations_of
from circuitnn.recurrent import GRU, LSTM, EncoderDecoder, Memoryless, windowed

RNGS = nnx.Rngs(0)


@pytest.mark.parametrize(
    ("kind", "hidden", "weights"),
    [(GRU, 32, 3393), (LSTM, 32, 4513), (LSTM, 48, 9841), (LSTM, 64, 17217), (LSTM, 96, 38113)],
)
def test_weights_are_those_published(kind, hidden, weights):
    """Wright, Damskägg, Välimäki 2019, table 1."""
    assert kind(hidden, rngs=RNGS).count().weights == weights


def test_a_perceptron_by_hand():
    model = Memoryless((4, 3), controls=("gain",), rngs=RNGS)
    # Scaling of input and output (2 each), products with biases (2 n each), tanh.
    assert model.count() == (2 * 4 + 4 + 4 * 3 + 3 + 3 + 1, 4 + 2 * (2 * 4 + 4 * 3 + 3) + 4 + 3, 0)
    assert cn.chain(model, model).count() == (model.count().weights, 2 * model.count().operations, 0)


def test_an_lstm_by_hand():
    gates = 4 * 8 * 2 * (1 + 8)  # W x + b and U h
    elements = 8 * (3 * 4 + 1 + 3 + 2)  # a sigmoid is four by tanh; c takes three, h two
    assert LSTM(8, rngs=RNGS).count() == (361, 4 + gates + elements + 2 * 8, 16)
    assert LSTM(8, layers=2, rngs=RNGS).count().state == 32


def test_the_block_of_the_comparative_study():
    """The published 120 operations are those of its conditioning, and its own files hold 781 and 753 weights.

    PyTorch's LSTM has two biases for each gate, the study's one.
    """
    model = windowed("LSTM", controls=("level", "tone"), rngs=RNGS)
    assert model.count().weights == 781 + 4 * 8
    conditioning = model.layers[3]
    assert operations_of(lambda u, k: conditioning((), u, k)[1], jnp.zeros((1, 4)), jnp.zeros((1, 2))) == 120
    shared = EncoderDecoder(4, newer=1, projection=4, rngs=RNGS)
    dense_and_conditioning = 20 + 64 + 5
    assert shared.count().weights == 753 + 4 * 4 - dense_and_conditioning + 5


def test_what_follows_from_weights_alone_and_what_nobody_needs_is_not_counted():
    weights = jnp.arange(6.0).reshape(2, 3)

    def step(x):
        prepared, unused = jnp.tanh(weights) @ weights.T, jnp.exp(x)
        return prepared @ x + unused.shape[0]

    assert operations_of(step, jnp.zeros(2)) == 2 * 3 + 2


def test_loops_and_branches():
    def three_rounds(x):
        return lax.scan(lambda state, y: (state * y + 1, state), x[0], x)[1]

    assert operations_of(three_rounds, jnp.zeros(3)) == 3 * 2

    def newton(x):
        return lax.while_loop(
            lambda state: jnp.abs(state[0]) > 1, lambda state: (state[0] - jnp.sin(x), state[1]), (x, 1)
        )

    assert operations_of(newton, jnp.zeros(())) == 2
    branches = (lambda x: jnp.exp(x) * x + 1, lambda x: x)
    assert operations_of(lambda x: lax.cond(x > 0, *branches, x), jnp.zeros(())) == 3


@pytest.mark.skipif(cn.native.compiler() is None, reason="no C compiler")
def test_what_is_compiled_counts_as_the_model():
    model = GRU(3, rngs=RNGS)
    both = cn.chain(cn.native.compiled(model), model).count()
    assert both == cn.chain(model, model).count()


def test_knobs_that_stand_still_cost_nothing():
    model = windowed("LSTM", controls=("level", "tone"), rngs=RNGS)
    assert model.count().operations - model.count(knobs_move=False).operations == 4 * 4 * 2  # FiLM's W k + b


@pytest.mark.slow
def test_a_circuit():
    model = cn.nodal.NodalModel(cn.circuits.diode_clipper(), fs=48_000, trainable=("R*", "C1"))
    count = model.count()
    assert 50 < count.operations < 2000
    assert repr(count).startswith("Count(weights=2, operations=")

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn.model import run
from circuitnn.recurrent import Memoryless, Scaling
from circuitnn.testing import check_gradient, check_model

NOISE = np.random.default_rng(0).standard_normal((3, 40, 2))
SCALING = Scaling(np.array([2.0, 0.5]), np.array([5.0]))


def network(dtype=np.float64, **options):
    return Memoryless((4, 3), in_features=2, controls=("drive",), dtype=dtype, rngs=nnx.Rngs(0), **options)


def test_it_is_the_network_that_it_says():
    model = network(scaling=SCALING)
    hidden = np.concatenate([NOISE[0] / SCALING.input, np.full((40, 1), 0.3)], axis=1)
    for layer in model.layers[:-1]:
        hidden = np.tanh(hidden @ np.asarray(layer.weight[...]).T + np.asarray(layer.bias[...]))
    last = model.layers[-1]
    expected = 5.0 * (hidden @ np.asarray(last.weight[...]).T + np.asarray(last.bias[...]))
    np.testing.assert_allclose(run(model, NOISE[0], controls={"drive": 0.3})[1], expected, rtol=1e-12)
    assert model.scaling.output == 5.0


def test_laws():
    check_model(network, NOISE, controls={"drive": np.linspace(0, 1, 40)}, rtol=1e-12)


def test_it_has_no_memory():
    order = np.random.default_rng(2).permutation(40)
    carry, y = run(network(), NOISE[0])
    np.testing.assert_allclose(run(network(), NOISE[0][order])[1], np.asarray(y)[order], rtol=1e-12)
    assert jax.tree.leaves(carry) == []


def test_gradient_of_a_knob():
    model = network(scaling=SCALING)
    check_gradient(lambda knob: jnp.sum(model((), jnp.asarray(NOISE), {"drive": knob})[1] ** 2), (np.array(0.4),))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"hidden": ()}, "hidden layers"),
        ({"hidden": (4, 0)}, "positive"),
        ({"scaling": SCALING}, "scaling.input: expected 1"),
        ({"controls": "drive"}, "sequence of names"),
    ],
)
def test_bad_input_is_one_clear_error(options, says):
    with pytest.raises(ValueError, match=says):
        Memoryless(**options, rngs=nnx.Rngs(0))

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from circuitnn.numerics.lanes import FEWEST, LANES, lanes, over_lanes


@pytest.mark.parametrize("is_small", [True, False])
@pytest.mark.parametrize("batch", [1, 2, 3, 9, 10, 16, 17, 63, 64, 65, 1000])
def test_few_lanes_only_for_small_loops(batch, is_small):
    width = lanes(batch, is_small=is_small)
    assert width == 1 or width >= FEWEST or (is_small and batch <= width < 2 * batch)
    assert width <= LANES


@pytest.mark.parametrize(("batch", "width"), [(1, 1), (3, 4), (5, 4), (65, 64), (150, 64)])
def test_lanes_change_nothing(batch, width):
    """Each entry for itself, with what all entries share, and gradients through both."""
    rng = np.random.default_rng(batch)
    x, own = jnp.asarray(rng.normal(size=(11, 2, batch))), jnp.asarray(rng.normal(size=(2, batch)))
    shared = jnp.asarray(rng.normal(size=(2, 1)))

    def run(tree, x):
        def step(state, x):
            state = jnp.tanh(tree["own"] * state + x + tree["shared"])
            return state, {"y": state, "x": x[None]}

        last, found = jax.lax.scan(step, tree["own"], x)
        return last, found

    tree = {"own": own, "shared": shared}
    plain, cut = run(tree, x), over_lanes(run, batch, width, tree, x)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-14), plain, cut)

    def energy(call):
        return jax.grad(lambda tree: jnp.sum(call(tree, x)[1]["y"] ** 2))(tree)

    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10),
        energy(run),
        energy(lambda tree, x: over_lanes(run, batch, width, tree, x)),
    )

import jax.numpy as jnp
import numpy as np

from circuitnn.numerics.recurrence import linear_recurrence
from circuitnn.testing import check_gradient


def loop(transition, drive, start):
    states = [start]
    for matrix, add in zip(transition, drive, strict=True):
        states.append(np.einsum("ijb,jb->ib", matrix, states[-1]) + add)
    return np.stack(states)


def test_is_the_loop_written_out():
    random = np.random.default_rng(0)
    transition, drive, start = (random.standard_normal(s) for s in ((9, 2, 2, 3), (9, 2, 3), (2, 3)))
    before, last = linear_recurrence(*(jnp.asarray(a) for a in (transition, drive, start)))
    expected = loop(transition, drive, start)
    np.testing.assert_allclose(before, expected[:-1], rtol=1e-12)
    np.testing.assert_allclose(last, expected[-1], rtol=1e-12)


def test_has_the_gradient_of_the_loop():
    random = np.random.default_rng(1)
    args = [jnp.asarray(random.standard_normal(s)) / 2 for s in ((6, 2, 2, 1), (6, 2, 1), (2, 1))]
    check_gradient(lambda *a: jnp.sum(linear_recurrence(*a)[0] ** 2) + jnp.sum(linear_recurrence(*a)[1]), args)

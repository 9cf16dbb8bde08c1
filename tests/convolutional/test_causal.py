"""Causal convolutions: a plain sum over taps in NumPy, every cut, single samples, rest, and C that shifts nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn.convolutional import CausalConv
from circuitnn.networks import Layered, Pointwise
from circuitnn.rings import in_order
from circuitnn.testing import check_model

RNG = np.random.default_rng(0)
NONE = jnp.zeros((0,))


class Convolved(Layered):
    """Two convolutions and a read-out."""

    def __init__(self, dtype=jnp.float64):
        super().__init__(dtype=dtype)
        rngs = nnx.Rngs(0)
        first = CausalConv(1, 3, 3, dilation=2, dtype=dtype, rngs=rngs)
        second = CausalConv(3, 2, 2, dilation=5, bias=False, dtype=dtype, rngs=rngs)
        read_out = Pointwise(2, 1, activation="tanh", dtype=dtype, rngs=rngs)
        self.in_a_row([first, second, read_out])


def plainly(conv, u):
    """The sum over taps, in NumPy, silence before."""
    weight, padded = np.asarray(conv.weight[...]), np.pad(u, ((0, 0), (conv.reach, 0), (0, 0)))
    taps = [padded[:, k * conv.dilation : k * conv.dilation + u.shape[1]] @ weight[:, :, k].T
            for k in range(conv.kernel_size)]  # fmt: skip
    return sum(taps) + (0 if conv.bias is None else np.asarray(conv.bias[...]))


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (2, 3), (5, 2)])
def test_it_is_the_sum_over_taps(dtype, kernel_size, dilation):
    conv = CausalConv(3, 4, kernel_size, dilation=dilation, dtype=dtype, rngs=nnx.Rngs(1))
    u = RNG.standard_normal((2, 24, 3)).astype(dtype)
    carry, _ = conv.rest(jnp.zeros((2, 3), dtype), NONE)
    expected = plainly(conv, u)
    tolerance = 1e-5 if dtype == jnp.float32 else 1e-13
    np.testing.assert_allclose(conv(carry, u, NONE)[1], expected, rtol=0, atol=tolerance)
    one, several, pieces, at = jax.jit(conv), jax.jit(conv), [], 0
    for length in (1, 1, 1, 7, 1, 1, 1, 1, 1, 7, 1, 1):  # the ring begins anew where a longer block ends
        carry, y = (one if length == 1 else several)(carry, u[:, at : at + length], NONE)
        pieces.append(y)
        at += length
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), expected, rtol=0, atol=tolerance)
    reach = conv.reach
    np.testing.assert_array_equal(in_order(carry) if reach else carry.samples, u[:, 24 - reach :])


def test_it_obeys_the_laws():
    check_model(Convolved, RNG.standard_normal((2, 16, 1)))


def test_it_rests_where_a_constant_leads():
    conv = CausalConv(2, 3, 4, dilation=3, dtype=jnp.float64, rngs=nnx.Rngs(2))
    level = RNG.standard_normal((5, 2))
    carry, y = conv.rest(jnp.asarray(level), NONE)
    after, heard = conv(carry, jnp.broadcast_to(level[:, None], (5, 8, 2)), NONE)
    np.testing.assert_allclose(heard, np.broadcast_to(y[:, None], heard.shape), rtol=1e-13)
    np.testing.assert_array_equal(after.samples, carry.samples)

"""Rows of a kept array that are written where they lie, while others of them are read."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import circuitnn as cn
from tests.native.playing import compiled, play


class Rows(cn.Model):
    """A ring of rows, the row that was in the next place before, and one number of it: each made of the others."""

    in_features = out_features = 1
    dtype = jnp.float64
    controls = {}  # noqa: RUF012

    def __init__(self, rows, width, *, is_shown=False):
        self.rows, self.width, self.is_shown = rows, width, is_shown

    def init_carry(self, batch=(), controls=None, *, level=None):
        zeros = jnp.zeros((*batch, self.rows, self.width)), jnp.zeros((*batch, 1, self.width)), jnp.zeros((*batch, 1))
        return *zeros, jnp.int32(0)

    def __call__(self, carry, x, controls=None):
        ring, row, number, place = carry
        before = lax.dynamic_slice_in_dim(ring, place, 1, axis=-2)
        new = 0.5 * row + jnp.broadcast_to(x + number[None], row.shape) + 0.25 * before
        after = lax.dynamic_update_slice_in_dim(ring, new, place, axis=-2)
        y = before[..., -1:] + (jnp.sum(after) if self.is_shown else 0.0)
        return (after, before, before[0, :1], lax.rem(place + 1, np.int32(self.rows))), y


@pytest.mark.parametrize(("rows", "width", "is_shown"), [(3, 12, False), (2, 2, False), (9, 1, False), (3, 12, True)])
def test_rows_are_written_where_they_lie(rows, width, is_shown, tmp_path):
    model = Rows(rows, width, is_shown=is_shown)
    x, carry, expected = np.random.default_rng(0).standard_normal(20), model.init_carry(), []
    for sample in x:
        carry, y = model(carry, jnp.full((1, 1), sample))
        expected.append(float(y[0, 0]))
    program = cn.native.program(model)
    played, _ = play(compiled(program.text, tmp_path), program, x[:, None])
    np.testing.assert_allclose(played[:, 0], expected, rtol=1e-12, atol=1e-13)
    if rows * width > 12 and not is_shown:
        assert f"[{rows * width}]" not in program.text.split("void model_process")[-1]  # no copy of the ring

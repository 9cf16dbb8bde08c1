"""Networks of several seeds in one program, for tests."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import circuitnn as cn

COUNT, TIME = 3, 24


def check_many_seeds(build):
    """Networks of several seeds play and learn side by side by vmap as each does alone.

    Args:
        build: seed -> the model, in double precision.
    """
    models = [build(seed) for seed in range(COUNT)]
    graph, *_ = nnx.split(models[0], nnx.Param, ...)
    parts = [nnx.split(model, nnx.Param, ...)[1:] for model in models]
    x = np.random.default_rng(0).normal(size=(TIME, models[0].in_features))

    def error(params, others):
        model = nnx.merge(graph, params, others)
        y = model(model.init_carry(), jnp.asarray(x))[1]
        return jnp.mean(jnp.square(y - x)), y

    learnt = jax.jit(jax.grad(error, has_aux=True))
    together = jax.jit(jax.vmap(jax.grad(error, has_aux=True)))(
        *jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)
    )
    for n, part in enumerate(parts):
        for several, one in zip(jax.tree.leaves(together), jax.tree.leaves(learnt(*part)), strict=True):
            np.testing.assert_allclose(several[n], one, rtol=1e-9, atol=1e-12)
    assert not np.allclose(together[1][0], together[1][1])

    data = cn.train.Dataset(x[None], np.tanh(x)[None], controls=dict(models[0].controls), fs=48_000)
    regime = cn.train.TruncatedBPTT(TIME // 3, warmup=0)
    trained, history = cn.train.fit(models, data, regime, epochs=2, batch=1, progress=False)
    losses = np.asarray(history.loss)
    assert losses.shape == (2, COUNT)
    assert len(np.unique(losses[-1])) == COUNT
    for before, after in zip(models, trained, strict=True):
        assert after.settings == before.settings | {"fs": 48_000}
        assert any(
            not np.array_equal(old, new)
            for old, new in zip(
                *(jax.tree.leaves(nnx.state(model, nnx.Param)) for model in (before, after)), strict=True
            )
        )

"""A network that corrects the diodes of a circuit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.testing import check_model
from circuitnn.wdf import with_neural_root
from circuitnn.wdf.neural import NeuralLaw

FS = 48_000
CLIPPER = cn.circuits.diode_clipper()
NOISE = 3 * np.random.default_rng(0).standard_normal((2, 48, 1))


def corrected(dtype=jnp.float32, *, turned=0.0, **options):
    """With a last layer that is not zero where it has been turned."""
    model = with_neural_root(CLIPPER, FS, hidden=(4,), largest_wave=5.0, dtype=dtype, rngs=nnx.Rngs(0), **options)
    last = model.network.kernels[-1]
    last[...] = last[...] + jnp.asarray(turned * np.linspace(-1, 1, 4), dtype)
    return model


def _same_weights(dtype):
    """Random weights differ from precision to precision."""
    model = corrected(dtype, turned=0.3)
    nnx.update(model, jax.tree.map(lambda each: each.astype(dtype), nnx.state(corrected(turned=0.3), nnx.Param)))
    return model


@pytest.mark.slow
def test_laws():
    # A derived circuit looks at its start for a reference that no gradient follows: gradients of the rest are below.
    check_model(_same_weights, NOISE, gradient=None)


@pytest.mark.slow
def test_gradients_agree_with_differences():
    graph, weights, others = nnx.split(corrected(jnp.float64, turned=0.3), nnx.Param, ...)
    x = jnp.asarray(NOISE, jnp.float64)

    @jax.jit
    def energy(weights, x):
        model = nnx.merge(graph, weights, others)
        return jnp.sum(model(model.init_carry(x.shape[:1]), x)[1] ** 2)

    slopes = jax.grad(energy, (0, 1))(weights, x)
    rng = np.random.default_rng(0)
    step = 1e-5
    along = jax.tree.map(lambda each: jnp.asarray(rng.standard_normal(each.shape)), (weights, x))
    ends = [jax.tree.map(lambda at, way, side=side: at + side * step * way, (weights, x), along) for side in (1, -1)]
    differences = (energy(*ends[0]) - energy(*ends[1])) / (2 * step)
    told = sum(jnp.vdot(*pair) for pair in zip(jax.tree.leaves(slopes), jax.tree.leaves(along), strict=True))
    assert float(told) == pytest.approx(float(differences), rel=1e-6)


def test_it_begins_as_the_circuit():
    x = NOISE[0, :, 0]
    expected = cn.run(cn.nodal.NodalModel(CLIPPER, FS), x)[1]
    np.testing.assert_allclose(cn.run(corrected(), x)[1], expected, atol=2e-5)
    assert np.abs(cn.run(corrected(turned=0.3), x)[1] - expected).max() > 1e-2


@pytest.mark.parametrize("symmetric", [True, False])
def test_it_stays_passive(symmetric):
    """Whatever the weights no more comes back than came, also where all diodes conduct and where none does."""
    law = corrected(symmetric=symmetric).linear.law
    assert isinstance(law, NeuralLaw)
    rng = np.random.default_rng(1)
    a = jnp.asarray(np.concatenate([[0.0], np.logspace(-9, 2, 60), -np.logspace(-9, 2, 60)]), jnp.float32)[None]
    for size in (1.0, 30.0):
        weights = tuple(jnp.asarray(size * rng.standard_normal(w.shape), w.dtype) for w in law.weights.kernels)
        turned = NeuralLaw(symmetric, law.like, law.weights._replace(kernels=weights), corrects=True)
        values = CLIPPER.resolve()
        p = {name: value[0] for name, value in turned.parameters(values, jnp.full((1, 1), 900.0)).items()}

        def back(a, turned=turned, p=p):
            return a - 2 * p["R"] * turned(p, [a], [])[0][0]

        b, slope = jax.jvp(back, (a,), (jnp.ones_like(a),))
        assert np.all(np.abs(b) <= np.abs(a) * (1 + 1e-5) + 1e-12)
        assert np.isfinite(slope).all()


def test_it_is_kept(tmp_path):
    model = corrected(turned=0.3)
    cn.train.save(model, tmp_path / "m.npz")
    x = NOISE[0, :, 0]
    np.testing.assert_array_equal(cn.run(cn.train.restore(tmp_path / "m.npz"), x)[1], cn.run(model, x)[1])


def test_circuits_with_other_devices_are_refused():
    with pytest.raises(ValueError, match="diode"):
        with_neural_root(cn.circuits.big_muff_tone(), FS, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="network"):
        cn.wdf.derive(cn.circuits.big_muff_tone(), FS, network=corrected().network)

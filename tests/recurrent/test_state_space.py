"""LRU, S4D and S6 against plain loops over complex numbers, and PyTorch's gradients of the same loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.recurrent import LRU, S4D, S6, s6
from circuitnn.testing import check_block_law, check_model
from tests.seeds import check_many_seeds

KINDS = {"LRU": LRU, "S4D": S4D, "S6": S6}
FS = 48_000


def model(kind, hidden=3, layers=2, dtype=jnp.float64, seed=0, **options):
    return KINDS[kind](hidden, layers, states=4, dtype=dtype, rngs=nnx.Rngs(seed), **options)


def signal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def weights(layer):
    return {name: np.asarray(leaf[...]) for name, leaf in vars(layer).items() if isinstance(leaf, nnx.Param)}


def lru_loop(w, u, m):
    """(time, features) to the same; `m` is NumPy or PyTorch."""
    factor = m.exp(-m.exp(w["nu"]) + 1j * m.exp(w["theta"]))
    B, C = (w[name][0] + 1j * w[name][1] for name in "BC")
    x, y = 0 * factor, []
    for now in u:
        x = factor * x + m.exp(w["gamma"]) * (B @ (now + 0j))
        y.append((C @ x).real + w["D"] * now)
    return m.stack(y)


def s4d_loop(w, u, m):
    a = -m.exp(w["A"][0]) + 1j * w["A"][1]
    factor = m.exp(m.exp(w["delta"])[:, None] * a)
    x, y = 0 * factor, []
    for now in u:
        x = factor * x + (factor - 1) / a * now[:, None]
        y.append(2 * ((w["C"][0] + 1j * w["C"][1]) * x).sum(1).real + w["D"] * now)
    return m.stack(y)


def s6_loop(w, u, m):
    a = -m.exp(w["A"])
    x, y = 0 * a, []
    for now in u:
        delta = m.log(1 + m.exp(w["up"] @ (w["down"] @ now) + w["bias"]))
        factor = m.exp(delta[None, :] * a)
        x = factor * x + (factor - 1) / a * (w["W_B"] @ now)[:, None] * now[None, :]
        y.append((w["W_C"] @ now) @ x + w["D"] * now)
    return m.stack(y)


LOOPS = {"LRU": lru_loop, "S4D": s4d_loop, "S6": s6_loop}


def zeros(layer, features):
    return jax.tree.map(jnp.zeros_like, layer.rest(jnp.zeros(features), jnp.zeros(0))[0])


@pytest.fixture
def chunked(monkeypatch):
    """Chunks that are shorter than the signals."""
    monkeypatch.setattr(s6, "CACHE", 0)


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_its_equations(kind):
    layer, u = model(kind).layers[1].recurrence, signal(75, 3)
    _, y = jax.jit(lambda u: layer(zeros(layer, 3), u, u[:, :0]))(jnp.asarray(u))
    np.testing.assert_allclose(y, LOOPS[kind](weights(layer), u, np), rtol=0, atol=1e-12)


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_layer_are_those_of_torch(kind):
    torch = pytest.importorskip("torch")
    layer, u = model(kind).layers[1].recurrence, signal(40, 3)
    graph, params, rest = nnx.split(layer, nnx.Param, ...)

    def loss(params, u):
        layer = nnx.merge(graph, params, rest)
        return jnp.sum(jnp.sin(layer(zeros(layer, 3), u, u[:, :0])[1]))

    g_params, g_u = jax.jit(jax.grad(loss, (0, 1)))(params, jnp.asarray(u))
    w = {name: torch.tensor(value, requires_grad=True) for name, value in weights(layer).items()}
    x = torch.tensor(u, requires_grad=True)
    torch.sin(LOOPS[kind](w, x, torch)).sum().backward()
    np.testing.assert_allclose(g_u, x.grad, rtol=0, atol=1e-11)
    for name, gradient in weights(nnx.merge(graph, g_params, rest)).items():
        expected = w[name].grad.numpy()
        np.testing.assert_allclose(
            gradient, expected, rtol=0, atol=1e-11 * max(1, np.abs(expected).max()), err_msg=name
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_block_law_batch_precision_and_gradient(kind):
    knob = {"gain": np.linspace(0, 1, 80)}
    check_model(lambda dtype: model(kind, dtype=dtype, controls=("gain",)), signal(2, 80, 1), controls=knob)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut(kind):
    check_block_law(model(kind), signal(40, 1), cuts=(1, 2, 35), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_it_rests_where_a_constant_leads(kind):
    rested, levels = model(kind, controls=("gain",), conditioning="film"), np.array([[0.3], [-2.0]])
    carry, y = rested.resting((2,), {"gain": 0.2}, level=levels)
    x = np.broadcast_to(levels[:, None], (2, 80, 1))
    after, heard = cn.run(rested, x, carry, controls={"gain": 0.2})
    np.testing.assert_allclose(heard, np.broadcast_to(y[:, None], heard.shape), rtol=1e-12)
    for before, now in zip(jax.tree.leaves(carry), jax.tree.leaves(after), strict=True):
        np.testing.assert_allclose(now, before, rtol=1e-11, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_scan_gives_what_the_loop_gives(kind):
    both, x = [], jnp.asarray(signal(2, 70, 1))
    for scan in ("sequential", "associative"):
        graph, params, rest = nnx.split(model(kind, layers=1, scan=scan), nnx.Param, ...)

        def energy(params, graph=graph, rest=rest):
            one = nnx.merge(graph, params, rest)
            y = one(one.init_carry((2,)), x)[1]
            return jnp.sum(y * y), y

        both.append(jax.jit(jax.value_and_grad(energy, has_aux=True))(params))
    for a, b in zip(*map(jax.tree.leaves, both), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10 * np.abs(a).max())


@pytest.mark.parametrize("kind", KINDS)
def test_at_twice_the_rate_a_sine_sounds_the_same(kind):
    trained = model(kind, fs=FS)
    doubled = cn.resampled(trained, 2 * FS)
    assert (type(doubled), doubled.fs, doubled.trained_fs) == (KINDS[kind], 2 * FS, FS)
    fine = np.sin(2 * np.pi * 500 * np.arange(4000) / (2 * FS))
    slow, fast = cn.run(trained, fine[::2])[1], cn.run(doubled, fine)[1]
    assert float(cn.losses.esr(fast[::2], slow)) < 1e-5
    np.testing.assert_allclose(doubled.resting(level=[0.7])[1], trained.resting(level=[0.7])[1], rtol=1e-9)
    back = cn.resampled(doubled, FS)
    np.testing.assert_allclose(cn.run(back, fine[::2])[1], slow, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_ten_seconds_in_single_precision_do_not_drift(kind):
    """Time constants of seconds: a factor of 0.999998 in single precision would be off by three in a hundred."""
    x = 0.1 + 0.3 * signal(10 * FS)
    options = {"layers": 1, "time_constants": (1e-3, 10.0), "fs": FS}
    single, double = (np.asarray(cn.run(model(kind, dtype=t, **options), x)[1]) for t in (jnp.float32, jnp.float64))
    assert float(cn.losses.esr(single[-FS:].astype(float), double[-FS:])) < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_seeds_at_once(kind):
    check_many_seeds(lambda seed: model(kind, layers=1, seed=seed))


@pytest.mark.parametrize("kind", KINDS)
def test_silence_and_hard_drive_have_finite_gradients(kind):
    graph, params, rest = nnx.split(model(kind, layers=1, dtype=jnp.float32), nnx.Param, ...)

    def energy(params, x):
        one = nnx.merge(graph, params, rest)
        return jnp.sum(jnp.square(one(one.init_carry((2,)), x)[1]))

    x = np.array([0.0, 1e4])[:, None, None] * signal(2, 70, 1)
    gradients = jax.jit(jax.grad(energy, (0, 1)))(params, jnp.asarray(x, jnp.float32))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))

"""How knobs reach networks: the four ways against NumPy, under the laws, saved, and as C."""

import jax
import numpy as np
import pytest
from flax import nnx
from jax import numpy as jnp

import circuitnn as cn
from circuitnn.networks import GLU, ExtraInputs, FiLM, Gated
from circuitnn.networks.conditioning import KINDS, conditioning_of
from circuitnn.networks.modulation import Modulation
from circuitnn.testing import check_block_law, check_gradient, check_model
from tests.native.playing import compiled, play

KNOBS = ("drive", "tone")
TURNING = ("film", "glu", "gated")
EVERYWHERE = {text: kind for text, kind in KINDS.items() if text != "poles"}  # which networks have: tests/recurrent


def drawn(module, seed=0):
    """The module with other numbers than it begins with, as training leaves them."""
    random = np.random.default_rng(seed)
    for _, variable in nnx.to_flat_state(nnx.state(module, nnx.Param)):
        variable[...] = jnp.asarray(0.5 * random.standard_normal(variable.shape), variable.dtype)
    return module


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def turned(kind, layer, u, knobs):
    """What the papers say, in NumPy."""
    weights = {".".join(path): np.asarray(v) for path, v in nnx.to_flat_state(nnx.state(layer, nnx.Param))}
    n = u.shape[-1]
    if kind == "gated":
        a, b = np.split(u @ weights["linear.weight"].T + weights["linear.bias"], 2, -1)
        v, w = weights["gate.knobs.weight"][:n], weights["gate.knobs.weight"][n:]
        return np.tanh(a + knobs @ v.T) * sigmoid(b + knobs @ w.T)
    prefix = "film." if kind == "glu" else ""
    theta, eta = np.split(knobs @ weights[f"{prefix}weight"].T + weights[f"{prefix}bias"], 2, -1)
    q = theta * u + eta
    if kind == "film":
        return q
    first, second = np.split(q @ weights["linear.weight"].T + weights["linear.bias"], 2, -1)
    return first * second / (1 + np.abs(second))


def layer_of(kind, features=3, controls=2, dtype=jnp.float64):
    return drawn(conditioning_of(kind).layer(features, controls, dtype=dtype, rngs=nnx.Rngs(0)))


def gru(conditioning, dtype=jnp.float64, cls=cn.recurrent.GRU):
    return drawn(cls(3, controls=KNOBS, conditioning=conditioning, dtype=dtype, rngs=nnx.Rngs(0)))


@pytest.mark.parametrize("kind", TURNING)
def test_features_are_turned_as_the_papers_say(kind):
    random, layer = np.random.default_rng(1), layer_of(kind)
    u, moving = random.standard_normal((2, 5, 3)), random.random((2, 5, 2))
    for knobs in (moving, moving[:1, :1], moving[:, :1]):  # for each sample, standing still for all, for each
        carry, value = layer((), u, knobs)
        assert carry == ()
        np.testing.assert_allclose(value, turned(kind, layer, u, knobs), rtol=1e-12)
    np.testing.assert_allclose(layer.rest(u[:, 0], moving[:1, 0])[1], turned(kind, layer, u[:, 0], moving[:1, 0]))
    single = layer_of(kind, dtype=jnp.float32)((), np.float32(u), np.float32(moving))[1]
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, turned(kind, layer, u, moving), atol=1e-5)


@pytest.mark.parametrize("kind", TURNING)
def test_gradients_are_those_of_differences(kind):
    random, layer = np.random.default_rng(2), layer_of(kind)
    graph, weights = nnx.split(layer)

    @jax.jit
    def energy(u, knobs, numbers):
        return jnp.sum(nnx.merge(graph, numbers)((), u, knobs)[1] ** 2)

    check_gradient(energy, (random.standard_normal((2, 5, 3)), random.random((1, 1, 2)), weights))
    check_gradient(energy, (random.standard_normal((2, 5, 3)), random.random((2, 5, 2)), weights))


def test_film_begins_as_the_identity_and_the_block_of_the_study_has_120_operations():
    u, knobs = np.ones((1, 4, 3)), np.full((1, 4, 2), 0.7)
    np.testing.assert_array_equal(FiLM().layer(3, 2, dtype=jnp.float64, rngs=nnx.Rngs(0))((), u, knobs)[1], u)
    features, p = 4, 2
    layer = GLU().layer(features, p, dtype=jnp.float32, rngs=nnx.Rngs(0))
    weights = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(layer, nnx.Param)))
    assert weights == 2 * features * (p + 1) + 2 * features * (features + 1) == 64
    np.testing.assert_array_equal(layer.linear.bias[features:], 1)  # gates begin half open
    affine = 2 * (layer.film.weight.size + layer.linear.weight.size)  # a product and a sum for each weight
    assert affine + 2 * features + 3 * features + features == 120  # theta u + eta; |q|, 1 +, /; the product
    turned, plain = (
        cn.recurrent.Memoryless((4,), controls=knobs, conditioning="glu" if knobs else "inputs", rngs=nnx.Rngs(0))
        for knobs in (KNOBS, ())
    )
    assert turned.count().operations - plain.count().operations == 120


def test_without_knobs_nothing_is_turned_by_them():
    assert FiLM().layer(3, 0, dtype=jnp.float32, rngs=nnx.Rngs(0)) is None
    none = np.zeros((1, 1, 0), np.float32)
    glu = GLU().layer(3, 0, dtype=jnp.float32, rngs=nnx.Rngs(0))
    q, gate = np.split(np.asarray(glu.linear(np.ones((1, 2, 3), np.float32))), 2, -1)
    np.testing.assert_allclose(glu((), np.ones((1, 2, 3), np.float32), none)[1], q * gate / (1 + np.abs(gate)), 1e-6)
    model = cn.recurrent.GRU(2, conditioning="film", rngs=nnx.Rngs(0))
    plain = cn.recurrent.GRU(2, rngs=nnx.Rngs(0))
    assert jax.tree.structure(model.parameters()) == jax.tree.structure(plain.parameters())


def test_texts_and_objects_mean_the_same():
    for text, kind in KINDS.items():
        assert conditioning_of(text) == kind() == conditioning_of(kind())
    assert cn.recurrent.GRU(2, rngs=nnx.Rngs(0)).conditioning == ExtraInputs()
    with pytest.raises(ValueError, match="there are inputs, film, glu, gated, poles, not 'concat'"):
        conditioning_of("concat")
    with pytest.raises(TypeError, match="or of ExtraInputs, FiLM, GLU, Gated, Poles, not a bool"):
        cn.recurrent.LSTM(2, conditioning=True, rngs=nnx.Rngs(0))


def numpy_gru(weights, u):
    """Hidden states (time, hidden) from zero, PyTorch's equations."""
    n = weights["weight_hh"].shape[1]
    h, after = np.zeros(n), []
    for sample in u:
        x = weights["weight_ih"] @ sample + weights["bias_ih"]
        s = weights["weight_hh"] @ h + weights["bias_hh"]
        r, z = sigmoid(x[:n] + s[:n]), sigmoid(x[n : 2 * n] + s[n : 2 * n])
        h = (1 - z) * np.tanh(x[2 * n :] + r * s[2 * n :]) + z * h
        after.append(h)
    return np.array(after)


@pytest.mark.parametrize("kind", TURNING)
def test_a_gru_is_turned_between_its_state_and_the_read_out(kind):
    model, random = gru(kind), np.random.default_rng(3)
    u, knobs = random.standard_normal((12, 1)), random.random((12, 2))
    weights = {name: np.asarray(value) for name, value in model.parameters()["rec"].items()}
    h = turned(kind, model.cond, numpy_gru(weights, u), knobs)
    expected = h @ np.asarray(model.lin.weight[...]).T + np.asarray(model.lin.bias[...])
    _, y = cn.run(model, u, jnp.zeros(3), controls=dict(zip(KNOBS, knobs.T, strict=True)))
    np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-13)


def moving(time=12):
    return {"drive": np.linspace(0, 1, time) * np.array([[1.0], [0.5]]), "tone": np.array([[0.2], [0.9]])}


def test_a_turned_gru_obeys_the_laws():
    x = np.random.default_rng(4).standard_normal((2, 12, 1))
    check_model(lambda dtype: gru("glu", dtype), x, controls=moving())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "cls"), [("film", cn.recurrent.GRU), ("glu", cn.recurrent.LSTM), ("gated", cn.recurrent.LSTM)]
)
def test_every_turned_network_obeys_the_laws(kind, cls):
    x = np.random.default_rng(4).standard_normal((2, 12, 1))
    check_model(lambda dtype: gru(kind, dtype, cls), x, controls=moving())


@pytest.mark.parametrize("kind", EVERYWHERE)
def test_a_turned_network_without_memory_obeys_the_laws(kind):
    def build(dtype):
        network = cn.recurrent.Memoryless((3, 2), controls=KNOBS, conditioning=kind, dtype=dtype, rngs=nnx.Rngs(0))
        return drawn(network)

    x = np.random.default_rng(4).standard_normal((2, 12, 1))
    check_model(build, x, controls=moving(), gradient=1e-6 if kind == "gated" else None)


NETWORKS = {
    "GRU": lambda **more: cn.recurrent.GRU(2, layers=2, **more),
    "LRU": lambda **more: cn.recurrent.LRU(2, **more),
    "EncoderDecoder": lambda **more: cn.recurrent.EncoderDecoder(2, window=4, **more),
    "Windowed": lambda **more: cn.recurrent.windowed("S6", hidden=2, window=4, **more),
    "TCN": lambda **more: cn.convolutional.TCN(2, 2, kernel_size=2, embedding=(8,), **more),
    "CNN": lambda **more: cn.convolutional.CNN((2, 2), **more),
    "WaveNet": lambda **more: cn.convolutional.WaveNet(
        [cn.convolutional.LayerArray(2, (1, 2), gating="gated")], **more
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, kind) for name, kind in zip(NETWORKS, TURNING * 3, strict=False)), ("TCN", "inputs"), ("CNN", "film")],
)
def test_networks_of_every_kind_take_it(name, kind):
    model = NETWORKS[name](controls=KNOBS, conditioning=kind, dtype=jnp.float64, rngs=nnx.Rngs(0))
    assert model.settings["conditioning"]["kind"] == KINDS[kind].__name__
    assert model.inputs.width == (3 if kind == "inputs" else 1)
    turning = [module for _, module in nnx.iter_graph(model) if isinstance(module, Modulation)]
    assert bool(turning) == (kind != "inputs")
    for module in turning:
        drawn(module)
    x = np.random.default_rng(7).standard_normal((3, 2, 12, 1))
    check_block_law(model, x, controls=moving(), cuts=(1, 5, 6), rtol=1e-9)
    still = model.resting((), {"drive": 0.9})[1]
    for knobs in ({"drive": 0.9}, {"drive": 0.1}):  # stays at rest, or leaves it
        _, y = cn.run(model, np.zeros((6, 1)), model.init_carry((), {"drive": 0.9}), controls=knobs)
        assert np.allclose(y, still, rtol=1e-9, atol=1e-12) == (knobs["drive"] == 0.9)


def test_at_rest_it_stays_where_its_knobs_lead():
    model, knobs = gru("gated"), {"drive": np.array([[0.0], [1.0]]), "tone": 0.3}
    carry, rest = model.resting((3, 2), knobs)
    _, y = cn.run(model, np.zeros((3, 2, 50, 1)), carry, controls=knobs)
    np.testing.assert_allclose(y, np.broadcast_to(rest[..., None, :], y.shape), rtol=1e-12)
    assert abs(rest[0, 0, 0] - rest[1, 0]).max() > 1e-3 if rest.ndim == 3 else abs(rest[0, 0] - rest[1, 0]) > 1e-3


def test_saved_and_opened_it_is_the_same(tmp_path):
    x, knobs = np.random.default_rng(5).standard_normal(20), {"drive": 0.9}
    for kind in EVERYWHERE.values():
        model = cn.recurrent.Memoryless((2,), controls=KNOBS, conditioning=kind(), rngs=nnx.Rngs(1))
        cn.train.save(model, tmp_path / "model.npz")
        opened = cn.train.restore(tmp_path / "model.npz")
        assert opened.conditioning == kind()
        assert opened.settings == model.settings
        assert (", by " in str(opened)) == (kind is not ExtraInputs)
        before, after = (cn.run(m, x, controls=knobs)[1] for m in (model, opened))
        np.testing.assert_array_equal(before, after)
    settings = cn.recurrent.LSTM(2, controls=KNOBS, rngs=nnx.Rngs(0)).settings
    del settings["conditioning"]  # as models were saved before there was a choice
    assert cn.Model.from_settings(settings).conditioning == ExtraInputs()


@pytest.mark.parametrize(
    "kind", [Gated(), pytest.param(FiLM(), marks=pytest.mark.slow), pytest.param(GLU(), marks=pytest.mark.slow)]
)
def test_in_c_it_is_the_same_wherever_the_knobs_stand(kind, tmp_path):
    model = gru(kind)
    made = cn.native.program(model, name="model")
    library = compiled(made.text, tmp_path)
    x = np.random.default_rng(6).standard_normal((40, 1))
    for knobs in ((0, 0), (1, 1), (0.3, 0.8)):
        y, _ = play(library, made, x, knobs)
        _, expected = cn.run(model, x, controls=dict(zip(KNOBS, knobs, strict=True)))
        np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-13)
    # What follows from the knobs alone is computed when they move, and not for each sample.
    assert sum(member.size for member in made.prepared) >= 6

"""WaveNets: a plain NumPy computation, the laws, exact rest, published sizes, and what does not fit together."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.convolutional import Activation, Head, LayerArray, WaveNet
from circuitnn.testing import check_block_law, check_model
from tests.native.playing import compiled, play

RNG = np.random.default_rng(0)
EVERYTHING = [
    LayerArray(3, (1, 2), head_kernel_size=2, head_bias=True, head_size=3, activation=Activation("leaky_relu", 0.3)),
    LayerArray(
        2, (3, 1), (2, 4), bottleneck=3, gating=("gated", "blended"), activation=("softsign", "silu"), skip=3,
        head_size=2, film={"convolution": True, "mixer_input": False, "activation": True, "skip": True},
    ),
]  # fmt: skip


def everything(dtype=jnp.float64):
    """A small network of all kinds of parts."""
    scaling = cn.networks.Scaling(np.array([2.0]), np.array([0.5]), None, None, np.array([0.1]), np.array([0.2]))
    return WaveNet(
        EVERYTHING, head=Head(4, (2, 3)), head_scale=0.5, controls=("a", "b"), scaling=scaling, dtype=dtype,
        rngs=nnx.Rngs(0),
    )  # fmt: skip


def small_wright(dtype=jnp.float64):
    """Its parts in small."""
    array = LayerArray(3, (1, 2, 4), gating="gated", mixed=True, head_bias=True, input_bias=True, mixer_bias=True)
    return WaveNet([array], condition="controls", condition_channels=3, controls=("a",), dtype=dtype, rngs=nnx.Rngs(1))


def weights_of(convolution):
    bias = 0.0 if convolution.bias is None else np.asarray(convolution.bias[...])[:, None]
    return np.asarray(convolution.weight[...]), bias


def plain_convolution(u, convolution, dilation=1):
    """PyTorch's Conv1d of (channels, time), tap by tap, with what came before as it was first."""
    weight, bias = weights_of(convolution)
    taps = weight.shape[2]
    reach = (taps - 1) * dilation
    padded = np.concatenate([np.repeat(u[:, :1], reach, axis=1), u], axis=1)
    return sum(weight[:, :, k] @ padded[:, k * dilation : k * dilation + u.shape[1]] for k in range(taps)) + bias


def plain_map(u, convolution):
    weight, bias = weights_of(convolution)
    return weight @ u + bias


def test_it_is_what_the_paper_says():
    """Wright et al.: gated convolutions, a conditioning signal in each layer, and a mixer of all layers' outputs."""
    model = small_wright()
    x, knob = RNG.normal(size=40), np.linspace(0, 1, 40)
    stack = model.stacks[0]
    condition = plain_map(knob[None], model.lift)
    u, heard = plain_map(np.concatenate([np.zeros(8), x])[None], stack.rechannel), []
    condition = np.concatenate([np.repeat(condition[:, :1], 8, axis=1), condition], axis=1)
    for layer in stack.layers:
        z = plain_convolution(u, layer.convolution, layer.dilation) + plain_map(condition, layer.mixer)
        a = np.tanh(z[:3]) / (1 + np.exp(-z[3:]))
        heard.append(a)
        u = u + plain_map(a, layer.residual)
    y = plain_convolution(np.concatenate(heard), stack.head)[0, 8:]
    np.testing.assert_allclose(cn.run(model, x, controls={"a": knob})[1], y, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("build", [everything, small_wright])
def test_it_obeys_the_laws(build):
    x = RNG.normal(size=(2, 16, 1))
    knobs = {name: RNG.uniform(size=(2, 16)) for name in build().controls}
    check_model(build, x, controls=knobs)


@pytest.mark.slow
def test_it_goes_on_at_every_cut_and_sample_by_sample():
    model = everything()
    x = RNG.normal(size=(2, 24, 1))
    check_block_law(model, x, controls={"a": 0.2}, cuts=(1, 2, 3, 8, 13, 18, 19), rtol=1e-12)


def test_it_rests_exactly():
    """What silence leads to with the knobs where they are, and what a constant level leads to."""
    model = everything()
    x = np.full((50, 1), 0.3)
    for level, knobs in ((None, {"a": 0.9}), (np.array([0.3]), {"b": 0.1})):
        carry, rest = model.resting((), knobs, level=level)
        y = cn.run(model, x if level is not None else 0 * x, carry, controls=knobs)[1]
        np.testing.assert_allclose(y, np.broadcast_to(rest, y.shape), atol=1e-14)
        late = cn.run(model, x if level is not None else 0 * x, controls=knobs)[1][-1]
        np.testing.assert_allclose(late, rest, atol=1e-14)  # also where silence came before
    positions = {"a": np.array([[0.1], [0.9]])}
    assert model.init_carry((3, 2), positions)[0].samples.shape == (3, 2, 2, 3)


@pytest.mark.slow
@pytest.mark.parametrize("build", [everything, small_wright])
def test_c_is_the_model_and_writes_one_row_a_sample(build, tmp_path):
    model = build()
    knobs = {name: 0.3 + 0.4 * n for n, name in enumerate(model.controls)}
    made = cn.native.program(model)
    x = RNG.normal(size=(80, 1))
    y, _ = play(compiled(made.text, tmp_path), made, x, knobs.values())
    np.testing.assert_allclose(y, cn.run(model, x, controls=knobs)[1], atol=1e-13)
    far = WaveNet([LayerArray(2, (700,))], rngs=nnx.Rngs(0))
    process = cn.native.program(far).text.split("_process(")[1]
    assert "memcpy" not in process
    assert max(map(int, re.findall(r"< (\d+); i\d", process)), default=0) < 100


SIZES = {
    ("nam", "standard"): 13_802, ("nam", "lite"): 6_554, ("nam", "feather"): 3_026, ("nam", "nano"): 842,
    ("a2", "lite"): 1_871, ("a2", "full"): 12_146,
    ("wright", 10, 16): 24_065, ("wright", 18, 8): 11_265, ("wright", 18, 16): 43_265,
}  # fmt: skip


QUICK = (("nam", "nano"), ("wright", 10, 16))


@pytest.mark.parametrize(
    ("kind", "count"),
    [pytest.param(kind, count, marks=() if kind in QUICK else pytest.mark.slow) for kind, count in SIZES.items()],
)
def test_it_has_the_published_number_of_weights(kind, count):
    name, *sizes = kind
    model = nnx.eval_shape(lambda: getattr(WaveNet, name)(*sizes, rngs=nnx.Rngs(0)))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param))) == count
    widths = [1, *(array.channels for array in model.arrays)]
    condition = model.condition_channels or 1
    inside = sum(array.weights(width, condition) for array, width in zip(model.arrays, widths, strict=False))
    assert inside == count - (0 if model.gain is None else 1) - (0 if model.lift is None else 2 * condition)
    assert model.receptive_field == {"nam": 4093, "a2": 6347}.get(name, 2047 if sizes[0] == 10 else 2045)


@pytest.mark.slow
def test_many_seeds_at_once():
    graph, state = nnx.split(small_wright())
    other = jax.tree.map(lambda leaf: leaf * 1.1, state)
    both = jax.tree.map(lambda a, b: jnp.stack([a, b]), state, other)
    x = jnp.asarray(RNG.normal(size=(10, 1)))

    def play(state):
        model = nnx.merge(graph, state)
        return model(model.init_carry(), x)[1]

    together = jax.jit(jax.vmap(play))(both)
    np.testing.assert_allclose(together[1], jax.jit(play)(other), atol=1e-13)
    assert not np.allclose(together[0], together[1])


def test_it_is_its_settings(tmp_path):
    for model in (everything(jnp.float32), small_wright(jnp.float32)):
        cn.train.save(model, tmp_path / "m.npz")
        again = cn.train.restore(tmp_path / "m.npz")
        assert again.settings == model.settings
        for a, b in zip(*(jax.tree.leaves(nnx.state(m)) for m in (model, again)), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: WaveNet([], rngs=nnx.Rngs(0)), "at least one LayerArray"),
        (lambda: WaveNet([LayerArray(4, (1,)), LayerArray(2, (1,))], rngs=nnx.Rngs(0)), "array 1.*gives 1 channels"),
        (lambda: WaveNet([LayerArray(4, (1,), head_size=2)], rngs=nnx.Rngs(0)), "head_size of 2"),
        (lambda: WaveNet([LayerArray(4, (1,))], condition="both", rngs=nnx.Rngs(0)), "condition: there are"),
        (lambda: WaveNet([LayerArray(4, (1,))]), "rngs=nnx.Rngs"),
        (lambda: WaveNet([LayerArray(2**20, (1,))], rngs=nnx.Rngs(0)), "weights: at most"),
        (lambda: WaveNet([LayerArray(1, (2**30,))], rngs=nnx.Rngs(0)), "numbers of the past to hold: at most"),
        (lambda: WaveNet([LayerArray(1, (1,) * 5000)], rngs=nnx.Rngs(0)), "5000 layers: at most"),
        (lambda: WaveNet.nam("huge", rngs=nnx.Rngs(0)), "standard, lite, feather, nano"),
        (lambda: LayerArray(4, ()), "dilations"),
        (lambda: LayerArray(4, (1, 2), (3,)), "kernel_size: one for each of 2 layers"),
        (lambda: LayerArray(4, (1, 0)), "dilations must be a whole number"),
        (lambda: LayerArray(4, (1,), activation="cosine"), "activation: there are"),
        (lambda: LayerArray(4, (1,), gating="half"), "gating: there are none, gated, blended"),
        (lambda: LayerArray(4, (1,), film={"everywhere": True}), "film: there are the places"),
        (lambda: LayerArray(4, (1,), film={"skip": True}), "no skip"),
        (lambda: LayerArray(4, (1,), residual=False, bottleneck=2), "residual"),
        (lambda: Activation("leaky_relu", float("nan")), "finite"),
        (lambda: Head(4, ()), "kernel_sizes"),
    ],
)
def test_what_does_not_fit_says_why(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()

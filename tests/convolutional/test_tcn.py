"""Temporal convolutional networks: PyTorch's layers, published sizes, the laws, and C."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.testing import check_model
from tests.native.playing import compiled, play
from tests.seeds import check_many_seeds

RNG = np.random.default_rng(0)
KNOBS = {"limit": 0.5, "reduction": 0.25}


def small(dtype=jnp.float64, seed=0):
    """Three blocks in stacks of two, with FiLM that does something."""
    scaling = cn.networks.Scaling(np.array([2.0]), np.array([3.0]))
    model = cn.convolutional.TCN(
        3, 3, kernel_size=3, dilation_growth=4, stack=2, embedding=(4, 5), controls=KNOBS, scaling=scaling,
        fs=48_000, dtype=dtype, rngs=nnx.Rngs(seed),
    )  # fmt: skip
    for block in model.layers[0].blocks:
        weight = np.random.default_rng(7).standard_normal(block.cond.weight.shape) / 3
        block.cond.weight[...] = jnp.asarray(weight, dtype)
    return model


def by_torch(torch, model, x, knobs):
    """The same network of PyTorch's own layers, silence before: x (batch, time), knobs (batch, time, 2)."""

    def tensor(parameter):
        values = torch.tensor(np.asarray(parameter[...]), requires_grad=True)
        tensors.append(values)
        return values

    tensors = []
    u, turned = 0.5 * x[:, None], knobs
    for layer in model.layers[0].embedding:
        turned = torch.relu(torch.nn.functional.linear(turned, tensor(layer.linear.weight), tensor(layer.linear.bias)))
    for block in model.layers[0].blocks:
        film = torch.nn.functional.linear(turned, tensor(block.cond.weight), tensor(block.cond.bias))
        theta, eta = film.transpose(1, 2).chunk(2, dim=1)
        padded = torch.nn.functional.pad(u, (block.conv.reach, 0))
        v = torch.nn.functional.conv1d(padded, tensor(block.conv.weight), dilation=block.conv.dilation)
        gain = tensor(block.gain)[:, None] * u
        u = torch.nn.functional.prelu(theta * v + eta, tensor(block.slope)) + gain
    output = model.layers[1].linear
    y = torch.tanh(torch.nn.functional.linear(u.transpose(1, 2), tensor(output.weight), tensor(output.bias)))
    return 3 * y, tensors


@pytest.mark.slow
def test_it_is_what_pytorch_computes():
    torch = pytest.importorskip("torch")
    model, time = small(), 24
    x, knobs = RNG.standard_normal((2, time)), RNG.uniform(0, 1, (2, time, 2))
    # Silence before at the first position of the knobs is not a carry of zeros: the network is begun with zeros.
    carry = jax.tree.map(jnp.zeros_like, model.init_carry((2,)))
    controls = {name: jnp.asarray(knobs[..., n]) for n, name in enumerate(KNOBS)}
    start, block = carry, jnp.asarray(x)[..., None]

    def energy(parameters):
        y = model.with_parameters(parameters)(start, block, controls)[1]
        return jnp.sum(y**2), y

    energy = jax.jit(jax.value_and_grad(energy, has_aux=True))
    (_, y), gradients = energy(model.parameters())
    expected, tensors = by_torch(torch, model, torch.tensor(x), torch.tensor(knobs))
    (expected**2).sum().backward()
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=0, atol=1e-13)
    ours, theirs = (
        sorted(map(np.asarray, arrays), key=lambda array: (array.shape, array.ravel()[0]))
        for arrays in (jax.tree.leaves(gradients), [tensor.grad.numpy() for tensor in tensors])
    )
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)


@pytest.mark.slow
def test_it_obeys_the_laws():
    x = RNG.standard_normal((2, 20, 1))
    check_model(small, x, controls={"limit": np.linspace(0, 1, 20), "reduction": np.array([[0.2], [0.9]])})


@pytest.mark.parametrize(
    ("milliseconds", "weights", "field"), [(100, 25_905, 4445), (300, 50_737, 13_333), (1000, 33_201, 44_445)]
)
def test_published_sizes(milliseconds, weights, field):
    model = nnx.eval_shape(
        lambda: cn.convolutional.TCN.micro(milliseconds, controls=("limit", "reduction"), rngs=nnx.Rngs(0))
    )
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param))) == weights
    assert model.receptive_field == field
    assert round(field / 44.1, -1) in (100, 300, 1010)


@pytest.mark.slow
def test_the_receptive_field_is_what_an_output_depends_on():
    model = small()
    time = model.receptive_field + 3
    x = jnp.asarray(RNG.standard_normal((time, 1)))
    seen = jax.grad(lambda x: model(model.init_carry(()), x)[1][-1, 0])(x)
    assert np.flatnonzero(np.asarray(seen)[:, 0])[0] == 3


def test_it_rests_and_is_kept(tmp_path):
    model = small()
    knobs, level = {"limit": 0.9, "reduction": 0.1}, np.array([0.4])
    carry, y = model.resting((), knobs, level=level)
    _, heard = cn.run(model, np.full((6, 1), 0.4), carry, controls=knobs)
    np.testing.assert_allclose(heard, np.broadcast_to(y, (6, 1)), rtol=1e-12)
    cn.train.save(model, tmp_path / "m.npz")
    again = cn.train.restore(tmp_path / "m.npz")
    assert again.settings == model.settings
    np.testing.assert_array_equal(cn.run(again, np.ones(6))[1], cn.run(model, np.ones(6))[1])


def test_in_c_it_is_the_model_and_shifts_nothing(tmp_path):
    model = small()
    program = cn.native.program(model)
    x = RNG.standard_normal(40)
    y, _ = play(compiled(program.text, tmp_path), program, x[:, None], list(KNOBS.values()))
    np.testing.assert_allclose(y[:, 0], cn.run(model, x)[1], rtol=0, atol=1e-13)
    ring = 3 * 2 * 4  # numbers of the second block's ring: none of the loops and arrays is as long
    process = program.text.split("void model_process")[-1]
    assert f"[{ring}]" not in process
    assert f"< {ring};" not in process


@pytest.mark.slow
def test_many_seeds_at_once():
    check_many_seeds(lambda seed: small(seed=seed))


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="100, 300, 1000 ms, not 200"):
        cn.convolutional.TCN.micro(200, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="receptive field"):
        cn.convolutional.TCN(2, 10, rngs=nnx.Rngs(0))

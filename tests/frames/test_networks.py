"""Networks of frames: PyTorch's layers, published numbers of weights, the laws in a stream, files, and C."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.frames import CAFx, ConvLSTM, CRAFx, Framed, SequenceLSTM
from circuitnn.testing import check_model
from tests.native.playing import compiled, play

RNG = np.random.default_rng(0)
SMALL = {
    "ConvLSTM": lambda dtype=jnp.float64: ConvLSTM(3, window=11, hidden=2, dtype=dtype, rngs=nnx.Rngs(0)),
    "SequenceLSTM": lambda dtype=jnp.float64: SequenceLSTM(2, window=6, frame=3, dtype=dtype, rngs=nnx.Rngs(0)),
    "CAFx": lambda dtype=jnp.float64: CAFx(4, frame=8, kernel_size=3, latent=4, dtype=dtype, rngs=nnx.Rngs(0)),
    "CRAFx": lambda dtype=jnp.float64: CRAFx(
        2, frame=8, kernel_size=4, latent=2, around=1, dtype=dtype, rngs=nnx.Rngs(0)
    ),
}


@pytest.mark.parametrize(
    ("network", "weights", "latency"),
    [
        (CAFx, 604_545, 4095),
        (CRAFx, 275_073, 12_287),
        (SequenceLSTM, 91_351, 4),
        (ConvLSTM, 140 + 3710 + 4 * 150 * 186 + 151, 0),  # the table tells no number
    ],
)
def test_published_sizes(network, weights, latency):
    model = nnx.eval_shape(lambda: Framed(network(rngs=nnx.Rngs(0))))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param))) == weights
    assert model.latency == latency


class Torch:
    """The networks of PyTorch's own layers, with the weights of one of ours: window (batch, time) to frames."""

    def __init__(self, torch, network):
        self.torch, self.functional, self.tensors, self.network = torch, torch.nn.functional, {}, network

    def weight(self, parameter):
        """Once for each, because some are used twice."""
        if id(parameter) not in self.tensors:
            self.tensors[id(parameter)] = self.torch.tensor(np.asarray(parameter[...]), requires_grad=True)
        return self.tensors[id(parameter)]

    def dense(self, layer, u):
        linear = getattr(layer, "linear", layer)
        return self.functional.linear(u, self.weight(linear.weight), self.weight(linear.bias))

    def conv(self, layer, u):
        taps = layer.weight.shape[-1]
        time = u.shape[-1]
        around = max((-(-time // layer.stride) - 1) * layer.stride + taps - time, 0)
        u = self.functional.pad(u, (around // 2, around - around // 2))
        weight, bias = self.weight(layer.weight), self.weight(layer.bias)
        return self.functional.conv1d(
            u, weight, bias, stride=layer.stride, groups=layer.weight.shape[0] if layer.is_local else 1
        )

    def lstm(self, layer, u, activation):
        """The equations, one time after the other: u (batch, time, features)."""
        layer = layer.layer
        h = c = self.torch.zeros(len(u), layer.width, dtype=u.dtype)
        out = []
        for n in range(u.shape[1]):
            gates = self.functional.linear(u[:, n], self.weight(layer.weight_ih), self.weight(layer.bias_ih))
            i, f, g, o = (gates + self.functional.linear(h, self.weight(layer.weight_hh))).chunk(4, dim=-1)
            c = self.torch.sigmoid(f) * c + self.torch.sigmoid(i) * activation(g)
            h = self.torch.sigmoid(o) * activation(c)
            out.append(h)
        return self.torch.stack(out, dim=1)

    def both(self, layers, u, activation):
        back = self.lstm(layers.backwards, u.flip(1), activation).flip(1)
        return self.torch.cat([self.lstm(layers.forwards, u, activation), back], dim=-1)

    def adaptive(self, layer, x):
        """As the published code has it: three cases for each piece."""
        points, weight = np.linspace(-0.2, 0.2, 25), self.weight(layer.weight)
        y = x * weight[-1]
        for n in range(12):
            s, e = points[2 * n], points[2 * n + 1]
            inside = self.torch.where((x >= s) & (x < e), 0.5 * (x - s) ** 2, self.torch.zeros_like(x))
            beyond = self.torch.where(x >= e, (e - s) * (x - e) + 0.5 * (e - s) ** 2, self.torch.zeros_like(x))
            y = y + 100 * (inside + beyond) * weight[n]
        return y

    def encoded(self, frames):
        bands = self.conv(self.network.front, frames[:, None])
        envelopes = self.functional.softplus(self.conv(self.network.smoothing, bands.abs()))
        return bands, self.functional.max_pool1d(envelopes, frames.shape[-1] // self.network.latent)

    def back(self, bands):
        """(batch, time, filters)."""
        weight, taps = self.weight(self.network.front.weight), self.network.front.weight.shape[-1]
        padded = self.functional.pad(bands.transpose(1, 2), ((taps - 1) // 2, taps // 2))
        y = self.functional.conv1d(padded, weight.transpose(0, 1), self.weight(self.network.bias))
        return y.transpose(1, 2)

    def ConvLSTM(self, x):
        elu, net = self.functional.elu, self.network
        u = elu(self.conv(net.second, elu(self.conv(net.first, x[:, None]))))
        h = self.lstm(net.lstm, u.transpose(1, 2), self.torch.tanh)
        return self.torch.tanh(self.dense(net.output, h[:, -1:]))

    def SequenceLSTM(self, x):
        h = self.lstm(self.network.lstm, x[..., None], self.torch.tanh)
        return self.torch.tanh(self.dense(self.network.output, h[:, -3:]))

    def CAFx(self, x):
        net, softplus = self.network, self.functional.softplus
        bands, latent = self.encoded(x)
        rows = [self.functional.linear(latent[:, c], self.weight(net.local.weight)[c], self.weight(net.local.bias)[c])
                for c in range(latent.shape[1])]  # fmt: skip
        latent = softplus(self.dense(net.shared, softplus(self.torch.stack(rows, dim=1))))
        u = (bands * latent.repeat_interleave(x.shape[-1] // net.latent, dim=-1)).transpose(1, 2)
        for layer in net.dense[:-1]:
            u = self.torch.relu(self.dense(layer, u))
        return self.back(self.adaptive(net.activation, self.dense(net.dense[-1], u)))

    def CRAFx(self, x):
        net = self.network
        encoded = [self.encoded(x[:, n * net.hop : n * net.hop + net.frame]) for n in range(2 * net.around + 1)]
        latent = self.torch.cat([part for _, part in encoded], dim=1).transpose(1, 2)
        for layers, activation in zip(net.lstms, (self.torch.tanh, self.torch.tanh, lambda g: g), strict=True):
            latent = self.both(layers, latent, activation)
        envelopes = self.adaptive(net.latent_activation, latent).repeat_interleave(net.frame // net.latent, dim=1)
        bands = encoded[net.around][0].transpose(1, 2) * envelopes
        u = bands
        for layer in net.dense[:-1]:
            u = self.torch.tanh(self.dense(layer, u))
        u = self.adaptive(net.activation, self.dense(net.dense[-1], u))
        gains = self.torch.relu(self.dense(net.squeezed, u.abs().mean(dim=1, keepdim=True)))
        return self.back(bands + u * self.torch.sigmoid(self.dense(net.excited, gains)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_it_is_what_pytorch_computes(name):
    torch = pytest.importorskip("torch")
    network = SMALL[name]()
    x = RNG.standard_normal((3, sum(network.context) + network.frame))
    graph, weights, others = nnx.split(network, nnx.Param, ...)

    @functools.partial(jax.value_and_grad, has_aux=True)
    def energy(weights):
        y = nnx.merge(graph, weights, others)((), jnp.asarray(x)[..., None])[1]
        return jnp.sum(y**2), y

    (_, y), gradients = jax.jit(energy)(weights)
    theirs = Torch(torch, network)
    expected = getattr(theirs, name)(torch.tensor(x))
    (expected**2).sum().backward()
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=0, atol=1e-12)
    sides = jax.tree.leaves(gradients), [tensor.grad.numpy() for tensor in theirs.tensors.values()]
    ours, other = (sorted(map(np.asarray, side), key=lambda a: (a.shape, a.sum())) for side in sides)
    for one, another in zip(ours, other, strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-9, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "gradient"), [("ConvLSTM", 1e-6), ("CRAFx", None)])  # rectifiers have corners
def test_it_obeys_the_laws_in_a_stream(name, gradient):
    check_model(lambda dtype: Framed(SMALL[name](dtype)), RNG.standard_normal((2, 14, 1)), gradient=gradient)


@pytest.mark.parametrize("name", ["SequenceLSTM", pytest.param("CRAFx", marks=pytest.mark.slow)])
def test_it_is_kept_and_goes_to_c(name, tmp_path):
    model = Framed(SMALL[name]())
    x = RNG.standard_normal(3 * model.window)
    _, y = cn.run(model, x)
    cn.train.save(model, tmp_path / "m.npz")
    again = cn.train.restore(tmp_path / "m.npz")
    assert again.settings == model.settings
    np.testing.assert_array_equal(cn.run(again, x)[1], y)
    program = cn.native.program(model)
    played, _ = play(compiled(program.text, tmp_path), program, x[:, None])
    np.testing.assert_allclose(played[:, 0], y, rtol=0, atol=1e-12)


def test_a_size_without_bounds_is_refused():
    for network, sizes in (
        (CAFx, {"filters": 2**20}), (CAFx, {"latent": 2**12, "frame": 2**13}), (CRAFx, {"filters": 1024, "around": 99}),
        (CRAFx, {"frame": 2**20, "filters": 32}), (ConvLSTM, {"window": 2**20, "hidden": 1000}),
        (SequenceLSTM, {"window": 2**20, "hidden": 1000}), (ConvLSTM, {"channels": 1000, "kernel_size": 1000}),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="numbers, at most"):
            network(**sizes, rngs=nnx.Rngs(0))


@pytest.mark.slow
def test_many_seeds_at_once():
    x = jnp.asarray(RNG.standard_normal((9, 1)))
    models = [Framed(SequenceLSTM(2, window=6, frame=4, dtype=jnp.float64, rngs=nnx.Rngs(n))) for n in range(3)]
    graph, _ = nnx.split(models[0])

    def answer(state):
        model = nnx.merge(graph, state)
        return model(model.init_carry(()), x)[1]

    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(nnx.split(model)[1] for model in models))
    together = jax.vmap(answer)(stacked)
    for model, y in zip(models, together, strict=True):
        np.testing.assert_allclose(y, cn.run(model, x)[1], rtol=0, atol=1e-13)

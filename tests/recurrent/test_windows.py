"""Networks on a window of samples: held against plain loops in NumPy over the samples that each of them sees."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from flax.traverse_util import flatten_dict

import circuitnn as cn
from circuitnn.networks import Scaling
from circuitnn.recurrent import EncoderDecoder, windowed
from circuitnn.testing import check_block_law, check_model
from tests.seeds import check_many_seeds

KNOBS = {"drive": 0.3, "tone": 0.8}
SCALING = Scaling(np.array([2.0]), np.array([0.5]), None, None, np.array([0.1]), np.array([-0.2]))
SMALL = {"window": 6, "hidden": 4, "scaling": SCALING}
STUDY = ("LSTM", "ED", "LRU", "S4D", "S6")


def small(recurrent, dtype=jnp.float64, seed=0, **more):
    return windowed(recurrent, controls=KNOBS, dtype=dtype, rngs=nnx.Rngs(seed), **(SMALL | more))


def signal(*shape):
    return np.random.default_rng(0).normal(size=shape)


def squash(x):
    return 1 / (1 + np.exp(-x))


def plain(model, x):
    """Sample by sample from a state of zeros and a history of 0 V, knobs at their defaults."""
    window, recurrent, dense, glu, out = model.layers
    maps = [(np.asarray(m.weight[...]), np.asarray(m.bias[...])) for m in window.maps]
    cell = recurrent if model.recurrent == "LSTM" else recurrent.cell
    ih, hh, bias_ih, bias_hh = (np.asarray(w, float) for w in cell.weights)
    u = (np.concatenate([np.zeros(window.length - 1), x]) - 0.1) / 2.0
    h, c, y = np.zeros(model.hidden), np.zeros(model.hidden), []
    for n in range(len(x)):
        seen = u[n : n + window.length]
        if model.recurrent == "ED":
            older, newer = np.split(seen, 2)
            a, b = np.split(maps[0][0] @ older + maps[0][1], 2)
            h, c, seen = squash(h) * a, squash(c) * b, newer
        i, f, g, o = np.split(ih @ (maps[-1][0] @ seen + maps[-1][1]) + bias_ih + hh @ h + bias_hh, 4)
        c = squash(f) * c + squash(i) * np.tanh(g)
        h = squash(o) * np.tanh(c)
        q = np.asarray(dense.linear(h))
        theta, eta = np.split(glu.film.weight[...] @ np.array(list(KNOBS.values())) + glu.film.bias[...], 2)
        q, gate = np.split(np.asarray(glu.linear(theta * q + eta)), 2)
        y.append(0.5 * np.asarray(out.linear(q * gate / (1 + np.abs(gate)))) - 0.2)
    return np.array(y)


@pytest.mark.parametrize("recurrent", STUDY[:2])
def test_it_gives_what_a_plain_loop_gives_and_rests(recurrent):
    model, x = small(recurrent), signal(20, 1)
    model.layers[3].film.weight[...] = jnp.asarray(signal(8, 2))  # it begins with a FiLM that does nothing
    start = jax.tree.map(jnp.zeros_like, model.init_carry())
    start = (jnp.full_like(start[0], -0.05), *start[1:])  # 0 V in network units
    np.testing.assert_allclose(cn.run(model, x, start)[1], plain(model, x[:, 0]), rtol=0, atol=1e-13)
    check_rest(model, 20)


def in_torch(torch, model, weights, x):
    """The same network of a signal (batch, time) in PyTorch, from zeros; weights by the places they have here."""
    window, hidden = model.layers[0], model.hidden
    u = (torch.nn.functional.pad(x, (window.length - 1, 0)) - 0.1) / 2.0
    seen = u.unfold(1, window.length, 1)

    def dense(name, v):
        return v @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    spans = [dense(f"layers.0.maps.{k}", seen[..., s.first : s.stop]) for k, s in enumerate(window.spans)]
    place = "layers.1" if model.recurrent == "LSTM" else "layers.1.cell"
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    h = c = torch.zeros(len(x), hidden, dtype=torch.double)
    y = []
    for n in range(x.shape[1]):
        if model.recurrent == "ED":
            h, c = torch.sigmoid(h) * spans[0][:, n, :hidden], torch.sigmoid(c) * spans[0][:, n, hidden:]
        h, c = torch._VF.lstm_cell(spans[-1][:, n], (h, c), *(weights[f"{place}.{name}"] for name in names))
        theta, eta = dense("layers.3.film", torch.tensor(list(KNOBS.values()), dtype=torch.double)).chunk(2)
        q, gate = dense("layers.3.linear", theta * dense("layers.2.linear", h) + eta).chunk(2, dim=-1)
        y.append(0.5 * dense("layers.4.linear", q * torch.nn.functional.softsign(gate)) - 0.2)
    return torch.stack(y, dim=1)


@pytest.mark.slow
@pytest.mark.parametrize("recurrent", STUDY[:2])
def test_gradients_are_those_of_torch(recurrent):
    torch = pytest.importorskip("torch")
    model, x = small(recurrent), signal(2, 20)
    start = jax.tree.map(jnp.zeros_like, model.init_carry((2,)))
    start = (jnp.full_like(start[0], -0.05), *start[1:])

    @jax.jit
    @jax.grad
    def ours(parameters):
        return jnp.sum(jnp.sin(model.with_parameters(parameters)(start, jnp.asarray(x)[..., None])[1]))

    parameters = {".".join(map(str, path)): leaf[...] for path, leaf in nnx.to_flat_state(nnx.state(model, nnx.Param))}
    weights = {name: torch.tensor(np.asarray(leaf), requires_grad=True) for name, leaf in parameters.items()}
    torch.sin(in_torch(torch, model, weights, torch.tensor(x))).sum().backward()
    for path, gradient in flatten_dict(ours(model.parameters())).items():
        expected = weights[".".join(map(str, path))].grad.numpy()
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12 * max(1.0, np.abs(expected).max()))


def check_rest(model, time):
    level = np.array([1.5])
    carry, y = model.resting((), KNOBS, level=level)
    after, heard = cn.run(model, np.broadcast_to(level, (time, 1)), carry)
    for moved, rested in zip(jax.tree.leaves(after), jax.tree.leaves(carry), strict=True):
        np.testing.assert_allclose(moved, rested, rtol=0, atol=1e-12)
    np.testing.assert_allclose(heard, np.broadcast_to(y, heard.shape), rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("recurrent", STUDY)
def test_it_obeys_the_laws(recurrent):
    check_model(lambda dtype: small(recurrent, dtype), signal(3, 16, 1), controls={"tone": np.linspace(0, 1, 16)})
    check_rest(small(recurrent), 16)


@pytest.mark.slow
@pytest.mark.parametrize("recurrent", ["ED", "LRU"])
def test_many_seeds_at_once(recurrent):
    check_many_seeds(lambda seed: small(recurrent, seed=seed))


@pytest.mark.slow
def test_many_encoder_decoders_at_once():
    check_many_seeds(lambda seed: EncoderDecoder(3, window=6, newer=2, dtype=jnp.float64, rngs=nnx.Rngs(seed)))


def test_single_samples():
    check_block_law(small("ED"), signal(5, 1), cuts=(1, 2, 3, 4), rtol=1e-12)


def test_names_are_taken_however_they_are_written():
    for name in ("ED", "ed", "encoder-decoder", "EncoderDecoder", "encoder_decoder"):
        assert small(name).recurrent == "ED"


def test_what_is_wrong_is_told():
    with pytest.raises(ValueError, match="recurrent: there are LSTM, ED"):
        windowed("GRU", rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="newer: 6 of 6 samples leave none for the encoder"):
        EncoderDecoder(4, window=6, newer=6, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="window must be a whole number"):
        small("LSTM", window=0)


def test_it_is_kept(tmp_path):
    for model in (small("ED", jnp.float32), EncoderDecoder(4, window=6, newer=2, rngs=nnx.Rngs(0))):
        cn.train.save(model, tmp_path / "m.npz")
        kept = cn.train.restore(tmp_path / "m.npz")
        assert kept.settings == model.settings
        for one, other in zip(jax.tree.leaves(nnx.state(kept)), jax.tree.leaves(nnx.state(model)), strict=True):
            np.testing.assert_array_equal(one, other)

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.recurrent import GRU, LSTM, Scaling
from circuitnn.testing import check_block_law, check_model

KINDS = {"GRU": GRU, "LSTM": LSTM}
DEEP = {"GRU-2": 2, "LSTM-3": 3}  # layers
GOLDEN = Path(__file__).with_name("golden_torch.npz")
SCALING = Scaling(np.array([2.0]), np.array([0.5]))


def signal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("kind", KINDS.values())
def test_block_law_batch_precision_and_gradient(kind):
    x = signal(3, 24, 1)
    check_model(
        lambda dtype: kind(6, controls=("gain",), scaling=SCALING, dtype=dtype, rngs=nnx.Rngs(0)),
        x,
        controls={"gain": np.linspace(0, 1, 24)},
    )


@pytest.mark.slow
@pytest.mark.parametrize(("name", "layers"), DEEP.items())
def test_several_layers_obey_the_laws_and_rest(name, layers):
    def build(dtype):
        kind = KINDS[name.split("-")[0]]
        return kind(5, layers=layers, controls=("gain",), scaling=SCALING, dtype=dtype, rngs=nnx.Rngs(0))

    check_model(build, signal(3, 24, 1), controls={"gain": np.linspace(0, 1, 24)})
    model, knobs = build(jnp.float64), {"gain": np.array([[0.1], [0.9]])}
    carry, y = model.resting((2,), knobs, level=np.array([[1.0], [-3.0]]))
    assert carry.shape == (2, layers * model.rec.size)
    after, heard = cn.run(model, np.array([[[1.0]] * 24, [[-3.0]] * 24]), carry, controls=knobs)
    np.testing.assert_allclose(after, carry, rtol=0, atol=1e-12)
    np.testing.assert_allclose(heard, np.broadcast_to(y[:, None], heard.shape), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_units_forget_within_the_time_constants_that_they_are_given(name, tmp_path):
    """Without weights a unit that was somewhere decays by itself."""
    fs, count = 48_000, 4
    model = KINDS[name](count, time_constants=(1e-3, 8e-3), fs=fs, dtype=jnp.float64, rngs=nnx.Rngs(0))
    for layer in (model.rec.weight_ih, model.rec.weight_hh):
        layer[...] = jnp.zeros_like(layer[...])
    rows = slice(2 * count, 3 * count)  # of what is written
    for bias in (model.rec.bias_ih, model.rec.bias_hh):
        bias[...] = bias[...].at[rows].set(0)
    start = jnp.full(model.rec.size, 0.5)
    after = model(start, jnp.zeros((48, 1)))[0][-count:]
    expected = 0.5 * np.exp(-48 / (fs * np.array([1e-3, 2e-3, 4e-3, 8e-3])))
    np.testing.assert_allclose(after, expected, rtol=1e-12)
    cn.train.save(model, tmp_path / "model.npz")
    assert cn.train.restore(tmp_path / "model.npz").settings == model.settings
    assert model.settings["time_constants"] == [1e-3, 8e-3]


def test_time_constants_of_an_hour_are_finite():
    model = GRU(3, time_constants=(1e-6, 3600.0), fs=48_000, rngs=nnx.Rngs(0))
    assert np.all(np.isfinite(model.rec.bias_ih[...]))
    with pytest.raises(ValueError, match="time_constants"):
        GRU(3, time_constants=(1.0, 0.1), rngs=nnx.Rngs(0))


def test_single_samples():
    check_block_law(GRU(4, dtype=jnp.float64, rngs=nnx.Rngs(0)), signal(3, 5, 1), cuts=(1, 2, 3, 4), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS.values())
def test_control_changes_the_output_and_follows_its_default(kind):
    model = kind(4, controls={"gain": 0.3}, rngs=nnx.Rngs(0))
    x = signal(2, 10, 1)
    _, y = cn.run(model, x)
    np.testing.assert_array_equal(y, cn.run(model, x, controls={"gain": 0.3})[1])
    each = cn.run(model, x, controls={"gain": np.array([[0.3], [0.9]])})[1]
    np.testing.assert_allclose(each[0], y[0], atol=1e-6)
    assert float(jnp.abs(each[1] - y[1]).max()) > 1e-3
    with pytest.raises(ValueError, match="no knob 'tone'"):
        cn.run(model, x, controls={"tone": 0.5})


def golden(name):
    """Weights, input, output and gradients of PyTorch modules; `make_golden_torch` below wrote them."""
    with np.load(GOLDEN) as data:
        return {key.removeprefix(f"{name}/"): data[key] for key in data.files if key.startswith(f"{name}/")}


def outputs_and_gradients(name, data, dtype):
    weights = {key.removeprefix("w/"): value for key, value in data.items() if key.startswith("w/")}
    hidden, inputs = weights["rec.weight_hh_l0"].shape[1], weights["rec.weight_ih_l0"].shape[1]
    kind, layers = KINDS[name.split("-")[0]], DEEP.get(name, 1)
    model = kind(hidden, layers=layers, in_features=inputs, dtype=dtype, rngs=nnx.Rngs(0))
    model.load_torch_state(weights)
    graph, params, fixed = nnx.split(model, nnx.Param, ...)

    def loss(params):
        tuned = nnx.merge(graph, params, fixed)
        start = jnp.zeros((data["x"].shape[0], tuned.init_carry().shape[-1]), dtype)  # PyTorch's
        _, y = tuned(start, jnp.asarray(data["x"], dtype))
        return jnp.sum(jnp.sin(y)), y

    (_, y), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    return np.asarray(y), nnx.merge(graph, gradient, fixed).torch_state()


@pytest.mark.parametrize(
    ("name", "dtype", "tolerance"),
    [(name, dtype, small) for name in KINDS for dtype, small in ((jnp.float32, 1e-6), (jnp.float64, 1e-12))]
    + [pytest.param(name, jnp.float64, 1e-12, marks=pytest.mark.slow) for name in DEEP],
)
def test_torch_weights_give_torch_outputs_and_gradients(name, dtype, tolerance):
    data = golden(name)
    y, gradient = outputs_and_gradients(name, data, dtype)
    np.testing.assert_allclose(y, data["y"], rtol=0, atol=tolerance)
    for key, value in gradient.items():
        expected = data[f"g/{key}"]
        np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance * max(1.0, np.abs(expected).max()) * 4)


@pytest.mark.parametrize("name", [*KINDS, *DEEP])
def test_golden_numbers_are_those_of_the_torch_installed_here(name):
    pytest.importorskip("torch")
    data = golden(name)
    for key, value in torch_run(name).items():
        np.testing.assert_allclose(value, data[key], rtol=1e-10, atol=1e-12)


def torch_run(name):
    import torch

    torch.manual_seed(1)
    hidden = 17 if name in DEEP else 5  # more inputs of a layer than the cells multiply one by one
    rec = getattr(torch.nn, name.split("-")[0])(2, hidden, DEEP.get(name, 1), batch_first=True).double()
    lin = torch.nn.Linear(hidden, 1).double()
    x = torch.from_numpy(signal(3, 40, 2, seed=7))
    y = lin(rec(x)[0])
    torch.sin(y).sum().backward()
    named = {f"rec.{k}": v for k, v in rec.named_parameters()} | {f"lin.{k}": v for k, v in lin.named_parameters()}
    weights = {f"w/{key}": value.detach().numpy() for key, value in named.items()}
    gradients = {f"g/{key}": value.grad.numpy() for key, value in named.items()}
    return {"x": x.numpy(), "y": y.detach().numpy()} | weights | gradients


def make_golden_torch():
    """Write the golden file anew: `python -c "import tests.recurrent.test_black_box as t; t.make_golden_torch()"`."""
    np.savez(GOLDEN, **{f"{name}/{key}": value for name in (*KINDS, *DEEP) for key, value in torch_run(name).items()})


def test_torch_state_there_and_back_and_faults():
    model = GRU(3, layers=2, rngs=nnx.Rngs(0))
    state = model.torch_state()
    other = GRU(3, layers=2, rngs=nnx.Rngs(1))
    other.load_torch_state(state)
    np.testing.assert_array_equal(other.torch_state()["rec.bias_hh_l1"], state["rec.bias_hh_l1"])
    with pytest.raises(ValueError, match="expected"):
        model.load_torch_state({"rec.weight_ih_l0": np.zeros((9, 1))})
    with pytest.raises(ValueError, match=r"lin.weight must have shape \(1, 3\)"):
        model.load_torch_state(state | {"lin.weight": np.zeros((1, 4))})


def test_torch_weights_take_volts_and_give_volts():
    scaling = Scaling(np.array([0.3]), np.array([2.0]), input_offset=np.array([0.1]), output_offset=np.array([-0.5]))
    model = GRU(3, controls=("gain",), scaling=scaling, rngs=nnx.Rngs(0))
    bare = GRU(3, controls=("gain",), rngs=nnx.Rngs(1))
    bare.load_torch_state(model.torch_state())
    x, start = np.linspace(-1, 1, 20, dtype=np.float32), jnp.zeros(3)
    np.testing.assert_allclose(cn.run(bare, x, start)[1], cn.run(model, x, start)[1], rtol=0, atol=2e-6)
    weights = model.torch_state(folded=False)
    np.testing.assert_array_equal(weights["rec.weight_ih_l0"], model.rec.weight_ih[...])
    other = GRU(3, controls=("gain",), scaling=scaling, rngs=nnx.Rngs(2))
    other.load_torch_state(model.torch_state())
    for name, array in other.torch_state(folded=False).items():
        np.testing.assert_allclose(array, weights[name], rtol=0, atol=1e-6)
    other.load_torch_state(weights, folded=False)
    for name, array in other.torch_state(folded=False).items():
        np.testing.assert_array_equal(array, weights[name])


def test_faults_at_construction():
    with pytest.raises(ValueError, match="hidden must be a whole number"):
        GRU(0, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="layers must be a whole number"):
        GRU(2, layers=0, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="the string 'gain'"):
        LSTM(2, controls="gain", rngs=nnx.Rngs(0))

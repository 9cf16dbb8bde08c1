"""A model at another sample rate: circuits are built anew, anything else runs at its own rate inside."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.audio.resampling import low_pass, resample
from circuitnn.rates import Resampled
from circuitnn.testing import check_block_law
from tests.cases import cases
from tests.models import Leaky

RATES = [(48_000, 44_100), (44_100, 48_000), (48_000, 96_000), (96_000, 32_000)]


def wire(fs: float) -> cn.Model:
    """A filter that changes nothing, in double precision."""
    one = cn.filters.StateSpace(*(jnp.zeros(shape) for shape in ((1, 1), (1,), (1,))), jnp.ones(()))
    return cn.filters.FixedFilter(one, fs, dtype=jnp.float64)


def network(fs: float | None = 48_000, **options) -> cn.Model:
    return cn.recurrent.GRU(3, fs=fs, controls=("gain",), rngs=nnx.Rngs(0), **options)


@pytest.mark.parametrize(("inside", "outside"), RATES)
def test_there_and_back_is_what_scipy_makes_of_it(inside, outside):
    """A wire inside: the way in and the way out are SciPy's polyphase filters, each a whole number of samples late."""
    model = Resampled(wire(inside), outside)
    x = np.random.default_rng(0).standard_normal(700)
    _, y = cn.run(model, x)
    first = model._plan.delay[0] // model._plan.up
    late_in = np.concatenate([np.zeros(first), x])
    expected = resample(resample(late_in, outside, inside), inside, outside)
    rest = model.latency - first
    np.testing.assert_allclose(y[rest:], expected[: len(x) - rest], rtol=0, atol=1e-12)


def test_sines_keep_their_level_and_are_late_by_the_latency():
    model, fs = Resampled(wire(48_000), 44_100), 44_100
    time = np.arange(1500) / fs
    for frequency, gain in ((0.0, 1.0), (1234.5, 1.0), (19e3, 1.0)):
        _, y = cn.run(model, np.cos(2 * np.pi * frequency * time))
        shifted = gain * np.cos(2 * np.pi * frequency * (time - model.latency / fs))
        np.testing.assert_allclose(y[600:], shifted[600:], rtol=0, atol=1e-3)


@pytest.mark.parametrize(("inside", "outside"), cases([(48_000, 44_100), (32_000, 96_000)], quick=[(32_000, 96_000)]))
def test_block_law(inside, outside):
    model = cn.resampled(network(inside, dtype=jnp.float64), outside)
    x = 0.5 * np.random.default_rng(1).standard_normal((2, 40, 1))
    turned = np.linspace(0, 1, 40)
    check_block_law(model, x, controls={"gain": turned}, cuts=(1, 2, 3, 7, 20), rtol=1e-12)


def test_rest_is_that_of_the_model_inside():
    supply = "Vb b 0 9\nR1 b out {10k*(1-k)+1k}\nR2 out 0 {10k*k+1k}\n.param k=0.5\n"
    divider = f"{supply}C1 out 0 10u\nCi in out 10n\nVin in 0 0\n"
    model = Resampled(cn.nodal.NodalModel(cn.read_netlist(divider), 48_000, dtype=jnp.float64), 44_100)
    _, y = cn.run(model, np.zeros(300), controls={"k": 0.9})
    np.testing.assert_allclose(y, 7.5, rtol=1e-4)  # of the ripple of the filters


def test_gradients_go_through():
    model = Resampled(Leaky(dtype=jnp.float64), 44_100)
    x = jnp.asarray(np.random.default_rng(2).standard_normal((400, 1)))

    graph, numbers = nnx.split(model)

    @jax.jit
    def energy(pole):
        leaky = nnx.merge(graph, jax.tree.map(lambda _: pole, numbers))
        return jnp.mean(leaky(leaky.init_carry(), x)[1][200:] ** 2)

    slope = jax.grad(energy)(jnp.asarray(0.9))
    step = 1e-5
    np.testing.assert_allclose(slope, (energy(0.9 + step) - energy(0.9 - step)) / (2 * step), rtol=1e-6)


def test_circuits_are_built_anew():
    circuit = cn.circuits.diode_clipper()
    model = cn.nodal.NodalModel(circuit, 48_000, trainable={"R*": 0.1, "C1": None}, oversampling=2)
    name = next(iter(model.values.log_scale))
    model.values.log_scale[name][...] = jnp.float32(0.25)
    other = cn.resampled(model, 96_000)
    assert (type(other), other.fs, other.latency) == (type(model), 96_000, model.latency)
    assert other.settings == model.settings | {"fs": 96_000.0}
    assert other.values.log_scale[name][...] == 0.25
    assert other.values.circuit == model.values.circuit
    pedal = cn.resampled(cn.chain(a=model, b=cn.hybrid.Gain(2.0)), 96_000)
    assert pedal["a"].settings == other.settings


def test_what_knows_no_rate_says_so():
    with pytest.raises(ValueError, match=r"GRU knows no sample rate: fit\(\) sets"):
        cn.resampled(network(None), 44_100)
    with pytest.raises(ValueError, match="too fine a ratio"):
        cn.resampled(network(), 44_100.5)
    with pytest.raises(ValueError, match="positive number of hertz"):
        cn.resampled(network(), 0)
    model = network()
    assert cn.resampled(model, 48_000) is model
    assert isinstance(cn.resampled(cn.resampled(model, 44_100), 96_000).model, type(model))
    assert len(low_pass(160, 147)) % 2


def test_members_of_a_chain_have_one_rate():
    with pytest.raises(ValueError, match=r"chain: .*GRU for 48000 Hz, .*LSTM for 44100 Hz; see circuitnn.resampled"):
        cn.chain(network(), cn.recurrent.LSTM(2, fs=44_100, rngs=nnx.Rngs(0)))
    assert cn.chain(network(), cn.recurrent.LSTM(2, rngs=nnx.Rngs(0))).fs == 48_000


def test_training_gives_a_network_the_rate_of_its_data_and_another_rate_is_said():
    x = np.random.default_rng(3).standard_normal(64)
    data = cn.train.Dataset(x, x, fs=32_000)
    quick = {"epochs": 1, "progress": False}
    regime = cn.train.TruncatedBPTT(length=16, warmup=0)
    inner = cn.chain(a=cn.recurrent.GRU(2, rngs=nnx.Rngs(0)), b=cn.hybrid.Gain(1.0))
    model, _ = cn.train.fit(inner, data, regime, **quick)
    assert (model["a"].fs, model.fs, inner.fs) == (32_000, 32_000, None)
    told = r"a Chain for 32000 Hz is given signals of 44100 Hz.*circuitnn.resampled\(model, 44100\)"
    elsewhere = cn.train.Dataset(x, x, fs=44_100)
    with pytest.warns(cn.RateWarning, match=told):
        cn.train.exposure_bias(model, elsewhere, warmup=10)
    with pytest.warns(cn.RateWarning, match=told):
        cn.train.fit(model, elsewhere, regime, **quick)
    stn = cn.recurrent.STN(("C1",), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="the teacher, a STN, knows no sample rate"):
        cn.train.record(stn, x, fs=48_000)
    fast = cn.hybrid.Oversampled(cn.recurrent.GRU(2, rngs=nnx.Rngs(0)), 4)
    fast.trained_at(32_000)
    assert (fast.model.fs, fast.fs) == (128_000, 32_000)

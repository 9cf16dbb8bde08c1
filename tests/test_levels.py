"""In a row each model begins where the constant that the one before it puts out at rest has led it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from circuitnn import resampled
from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.composition import chain, parallel, residual
from circuitnn.filters import BiquadCascade, Biquads, Coupled, CoupledForm, FixedFilter, NeuralToneStack, StateSpace
from circuitnn.hybrid import Delay, Gain, Oversampled
from circuitnn.model import Model, run
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import GRU, LSTM, STN, Memoryless, StateMatchedGRU
from circuitnn.testing import check_gradient
from circuitnn.train import Dataset, TruncatedBPTT, exposure_bias, fit
from circuitnn.wdf import derive
from tests.cases import cases
from tests.filters.forms import random_form

FS = 48_000
BIASED = """* 9 k volts at the output
.param k=.5
Vin in 0 0
Vb b 0 9
R1 b out {10k*(1-k)+1}
R2 out 0 {10k*k+1}
C1 in out 1u
"""
LOW_PASS = "* low-pass\nVin in 0 0\nR1 in out 10k\nR2 out 0 30k\nC1 out 0 1u\n"
DOUBLE = {"dtype": jnp.float64}


@pytest.fixture(scope="module")
def biased():
    return NodalModel(read_netlist(BIASED), FS, **DOUBLE)


def network(kind, seed=0, **options):
    return kind(4, dtype=jnp.float64, rngs=nnx.Rngs(seed), **options)


def circuit(text, **options):
    return NodalModel(read_netlist(text), FS, dtype=jnp.float64, **options)


AFTER = {
    "circuit": lambda: circuit(LOW_PASS),
    "wave digital filter": lambda: derive(read_netlist(LOW_PASS), FS, **DOUBLE),
    "oversampled": lambda: circuit(LOW_PASS, oversampling=2),
    "junctions": lambda: chain(NodalModel(diode_clipper(), FS, **DOUBLE), circuit(LOW_PASS)),
    "coupled": lambda: CoupledForm(5, **DOUBLE),
    "biquads": lambda: BiquadCascade(5, **DOUBLE),
    "tone stack": lambda: NeuralToneStack({"k": 0.5}, order=4, frame=3, **DOUBLE),
    "delay": lambda: chain(Gain(0.5, **DOUBLE), Delay(3, **DOUBLE), circuit(LOW_PASS)),
    "beside": lambda: parallel(circuit(LOW_PASS), Delay(2, **DOUBLE), residual(CoupledForm(3, **DOUBLE))),
    "network": lambda: network(GRU),
    "knob": lambda: network(LSTM, controls=("k",)),
    "no memory": lambda: chain(Memoryless((4,), rngs=nnx.Rngs(1), **DOUBLE), network(GRU)),
}


@pytest.mark.parametrize("after", AFTER)
def test_behind_a_bias_nothing_moves_in_silence(biased, after):
    """For each of two positions of the knob, over half a second; before, all of it charged to the bias."""
    model, knobs = chain(biased, AFTER[after]()), {"k": np.array([[0.5], [0.25]])}
    _, y = run(model, np.zeros((2, FS // 2, 1)), controls=knobs)
    np.testing.assert_allclose(y, np.broadcast_to(y[:, :1], y.shape), rtol=1e-10)
    assert abs(y[0, 0] - y[1, 0]) > 1e-3


@pytest.mark.parametrize(
    ("dtype", "share"), cases([(jnp.float32, 1e-6), (jnp.float64, 1e-10)], quick=[(jnp.float32, 1e-6)])
)
def test_networks_in_a_row_are_silent(dtype, share):
    """One second; the constant that the first one puts out is what the second one has heard."""
    first, second = (kind(4, fs=FS, dtype=dtype, rngs=nnx.Rngs(seed)) for seed, kind in enumerate((GRU, LSTM)))
    row = chain(first, second)
    peak = np.abs(run(row, np.random.default_rng(0).standard_normal(500))[1]).max()
    for model in (row, residual(Oversampled(row, 2)), parallel(row, Delay(5, dtype=dtype))):
        _, y = run(model, np.zeros(FS))
        assert np.abs(y - y[0]).max() <= share * peak
    _, y = run(resampled(row, 32_000), np.zeros(FS // 2))
    assert np.abs(y - y[0]).max() <= 1e-6 * peak  # of the ripple of its filters


@pytest.mark.slow
def test_exposure_bias_and_training_begin_where_seconds_of_silence_lead(biased):
    """The target has heard silence for a second; before, what charged meanwhile was an error of the model."""
    x, knobs = 0.3 * np.random.default_rng(1).standard_normal((2, 60, 1)), {"k": np.full((2, 1), 0.5)}
    model = chain(biased, network(GRU), circuit(LOW_PASS), Gain(1.0, trainable=True, **DOUBLE))
    first, *others = model.init_carry((2,))
    silent, y = run(model, np.zeros((2, FS, 1)), (first, *jax.tree.map(jnp.zeros_like, others)))
    data = Dataset(x, run(model, x, silent)[1], controls=knobs, fs=FS)
    assert exposure_bias(model, data, warmup=0).esr_free_running < 1e-16
    still = Dataset(np.zeros((2, 60, 1)), y[:, -60:], controls=knobs, fs=FS)  # windows begin at rest, wherever they are
    regime, learn = TruncatedBPTT(length=20, warmup=0), optax.sgd(1e-3)
    _, history = fit(model, still, regime, optimizer=learn, epochs=1, validation=still, progress=False)
    assert max(history.loss[0], history.validation[0]) < 1e-16


def test_gradient_of_the_first_sample():
    """In the source of the bias, and in the numbers of what follows it."""
    first = circuit(BIASED, trainable=("Vb", "C1"))
    model = chain(first, circuit(LOW_PASS, trainable=("R2",)), CoupledForm(3, **DOUBLE), BiquadCascade(2, **DOUBLE))
    still = jnp.zeros((1, 1))

    def output(parameters):
        tuned = model.with_parameters(parameters)
        return tuned(tuned.init_carry(), still)[1][0, 0]

    check_gradient(output, (model.parameters(),), rtol=1e-6)


def test_many_biases_at_once(biased):
    model = chain(biased, network(GRU), CoupledForm(3, **DOUBLE))
    volts = jnp.array([2.0, 9.0])

    def rest(supply):
        return model.with_parameters({"models": {0: {"values": {"nominal": {"Vb": supply}}}}}).init_carry()[1:]

    together = jax.jit(jax.vmap(rest))(volts)
    for index, supply in enumerate(volts):
        jax.tree.map(lambda many, one, i=index: np.testing.assert_allclose(many[i], one, 1e-9), together, rest(supply))


FORMS = {
    "coupled": lambda: random_form(Coupled, 5, np.random.default_rng(0)),
    "biquads": lambda: random_form(Biquads, 5, np.random.default_rng(1)),
    "state variable": lambda: Biquads(*jax.tree.leaves(FORMS["biquads"]()), 5, structure="state variable"),
    "state space": lambda: StateSpace(*(jnp.asarray(m) for m in ([[0.9, 0.2], [-0.1, 0.7]], [1.0, 2], [3.0, -1], 0.5))),
}


@pytest.mark.parametrize("form", FORMS)
def test_filters_after_a_constant(form):
    """The state after many samples from zero, and the response at 0 Hz in closed form."""
    model = FixedFilter(FORMS[form](), FS, **DOUBLE)
    carry, y = model.resting((2,), level=np.array([[2.0], [-1.0]]))
    heard, _ = run(model, np.repeat([[[2.0]], [[-1.0]]], 8192, axis=1))
    np.testing.assert_allclose(carry, heard, rtol=0, atol=1e-9 * np.abs(heard).max())
    np.testing.assert_allclose(y[:, 0] / np.array([2, -1]), model.frequency_response(np.zeros(1))[0].real, rtol=1e-9)


def test_what_has_a_pole_at_one_begins_at_zero():
    def state(pole):
        form = StateSpace(jnp.reshape(pole, (1, 1)), jnp.ones(1), jnp.ones(1), jnp.zeros(()))
        return form.at_level(jnp.asarray(2.0))[0][0]

    assert state(1.0) == 0
    assert jax.grad(state)(1.0) == 0
    np.testing.assert_allclose([state(0.5), jax.grad(state)(0.5)], [4.0, 8.0])


@pytest.mark.slow
def test_a_level_of_ones_own(biased):
    """Volts at the input: of a circuit in place of the source's DC value, of networks what they have heard for long."""
    level = np.array([[0.5], [-2.0]])
    given = biased.init_carry((2,), level=level)
    for index, volts in enumerate(level[:, 0]):
        stored = circuit(BIASED.replace("Vin in 0 0", f"Vin in 0 {volts}")).init_carry()
        np.testing.assert_allclose(given.states[index], stored.states, rtol=1e-12)
        np.testing.assert_allclose(given.u[index], stored.u, rtol=1e-12)
    model = network(LSTM)
    heard, _ = run(model, np.repeat(level[..., None], FS // 4, axis=1), jnp.zeros((2, 8)))
    np.testing.assert_allclose(model.init_carry((2,), level=level), heard, rtol=0, atol=1e-9)
    matched = StateMatchedGRU(("C1",), hidden=3, rngs=nnx.Rngs(0), **DOUBLE)
    carry = matched.init_carry((2,), level=level)
    after = matched.force(matched(carry, jnp.asarray(level[:, None]))[0], jnp.zeros((2, 1)))
    np.testing.assert_allclose(after, carry, rtol=0, atol=1e-12)
    stepping = STN(("C1",), input_taps=2, rngs=nnx.Rngs(0), **DOUBLE)
    np.testing.assert_array_equal(stepping.init_carry((2,), level=level), np.stack([[0, 0], level[:, 0]], axis=1))
    with pytest.raises(ValueError, match=r"level: expected 1 number\(s\) of volts, or an array \(2, 1\), got \(3, 1\)"):
        model.init_carry((2,), level=np.zeros((3, 1)))


class Smoothed(Model):
    """A model of a user's own, from before there were levels."""

    in_features = out_features = 1
    dtype = jnp.float64

    @property
    def controls(self):
        return {}

    def init_carry(self, batch=(), controls=None):
        return jnp.zeros((*batch, 1))

    def __call__(self, carry, x, controls=None):
        joined = jnp.concatenate([carry[..., None, :], x], axis=-2)
        return joined[..., -1, :], (joined[..., 1:, :] + joined[..., :-1, :]) / 2


def test_a_model_that_takes_no_level_begins_with_silence_or_says_so(biased):
    for before in (CoupledForm(2, **DOUBLE), circuit(LOW_PASS)):
        np.testing.assert_array_equal(run(chain(before, Smoothed()), np.zeros(8))[1], np.zeros(8))
    told = r"Smoothed.init_carry takes no level: give it the keyword `\*, level=None`"
    with pytest.raises(TypeError, match=told):
        run(chain(biased, Smoothed()), np.zeros(8))
    with pytest.warns(UserWarning, match=told):
        jax.jit(lambda: chain(biased, Smoothed()).init_carry())()

"""Networks around a circuit, filters around a nonlinearity: what they are made of, gradients, training."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from circuitnn import circuits
from circuitnn.composition import chain
from circuitnn.filters import CoupledForm
from circuitnn.hybrid import gray_box_amplifier, wiener_hammerstein
from circuitnn.losses import esr
from circuitnn.model import run
from circuitnn.nodal import NodalModel, frequency_response
from circuitnn.recurrent import GRU, LSTM, Scaling
from circuitnn.testing import check_batch, check_block_law, check_gradient
from circuitnn.train import Dataset, TruncatedBPTT, fit, per_part

# Noise begins in mid-signal, and is said to.
pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.train.DataWarning")

FS = 48_000
NOISE = np.random.default_rng(0).standard_normal((2, 40, 1))


def amplifier(dtype=np.float64, **options):
    return gray_box_amplifier(
        circuits.bassman(), FS, hidden=(3, 2), preamp_controls=("gain",), dtype=dtype, rngs=nnx.Rngs(0), **options
    )


def distortion(dtype=np.float64):
    return wiener_hammerstein(FS, order=(3, 4), hidden=(5,), controls=("drive",), dtype=dtype, rngs=nnx.Rngs(0))


@pytest.mark.slow
@pytest.mark.parametrize("build", [amplifier, distortion], ids=lambda build: build.__name__)
def test_block_law(build):
    model = build()
    knob = next(iter(model.controls))
    check_block_law(model, NOISE, controls={knob: np.linspace(0, 1, 40)}, cuts=(7,), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("build", [amplifier, distortion], ids=lambda build: build.__name__)
def test_batches(build):
    check_batch(build(), NOISE, rtol=1e-9)


def test_the_parts_of_an_amplifier():
    scaling = Scaling(np.array([0.2]), np.array([30.0]))
    model = amplifier(scaling=scaling, trainable={"R*": 0.1}, power_controls=("presence",))
    assert [type(model[part]) for part in model.names] == [LSTM, NodalModel, GRU]
    assert model.names == ("preamp", "tone", "power")
    assert model.controls == {"gain": 0.5, "treble": 0.5, "bass": 0.5, "mid": 0.5, "presence": 0.5}
    assert model["preamp"].scaling.input == 0.2
    assert model["power"].scaling.output == 30.0
    # A tone stack is quiet: what the second network sees is as loud as what the first one says.
    response = np.abs(frequency_response(circuits.bassman(), [100.0, 400.0, 3000.0]))
    assert np.min(response) < model["power"].scaling.input < np.max(response)


@pytest.mark.slow
def test_the_gradient_of_a_resistor_in_the_first_part_and_a_weight_in_the_last():
    network = GRU(3, dtype=np.float64, rngs=nnx.Rngs(0))
    model = chain(clipper=NodalModel(circuits.diode_clipper(), FS, trainable=("R1",), dtype=np.float64), net=network)
    x = jnp.asarray(2 * np.random.default_rng(1).standard_normal((1, 200, 1)))
    rest = model.init_carry((1,))

    def energy(r1, weight):
        parts = {0: {"values": {"log_scale": {"R1": r1}}}, 1: {"lin": {"weight": weight}}}
        return jnp.sum(model.with_parameters({"models": parts})(rest, x)[1] ** 2)

    check_gradient(energy, (0.0, network.lin.weight[...]), rtol=1e-4)


@pytest.mark.slow
def test_gradients_of_all_parts():
    model = amplifier(trainable=("R4", "C1", "treble"))
    rest = model.init_carry((2,))

    def energy(params):
        return jnp.sum(model.with_parameters(params)(rest, jnp.asarray(NOISE))[1] ** 2)

    check_gradient(energy, (model.parameters(),), rtol=1e-4)


@pytest.mark.slow
def test_a_wiener_hammerstein_system_is_found_again():
    x = np.random.default_rng(3).standard_normal((8, 1200, 1)).astype(np.float32)
    hidden_system = chain(CoupledForm(2, fs=FS), NodalModel(circuits.diode_clipper(), FS), CoupledForm(1, fs=FS))
    y = np.asarray(run(hidden_system, 3 * x)[1])
    data = Dataset(x, y, fs=48_000)
    model = wiener_hammerstein(
        FS, order=2, hidden=(8,), scaling=Scaling(np.ones(1), np.array([np.std(y)])), rngs=nnx.Rngs(0)
    )
    trained, _ = fit(
        model, data, TruncatedBPTT(500, warmup=100), optimizer=optax.adam(1e-2), epochs=60, batch=8, progress=False
    )
    assert float(esr(run(trained, x)[1], y)) < 0.05 < 0.5 * float(esr(run(model, x)[1], y))


@pytest.mark.slow
def test_a_tone_stack_that_is_frozen_stays(data):
    model = amplifier(np.float32, trainable=("R*",))
    rates = per_part({"tone": None, "power": optax.adam(1e-3)}, default=optax.adam(1e-2))
    trained, _ = fit(model, data, TruncatedBPTT(64, warmup=16), optimizer=rates, epochs=2, batch=4, progress=False)
    for name, value in model["tone"].circuit.values.items():
        assert trained["tone"].circuit.values[name] == value
    assert (trained["power"].lin.weight[...] != model["power"].lin.weight[...]).all()
    assert (trained["preamp"].lin.weight[...] != model["preamp"].lin.weight[...]).all()


@pytest.fixture
def data():
    x = np.random.default_rng(4).standard_normal((4, 300, 1))
    return Dataset(x, np.tanh(x), controls=dict.fromkeys(("gain", "treble", "bass", "mid"), 0.5), fs=48_000)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: gray_box_amplifier(circuits.phase90(), rngs=nnx.Rngs(0)), "one input and one output"),
        (lambda: amplifier(trainable=("Q1",)), "'Q1' matches no value"),
        (lambda: wiener_hammerstein(order=0, rngs=nnx.Rngs(0)), "number of poles"),
    ],
)
def test_bad_input_is_one_clear_error(build, says):
    with pytest.raises(ValueError, match=says):
        build()

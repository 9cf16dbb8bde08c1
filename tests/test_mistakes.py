"""Likely mistakes get an error that says what to write instead."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.recurrent import GRU, LSTM, STN, Memoryless, StateMatchedGRU
from circuitnn.train import Dataset, InTurn, ScheduledSampling, TeacherForcing, TruncatedBPTT, fit

X = np.linspace(0, 0.1, 12)
DATA = Dataset(X, X, fs=48_000)
RNGS = nnx.Rngs(0)
BPTT = TruncatedBPTT(length=4, warmup=0)
CIRCUIT = cn.circuits.diode_clipper()
# What takes a model, a circuit, a precision, random numbers: each has to say the same.
OF_A_MODEL = {
    "run": lambda model: cn.run(model, X),
    "trace": lambda model: cn.trace(model, X),
    "fit": lambda model: fit([model], DATA, BPTT),
    "record": lambda model: cn.train.record(model, X, fs=48e3),
    "exposure_bias": lambda model: cn.train.exposure_bias(model, DATA),
}
OF_A_CIRCUIT = {
    "NodalModel": cn.nodal.NodalModel,
    "derive": cn.wdf.derive,
    "frequency_response": lambda circuit: cn.nodal.frequency_response(circuit, [1e3]),
    "transfer_function": cn.nodal.transfer_function,
    "operating_point": cn.nodal.operating_point,
    "simulate_dataset": lambda circuit: cn.train.simulate_dataset(circuit, X),
    "identify": lambda circuit: cn.train.identify(circuit, X, X, fs=48e3),
    "ac": lambda circuit: cn.spice.ac(circuit, [1e3]),
    "op": cn.spice.operating_point,
    "tran": lambda circuit: cn.spice.transient(circuit, X, 48e3),
}
OF_A_PRECISION = {
    "GRU": lambda dtype: GRU(2, dtype=dtype, rngs=RNGS),
    "STN": lambda dtype: STN(("C1",), dtype=dtype, rngs=RNGS),
    "StateMatchedGRU": lambda dtype: StateMatchedGRU(("C1",), hidden=2, dtype=dtype, rngs=RNGS),
    "Memoryless": lambda dtype: Memoryless((2,), dtype=dtype, rngs=RNGS),
    "NeuralRoot": lambda dtype: cn.wdf.NeuralOnePort((2,), dtype=dtype, rngs=RNGS),
    "NodalModel": lambda dtype: cn.nodal.NodalModel(CIRCUIT, dtype=dtype),
    "derive": lambda dtype: cn.wdf.derive(CIRCUIT, dtype=dtype),
    "CoupledForm": lambda dtype: cn.filters.CoupledForm(2, dtype=dtype),
    "NeuralToneStack": lambda dtype: cn.filters.NeuralToneStack({"tone": 0.5}, dtype=dtype),
    "Gain": lambda dtype: cn.hybrid.Gain(2.0, dtype=dtype),
    "Delay": lambda dtype: cn.hybrid.Delay(2, dtype=dtype),
    "klon": lambda dtype: cn.hybrid.klon(dtype=dtype),
}
WITHOUT_RNGS = {
    "GRU": lambda **rngs: GRU(8, **rngs),
    "LSTM": lambda **rngs: LSTM(8, **rngs),
    "STN": lambda **rngs: STN(("C1",), **rngs),
    "StateMatchedGRU": lambda **rngs: StateMatchedGRU(("C1",), **rngs),
    "Memoryless": lambda **rngs: Memoryless(**rngs),
    "NeuralOnePort": lambda **rngs: cn.wdf.NeuralOnePort(**rngs),
}


@pytest.fixture(scope="module")
def network():
    return GRU(2, rngs=RNGS)


@pytest.mark.parametrize("border", OF_A_MODEL)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (CIRCUIT, r"this is a Circuit: a model of it is cn.nodal.NodalModel\(circuit, fs=48_000\)"),
        ("model.npz", r"this is a str: cn.train.restore\(path\) opens"),
        (GRU, r"this is the class GRU: make one, GRU\(...\)"),
        (cn.hybrid.klon, r"this is the function klon: call it, klon\(...\)"),
        (cn.wdf.Resistor("1k"), r"this is a Resistor: cn.wdf.WDFModel\(tree, root, fs\)"),
        (None, "this is None"),
    ],
)
def test_what_is_no_model(border, given, says):
    with pytest.raises(TypeError, match=says):
        OF_A_MODEL[border](given)


@pytest.mark.parametrize("border", OF_A_CIRCUIT)
def test_what_is_no_circuit(border):
    take = OF_A_CIRCUIT[border]
    with pytest.raises(TypeError, match=r"a circuit is wanted, this is a str: cn.read_netlist\(...\) reads"):
        take("my.cir")
    with pytest.raises(TypeError, match=r"a PosixPath: cn.read_netlist\(path\)|a WindowsPath: cn.read_netlist\(path\)"):
        take(Path("my.cir"))
    with pytest.raises(TypeError, match=r"this is the function bassman: call it, bassman\(...\)"):
        take(cn.circuits.bassman)


def test_a_model_where_its_circuit_is_meant():
    with pytest.raises(TypeError, match=r"this is a NodalModel: its circuit is model.circuit"):
        cn.nodal.frequency_response(cn.nodal.NodalModel(CIRCUIT), [1e3])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (DATA, "this is a Dataset: its input is data.x"),
        ("guitar.wav", r"this is a str: x, fs = cn.audio.read\(path\) gives the samples"),
        ((X, 48_000), r"this is a tuple: x, fs = cn.audio.read\(path\)"),
        (None, "this is None|samples in volts"),
        (np.arange(8), r"got int32; x.astype\(float\)|got int64; x.astype\(float\)"),
        (np.ones(8, complex), "real floating-point numbers, got complex"),
    ],
)
def test_what_is_no_signal(given, says, network):
    with pytest.raises(ValueError, match=says):
        cn.run(network, given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((X, X), r"this is a tuple: cn.train.Dataset\(x, y, fs=48_000\)"),
        ([DATA, DATA], r"this is a list: cn.train.Dataset.join\(parts\)"),
        (X, r"this is a ndarray: cn.train.Dataset\(x, y"),
        (CIRCUIT, r"this is a Circuit: cn.train.simulate_dataset"),
        (None, "this is None"),
    ],
)
def test_what_is_no_data_set(given, says, network):
    with pytest.raises(TypeError, match=says):
        fit(network, given, BPTT)
    with pytest.raises(TypeError, match=says):
        cn.train.exposure_bias(network, given)
    if given is not None:
        with pytest.raises(TypeError, match=says):
            fit(network, DATA, BPTT, validation=given)


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (None, "x must be real floating-point numbers, got object; this is None"),
        (np.arange(8), r"x must be real .* x.astype\(float\)\?"),
        ((X, 48_000), "x must be real .* this is a tuple: x, fs = cn.audio.read"),
        ("x.wav", "x must be real .* this is a str: x, fs = cn.audio.read"),
    ],
)
def test_what_is_no_signal_of_a_data_set(x, says):
    with pytest.raises(ValueError, match=says):
        Dataset(x, X)


@pytest.mark.parametrize(
    ("regime", "says"),
    [
        (TruncatedBPTT, r"this is the class TruncatedBPTT: make one, TruncatedBPTT\(...\)"),
        ("bptt", r"this is a str: cn.train.TruncatedBPTT\(\), TeacherForcing\(\)"),
        (None, "this is None"),
    ],
)
def test_what_is_no_regime(regime, says, network):
    with pytest.raises(TypeError, match=says):
        fit(network, DATA, regime)


@pytest.mark.parametrize("parts", [(TruncatedBPTT, 0.5), BPTT, TeacherForcing, (BPTT, 0.0), (ScheduledSampling(),)])
def test_what_is_no_part_of_a_regime(parts):
    with pytest.raises(ValueError, match=r"InTurn takes pairs .* \(TeacherForcing\(\), 0.3\), got"):
        InTurn(parts)


@pytest.mark.parametrize("optimizer", ["adam", 1e-3, optax.adam, lambda updates: 1e-3, {"adam": 1e-3}])
def test_what_is_no_optimizer(optimizer, network):
    with pytest.raises(TypeError, match=r"such as optax.adam\(5e-4\), or a function of the number of updates"):
        fit(network, DATA, BPTT, optimizer=optimizer)
    with pytest.raises(TypeError, match=r"such as optax.adam\(5e-4\)"):
        fit(network, DATA, BPTT, optimizer=cn.train.per_part({"rec": optimizer}, default=None))


def test_other_arguments_of_fit(network):
    with pytest.raises(TypeError, match=r"such as cn.losses.esr, got 'esr'"):
        fit(network, DATA, BPTT, loss="esr")
    with pytest.raises(ValueError, match=r"epochs must be a whole number of at least 1, got 2.5"):
        fit(network, DATA, BPTT, epochs=2.5)
    with pytest.raises(ValueError, match="at least one model"):
        fit([], DATA, BPTT)
    with pytest.raises(ValueError, match="differ in their numbers only; they differ in hidden: 2 and 3"):
        fit([network, GRU(3, rngs=RNGS)], DATA, BPTT)
    with pytest.raises(ValueError, match="differ in their numbers only; they differ in"):
        fit([network, LSTM(2, rngs=RNGS)], DATA, BPTT)


@pytest.mark.parametrize("kind", WITHOUT_RNGS)
def test_networks_without_random_numbers(kind):
    with pytest.raises(TypeError, match=rf"{kind} draws its first weights at random: rngs=nnx.Rngs\(0\)"):
        WITHOUT_RNGS[kind]()
    with pytest.raises(TypeError, match=r"rngs=nnx.Rngs\(7\)"):
        WITHOUT_RNGS[kind](rngs=7)


@pytest.mark.parametrize("kind", OF_A_PRECISION)
def test_precision(kind):
    make = OF_A_PRECISION[kind]
    for dtype in ("float16", jnp.float16, np.int32, "double precision", None):
        with pytest.raises(ValueError, match="dtype: float32 or float64, not "):
            make(dtype)
    with jax.enable_x64(False), pytest.raises(ValueError, match=r"jax.config.update\('jax_enable_x64', True\)"):
        make("float64")


def test_precision_of_data_is_numpys():
    with pytest.raises(ValueError, match="dtype: float32 or float64, not float16"):
        cn.train.simulate_dataset(CIRCUIT, X, dtype=np.float16)


def test_the_carry_of_something_else(network):
    other, many = GRU(3, rngs=RNGS), np.zeros((4, 12, 1))
    model = cn.nodal.NodalModel(CIRCUIT)
    for carry, x in [
        (other.init_carry(), X),
        (network.init_carry((3,)), X),
        (network.init_carry((3,)), many),
        (model.init_carry(), X),
        ((), X),
        (0.0, X),
    ]:
        with pytest.raises(ValueError, match=r"the carry is of another model or another batch .* GRU.init_carry"):
            cn.run(network, x, carry)
    for carry, x in [(network.init_carry(), X), (model.init_carry((3,)), X), (model.init_carry((3,)), many)]:
        with pytest.raises(ValueError, match=r"the carry is of another model .* NodalModel.init_carry"):
            cn.trace(model, x, carry)


def test_numbers_as_text():
    assert float(CIRCUIT.replace(R1="10k")["R1"].value) == 10e3
    assert float(CIRCUIT.replace(r1="2.2kOhm")["R1"].value) == 2200
    with pytest.raises(ValueError, match=r"R1: '4k7' is not a number: write 4.7k instead of 4k7"):
        CIRCUIT.replace(R1="4k7")
    with pytest.raises(ValueError, match=r"R1: '\{2\*x\}' is not a number"):
        CIRCUIT.replace(R1="{2*x}")
    with pytest.raises(ValueError, match=r"R1 must be positive|R1 must not be negative"):
        CIRCUIT.replace(R1="-1k")

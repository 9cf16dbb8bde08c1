"""A network in place of a device, and a network beside a circuit with wrong values: both learn inside a chain."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from scipy.signal import lfilter

from circuitnn import circuits
from circuitnn.composition import chain, parallel
from circuitnn.hybrid import Gain
from circuitnn.losses import esr
from circuitnn.model import run
from circuitnn.nodal import NodalModel
from circuitnn.recurrent import GRU, Scaling
from circuitnn.testing import check_block_law, check_gradient
from circuitnn.train import Dataset, TruncatedBPTT, fit, per_part
from circuitnn.wdf import (
    Capacitor,
    DiodePair,
    NeuralOnePort,
    NeuralRoot,
    Parallel,
    ResistiveVoltageSource,
    WDFModel,
    pretrain,
)

# Noise begins in mid-signal, and is said to.
pytestmark = pytest.mark.filterwarnings("ignore::circuitnn.train.DataWarning")

FS = 48_000
REGIME = TruncatedBPTT(400, warmup=100)


def neural_clipper(network, dtype, **options):
    tree = Parallel(ResistiveVoltageSource(2.2e3, "Vin"), Capacitor(10e-9, "C1"))
    return WDFModel(tree, NeuralRoot(DiodePair(), network), FS, dtype=dtype, **options)


def pedal(dtype=np.float32, seed=0, **options):
    network = NeuralOnePort((6,), dtype=dtype, rngs=nnx.Rngs(seed))
    return chain(
        boost=Gain(4.0, trainable=True, dtype=dtype),
        clipper=neural_clipper(network, dtype, **options),
        tone=NodalModel(circuits.big_muff_tone(), FS, dtype=dtype),
    )


@pytest.mark.slow
def test_a_neural_device_keeps_the_block_law():
    check_block_law(pedal(np.float64), np.random.default_rng(0).standard_normal((2, 40, 1)), cuts=(1, 9), rtol=1e-8)


@pytest.mark.slow
def test_gradients_reach_the_device_from_behind_the_tone_control():
    model = pedal(np.float64, trainable=("R*", "C1"))
    x, rest = jnp.asarray(np.random.default_rng(1).standard_normal((1, 100, 1))), model.init_carry((1,))

    def energy(params):
        return jnp.sum(model.with_parameters(params)(rest, x)[1] ** 2)

    check_gradient(energy, (model.parameters(),), rtol=1e-4)


@pytest.mark.slow
def test_a_device_is_learnt_from_what_is_heard_behind_the_chain():
    x = np.random.default_rng(2).standard_normal((8, 900, 1))
    true = chain(Gain(4.0), NodalModel(circuits.diode_clipper(), FS), NodalModel(circuits.big_muff_tone(), FS))
    y = np.asarray(run(true, x)[1])
    before = pedal()
    rates = per_part({"boost": None, "clipper.network": optax.adam(1e-2)}, default=None)
    data = Dataset(x, y, controls={"tone": 0.5}, fs=48_000)
    after, _ = fit(before, data, REGIME, optimizer=rates, epochs=60, batch=8, progress=False)
    wrong, right = (float(esr(run(model, x)[1], y)) for model in (before, after))
    assert right < 0.02 < 0.1 * wrong
    assert after["boost"].factor[...] == before["boost"].factor[...]


@pytest.mark.slow
def test_a_device_starts_from_diodes_that_it_has_been_fitted_to():
    waves = {"resistances": np.logspace(3, 4, 5), "waves": np.linspace(-8, 8, 200), "steps": 60, "starts": 2}
    network, _ = pretrain(NeuralOnePort((8,), largest_wave=8.0, rngs=nnx.Rngs(0)), **waves)
    x = 2 * np.sin(2 * np.pi * 300 / FS * np.arange(600))
    truth = np.asarray(run(NodalModel(circuits.diode_clipper(), FS), x)[1])
    assert float(esr(run(neural_clipper(network, np.float32), x)[1], truth)) < 1e-3


@pytest.mark.slow
def test_a_network_beside_a_wrong_circuit_learns_what_is_missing():
    x = lfilter([1.2], [1, -0.9], np.random.default_rng(3).standard_normal((16, 1100, 1)), axis=1)
    circuit = circuits.diode_clipper()
    y = np.asarray(run(NodalModel(circuit, FS), x)[1])
    wrong = NodalModel(circuit.replace(C1=22e-9), FS)
    missing = y - np.asarray(run(wrong, x)[1])
    network = GRU(8, scaling=Scaling.from_data(x, missing), rngs=nnx.Rngs(0))
    trained, _ = fit(
        parallel(circuit=wrong, network=network),
        Dataset(x[:12], y[:12], fs=48_000),
        TruncatedBPTT(250, warmup=100, blocks=4),
        optimizer=per_part({"circuit": None}, default=gently),
        epochs=60,
        batch=12,
        progress=False,
    )
    unseen, truth = x[12:], y[12:]
    alone, together = (float(esr(run(each, unseen)[1], truth)) for each in (wrong, trained))
    assert together < alone / 5
    before, after = (jax.tree.leaves(nnx.state(each)) for each in (wrong, trained["circuit"]))
    assert all(a == b for a, b in zip(before, after, strict=True))


def gently(updates):
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(3e-2, updates)))

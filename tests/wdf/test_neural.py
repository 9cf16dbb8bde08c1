"""A neural one-port at the root: what it learns of diodes, and how it runs in a circuit."""

import functools

import jax
import jax.flatten_util
import numpy as np
import optax
import pytest
from flax import nnx
from jax import numpy as jnp

import circuitnn as cn
from circuitnn import wdf
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.testing import check_batch, check_block_law
from circuitnn.wdf.diodes import diode, pair_exact
from tests.nodal.signals import noise

pytestmark = pytest.mark.slow  # each compiles a model or two

FS = 48_000
PAIR = wdf.DiodePair()
OWN = {"saturation": PAIR.saturation, "thermal": PAIR.emission * THERMAL_VOLTAGE}


def one_port(hidden=(4, 4), dtype=jnp.float64, symmetric=True, seed=0):
    return wdf.NeuralOnePort(hidden, rngs=nnx.Rngs(seed), dtype=dtype, symmetric=symmetric)


@functools.cache
def fitted():
    return wdf.pretrain(one_port(), PAIR, starts=1, steps=60)


def clipper(root=None, resistance="2.2k", dtype=jnp.float64, **kwargs):
    tree = wdf.Parallel(
        wdf.ResistiveVoltageSource(resistance, "Vin"),
        wdf.Capacitor("10n", "C1"),
    )
    root = wdf.NeuralRoot(PAIR, fitted()[0]) if root is None else root
    return wdf.WDFModel(tree, root, FS, dtype=dtype, **kwargs)


def test_pretraining_of_a_small_network():
    network, error = fitted()
    assert error < 1e-5
    # The figure is true, and holds between the points as well.
    a, R = np.linspace(-2.5, 2.5, 333), np.logspace(1, 9, 47)[:, None]
    found = network(a, R)
    assert found.shape == (47, 333)
    assert np.mean((found - pair_exact(a, R, **OWN)) ** 2) < 2 * error + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_pretraining_reaches_the_published_error(dtype):
    """Chowdhury and Clarke (2022): 8.0e-6 with two layers of 16."""
    network, error = wdf.pretrain(one_port((16, 16), dtype), PAIR, starts=1)
    assert error < 8e-6
    a, R = np.meshgrid(np.linspace(-2.5, 2.5, 1000), np.logspace(1, 9, 20))
    assert np.mean((network(a, R) - pair_exact(a, R, **OWN)) ** 2) < 8e-6
    assert network(a, R).dtype == dtype


@pytest.mark.slow
def test_pretraining_on_a_diode_alone():
    network, error = wdf.pretrain(one_port((8, 8), symmetric=False), wdf.Diode())
    assert error < 1e-4
    a = np.linspace(-2.5, 2.5, 100)
    assert np.sqrt(np.mean((network(a, 4.7e3) - diode(a, 4.7e3, **OWN)) ** 2)) < 0.03


def test_pretraining_repeats():
    waves = np.linspace(-2, 2, 50)
    first, second = (
        wdf.pretrain(one_port(), PAIR, resistances=[1e3, 1e4], waves=waves, starts=2, steps=5, seed=3) for _ in range(2)
    )
    assert first[1] == second[1]
    np.testing.assert_array_equal(first[0](waves, 2e3), second[0](waves, 2e3))


@pytest.mark.parametrize("symmetric", [True, False])
def test_passive_whatever_the_weights(symmetric):
    network = one_port((5, 3), symmetric=symmetric, seed=7)
    a, R = np.linspace(-100, 100, 1001), np.logspace(-2, 12, 15)[:, None]
    b = np.asarray(network(a, R))
    assert np.all(np.abs(b) <= np.abs(a))
    assert np.allclose(b[:, ::-1], -b) == symmetric
    assert np.all(np.isfinite(jax.grad(lambda a: jnp.sum(network(a, R)))(a)))


@pytest.mark.parametrize("rule", ["trapezoidal", "backward_euler"])
def test_clipper_is_close_to_the_exact_one(rule):
    x = noise(2000, 1, peak=1.5)  # waves within the range of the network
    _, found = cn.run(clipper(rule=rule), x)
    _, expected = cn.run(clipper(PAIR, rule=rule), x)
    assert cn.losses.esr(found, expected) < 1e-4
    assert not np.array_equal(found, expected)


def test_wave_in_the_loop_is_that_of_the_network():
    """The circuit's own equations with the network called from outside."""
    model, x, R = clipper(), noise(200, 1, peak=4)[:, 0], 2.2e3
    network, step = model.network, 1 / (2 * FS * 10e-9)
    port = 1 / (1 / R + 1 / step)
    reflect = jax.jit(lambda a: network(a, port))
    memory, expected = 0.0, []  # wave that the capacitor reflects
    for sample in x:
        a = port * (sample / R + memory / step)
        v = (a + float(reflect(a))) / 2
        expected.append(v)
        memory = 2 * v - memory
    np.testing.assert_allclose(cn.run(model, x)[1], expected, atol=1e-12)


@pytest.mark.parametrize("kwargs", [{}, {"oversampling": 2}, {"solver": "parallel"}, {"rule": "backward_euler"}])
def test_block_law(kwargs):
    check_block_law(clipper(**kwargs), noise(150, 1, peak=4), cuts=(67,), rtol=1e-10)


def test_batch_is_its_entries():
    check_batch(clipper(), np.stack([noise(80, 1, peak=peak) for peak in (0.1, 1, 4)]), rtol=1e-10)


@pytest.mark.parametrize("batch", [(), (3,)])
def test_knobs_along_time(batch):
    x = noise(120, 1, peak=4) * np.ones((*batch, 1, 1))
    moved = np.linspace(0, 1, 120) * np.ones((*batch, 1))
    found, expected = (
        cn.run(clipper(root, "1k+20k*p", controls={"p": 0.5}), x, controls={"p": moved})[1] for root in (None, PAIR)
    )
    assert cn.losses.esr(found, expected) < 1e-3
    still = cn.run(clipper(None, "1k+20k*p", controls={"p": 0.5}), x, controls={"p": np.zeros_like(moved)})[1]
    np.testing.assert_allclose(still, cn.run(clipper(resistance="1k"), x)[1], atol=1e-12)
    assert np.max(np.abs(still - found)) > 0.01


@pytest.mark.parametrize("batch", [(), (2,)])
def test_gradients_against_central_differences(batch):
    model = clipper(trainable=("R*", "C1"))
    x = noise(60, 1, peak=4) * np.ones((*batch, 1, 1))
    graph, params, fixed = nnx.split(model, nnx.Param, ...)
    flat, unravel = jax.flatten_util.ravel_pytree(params)

    @jax.jit
    def energy(flat):
        model = nnx.merge(graph, unravel(flat), fixed)
        return jnp.sum(model(model.init_carry(batch), x)[1] ** 2)

    gradient = jax.grad(energy)(flat)
    assert flat.size == 37 + 2
    steps = 1e-6 * np.eye(flat.size)
    expected = [(energy(flat + step) - energy(flat - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7 * np.max(np.abs(expected)))
    assert np.count_nonzero(np.abs(gradient) > 1e-3) > 30  # some hidden units are saturated


def test_learns_in_the_circuit():
    """What a network that was not pretrained lacks, the circuit's output teaches it."""
    x = noise(400, 1, peak=4)
    target = cn.run(clipper(PAIR), x)[1]
    model = clipper(wdf.NeuralRoot(PAIR, one_port(seed=1)))
    data = cn.train.Dataset(x[None], target[None], fs=FS)
    before = cn.losses.esr(cn.run(model, x)[1], target)
    learnt, _ = cn.train.fit(
        model, data, cn.train.TruncatedBPTT(length=200, warmup=0), optimizer=optax.adam(2e-2), epochs=40, seed=0
    )
    assert cn.losses.esr(cn.run(learnt, x)[1], target) < before / 2


def test_saved_and_loaded(tmp_path):
    model, other = clipper(), clipper(wdf.NeuralRoot(PAIR, one_port(seed=5)))
    x = noise(50, 1, peak=4)
    cn.train.save(model, tmp_path / "model.npz")
    loaded = cn.train.load(other, tmp_path / "model.npz")
    np.testing.assert_array_equal(cn.run(loaded, x)[1], cn.run(model, x)[1])


def test_forced_states():
    model, x = clipper(), noise(50, 1, peak=1)
    carry = model.init_carry()
    forced = model.force(carry, jnp.asarray([0.3]))
    assert model.states(forced)[0] == 0.3
    _, _, states = cn.trace(model, x)
    previous = jnp.concatenate([jnp.zeros((1, 1)), states[:-1]])
    _, _, found = model.trace(carry, jnp.asarray(x), forcing=cn.Forcing(previous))
    # The currents at the states shown are those of the diodes.
    np.testing.assert_allclose(found, states, atol=0.02)


def test_forced_within_a_gradient(tmp_path):
    """The weights run along: those of parameters that are traced, and of a model from a file."""
    model = clipper(rule="bdf2")
    cn.train.save(model, tmp_path / "model.npz")
    restored, x = cn.train.restore(tmp_path / "model.npz"), noise(30, 1, peak=1)

    def energy(parameters):
        changed = restored.with_parameters(parameters)
        carry = changed.force(changed.init_carry(), jnp.asarray([0.3]))
        return jnp.sum(cn.run(changed, x, carry)[1] ** 2)

    value, slopes = jax.jit(jax.value_and_grad(energy))(model.parameters())
    carry = model.force(model.init_carry(), jnp.asarray([0.3]))
    np.testing.assert_allclose(value, jnp.sum(cn.run(model, x, carry)[1] ** 2), rtol=1e-12)
    assert all(np.any(slope) for slope in jax.tree.leaves(slopes))


@pytest.mark.parametrize(
    ("root", "message"),
    [
        (lambda: wdf.NeuralRoot(wdf.Resistor(1e3), one_port()), "stands in for a Diode or a DiodePair, not for"),
        (lambda: wdf.NeuralRoot(PAIR, abs), "is a NeuralOnePort, not"),
        (lambda: [wdf.NeuralRoot(PAIR, one_port()), wdf.Diode()], "alone at the root"),
        (lambda: wdf.NeuralRoot(wdf.DiodePair(nodes=("a", "b")), one_port()), "alone at the root"),
    ],
)
def test_bad_roots(root, message):
    with pytest.raises(wdf.TreeError, match=message):
        clipper(root())


def test_not_on_an_adaptor_nor_inside_a_tree():
    root = wdf.NeuralRoot(PAIR, one_port())
    adaptor = wdf.RType(
        wdf.ResistiveVoltageSource(1e3, "Vin"), wdf.Capacitor(1e-8, "C1"), nodes=[("a", "0"), ("a", "0")]
    )
    with pytest.raises(wdf.TreeError, match="alone at the root"):
        wdf.WDFModel(adaptor, root, FS, output="C1")
    with pytest.raises(wdf.TreeError, match="is no element of a tree"):
        wdf.WDFModel(wdf.Parallel(wdf.Resistor(1e3), root), None, FS)


def test_bad_arguments():
    with pytest.raises(ValueError, match="hidden"):
        one_port((4, 0))
    with pytest.raises(ValueError, match="no range"):
        wdf.NeuralOnePort(rngs=nnx.Rngs(0), resistances=(1e3, 1e3))
    with pytest.raises(ValueError, match="symmetric=False"):
        wdf.pretrain(one_port(), wdf.Diode())
    with pytest.raises(ValueError, match="are numbers"):
        wdf.pretrain(one_port(), wdf.DiodePair("2n*p"))
    with pytest.raises(ValueError, match="positive"):
        wdf.pretrain(one_port(), resistances=[0.0])
    with pytest.raises(ValueError, match="would not change the sound"):
        clipper(trainable=("*.IS",))


def test_forced_states_have_the_currents_of_the_network():
    """Not those of the diodes that it began with, which may be wrong."""
    circuit = cn.circuits.diode_clipper_second_order().replace(**{"DCLIP.IS": 10e-9, "DCLIP.N": 2.0})
    model = wdf.with_neural_root(circuit, FS, hidden=(4,), dtype=jnp.float64, rngs=nnx.Rngs(0))
    last = model.network.kernels[-1]
    last[...] = 0.03 * np.random.default_rng(0).normal(size=last.shape)
    x = 3 * np.sin(0.1 * np.arange(60))[:, None]
    _, y, states = cn.trace(model, x)
    before = jnp.concatenate([jnp.zeros((1, 2)), states[:-1]])
    np.testing.assert_allclose(cn.trace(model, x, forcing=cn.Forcing(before))[1], y, atol=1e-12)

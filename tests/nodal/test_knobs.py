"""Knobs: at their ends, for each entry of a batch, along time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import catalogue, read_netlist
from circuitnn.model import controls, run
from circuitnn.nodal import NodalModel, frequency_response
from tests.cases import cases
from tests.mna.circuits import KNOB
from tests.nodal.signals import noise

# A potentiometer whose ends are shorts: to the source, to the output, to ground behind a diode.
POT = read_netlist(
    "* t\n.param k=0.5\nVin s 0 0\nR0 s in 1k\nR1 in w {k*10k}\nR2 w out {(1-k)*10k}\nC1 w 0 10n\n"
    "C2 out 0 4.7n\nR3 out 0 22k\nD1 out 0 DX\n.model DX D(IS=2.52n N=1.752)\n.end"
)
# What remains where one of its halves is a short.
ENDS = {
    0.0: "C1 in 0 10n\nR2 in out 10k\n",
    1.0: "R1 in out 10k\nC1 out 0 10n\n",
}
FREQS = np.array([50.0, 1e3, 9e3])


@pytest.mark.parametrize("end", cases(ENDS, quick=[1.0]))
def test_a_pot_at_its_end_is_a_short(end):
    rest = "C2 out 0 4.7n\nR3 out 0 22k\nD1 out 0 DX\n.model DX D(IS=2.52n N=1.752)\n.end"
    plain = read_netlist("* t\nVin s 0 0\nR0 s in 1k\n" + ENDS[end] + rest)
    found = frequency_response(POT, FREQS, controls={"k": end})
    np.testing.assert_allclose(found, frequency_response(plain, FREQS), rtol=1e-12)
    x = noise(40, 1)
    _, y = run(NodalModel(POT, dtype=jnp.float64), x, controls={"k": end})
    np.testing.assert_allclose(y, run(NodalModel(plain, dtype=jnp.float64), x)[1], rtol=0, atol=1e-11)


def one_sided(f, end, step=1e-4):
    """A difference of fourth order from the inside."""
    inside = 1 - 2 * end
    values = [f(end + inside * m * step) for m in range(5)]
    return inside * sum(w * each for w, each in zip((-25, 48, -36, 16, -3), values, strict=True)) / (12 * step)


@pytest.mark.parametrize("end", cases([0.0, 1.0], quick=[1.0]))
def test_gradients_at_the_ends(end):
    model, u = NodalModel(POT, dtype=jnp.float64), jnp.asarray(noise(40, 1))

    @jax.jit
    def energy(k):
        return jnp.sum(model(model.init_carry((), {"k": k}), u, {"k": k})[1] ** 2)

    @jax.jit
    def loudness(k):
        return jnp.sum(jnp.abs(frequency_response(POT, FREQS, controls={"k": k})) ** 2)

    for f in (energy, loudness):
        exact = float(jax.grad(f)(end))
        assert exact == pytest.approx(float(one_sided(f, end)), rel=1e-6)


@pytest.mark.parametrize("name", ["bassman", "big_muff_tone", "vox_ac30", "tube_screamer_tone", "pultec_eqp1a"])
def test_responses_of_the_catalogue_at_the_ends_of_all_knobs(name):
    """All combinations of ends; the limits of what is near them, and finite gradients."""
    circuit = catalogue.CATALOGUE[name]()
    knobs = list(circuit.controls)
    corners = np.array(np.meshgrid(*[[0.0, 1.0]] * len(knobs))).reshape(len(knobs), -1)

    @jax.jit
    def response(positions):
        settings = dict(zip(knobs, positions[..., None], strict=True))
        return jnp.abs(frequency_response(circuit, FREQS, controls=settings))

    at_ends = response(jnp.asarray(corners))
    near = response(jnp.clip(jnp.asarray(corners), 1e-7, 1 - 1e-7))
    np.testing.assert_allclose(at_ends, near, rtol=1e-2, atol=1e-5)
    gradient = jax.jit(jax.grad(lambda p: jnp.sum(response(p) ** 2)))(jnp.asarray(corners))
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", cases([jnp.float32, jnp.float64], quick=[jnp.float64]))
def test_a_constant_array_is_the_constant(dtype):
    model, x = NodalModel(POT, dtype=dtype), noise(40, 1)
    _, expected = run(model, x, controls={"k": 0.3})
    _, y = run(model, x, controls={"k": np.full(40, 0.3)})
    np.testing.assert_allclose(y, expected, rtol=0, atol=2e-5 if dtype == jnp.float32 else 1e-11)


def one_block_for_each_sample(model, x, along):
    """The output with the knob k constant within each sample, the carry handed on."""
    carry, pieces = None, []
    for sample, k in zip(x, along, strict=True):
        carry, piece = run(model, sample[None], carry, controls={"k": k})
        pieces.append(piece)
    return np.concatenate(pieces)


@pytest.mark.slow
@pytest.mark.parametrize("rule", cases(["trapezoidal", "bdf2"], quick=["trapezoidal"]))
def test_along_time_as_one_block_for_each_sample(rule):
    """From end to end and back, in jumps; capacitor voltages and inductor currents do not jump."""
    model, x = NodalModel(POT, rule=rule, dtype=jnp.float64), noise(24, 1)
    along = np.tile([0.0, 0.2, 1.0, 0.7, 0.999, 0.0001], 4)
    _, y = run(model, x, controls={"k": along})
    np.testing.assert_allclose(y, one_block_for_each_sample(model, x, along), rtol=0, atol=1e-11)


@pytest.mark.slow
def test_bias_and_device_parameters_along_time():
    """Values that are no resistances: a source, a diode's saturation current, a gain."""
    net = "* t\n.param k=0.5\nVin in 0 0\nVb b 0 {k}\nR1 in out 1k\nR2 b out 2.2k\nD1 out 0 DX\nE1 e 0 out 0 {1+k}\n"
    net += "R3 e x 1k\nD2 x 0 DX\nC1 x 0 10n\n.model DX D(IS={1n*pow(10,k)} N=1.5)\n.end"
    model, x = NodalModel(read_netlist(net, outputs=("out", "x")), dtype=jnp.float64), noise(12, 1)
    along = np.random.default_rng(1).uniform(0, 1, 12)
    _, y = run(model, x, controls={"k": along})
    np.testing.assert_allclose(y, one_block_for_each_sample(model, x, along), rtol=0, atol=1e-10)


@pytest.mark.slow
def test_one_value_for_each_entry_of_a_batch():
    model, x = NodalModel(KNOB, dtype=jnp.float64), noise(2, 40, 1)
    _, together = run(model, x, controls={"drive": np.array([[0.1], [0.9]])})
    for entry, drive in enumerate((0.1, 0.9)):
        _, alone = run(model, x[entry], controls=controls(model, drive=drive))
        np.testing.assert_allclose(together[entry], alone, rtol=0, atol=1e-12)


def test_the_rest_that_belongs_to_the_knobs():
    """With its own rest nothing moves; for each entry of a batch, and where they move the first position counts."""
    net = "* t\n.param k=0.5\nVin in 0 0\nVcc p 0 9\nR1 p out {1k+k*9k}\nR2 out in 4.7k\nC1 out 0 1u\n.end"
    model = NodalModel(read_netlist(net), dtype=jnp.float64)
    knobs = {"k": np.array([[0.1], [0.9]])}
    carry = model.init_carry((2,), knobs)
    np.testing.assert_allclose(carry.states[:, 0], 9 * 4.7 / (np.array([1.9, 9.1]) + 4.7), rtol=1e-9)
    _, y = run(model, np.zeros((2, 30, 1)), carry, controls=knobs)
    np.testing.assert_allclose(y, np.broadcast_to(y[:, :1], y.shape), rtol=1e-10)
    moving = model.init_carry((), {"k": np.linspace(0.1, 0.9, 7)})
    np.testing.assert_allclose(moving.states, carry.states[0], rtol=1e-12)


@pytest.mark.slow
def test_gradients_of_a_knob_along_time():
    model, u = NodalModel(POT, dtype=jnp.float64), jnp.asarray(noise(12, 1))
    energy = jax.jit(lambda k: jnp.sum(model(model.init_carry(), u, {"k": k})[1] ** 2))
    along = jnp.asarray(np.tile([0.0, 0.3, 1.0], 4))
    exact = jax.jit(jax.grad(energy))(along)
    assert np.isfinite(exact).all()
    for sample in (1, 4, 7):
        step = 1e-5 * jnp.eye(12)[sample]
        near, far = (float(energy(along + m * step) - energy(along - m * step)) for m in (1, 2))
        assert float(exact[sample]) == pytest.approx((8 * near - far) / 12e-5, rel=1e-6)

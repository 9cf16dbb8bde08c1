import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.model import run, trace
from circuitnn.nodal import NodalModel
from tests.mna.circuits import BIASED, KNOB
from tests.nodal.signals import noise


def test_several_inputs_and_outputs():
    """A bridge of resistors: each input reaches each output as superposition has it."""
    net = "* t\nVa a 0 0\nIb 0 n 0\nR1 a m 1k\nR2 m 0 3k\nR3 m n 2k\nR4 n 0 4k\n.end"
    model = NodalModel(read_netlist(net, inputs=("Ib", "Va"), outputs=("m", "n", "a")), dtype=jnp.float64)
    x = noise(30, 2) * [1e-3, 1]
    conductance = np.array([[1 / 1e3 + 1 / 3e3 + 1 / 2e3, -1 / 2e3], [-1 / 2e3, 1 / 2e3 + 1 / 4e3]])
    expected = np.linalg.solve(conductance, np.stack([x[:, 1] / 1e3, x[:, 0]]))
    _, y = run(model, x)
    assert y.shape == (30, 3)
    np.testing.assert_allclose(y, np.stack([*expected, x[:, 1]], axis=-1), rtol=1e-10)


def test_no_states_at_all():
    circuit = read_netlist("* t\nVin in 0 0\nR1 in out 1k\nD1 out 0 DX\nD2 0 out DX\n.model DX D(IS=1n)\n.end")
    carry, y, states = trace(NodalModel(circuit, dtype=jnp.float64), noise(30, 1))
    assert states.shape == (30, 0)
    current = (noise(30, 1) - np.asarray(y)) / 1e3
    expected = 2e-9 * np.sinh(np.asarray(y) / THERMAL_VOLTAGE)
    np.testing.assert_allclose(current, expected, rtol=1e-6, atol=1e-12)
    assert int(carry.report.failed) == 0


def test_rests_at_the_operating_point():
    model = NodalModel(BIASED, dtype=jnp.float64)
    carry, y = run(model, np.zeros(50))
    np.testing.assert_allclose(carry.states, model.init_carry(()).states, rtol=1e-10)
    np.testing.assert_allclose(y, y[0], rtol=1e-10)
    assert model.init_carry((2, 3)).states.shape == (2, 3, 2)


def test_a_wrong_state_is_forgotten():
    model, x = NodalModel(diode_clipper(), dtype=jnp.float64), noise(80, 1)
    carry = model.force(model.init_carry(), jnp.asarray([0.4]))
    np.testing.assert_allclose(model.states(carry), [0.4])
    _, wrong = run(model, x, carry)
    _, right = run(model, x)
    assert abs(float(wrong[0, 0] - right[0, 0])) > 0.05
    np.testing.assert_allclose(wrong[-1], right[-1], atol=1e-9)


def test_silence_stays_silent():
    np.testing.assert_allclose(run(NodalModel(diode_clipper(), dtype=jnp.float64), np.zeros(64))[1], 0, atol=1e-12)


@pytest.mark.slow
def test_many_circuits_in_one_vmap():
    model, x = NodalModel(diode_clipper(), trainable=("R1",)), jnp.asarray(noise(40, 1), jnp.float32)
    graph, parameters, rest = nnx.split(model, nnx.Param, ...)

    def output(parameters):
        model = nnx.merge(graph, parameters, rest)
        return model(model.init_carry(()), x)[1]

    scales = jnp.log(jnp.asarray([1.0, 3.0]))
    many = jax.vmap(output)(jax.tree.map(lambda value: value + scales, parameters))
    for entry, factor in enumerate((1, 3)):
        alone = run(NodalModel(diode_clipper().replace(R1=2200 * factor)), x)[1]
        np.testing.assert_allclose(many[entry], alone, rtol=0, atol=1e-5)


def test_bad_arguments():
    with pytest.raises(ValueError, match="fs must be a positive number of hertz"):
        NodalModel(diode_clipper(), 0)
    with pytest.raises(ValueError, match="fs must be a positive number of hertz"):
        NodalModel(diode_clipper(), float("nan"))
    with pytest.raises(ValueError, match="no discretisation rule named 'euler'"):
        NodalModel(diode_clipper(), rule="euler")
    with pytest.raises(ValueError, match="'Q\\*' matches no value; there are Vin, R1"):
        NodalModel(diode_clipper(), trainable=("Q*",))
    with pytest.raises(ValueError, match="no knob 'treble'"):
        run(NodalModel(KNOB), noise(5, 1), controls={"treble": 0.5})
    with pytest.raises(ValueError, match=r"knob drive: expected .* got the shape \(7,\)"):
        run(NodalModel(KNOB), noise(5, 1), controls={"drive": np.zeros(7)})


def test_construction_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NodalModel(diode_clipper()).init_carry((2,))

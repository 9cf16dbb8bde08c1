import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn.mna.ports
from circuitnn.circuit import read_netlist
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.model import controls, run, trace
from circuitnn.nodal import NodalModel
from circuitnn.numerics.report import SolveWarning
from circuitnn.testing import check_batch, check_block_law, check_dtypes
from tests.mna.circuits import BIASED, DIODES, KNOB, RLC
from tests.nodal.signals import noise

CIRCUITS = {name: DIODES[name] for name in ("half_wave", "series", "biased")}


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_block_law(name):
    x = noise(2, 40, 1)
    check_block_law(NodalModel(CIRCUITS[name], dtype=jnp.float64), x, cuts=(1, 7), rtol=1e-11)


@pytest.mark.parametrize("rule", ["trapezoidal", "backward_euler"])
def test_the_block_law_with_knobs(rule):
    model = NodalModel(KNOB, rule=rule, dtype=jnp.float64)
    along = 0.5 + 0.4 * np.sin(np.arange(40) / 9)
    drive = {"trapezoidal": np.stack([along, 1 - along]), "backward_euler": 0.8}[rule]
    check_block_law(model, noise(2, 40, 1), controls={"drive": drive}, cuts=(7,), rtol=1e-11)


def test_the_block_law_with_a_capacitance_that_moves():
    circuit = read_netlist("* t\n.param c=0.5\nVin in 0 0\nR1 in out 10k\nC1 out 0 {c*20n}\n.end")
    model = NodalModel(circuit, dtype=jnp.float64)
    check_block_law(model, noise(40, 1), controls={"c": 0.5 + 0.4 * np.sin(np.arange(40) / 9)}, rtol=1e-12)


@pytest.mark.parametrize("name", CIRCUITS)
def test_a_batch_is_its_entries(name):
    check_batch(NodalModel(CIRCUITS[name], dtype=jnp.float64), noise(3, 40, 1), rtol=1e-10)


@pytest.mark.parametrize("name", CIRCUITS)
def test_both_precisions(name):
    check_dtypes(lambda dtype: NodalModel(CIRCUITS[name], dtype=dtype), noise(2, 40, 1), rtol=1e-4)


def test_one_knob_for_each_entry_of_a_batch():
    model, x = NodalModel(KNOB, dtype=jnp.float64), noise(2, 40, 1)
    _, together = run(model, x, controls={"drive": np.array([[0.1], [0.9]])})
    for entry, drive in enumerate((0.1, 0.9)):
        _, alone = run(model, x[entry], controls=controls(model, drive=drive))
        np.testing.assert_allclose(together[entry], alone, rtol=0, atol=1e-12)


def test_several_inputs_and_outputs():
    net = "* t\nVa a 0 0\nVb b 0 0\nR1 a m 1k\nR2 b m 1k\nC1 m 0 10n\nR3 m n 1k\nD1 n 0 DX\n.model DX D(IS=1n)\n.end"
    model = NodalModel(read_netlist(net, inputs=("Va", "Vb"), outputs=("m", "n")), dtype=jnp.float64)
    x = noise(30, 2)
    _, y = run(model, x)
    assert y.shape == (30, 2)
    _, swapped = run(model, x[:, ::-1])
    np.testing.assert_allclose(swapped, y, rtol=0, atol=1e-12)  # the circuit is symmetric in its inputs


def test_no_states_at_all():
    circuit = read_netlist("* t\nVin in 0 0\nR1 in out 1k\nD1 out 0 DX\nD2 0 out DX\n.model DX D(IS=1n)\n.end")
    carry, y, states = trace(NodalModel(circuit, dtype=jnp.float64), noise(30, 1))
    assert states.shape == (30, 0)
    current = (noise(30, 1) - np.asarray(y)) / 1e3
    expected = 2e-9 * np.sinh(np.asarray(y) / circuit_slope())
    np.testing.assert_allclose(current, expected, rtol=1e-6, atol=1e-12)
    assert int(carry.report.failed) == 0


def circuit_slope():
    from circuitnn.circuit.constants import THERMAL_VOLTAGE

    return THERMAL_VOLTAGE


def test_rests_at_the_operating_point():
    model = NodalModel(BIASED, dtype=jnp.float64)
    carry, y = run(model, np.zeros(50))
    np.testing.assert_allclose(carry.states, model.init_carry(()).states, rtol=1e-10)
    np.testing.assert_allclose(y, y[0], rtol=1e-10)
    assert model.init_carry((2, 3)).states.shape == (2, 3, 2)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("name", DIODES)
def test_converges_however_hard_it_is_driven(name, dtype):
    square = 50 * np.sign(np.sin(2 * np.pi * 1000 * np.arange(96) / 48_000 + 0.1))
    x = np.stack([square, noise(96, peak=50), noise(96, peak=500), 0 * square])[:, :, None]
    carry, y = run(NodalModel(DIODES[name], dtype=dtype), x)  # a SolveWarning would be an error here
    assert carry.report.failed.tolist() == [0] * 4
    assert np.isfinite(y).all()


def test_what_does_not_converge_is_counted_and_said(monkeypatch):
    monkeypatch.setattr(circuitnn.mna.ports, "MAX_ITERATIONS", 1)
    jax.clear_caches()
    model = NodalModel(diode_clipper(), dtype=jnp.float64)
    with pytest.warns(SolveWarning, match="did not converge"):
        carry, _ = run(model, noise(30, 1))
    jax.clear_caches()
    assert 0 < int(carry.report.failed) <= 30
    assert int(carry.report.samples) == 30


def test_samples_that_are_not_numbers_are_counted():
    x = noise(30, 1)
    x[20] = np.nan
    with pytest.warns(SolveWarning, match="10 of 30 samples, first at sample 20"):
        run(NodalModel(diode_clipper()), x)
    with pytest.warns(SolveWarning, match="first at sample 20"):
        run(NodalModel(RLC), x)


def test_trainable_values_are_parameters_in_log_scale():
    model = NodalModel(diode_clipper(), trainable=("r*", "C1", "DCLIP.*"), dtype=jnp.float64)
    graph, parameters, rest = nnx.split(model, nnx.Param, ...)
    assert set(parameters["log_scale"]) == {"R1", "C1", "DCLIP.IS", "DCLIP.N"}
    shifted = nnx.merge(graph, jax.tree.map(lambda value: value + np.log(2.0), parameters), rest)
    for name in ("R1", "C1", "DCLIP.IS"):
        assert float(shifted.circuit.values[name]) == pytest.approx(2 * float(diode_clipper().values[name]), rel=1e-12)
    assert float(shifted.circuit.values["D1"]) == 1
    assert shifted.circuit.state_names == ("C1",)
    x = noise(40, 1)
    fresh = NodalModel(shifted.circuit, dtype=jnp.float64)
    np.testing.assert_allclose(run(shifted, x)[1], run(fresh, x)[1], rtol=0, atol=1e-13)


def test_knobs_and_sources_train_linearly():
    model = NodalModel(KNOB, trainable=("drive", "Vin"))
    assert set(nnx.state(model, nnx.Param)["linear"]) == {"drive", "Vin"}
    assert model.controls == {"drive": pytest.approx(0.3)}


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
    with pytest.raises(ValueError, match="fs must be a positive sample rate"):
        NodalModel(diode_clipper(), 0)
    with pytest.raises(ValueError, match="fs must be a positive sample rate"):
        NodalModel(diode_clipper(), float("nan"))
    with pytest.raises(ValueError, match="no discretisation rule named 'euler'"):
        NodalModel(diode_clipper(), rule="euler")
    with pytest.raises(ValueError, match="'Q\\*' matches no value; there are Vin, R1"):
        NodalModel(diode_clipper(), trainable=("Q*",))
    with pytest.raises(ValueError, match="no control named treble"):
        run(NodalModel(KNOB), noise(5, 1), controls={"treble": 0.5})
    with pytest.raises(ValueError, match="control drive: shape \\(7,\\) does not broadcast"):
        run(NodalModel(KNOB), noise(5, 1), controls={"drive": np.zeros(7)})


def test_construction_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NodalModel(diode_clipper()).init_carry((2,))

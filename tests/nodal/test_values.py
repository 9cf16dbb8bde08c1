"""Learnable values: by pattern, on a log scale, linear, within tolerances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import catalogue
from circuitnn.circuit.catalogue import diode_clipper
from circuitnn.model import run
from circuitnn.nodal import NodalModel
from tests.mna.circuits import KNOB
from tests.nodal.signals import noise


def parameters_of(model):
    return model.parameters()["values"]


def moved(model, change):
    return model.with_parameters(jax.tree.map(change, model.parameters()))


def test_positive_values_are_in_log_scale():
    model = NodalModel(diode_clipper(), trainable=("r*", "C1", "DCLIP.*"), dtype=jnp.float64)
    assert set(parameters_of(model)["log_scale"]) == {"R1", "C1", "DCLIP.IS", "DCLIP.N"}
    shifted = moved(model, lambda value: value + np.log(2.0))
    for name in ("R1", "C1", "DCLIP.IS"):
        assert float(shifted.circuit.values[name]) == pytest.approx(2 * float(diode_clipper().values[name]), rel=1e-12)
    assert float(shifted.circuit.values["D1"]) == 1
    assert shifted.circuit.state_names == ("C1",)
    x = noise(40, 1)
    fresh = NodalModel(shifted.circuit, dtype=jnp.float64)
    np.testing.assert_allclose(run(shifted, x)[1], run(fresh, x)[1], rtol=0, atol=1e-13)


def test_knobs_sources_gains_and_pinch_off_voltages_are_linear():
    assert set(parameters_of(NodalModel(KNOB, trainable=("drive", "Vin")))["linear"]) == {"drive", "Vin"}
    fet = NodalModel(catalogue.jfet_stage(), trainable=("*.VTO", "*.BETA"))
    assert set(parameters_of(fet)["linear"]) == {"J2N5457.VTO"}
    assert set(parameters_of(fet)["log_scale"]) == {"J2N5457.BETA"}
    pedal = NodalModel(catalogue.tube_screamer_clipping(), trainable="E*")
    assert set(parameters_of(pedal)["linear"]) == {"E.XU1.E1"}


def test_tolerances_are_never_left():
    model = NodalModel(diode_clipper(), trainable={"R*": 0.05, "C1": 0.2}, dtype=jnp.float64)
    nominal = diode_clipper().values
    for name in ("R1", "C1"):
        assert float(model.circuit.values[name]) == pytest.approx(float(nominal[name]), rel=1e-15)
    for far, ends in ((60.0, (1.05, 1.2)), (-60.0, (0.95, 0.8))):
        found = moved(model, lambda value, far=far: value + far).circuit.values
        for name, end in zip(("R1", "C1"), ends, strict=True):
            assert float(found[name]) == pytest.approx(end * float(nominal[name]), rel=1e-12)


def test_a_later_pattern_overrules_and_none_is_without_bounds():
    model = NodalModel(catalogue.bassman(), trainable={"*": 0.1, "C?": None, "R4": 0.01})
    assert dict(model.values.tolerance)["R4"] == 0.01
    assert set(parameters_of(model)["log_scale"]) == {"C1", "C2", "C3"}


@pytest.mark.slow
def test_gradients_within_tolerances():
    """What moves is nominal tolerance 2 sigmoid'(p): at p = 0 half the tolerance times the gradient of the value."""
    circuit, x = diode_clipper(), jnp.asarray(noise(40, 1))

    def slopes(trainable):
        model = NodalModel(circuit, trainable=trainable, dtype=jnp.float64)

        def energy(parameters):
            moved = model.with_parameters(parameters)
            return jnp.sum(moved(moved.init_carry(), x)[1] ** 2)

        return jax.jit(jax.grad(energy))(model.parameters())["values"]

    within = slopes({"R1": 0.05, "DCLIP.IS": 0.5})["within"]
    by_logarithm = slopes(("R1", "DCLIP.IS"))["log_scale"]
    for name, tolerance in (("R1", 0.05), ("DCLIP.IS", 0.5)):
        assert float(within[name]) == pytest.approx(float(by_logarithm[name]) * tolerance / 2, rel=1e-9)


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -0.1])
def test_a_tolerance_is_a_fraction(tolerance):
    with pytest.raises(ValueError, match="'R\\*' must be between 0 and 1"):
        NodalModel(diode_clipper(), trainable={"R*": tolerance})

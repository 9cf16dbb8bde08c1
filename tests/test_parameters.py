"""All that can be learnt as one argument: gradients, batches of models, and errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import circuitnn as cn
from circuitnn.hybrid import Gain
from circuitnn.testing import check_gradient
from circuitnn.wdf import Capacitor, DiodePair, NeuralOnePort, NeuralRoot, Parallel, ResistiveVoltageSource, WDFModel
from tests.models import Leaky

X = 2 * np.sin(0.4 * np.arange(24))


@pytest.fixture(scope="module")
def model():
    """A circuit whose diodes are a network, in a chain with two more kinds."""
    root = NeuralRoot(DiodePair(), NeuralOnePort((3,), rngs=nnx.Rngs(0), dtype=np.float64))
    tree = Parallel(ResistiveVoltageSource(2.2e3, "Vin"), Capacitor(10e-9, "C1"))
    clipper = WDFModel(tree, root, trainable={"RVin": None, "C1": 0.1}, dtype=np.float64)
    return cn.chain(clipper=clipper, low=Leaky(dtype=np.float64), gain=Gain(0.7, trainable=True, dtype=np.float64))


@pytest.mark.slow
def test_gradients(model):
    parameters = model.parameters()
    assert parameters["models"][0]["values"] == {"log_scale": {"RVin": 0}, "within": {"C1": 0}}
    assert len(jax.tree.leaves(parameters["models"][0]["network"])) == 4
    check_gradient(lambda p: jnp.sum(cn.run(model.with_parameters(p), X)[1] ** 2), (parameters,), rtol=1e-5)


def test_the_numbers_are_those_of_the_model_and_the_model_stays(model):
    parameters = model.parameters()
    before = cn.run(model, X)[1]
    parameters["models"][0]["values"]["log_scale"]["RVin"] += np.log(2)
    louder = {"models": {2: {"factor": 1.4}}}  # a part will do
    changed = model.with_parameters(parameters).with_parameters(louder)
    np.testing.assert_allclose(changed["clipper"].circuit.values["RVin"], 4.4e3)
    assert float(changed.parameters()["models"][2]["factor"]) == 1.4
    changed["low"].pole[...] = 0.5
    np.testing.assert_array_equal(cn.run(model, X)[1], before)
    same = jax.tree.map(np.asarray, model.with_parameters(model.parameters()).parameters())
    jax.tree.map(np.testing.assert_array_equal, same, jax.tree.map(np.asarray, model.parameters()))


def test_a_batch_of_models(model):
    factors = jnp.array([0.5, 2.0])
    many = jax.vmap(lambda p: cn.run(model.with_parameters({"models": {2: {"factor": p}}}), X)[1])(factors)
    np.testing.assert_allclose(many[1], 4 * many[0], rtol=1e-12)


def test_names_and_shapes_that_do_not_fit(model):
    with pytest.raises(
        ValueError, match=r"no parameter models.2.gain in this Chain; there are models.0.*models.2.factor"
    ):
        model.with_parameters({"models": {2: {"gain": 1.0}}})
    kernel = {"models": {0: {"network": {"kernels": {0: np.zeros((2, 2))}}}}}
    with pytest.raises(ValueError, match=r"kernels.0: expected shape \(3, 2\), got \(2, 2\)"):
        model.with_parameters(kernel)

"""What every model has to obey: the block law, batches of its entries, both precisions; with all rules and devices."""

import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import catalogue, read_netlist
from circuitnn.nodal import NodalModel
from circuitnn.testing import check_batch, check_block_law, check_model
from tests.cases import cases
from tests.mna.circuits import DIODES, KNOB, RLC
from tests.nodal.signals import noise

# Circuits and how loud they are played; a transistor, an op-amp that limits, tubes as behavioural sources, a JFET.
CIRCUITS = {
    "series": (DIODES["series"], 5.0),
    "rlc": (RLC, 1.0),
    "common_emitter": (catalogue.common_emitter(), 0.1),
    "klon_amplifier": (catalogue.klon_amplifier(), 1.0),
    "triode_dempwolf": (catalogue.triode_dempwolf(), 1.0),
    "jfet_stage": (catalogue.jfet_stage(), 0.5),
}


def loud(name, *shape):
    return noise(*shape, 1, peak=CIRCUITS[name][1])


@pytest.mark.parametrize("name", cases(CIRCUITS, quick=("biased", "rlc")))
def test_blocks_batches_and_precisions(name):
    # Single precision loses a conductance of 100 uS beside the 1.6 ohm or less inside a transistor to half a percent.
    single = 1e-2 if name in ("common_emitter", "jfet_stage") else 1e-3
    build = lambda dtype: NodalModel(CIRCUITS[name][0], dtype=dtype)  # noqa: E731
    check_model(build, loud(name, 2, 40), rtol=1e-10, single=single, gradient=None)


@pytest.mark.slow
@pytest.mark.parametrize("rule", cases(["trapezoidal", "backward_euler", "bdf2"], quick=("trapezoidal",)))
def test_the_block_law_at_single_samples(rule):
    model = NodalModel(DIODES["half_wave"], rule=rule, dtype=jnp.float64)
    check_block_law(model, noise(6, 1), cuts=(1, 2, 3, 4, 5), rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("rule", cases(["trapezoidal", "bdf2"], quick=("bdf2",)))
def test_the_block_law_with_a_knob_that_moves(rule):
    along = 0.5 + 0.4 * np.sin(np.arange(40) / 9)
    model = NodalModel(KNOB, rule=rule, dtype=jnp.float64)
    check_block_law(model, noise(2, 40, 1), controls={"drive": np.stack([along, 1 - along])}, rtol=1e-10)


@pytest.mark.parametrize("rule", cases(["trapezoidal", "bdf2"], quick=["bdf2"]))
def test_the_block_law_with_a_capacitance_that_moves(rule):
    circuit = read_netlist("* t\n.param c=0.5\nVin in 0 0\nR1 in out 10k\nC1 out 0 {c*20n}\n.end")
    model = NodalModel(circuit, rule=rule, dtype=jnp.float64)
    check_block_law(model, noise(40, 1), controls={"c": 0.5 + 0.4 * np.sin(np.arange(40) / 9)}, rtol=1e-10)


@pytest.mark.slow
def test_a_batch_is_its_entries():
    check_batch(NodalModel(CIRCUITS["series"][0], dtype=jnp.float64), loud("series", 2, 40), rtol=1e-10)

import jax.numpy as jnp
import numpy as np
import pytest

from circuitnn.circuit import read_netlist
from circuitnn.model import Forcing, trace
from circuitnn.nodal import NodalModel
from tests.mna.circuits import DIODES, KNOB, RLC
from tests.nodal.signals import noise

LOOP = read_netlist("* loop of capacitors\nVin in 0 0\nR1 in out 1k\nC1 out 0 10n\nC2 out b 20n\nVb b 0 1\n.end")
SOME = np.arange(80) % 3 == 0


def before(model, states):
    """The states before each sample of a free run from rest."""
    rest = np.expand_dims(model.init_carry(states.shape[:-2]).states, -2)
    return jnp.asarray(np.concatenate([rest, states[..., :-1, :]], axis=-2))


@pytest.mark.parametrize(
    ("name", "mask"), [("biased", None), pytest.param("series", SOME, marks=pytest.mark.slow), ("rlc", SOME)]
)
def test_its_own_states_reproduce_its_free_run(name, mask):
    model, x = NodalModel((DIODES | {"rlc": RLC})[name], dtype=jnp.float64), noise(2, 80, 1)
    free, y, states = trace(model, x)
    mask = mask if mask is None else jnp.broadcast_to(mask, (2, 80))
    forced, y_forced, states_forced = trace(model, x, forcing=Forcing(before(model, states), mask))
    np.testing.assert_allclose(y_forced, y, rtol=0, atol=1e-11 * np.abs(y).max())
    np.testing.assert_allclose(states_forced, states, rtol=0, atol=1e-11)
    np.testing.assert_allclose(forced.states, free.states, rtol=0, atol=1e-11)
    if name == "series":
        again = model.force(model.force(free, free.states * 0), model.states(free))
        for field in ("states", "dual", "ports", "u"):
            np.testing.assert_allclose(getattr(again, field), getattr(free, field), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("rule", ["trapezoidal", "bdf2"])
def test_a_state_that_is_shown_is_what_counts(rule):
    """What came before a forced sample has no influence, with any rule."""
    model, x = NodalModel(RLC, rule=rule, dtype=jnp.float64), noise(20, 1)
    shown = Forcing(jnp.full((20, 2), 0.2), jnp.arange(20) == 10)
    other = x.copy()
    other[:9] += 1  # sample 9 is the input that the currents at the shown state belong to
    _, y, _ = trace(model, x, forcing=shown)
    _, y_other, _ = trace(model, other, forcing=shown)
    np.testing.assert_allclose(y[10:], y_other[10:], rtol=0, atol=1e-12)
    assert np.abs(y[:9] - y_other[:9]).max() > 0.01


@pytest.mark.slow
def test_forced_with_time_varying_knobs():
    model, x = NodalModel(KNOB, dtype=jnp.float64), noise(60, 1)
    knobs = {"drive": 0.5 + 0.4 * np.sin(np.arange(60) / 9)}
    _, y, states = trace(model, x, controls=knobs)
    _, forced, _ = trace(model, x, controls=knobs, forcing=Forcing(before(model, states)))
    # The very first currents belong to the knobs before the block, which nobody knows; the capacitors are empty there.
    np.testing.assert_allclose(forced, y, rtol=0, atol=1e-12)


def test_states_that_constrain_each_other_can_be_forced():
    """C1 and C2 with a source are a loop: their currents follow from the capacitances."""
    model, x = NodalModel(LOOP, dtype=jnp.float64), noise(50, 1)
    _, y, states = trace(model, x)
    _, forced, _ = trace(model, x, forcing=Forcing(before(model, states)))
    np.testing.assert_allclose(forced, y, rtol=0, atol=1e-5)

"""What every model of this library obeys, of wave digital filters: blocks, batches, states, learnable values, files."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.model import Forcing, StateModel
from circuitnn.testing import check_batch, check_block_law, check_dtypes
from circuitnn.wdf import Capacitor, DiodePair, Inductor, Parallel, ResistiveVoltageSource, Resistor, Series, WDFModel
from tests.cases import cases
from tests.wdf.agreement import FS, guitar_like, played

SAMPLES = 60


def hand_built(dtype=jnp.float64, **options):
    """A clipper behind a coil, with a knob; three states."""
    tree = Parallel(
        Series(ResistiveVoltageSource("2.2k", "in"), Capacitor("470n", "Ch"), Inductor("10m", "L1")),
        Capacitor("10n", "Cl"),
        Resistor("1k+100k*load", "R1"),
    )
    return WDFModel(tree, DiodePair(), FS, controls={"load": 0.5}, dtype=dtype, **options)


def derived(name="tube_screamer_clipping", dtype=jnp.float64, **options):
    return cn.wdf.derive(cn.circuits.CATALOGUE[name](), FS, dtype=dtype, **options)


def noise(*batch, peak=3.0):
    return guitar_like(*batch, SAMPLES, peak=peak)[..., None]


@pytest.mark.parametrize("rule", cases(["trapezoidal", "bdf2"], quick=["bdf2"]))
def test_the_block_law(rule):
    along = 0.5 + 0.4 * np.sin(np.arange(SAMPLES) / 9)
    knobs = {"load": np.stack([along, 1 - along])}
    check_block_law(hand_built(rule=rule), noise(2), controls=knobs, cuts=(30,), rtol=1e-10)


@pytest.mark.slow
def test_the_block_law_at_single_samples():
    check_block_law(hand_built(), noise()[:6], cuts=(1, 2, 3, 4, 5), rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tube_screamer_clipping", "bassman", "triode_dempwolf"])
def test_the_block_law_of_the_catalogue(name):
    check_block_law(derived(name), played(name, SAMPLES), cuts=(30,), rtol=1e-10)


@pytest.mark.slow
def test_a_batch_is_its_entries():
    check_batch(hand_built(), noise(3), rtol=1e-10)


@pytest.mark.slow
def test_both_precisions():
    check_dtypes(hand_built, noise(2), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bassman", "tube_screamer_clipping", "common_emitter", "triode_dempwolf"])
def test_both_precisions_of_the_catalogue(name):
    # Single precision loses a conductance of 100 uS beside the 1.6 ohm inside a transistor, as in the nodal model.
    rtol = 1e-2 if name == "common_emitter" else 1e-3
    check_dtypes(lambda dtype: derived(name, dtype), played(name, SAMPLES), rtol=rtol)


def test_the_states_are_those_of_the_circuit():
    """In volts and amperes: across Cl is the output, and across Ch and L1 what is left of the source."""
    model, x = hand_built(), noise()
    assert isinstance(model, StateModel)
    assert set(model.state_names) == {"Ch", "L1", "Cl"}
    carry, y, states = cn.trace(model, x)
    assert states.shape == (SAMPLES, 3)
    np.testing.assert_allclose(states[:, model.state_names.index("Cl")], y[:, 0], rtol=0, atol=1e-13)
    np.testing.assert_array_equal(model.states(carry), states[-1])
    # The trapezoidal rule itself: C dv = T/2 (i + i of the sample before), with i that of the coil.
    ch, i = (np.asarray(states[:, model.state_names.index(name)]) for name in ("Ch", "L1"))
    np.testing.assert_allclose(np.diff(ch), (i[1:] + i[:-1]) / (2 * FS * 470e-9), rtol=0, atol=1e-12)


def before(model, states):
    """The states before each sample of a run from rest."""
    rest = jnp.broadcast_to(model.init_carry(()).states, (*states.shape[:-2], 1, states.shape[-1]))
    return jnp.concatenate([rest, states[..., :-1, :]], axis=-2)


@pytest.mark.parametrize("mask", [None, np.arange(SAMPLES) % 3 == 0], ids=["all", "some"])
def test_its_own_states_reproduce_its_free_run(mask):
    model, x = hand_built(), noise(2)
    free, y, states = cn.trace(model, x)
    mask = mask if mask is None else jnp.broadcast_to(mask, (2, SAMPLES))
    forced, y_forced, states_forced = cn.trace(model, x, forcing=Forcing(before(model, states), mask))
    np.testing.assert_allclose(y_forced, y, rtol=0, atol=1e-11)
    np.testing.assert_allclose(states_forced, states, rtol=0, atol=1e-11)
    np.testing.assert_allclose(forced.states, free.states, rtol=0, atol=1e-11)


@pytest.mark.slow
def test_forced_states_are_what_counts():
    """Those of another run, as the nodal model answers to them too."""
    model, x = hand_built(), noise()
    shown = Forcing(0.3 * jnp.asarray(guitar_like(3, SAMPLES)).T * jnp.asarray([1, 1, 1e-3]))
    nodal = cn.nodal.NodalModel(model.circuit, FS, dtype=jnp.float64)
    assert nodal.state_names == model.state_names
    _, y, states = cn.trace(model, x, forcing=shown)
    _, expected, expected_states = cn.trace(nodal, x, forcing=shown)
    _, free, _ = cn.trace(model, x)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(states, expected_states, rtol=0, atol=1e-11)
    assert np.max(np.abs(y - free)) > 0.01


def test_force_restores_a_carry_from_its_states():
    model = hand_built()
    carry, _ = cn.run(model, noise())
    again = model.force(model.force(carry, carry.states * 0), model.states(carry))
    for name in ("states", "dual", "u"):
        np.testing.assert_allclose(getattr(again, name), getattr(carry, name), rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_teacher_forcing_trains_a_value():
    """A wrong capacitance finds its way back to the one that the data were made with."""
    truth, x = hand_built(), np.asarray(noise(4), np.float64)
    _, y, states = cn.trace(truth, x)
    model = hand_built(trainable=("Cl",))
    parameters = model.parameters()
    shown = Forcing(before(truth, states))

    @jax.jit
    def loss(parameters):
        moved = model.with_parameters(parameters)
        return jnp.mean((moved.trace(moved.init_carry((4,)), jnp.asarray(x), None, shown)[1] - y) ** 2)

    assert float(loss(parameters)) < 1e-20
    off = jax.tree.map(lambda leaf: leaf + 0.2, parameters)
    away, slope = jax.value_and_grad(loss)(off)
    assert float(away) > 1e-8
    assert all(float(leaf) > 0 for leaf in jax.tree.leaves(slope))  # downhill is back


def test_learnable_values():
    model = hand_built(trainable={"C*": None, "load": None, "RVin": 0.05})
    found = model.parameters()["values"]
    assert set(found["log_scale"]) == {"Ch", "Cl"}
    assert set(found["linear"]) == {"load"}
    assert set(found["within"]) == {"RVin"}
    with pytest.raises(ValueError, match="matches no value"):
        hand_built(trainable=("Q*",))


def test_saving(tmp_path):
    model, other = hand_built(trainable=("C*",)), hand_built(trainable=("C*",))
    model = model.with_parameters(jax.tree.map(lambda leaf: leaf + 0.3, model.parameters()))
    cn.train.save(model, tmp_path / "model.npz")
    loaded, x = cn.train.load(other, tmp_path / "model.npz"), noise()
    _, y = cn.run(loaded, x)
    np.testing.assert_array_equal(y, cn.run(model, x)[1])
    assert np.max(np.abs(y - cn.run(hand_built(), x)[1])) > 1e-3


def test_rest_and_silence():
    model = hand_built()
    carry, y = cn.run(model, np.zeros(50))
    np.testing.assert_allclose(y, 0, atol=1e-14)
    assert model.init_carry((2, 3)).states.shape == (2, 3, 3)
    assert int(carry.report.failed) == 0


def test_the_circuit_of_a_tree_can_be_derived_again():
    """A tree is a circuit; what is derived of it may be another tree, and is the same filter."""
    model, x = hand_built(), noise()
    again = cn.wdf.derive(model.circuit, FS, dtype=jnp.float64)
    assert again.state_names == model.state_names
    np.testing.assert_allclose(cn.run(again, x)[1], cn.run(model, x)[1], rtol=0, atol=1e-12)

"""Gradients through wave digital filters, in every value of the circuit and in the input, against differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.testing import check_gradient
from circuitnn.wdf import (
    Capacitor,
    Diode,
    DiodePair,
    Inductor,
    Parallel,
    ResistiveVoltageSource,
    Resistor,
    RType,
    Series,
    Transformer,
    VoltageSource,
    WDFModel,
)
from tests.wdf.agreement import FS, guitar_like, played

pytestmark = pytest.mark.slow  # each compiles a model or two

SAMPLES = 40


def energy_of(model):
    """The energy of the output from rest as a function of all values of the circuit and the input; and the values."""

    def energy(values, u):
        moved = model.with_parameters({"values": {"nominal": values}})
        return jnp.sum(moved(moved.init_carry(), u)[1] ** 2)

    return energy, {name: jnp.asarray(value) for name, value in model.circuit.values.items()}


def derived(name):
    return cn.wdf.derive(cn.circuits.CATALOGUE[name](), FS, dtype=jnp.float64)


def clipper(root=None, voltage=None):
    tree = Parallel(ResistiveVoltageSource("2.2k", "in", voltage), Capacitor("10n", "C1"))
    return WDFModel(tree, root or DiodePair(), FS, dtype=jnp.float64)


@pytest.mark.parametrize(
    "name",
    [
        "diode_clipper",
        "diode_clipper_second_order",
        "tube_screamer_clipping",
    ],
)
def test_circuits_of_the_catalogue(name):
    energy, values = energy_of(derived(name))
    check_gradient(energy, (values, jnp.asarray(played(name, SAMPLES))))


def one_sided(f, end, step=1e-4):
    """A difference of fourth order from the inside."""
    inside = 1 - 2 * end
    values = [float(f(end + inside * m * step)) for m in range(5)]
    return inside * np.dot((-25, 48, -36, 16, -3), values) / (12 * step)


def test_bassman_at_all_ends_of_its_knobs():
    """Pots that are shorts: values, and the knobs themselves from the inside."""
    energy, values = energy_of(derived("bassman"))
    x = jnp.asarray(played("bassman", SAMPLES))
    gradient = jax.jit(jax.grad(energy))
    jitted = jax.jit(energy)
    knobs = ("treble", "bass", "mid")
    for position in (0.0, 0.5, 1.0):
        at = values | {knob: jnp.asarray(position) for knob in knobs}
        exact = gradient(at, x)
        assert all(np.isfinite(each) for each in exact.values())
        largest = max(abs(float(exact[name] * at[name])) for name in at)
        for name in at:
            here = float(at[name])
            size = 1.0 if name in (*knobs, "Vin") else here
            if name in knobs and position != 0.5:
                found = one_sided(lambda k, at=at, name=name: jitted(at | {name: jnp.asarray(k)}, x), position)
            else:
                e = [float(jitted(at | {name: jnp.asarray(here + m * 1e-4 * size)}, x)) for m in (1, -1, 2, -2)]
                found = (8 * (e[0] - e[1]) - (e[2] - e[3])) / (12e-4 * size)
            scale = max(abs(found * size), 1e-3 * largest)
            assert abs(float(exact[name]) - found) * size < 1e-6 * scale, (name, position, exact[name], found)


@pytest.mark.parametrize("root", [None, Diode()], ids=["pair", "diode"])
def test_hand_built_clippers(root):
    energy, values = energy_of(clipper(root))
    check_gradient(energy, (values, jnp.asarray(guitar_like(SAMPLES, peak=4)[:, None])))


def test_an_r_type_adaptor_with_a_nullor_and_a_transformer():
    parts = [
        VoltageSource("in"),
        Series(Resistor("1k"), Capacitor("100n")),
        Parallel(Resistor("10k"), Capacitor("1n")),
        Series(Resistor(100), Transformer(Parallel(Resistor("1k"), Inductor("10m")), 2.0)),
    ]
    nodes = [("a", "0"), ("a", "minus"), ("minus", "o"), ("o", "0")]
    model = WDFModel(
        RType(*parts, nodes=nodes, nullors=[("o", "0", "minus")]),
        DiodePair(nodes=("minus", "o")),
        FS,
        output="o",
        dtype=jnp.float64,
    )
    energy, values = energy_of(model)
    # The gain of what is written down as a source is none: nothing depends on it.
    check_gradient(energy, (values, jnp.asarray(guitar_like(SAMPLES)[:, None])))


@pytest.mark.parametrize("root", [DiodePair(), Diode()], ids=["pair", "diode"])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_silence_and_fifty_volts(root, dtype):
    """No gradient is NaN, where nothing happens and where everything is far beyond what a device is made for."""
    tree = Parallel(ResistiveVoltageSource("2.2k", "in"), Capacitor("10n", "C1"))
    energy, values = energy_of(WDFModel(tree, root, FS, dtype=dtype))
    values = {name: jnp.asarray(value, dtype) for name, value in values.items()}
    gradient = jax.jit(jax.value_and_grad(energy, argnums=(0, 1)))
    square = 50 * np.sign(np.sin(2 * np.pi * 1000 * np.arange(SAMPLES) / FS + 0.1))
    for u in (np.zeros(SAMPLES), square, guitar_like(SAMPLES, peak=50)):
        value, found = gradient(values, jnp.asarray(u, dtype)[:, None])
        assert np.isfinite(value)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))


def test_fifty_volts_against_differences():
    energy, values = energy_of(derived("diode_clipper"))
    check_gradient(energy, (values, jnp.asarray(guitar_like(SAMPLES, peak=50)[:, None])), rtol=1e-5)


def test_the_initial_states():
    model, x = clipper(), jnp.asarray(guitar_like(SAMPLES, peak=2)[:, None])
    check_gradient(lambda s: jnp.sum(model(model.force(model.init_carry(), s), x)[1] ** 2), (jnp.asarray([0.3]),))


# One of each sort; it holds for all others, too, which would take minutes.
ONE_OF_EACH = (
    "vox_ac30",
    "pultec_eqp1a",
    "klon_clipping",
    "phase90_stage",
    "sallen_key",
    "common_emitter",
    "jfet_stage",
)


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_gradients_are_those_of_the_nodal_model(name):
    """Two roads to one derivative, with respect to every value and the input; the nodal one is held to differences."""
    x = jnp.asarray(played(name, SAMPLES))
    found = []
    for model in (derived(name), cn.nodal.NodalModel(cn.circuits.CATALOGUE[name](), FS, dtype=jnp.float64)):
        energy, values = energy_of(model)
        by_value, by_input = jax.jit(jax.grad(energy, argnums=(0, 1)))(values, x)
        sizes = np.array([abs(float(value)) or 1.0 for value in values.values()])
        found.append((np.array([float(by_value[key]) for key in values]) * sizes, np.asarray(by_input)))
    for wave, nodal in zip(*found, strict=True):
        # Of derivatives that are tiny beside the largest only rounding is left.
        scale = np.maximum(np.abs(nodal), 1e-3 * np.max(np.abs(nodal)))
        assert np.max(np.abs(wave - nodal) / scale) < 1e-6

"""Trees of passive elements create no energy, whatever their values: nothing can ever blow up.

With the trapezoidal rule the state of a capacitor is the wave a = v + R i into it, R = T/(2 C), and that of an inductor
a/R = i + v/R, R = 2 L/T: z of the companion model. One sample later the element gives back b = a or b = -a. The power
into all elements, the sum of v i = (a^2 - b^2)/(4 R), is zero (Tellegen), and what resistors, sources at zero and
diodes take of it is not negative; so the sum of a^2/R, which is 2/T times that of C z^2 or L z^2, never grows.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitnn as cn
from circuitnn.wdf import (
    Capacitor,
    Diode,
    DiodePair,
    Inductor,
    Inverter,
    Parallel,
    ResistiveVoltageSource,
    Resistor,
    Series,
    Transformer,
    WDFModel,
    YParameters,
    parallel_rc,
)
from tests.wdf.agreement import FS

SAMPLES, EACH = 100, 16
RANGES = {"R": (0, 6), "C": (-12, -6), "L": (-4, 0)}  # decades of ohms, farads, henries
LEAVES = {"R": Resistor, "C": Capacitor, "L": Inductor}


@st.composite
def trees(draw, depth=2):
    """Nested adaptors, some of them over transformers and inverters."""
    kind = draw(st.sampled_from("RCLCLSPSPIT" if depth else "RCL"))
    if kind in LEAVES:
        return LEAVES[kind](1e-3)
    if kind in "SP":
        parts = [draw(trees(depth - 1)) for _ in range(draw(st.integers(2, 3)))]
        return Series(*parts) if kind == "S" else Parallel(*parts)
    part = draw(trees(depth - 1))
    return Inverter(part) if kind == "I" else Transformer(part, draw(st.sampled_from((0.5, -3.0, 20.0))))


def energies(model, values, starts):
    """The energy of the states after each sample with no input, (EACH, SAMPLES + 1), and the outputs."""
    names = model.state_names

    @jax.jit
    @jax.vmap
    def run(values, start):
        moved = model.with_parameters({"values": {"nominal": values}})
        circuit = moved.circuit
        size = jnp.stack([circuit.values[name] for name in names])
        rate = jnp.stack([0.5 / FS / circuit.values[name] for name in names])

        def energy(carry):
            return jnp.sum(size * (carry.states + rate * carry.dual) ** 2)

        def step(carry, _):
            carry, y = moved(carry, jnp.zeros((1, 1), moved.dtype))
            return carry, (energy(carry), y[0, 0], carry.report.failed)

        carry = moved.force(moved.init_carry(), start)
        _, (after, y, failed) = jax.lax.scan(step, carry, length=SAMPLES)
        return jnp.concatenate([energy(carry)[None], after]), y, failed[-1]

    return (np.asarray(each) for each in run(values, starts))


def random_values(model, seed):
    random = np.random.default_rng(seed)
    names = [part.name for part in model.circuit.components if part.kind in LEAVES]
    values = {name: jnp.asarray(10 ** random.uniform(*RANGES[name[0]], EACH)) for name in names}
    return values, jnp.asarray(random.standard_normal((EACH, len(model.state_names))))


def creates_no_energy(tree, root, seed):
    # The first parallel capacitor sees to it that there is a state.
    whole = Parallel(ResistiveVoltageSource(1e3, "in"), Series(Capacitor(1e-9), Resistor(10.0)), tree)
    model = WDFModel(whole, root, FS, dtype=jnp.float64)
    values, starts = random_values(model, seed)
    energy, y, failed = energies(model, values, starts)
    assert np.all(failed == 0)
    assert np.isfinite(y).all()
    assert np.all(energy[:, 0] > 0)
    grows = np.max(np.diff(energy, axis=1) / energy[:, :1])
    assert grows < 1e-11, (grows, str(model))


@settings(max_examples=2)
@given(trees(), st.integers(0, 1000))
def test_linear_trees(tree, seed):
    creates_no_energy(tree, None, seed)


@pytest.mark.slow
@settings(max_examples=20)
@given(trees(), st.integers(0, 1000))
def test_many_linear_trees(tree, seed):
    creates_no_energy(tree, None, seed)


@pytest.mark.slow
@settings(max_examples=6)
@given(trees(), st.integers(0, 1000))
def test_trees_with_diodes_at_the_root(tree, seed):
    creates_no_energy(tree, DiodePair(), seed)
    creates_no_energy(tree, Diode(), seed)


def test_what_is_active_does_create_energy():
    """A negative conductance of 2 mS beside 1 mS: the check can fail."""
    two_port = YParameters(parallel_rc(1e6, 1e-9), -2e-3, 0.0, 0.0, 1e-3)
    tree = Parallel(ResistiveVoltageSource(1e3, "in"), Capacitor(10e-9), two_port)
    model = WDFModel(tree, None, FS, dtype=jnp.float64)
    _, starts = random_values(model, 0)
    energy, _, _ = energies(model, {}, starts)
    assert np.all(energy[:, 5] > energy[:, 0])


@pytest.mark.parametrize("root", [None, DiodePair()], ids=["linear", "diodes"])
def test_everything_dies_away(root):
    """Where each state is damped, energy and output fall to nothing; the bound alone would allow them to stay."""
    tree = Parallel(
        ResistiveVoltageSource(1e3, "in"),
        Series(Inductor(10e-3), Capacitor(100e-9), Resistor(500.0)),
        Inverter(Series(Resistor(2e3), Transformer(Parallel(Capacitor(10e-9), Resistor(1e3)), -2.0))),
    )
    model = WDFModel(tree, root, FS, dtype=jnp.float64)
    carry = model.force(model.init_carry(), jnp.asarray([1e-3, 2.0, -1.0]))
    _, y = cn.run(model, np.zeros(1000), carry)
    peak = [np.max(np.abs(each)) for each in np.split(np.asarray(y), 10)]
    assert peak[0] > 0.1
    assert peak[-1] < 1e-9 * peak[0]

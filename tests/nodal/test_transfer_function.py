import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from circuitnn import testing
from circuitnn.circuit import catalogue, read_netlist
from circuitnn.devices.constants import THERMAL_VOLTAGE
from circuitnn.mna.stamps import GMIN
from circuitnn.nodal import TransferFunction, frequency_response, transfer_function
from tests.cases import cases
from tests.circuit.catalogue.closed_forms import CLOSED_FORMS
from tests.golden.catalogue.load import golden, settings
from tests.mna.circuits import BIASED, KNOB, RLC

FREQS = np.geomspace(20, 20e3, 61)
STACKS = ("bassman", "mesa_mark", "princeton")
# One of each sort; the others with the slow tests.
QUICK = {"pultec_eqp1a", "sallen_key", "klon_tone", "big_muff_tone", "diode_clipper_second_order", "common_emitter"}
TWO = read_netlist(
    "* two inputs, three outputs\nVa a 0 0\nVb b 0 0\nR1 a m 1k\nR2 b m 2k\nC1 m 0 10n\nR3 m n 1k\nC2 n 0 47n\n.end",
    inputs=("Va", "Vb"),
    outputs=("m", "n", "a"),
)
CASCADE = (
    "* {n} equal stages, apart from each other\nVin n0 0 0\n"
    + "".join(f"R{k} n{k - 1} m{k} 1k\nC{k} m{k} 0 100n\nE{k} n{k} 0 m{k} 0 1\n" for k in range(1, 5))
    + ".end"
)


def cascade():
    return read_netlist(CASCADE, outputs=("n4",))


@pytest.mark.parametrize("name", STACKS)
def test_tone_stacks_against_the_closed_form(name):
    circuit = catalogue.CATALOGUE[name]()
    rng = np.random.default_rng(1)
    knobs = {knob: rng.uniform(0, 1, (4, 1)) for knob in circuit.controls}
    tf = transfer_function(circuit, controls=knobs)
    assert tf.b.shape == tf.a.shape == (4, 4)
    assert np.all(tf.a[:, -1] == 1)
    assert np.all(tf.b[:, -1] == 0)
    # Closed forms are functions: the coefficients follow from their values at six frequencies.
    s = 2j * np.pi * np.geomspace(5, 50e3, 12)
    for k in range(4):
        h = CLOSED_FORMS[name](s, **{knob: value[k, 0] for knob, value in knobs.items()})
        scale = 1e3 ** np.arange(3, 0, -1)
        powers = np.stack([(s / 1e3) ** p for p in (3, 2, 1)], 1)
        matrix = np.concatenate([powers, -h[:, None] * powers], 1) / np.abs(h)[:, None]
        right = h / np.abs(h)
        found = np.linalg.lstsq(
            np.concatenate([matrix.real, matrix.imag]), np.concatenate([right.real, right.imag]), rcond=None
        )[0]
        np.testing.assert_allclose(tf.b[k, :3] * scale, found[:3], rtol=1e-8)
        np.testing.assert_allclose(tf.a[k, :3] * scale, found[3:], rtol=1e-8)


def test_bassman_coefficients():
    """The first row of Yeh and Smith (2006) by hand, knobs in the middle."""
    circuit = catalogue.bassman()
    tf = transfer_function(circuit, controls={"treble": 0.5, "bass": 0.5, "mid": 0.5})
    R1, R2, R3, R4, C1, C2, C3 = 250e3, 1e6, 25e3, 56e3, 250e-12, 20e-9, 20e-9
    t, m, b = 0.5, 0.5, np.exp(-1.7)
    assert float(tf.b[2]) == pytest.approx(
        t * C1 * R1 + m * C3 * R3 + b * (C1 * R2 + C2 * R2) + C1 * R3 + C2 * R3, rel=1e-10
    )
    a1 = C1 * R1 + C1 * R3 + C2 * R3 + C2 * R4 + C3 * R4 + m * C3 * R3 + b * (C1 * R2 + C2 * R2)
    assert float(tf.a[2]) == pytest.approx(a1, rel=1e-10)


def test_klon_amplifier_and_tone():
    gain, treble = 0.3, 0.7
    C7, C8, R11, R12, Rg = 82e-9, 390e-12, 15e3, 422e3, 2e3 + (1 - gain) * 100e3
    a = np.array([C7 * C8 * Rg * R11 * R12, C7 * Rg * R11 + C8 * R12 * (Rg + R11), Rg + R11])
    b = a + np.array([0, C7 * R11 * R12, R12])
    tf = transfer_function(catalogue.klon_amplifier(), controls={"gain": gain})
    np.testing.assert_allclose(tf.a, a / a[-1], rtol=1e-4)  # its op-amp has a gain of 1e5
    np.testing.assert_allclose(tf.b, b / a[-1], rtol=1e-4)
    C, G2, G3 = 3.9e-9, 1 / (1.8e3 + (1 - treble) * 10e3), 1 / (4.7e3 + treble * 10e3)
    below = 1e-5 * (G2 + G3)
    tf = transfer_function(catalogue.klon_tone(), controls={"treble": treble})
    np.testing.assert_allclose(tf.a, [C * (G3 + 1e-5) / below, 1], rtol=1e-4)
    np.testing.assert_allclose(tf.b, [-C * (1e-5 + G2) / below, -1], rtol=1e-4)


@pytest.mark.parametrize("name", cases(catalogue.CATALOGUE, quick=QUICK))
def test_response_of_the_whole_catalogue(name):
    """ngspice's response, at two settings of the knobs; of the filter in z at the frequencies that it bends them to."""
    circuit = catalogue.CATALOGUE[name]()
    rows = settings(circuit)
    knobs = {knob: np.array([[row[knob]] for row in rows]) for knob in circuit.controls}
    analog = transfer_function(circuit, controls=knobs)
    expected = np.stack([golden(name, index).response for index in range(len(rows))])
    freqs = golden(name, 0).freqs
    for tf, at in ((analog, freqs), (analog.discretised(96e3), 96e3 / np.pi * np.arctan(np.pi * freqs / 96e3))):
        response = np.reshape(tf.frequency_response(at), expected.shape)
        np.testing.assert_allclose(response, expected, rtol=1e-6, atol=1e-10)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(analog))


@pytest.mark.parametrize(("name", "order"), [("big_muff_tone", 3), ("pultec_eqp1a", 5), ("klon_buffer", 1)])
def test_order(name, order):
    tf = transfer_function(catalogue.CATALOGUE[name]())
    assert tf.order == order
    assert tf.b.shape[-1] <= order + 1
    assert tf.b[0] != 0


def test_order_of_circuits_whose_states_depend_on_each_other():
    parallel = read_netlist("* t\nVin in 0 0\nR1 in out 1k\nC1 out 0 1u\nC2 out 0 2u\n.end")
    tf = transfer_function(parallel)
    np.testing.assert_allclose(tf.a, [3e-3, 1], rtol=1e-12)
    np.testing.assert_allclose(tf.b, [1], rtol=1e-12)
    divider = read_netlist("* loop with the source\nVin in 0 0\nC1 in out 1u\nC2 out 0 2u\nR1 out 0 1k\n.end")
    tf = transfer_function(divider)
    np.testing.assert_allclose(tf.a, [3e-3, 1], rtol=1e-12)
    np.testing.assert_allclose(tf.b, [1e-3, 0], rtol=1e-12)
    unseen = read_netlist("* t\nVin in 0 0\nR1 in out 1k\nC1 out 0 1u\nE1 a 0 out 0 1\nR2 a b 1k\nC2 b 0 1u\n.end")
    assert transfer_function(unseen).order == 1


def test_resistors_alone_and_a_differentiator():
    tf = transfer_function(read_netlist("* t\nVin in 0 0\nR1 in out 1k\nR2 out 0 3k\n.end"), 48e3)
    np.testing.assert_allclose(tf.b, [0.75], rtol=1e-14)
    assert tf.order == 0
    net = "* t\nVin in 0 0\nC1 in x 1u\nVs x 0 0\nH1 out 0 Vs 1k\nR1 out 0 1k\n.end"
    tf = transfer_function(read_netlist(net))
    np.testing.assert_allclose(tf.b, [1e-3, 0], rtol=1e-12)
    np.testing.assert_allclose(tf.a, [1], rtol=1e-12)
    np.testing.assert_allclose(
        tf.discretised(48e3).frequency_response([1e3]), 96e3 * 1e-3j * np.tan(np.pi / 48), rtol=1e-9
    )


def test_coupled_inductors():
    net = "* t\nVin in 0 0\nR1 in a 10\nL1 a 0 10m\nL2 out 0 40m\nK1 L1 L2 0.9\nR2 out 0 100\n.end"
    tf = transfer_function(read_netlist(net))
    L1, L2, M = 10e-3, 40e-3, 0.9 * 20e-3
    # (R1 + s L1)(R2 + s L2) - s^2 M^2 below, s M R2 above, over R1 R2
    np.testing.assert_allclose(tf.a, [(L1 * L2 - M**2) / 1e3, (10 * L2 + 100 * L1) / 1e3, 1], rtol=1e-11)
    np.testing.assert_allclose(np.abs(tf.b), [M / 10, 0], rtol=1e-11)


@pytest.mark.slow
def test_several_inputs_and_outputs():
    tf = transfer_function(TWO)
    assert tf.b.shape == (3, 2, 3)
    assert tf.a.shape == (3,)
    np.testing.assert_allclose(tf.frequency_response(FREQS), frequency_response(TWO, FREQS), rtol=1e-12, atol=1e-15)
    digital = tf.discretised(48e3)
    np.testing.assert_allclose(digital.b[2, 0], digital.a, rtol=1e-9)  # the input itself
    assert tf.zeros().shape == (3, 2, 2)
    np.testing.assert_allclose(digital.zeros()[0, 0], [_z(tf.zeros()[0, 0, 0]), -1], rtol=1e-12)


def _z(s, rate=96e3):
    return (rate + s) / (rate - s)


@pytest.mark.parametrize(
    "name", cases(["bassman", "klon_amplifier", "pultec_eqp1a", "sallen_key"], quick=["pultec_eqp1a", "sallen_key"])
)
def test_in_z_as_scipy_has_it(name):
    circuit = catalogue.CATALOGUE[name]()
    analog, tf = transfer_function(circuit), transfer_function(circuit, 48e3)
    b, a = signal.bilinear(analog.b, analog.a, 48e3)
    assert tf.a[0] == 1
    np.testing.assert_allclose(tf.a, a, rtol=1e-9)
    np.testing.assert_allclose(tf.b, b, rtol=1e-9, atol=1e-12 * np.abs(b).max())
    if name != "pultec_eqp1a":
        alone = TransferFunction(tf.b, tf.a, 48e3)  # by its coefficients in z
        np.testing.assert_allclose(alone.frequency_response(FREQS), tf.frequency_response(FREQS), rtol=1e-6)
    np.testing.assert_allclose(np.sort_complex(np.roots(a)), np.sort_complex(np.asarray(tf.poles())), rtol=1e-6)


@pytest.mark.parametrize("prewarp", [None, 3e3])
def test_back_to_s(prewarp):
    """Of coefficients in z alone, and of one that remembers where it comes from."""
    analog = transfer_function(catalogue.bassman())
    digital = analog.discretised(192e3, prewarp=prewarp)
    assert digital.continuous() is analog
    alone = TransferFunction(digital.b, digital.a, fs=192e3, prewarp=prewarp)
    freqs = np.geomspace(20, 2e4, 20)
    found = alone.continuous().frequency_response(freqs)
    np.testing.assert_allclose(found, analog.frequency_response(freqs), rtol=1e-6)
    with pytest.raises(ValueError, match="in s already"):
        analog.continuous()


def test_a_prewarped_frequency_stays():
    circuit = catalogue.sallen_key()
    tf = transfer_function(circuit, 48e3, prewarp=9e3)
    expected = frequency_response(circuit, [9e3])
    np.testing.assert_allclose(tf.frequency_response([9e3]), expected, rtol=1e-12)
    np.testing.assert_allclose(signal.freqz(tf.b, tf.a, [9e3], fs=48e3)[1], expected, rtol=1e-9)
    assert abs(transfer_function(circuit, 48e3).frequency_response([9e3])[0] / expected[0] - 1) > 0.1


def test_at_half_the_sample_rate_it_is_the_analog_one_at_infinity():
    tf = transfer_function(catalogue.bassman(), 48e3)
    np.testing.assert_allclose(tf.frequency_response([24e3]), tf.analog.b[0] / tf.analog.a[0], rtol=1e-12)


def test_poles_of_the_stiff_clipper():
    R, Ch, Cl, g = 2200, 0.47e-6, 10e-9, 2 * (2.52e-9 / (1.752 * THERMAL_VOLTAGE) + GMIN)
    poles = transfer_function(catalogue.diode_clipper_second_order()).poles()
    p, q = 1 / (R * Ch) + 1 / (R * Cl) + g / Cl, g / Cl / (R * Ch)
    fast = 0.5 * (p + np.sqrt(p * p - 4 * q))
    np.testing.assert_allclose(poles, [-q / fast, -fast], rtol=1e-10)
    np.testing.assert_allclose(-np.real(poles) / (2 * np.pi), [0.037, 7.4e3], rtol=0.01)


def test_poles_of_a_resonance():
    circuit = RLC.replace(R2=1e6)
    s = np.roots([10e-3 * 1e-6, 10e-3 * 1e-6 + 100 * 1e-6, 1 + 100e-6])
    np.testing.assert_allclose(
        np.sort_complex(np.asarray(transfer_function(circuit).poles())), np.sort_complex(s), rtol=1e-9
    )


@pytest.mark.slow
def test_gradient_of_a_pole_and_of_a_zero():
    def fast(c):
        return -jnp.real(transfer_function(catalogue.diode_clipper_second_order().replace(Cl=c)).poles()[1]) / 1e4

    testing.check_gradient(lambda c: fast(c * 1e-8), (jnp.float64(1.0),), rtol=1e-6)

    def zero(knob):
        return -jnp.real(transfer_function(catalogue.klon_tone(), controls={"treble": knob}).zeros()[0]) / 1e4

    testing.check_gradient(zero, (jnp.float64(0.4),), rtol=1e-6)


def scaled(circuit, logs, knobs, fs):
    """Coefficients of order one, of values and knobs of order one."""
    values = {name: circuit.values[name] * jnp.exp(log) for name, log in logs.items()}
    found, base = transfer_function(circuit.replace(**values), fs, controls=knobs), transfer_function(circuit, fs)
    return [
        jnp.where(old == 0, 0, new / jnp.where(old == 0, 1, old)) for new, old in ((found.b, base.b), (found.a, base.a))
    ]


@pytest.mark.parametrize(
    ("name", "fs"),
    cases(
        [("pultec_eqp1a", None), ("diode_clipper_second_order", None), ("bassman", 48e3), ("cascade", 48e3)],
        quick=[("bassman", 48e3)],
    ),
)
def test_gradient_of_the_coefficients(name, fs):
    circuit = cascade() if name == "cascade" else catalogue.CATALOGUE[name]()
    logs = {part.name: 0.0 for part in circuit.components if part.kind in "RCL" and part.value is None}

    def f(logs, knobs):
        b, a = scaled(circuit, logs, knobs, fs)
        return jnp.sum(jnp.cos(b)) + jnp.sum(jnp.sin(2 * a))

    testing.check_gradient(jax.jit(f), (logs, dict(circuit.controls)), rtol=1e-5)


def test_gradient_where_all_poles_are_equal():
    gradient = jax.jacrev(lambda r: transfer_function(cascade().replace(R1=r)).a)(1e3)
    # (1 + s R C)(1 + s T)^3 with R C = T = 1e-4
    np.testing.assert_allclose(gradient, 1e-7 * np.array([1e-12, 3e-8, 3e-4, 1, 0]), rtol=1e-9, atol=1e-30)


@pytest.mark.parametrize("name", ["bassman", "pultec_eqp1a"])
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_finite_at_the_ends_of_the_knobs(name, end):
    circuit = catalogue.CATALOGUE[name]()
    knobs = dict.fromkeys(circuit.controls, end)
    tf = transfer_function(circuit, controls=knobs)
    slopes = jax.jacrev(lambda knobs: transfer_function(circuit, controls=knobs))(knobs)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slopes))
    # Knobs that take away a power leave no pole of rounding behind.
    poles = np.asarray(tf.poles())
    assert np.all((poles.real < 0) | np.isinf(poles))
    assert np.sum(np.isinf(poles)) == np.argmax(np.asarray(tf.a) != 0)
    inwards = 1e-4 if end == 0 else -1e-4
    usual = np.abs(transfer_function(circuit).a)
    for knob in knobs:
        moved = [transfer_function(circuit, controls=knobs | {knob: end + k * inwards}).a for k in range(4)]
        expected = (-11 * moved[0] + 18 * moved[1] - 9 * moved[2] + 2 * moved[3]) / (6 * inwards)
        np.testing.assert_allclose(slopes.a[knob] / usual, expected / usual, rtol=1e-4, atol=1e-7)


def test_single_precision():
    circuit = catalogue.bassman()
    tf = transfer_function(circuit.astype(jnp.float32), 48e3)
    assert {leaf.dtype for leaf in jax.tree.leaves(tf)} == {jnp.dtype(jnp.float32)}
    np.testing.assert_allclose(tf.frequency_response(FREQS), frequency_response(circuit, FREQS * 1.0), rtol=0.5)
    analog = transfer_function(circuit.astype(jnp.float32))
    np.testing.assert_allclose(analog.frequency_response(FREQS), frequency_response(circuit, FREQS), rtol=1e-4)


@pytest.mark.slow
def test_is_a_pytree_under_jit_and_vmap():
    tf = transfer_function(KNOB, 48e3, controls={"drive": np.array([[[0.1]], [[0.9]]])})
    assert tf.b.shape[:-1] == (2, 1)
    one = jax.jit(lambda drive: transfer_function(KNOB, 48e3, controls={"drive": drive}))(0.9)
    np.testing.assert_allclose(tf.a[1, 0], one.a, rtol=1e-12)
    mapped = jax.vmap(lambda r: transfer_function(KNOB.replace(**{"DX.IS": r})))(jnp.array([1e-9, 1e-8]))
    assert mapped.a.shape[0] == 2


def test_bad_input():
    with pytest.raises(ValueError, match="no knob"):
        transfer_function(KNOB, controls={"treble": 0.5})
    with pytest.raises(ValueError, match="expected a number, or the shape"):
        transfer_function(KNOB, controls={"drive": np.zeros(4)})
    for fs in (0, -48e3, np.inf, np.nan):
        with pytest.raises(ValueError, match="fs must be a positive number"):
            transfer_function(BIASED, fs)
    with pytest.raises(ValueError, match="between 0 and fs/2"):
        transfer_function(BIASED, 48e3, prewarp=24e3)
    with pytest.raises(ValueError, match="without fs"):
        transfer_function(BIASED, prewarp=1e3)
    with pytest.raises(ValueError, match="in z already"):
        transfer_function(BIASED, 48e3).discretised(48e3)
    with pytest.raises(ValueError, match="no input"):
        transfer_function(dataclasses.replace(KNOB, inputs=()))
    with pytest.raises(ValueError, match="no output"):
        transfer_function(dataclasses.replace(KNOB, outputs=()))
    with pytest.raises(ValueError, match="freqs must have the shape"):
        transfer_function(KNOB).frequency_response(1e3)

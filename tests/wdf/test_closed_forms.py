"""Linear circuits against the analogue transfer function, discretised by SciPy and run as a recursion."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

import circuitnn as cn
from circuitnn.numerics.rules import alpha_transform
from circuitnn.wdf import (
    Capacitor,
    Inductor,
    Parallel,
    ResistiveVoltageSource,
    Resistor,
    Series,
    VoltageSource,
    WDFModel,
)
from tests.circuit.catalogue.closed_forms import fmv_coefficients
from tests.wdf.agreement import FS, guitar_like

R, L, C = 1e3, 10e-3, 47e-9
SAMPLES = 600


def low_pass():
    return Parallel(ResistiveVoltageSource(R, "in"), Capacitor(C)), None, None


def high_pass():
    return Series(Capacitor(C), Resistor(R, "R1")), VoltageSource("in"), "R1"


def series_rlc():
    return Series(Resistor(R), Inductor(L), Capacitor(C, "C1")), VoltageSource("in"), "C1"


def parallel_rlc():
    return Parallel(ResistiveVoltageSource(R, "in"), Inductor(L), Capacitor(C)), None, None


# Numerator and denominator in s, highest power first.
ANALOGUE = {
    low_pass: ([1], [R * C, 1]),
    high_pass: ([R * C, 0], [R * C, 1]),
    series_rlc: ([1], [L * C, R * C, 1]),
    parallel_rlc: ([L / R, 0], [L * C, L / R, 1]),
}


def built(make, rule="trapezoidal"):
    tree, root, output = make()
    return WDFModel(tree, root, FS, output=output, rule=rule, dtype=jnp.float64)


def impulse(samples=SAMPLES):
    return np.eye(1, samples)[0]


def substituted(b, a, up, down):
    """b(s)/a(s) with s = up(z)/down(z), polynomials in 1/z of first order."""
    order = max(len(b), len(a)) - 1

    def whole(coefficients):
        total = np.zeros(order + 1)
        for power, coefficient in zip(range(len(coefficients) - 1, -1, -1), coefficients, strict=True):
            term = np.ones(1)
            for factor in [up] * power + [down] * (order - power):
                term = np.convolve(term, factor)
            total += coefficient * term
        return total

    return whole(b), whole(a)


@pytest.mark.parametrize("make", ANALOGUE, ids=lambda make: make.__name__)
def test_the_bilinear_transform(make):
    b, a = signal.bilinear(*ANALOGUE[make], FS)
    model, x = built(make), guitar_like(SAMPLES)
    for u in (x, impulse()):
        np.testing.assert_allclose(cn.run(model, u)[1], signal.lfilter(b, a, u), rtol=0, atol=1e-11)


@pytest.mark.parametrize("make", [low_pass, series_rlc], ids=lambda make: make.__name__)
def test_the_frequency_response_is_the_analogue_one_at_warped_frequencies(make):
    h = np.fft.rfft(cn.run(built(make), impulse(2048))[1])
    w = np.pi * np.arange(1025) / 1024
    s = 2j * FS * np.tan(w[:-1] / 2)
    b, a = ANALOGUE[make]
    np.testing.assert_allclose(h[:-1], np.polyval(b, s) / np.polyval(a, s), rtol=0, atol=1e-10)


@pytest.mark.parametrize("make", ANALOGUE, ids=lambda make: make.__name__)
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_the_alpha_transform(make, alpha):
    """s = (1 + alpha)/T (1 - 1/z)/(1 + alpha/z) (Werner 2016); zero is backward Euler."""
    b, a = substituted(*ANALOGUE[make], FS * (1 + alpha) * np.array([1, -1]), np.array([1, alpha]))
    x = guitar_like(SAMPLES)
    expected = signal.lfilter(b, a, x)
    np.testing.assert_allclose(cn.run(built(make, alpha_transform(alpha)), x)[1], expected, rtol=0, atol=1e-11)
    if alpha == 0:
        np.testing.assert_allclose(cn.run(built(make, "backward_euler"), x)[1], expected, rtol=0, atol=1e-11)


def test_the_transform_that_is_no_substitution_of_the_bilinear_one():
    """Guards the helper above: alpha one is what SciPy calls bilinear, and zero is far from it."""
    b, a = ANALOGUE[series_rlc]
    ours = substituted(b, a, 2 * FS * np.array([1, -1]), np.array([1, 1]))
    for found, expected in zip(ours, signal.bilinear(b, a, FS), strict=True):
        np.testing.assert_allclose(found / ours[1][0], expected, rtol=1e-9)


@pytest.mark.parametrize("knobs", [(0.5, 0.5, 0.5), (0.1, 0.8, 0.3), (1.0, 0.0, 1.0), (0.0, 1.0, 0.0)])
def test_the_tone_stack_of_yeh_and_smith(knobs):
    """Coefficients of the Bassman in closed form (Yeh and Smith 2006), bilinear by SciPy."""
    controls = dict(zip(("treble", "bass", "mid"), knobs, strict=True))
    above, below = fmv_coefficients(250e3, 1e6, 25e3, 56e3, 250e-12, 20e-9, 20e-9, **controls)
    b, a = signal.bilinear(above[::-1], below[::-1], FS)
    model = cn.wdf.derive(cn.circuits.bassman(), FS, dtype=jnp.float64)
    x = guitar_like(SAMPLES)
    _, y = cn.run(model, x, controls=controls)
    np.testing.assert_allclose(y, signal.lfilter(b, a, x), rtol=0, atol=1e-9)
    tf = cn.nodal.transfer_function(model.circuit, FS, controls=controls)
    np.testing.assert_allclose(y, signal.lfilter(tf.b, tf.a, x), rtol=0, atol=1e-9)

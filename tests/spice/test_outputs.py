"""ngspice hears the same voltages and currents, with the same signs."""

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn import spice
from circuitnn.circuit import read_netlist
from circuitnn.nodal import NodalModel, frequency_response, operating_point
from tests.nodal.signals import esr, noise

pytestmark = pytest.mark.ngspice
FREQS = np.array([20.0, 440, 15e3])
# Every kind of component whose current can be heard; H and F sense the input, D1 needs a source of 0 V.
EVERY = read_netlist(
    """t
.param k=0.3
Vin in 0 0
R1 in a 1k
Rp a b {k*1k}
C1 b 0 100n
L1 b c 10m
R2 c 0 470
E1 e 0 b 0 2
R3 e 0 1k
B1 f 0 V={tanh(v(b))}
R4 f 0 2k
Ev g 0 VALUE={2*v(b)}
R6 g 0 2k
H1 h 0 Vin 100
R5 h b 3k
F1 0 b Vin 0.1
Vd b d 0
D1 d 0 DX
LK1 a k1 100m
RK1 k1 0 1k
LK2 k2 0 200m
RK2 k2 0 1k
K1 LK1 LK2 0.7
X1 b cell
.subckt cell p
R1 p n 1k
C1 n 0 47n
.ends
.model DX D(IS=2.52n N=1.752)
""",
    outputs=(
        "b", "v(a,b)", "v(0,b)", "v(C1)", "v(R.X1.R1)", "v(D1)", "v(E1)", "v(Vin)", "i(R1)", "i(Rp)", "i(C1)", "i(L1)",
        "i(Vin)", "i(Vd)", "i(E1)", "i(B1)", "i(Ev)", "i(H1)", "i(LK1)", "i(LK2)", "i(C.X1.C1)",
    ),
)  # fmt: skip


def test_small_signals(ngspice):
    knobs = {"k": np.array([[0.3], [0.9]])}
    np.testing.assert_allclose(
        spice.ac(EVERY, FREQS, controls=knobs), frequency_response(EVERY, FREQS, controls=knobs), rtol=1e-6
    )


def test_at_rest(ngspice):
    biased = EVERY.replace(Vin=1.5)
    expected, found = operating_point(biased), spice.operating_point(biased)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-6, abs=1e-12), name


def test_along_time(ngspice):
    fs = 192_000
    x = np.sin(2 * np.pi * 1000 * np.arange(192) / fs)[:, None] * 2
    truth = spice.transient(EVERY, x, fs)
    model = np.asarray(cn.run(NodalModel(EVERY, fs=fs, dtype=jnp.float64), x)[1])
    assert truth.shape == model.shape == (192, len(EVERY.outputs))
    for k, name in enumerate(EVERY.outputs):
        assert esr(model[:, k], truth[:, k]) < 3e-6, name


def test_one_current_along_time_has_the_shape_of_the_signal(ngspice):
    circuit = read_netlist("t\nVin in 0 0\nR1 in a 1k\nR2 a 0 3k\n", outputs="i(R2)")
    x = noise(30)
    np.testing.assert_allclose(spice.transient(circuit, x, 48_000), x / 4e3, atol=1e-9)


def test_a_source_of_current_as_input(ngspice):
    net = "t\nIin 0 a 0\nR1 a b 1k\nC1 b 0 1n\nR2 b 0 1k\n"
    circuit = read_netlist(net, inputs="Iin", outputs=("i(R1)", "v(Iin)"))
    np.testing.assert_allclose(spice.ac(circuit, FREQS)[0, 0], 1, rtol=1e-9)
    x = noise(30, 1, peak=1e-3)
    np.testing.assert_allclose(spice.transient(circuit, x, 48_000)[:, 0], x[:, 0], atol=1e-9)
    np.testing.assert_allclose(spice.ac(circuit, FREQS), frequency_response(circuit, FREQS), rtol=1e-6)

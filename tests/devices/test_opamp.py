"""The operational amplifier against what its parameters say, SciPy's integration of its equation and ngspice."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import circuitnn as cn
from circuitnn.devices.opamp import OPAMP
from tests.devices.engines import check_engines
from tests.devices.slopes import check_slopes

FS = 384_000
TL072 = {"GAIN": 2e5, "GBW": 3e6, "SLEW": 13e6, "TOP": 1.5, "BOTTOM": 1.5, "RO": 100.0, "ISC": 25e-3, "IQ": 1.4e-3}
INVERTING = """* an amplifier of -10
Vin in 0 0
Vp p 0 15
Vm m 0 -15
R1 in a 10k
R2 a out 100k
N1 0 a p m out TL072
Rl out 0 {load}
.param load=10k
"""
FOLLOWER = "* a follower\nVin in 0 0\nVp p 0 15\nVm m 0 -15\nN1 in out p m out TL072\nRl out 0 10k\n"


def read(text, outputs="out", **parameters):
    card = " ".join(f"{name}={value!r}" for name, value in (TL072 | parameters).items())
    return cn.read_netlist(f"{text}.model TL072 OPAMP({card})\n", inputs=("Vin",), outputs=outputs)


def at_rest(circuit, **values):
    return {name: float(value) for name, value in cn.nodal.operating_point(circuit.replace(**values)).items()}


def played(circuit, x, fs=FS):
    carry, y = cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=np.float64), x)
    assert not np.any(carry.report.failed)
    return np.ravel(y)


def test_its_parameters_are_what_a_data_sheet_says():
    """Gain at DC, unity gain at GBW, the range of the output, its largest current, and who pays for it."""
    open_loop = read("* open\nVin in 0 0\nVp p 0 15\nVm m 0 -15\nN1 in 0 p m out TL072\nRl out 0 1g\n")
    response = np.abs(np.ravel(cn.nodal.frequency_response(open_loop, [1e-3, 3e6])))
    np.testing.assert_allclose(response, [2e5, 1.0], rtol=1e-5)
    for volts, top in ((1.0, 13.5), (-1.0, -13.5)):
        assert at_rest(open_loop, Vin=volts)["out"] == pytest.approx(top, abs=0.01)
    short = read(
        "* short\nVin in 0 0\nVp p 0 15\nVm m 0 -15\nN1 in 0 p m out TL072\nRl out 0 1m\n",
        ("out", "i(Rl)", "i(Vp)", "i(Vm)"),
    )
    currents = at_rest(short, Vin=1.0)
    assert currents["i(Rl)"] == pytest.approx(25e-3, rel=1e-4)
    assert -currents["i(Vp)"] == pytest.approx(25e-3 + 1.4e-3, rel=1e-4)
    assert currents["i(Vm)"] == pytest.approx(1.4e-3, rel=1e-4)


def test_a_step_is_followed_at_the_slew_rate():
    """Against SciPy's integration of the equation: a follower, 13 V in a microsecond."""
    fs, volts = 200e6, 5.0
    y = played(read(FOLLOWER), np.full(150, volts), fs)
    rate, slew = 2 * np.pi * 3e6, 13e6

    def follower(t, s):  # the output is what RO leaves of the capacitor's voltage at 10 kohm
        return slew * np.tanh(rate * (volts - s / 1.01) / slew) - rate / 2e5 * s

    time = (1 + np.arange(150)) / fs
    expected = solve_ivp(follower, (0, time[-1]), [0.0], t_eval=time, rtol=1e-10, atol=1e-12).y[0] / 1.01
    # The first sample of the step is half a step: the trapezoidal rule takes the mean of its ends.
    np.testing.assert_allclose(y[1:] + 0.5 * np.diff(y), expected[1:], atol=5e-2)
    assert np.max(np.diff(y)) * fs == pytest.approx(slew / 1.01, rel=1e-3)


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("load", "peak", "bound"),
    [(10e3, 0.5, 1e-8), (10e3, 2.0, 1e-8), (200.0, 1.0, 1e-7)],
    ids=["in its range", "at its supplies", "at its largest current"],
)
def test_ngspice_has_its_equivalent(ngspice, load, peak, bound):
    circuit = read(INVERTING).replace(load=load)
    x = peak * np.sin(2 * np.pi * 440 * np.arange(1800) / FS)
    expected = np.ravel(cn.spice.transient(circuit, x, FS))
    assert np.sum((played(circuit, x) - expected) ** 2) < bound * np.sum(expected**2)
    freqs = np.array([100.0, 1e4, 1e6])
    response = np.ravel(cn.nodal.frequency_response(circuit, freqs))
    np.testing.assert_allclose(response, np.ravel(cn.spice.ac(circuit, freqs)), rtol=1e-6)


@pytest.mark.parametrize(
    ("difference", "stage", "out"),
    [(0.0, 0.0, 0.0), (1e-3, 5.0, 4.9), (2.0, 13.52, 13.0), (-2.0, -13.52, -13.0), (0.1, 9.0, 0.0)],
    ids=["zero", "in its range", "at the top, slewing", "at the bottom", "short"],
)
def test_gradients_of_the_law(difference, stage, out):
    """Of each current by each parameter and voltage."""
    parameters = {parameter.name: parameter.default for parameter in OPAMP.parameters} | TL072
    check_slopes(OPAMP, parameters, [difference, stage - 15.0, stage + 15.0, stage - out, stage])


@pytest.mark.slow
def test_the_model_and_the_wave_digital_filter():
    x = (np.array([[0.3], [2.0]]) * np.sin(np.arange(12) / 2))[..., None]
    check_engines(read(INVERTING, GAIN=1e4, GBW=1e5, SLEW=1e5, VOS=1e-3), x, 48_000)

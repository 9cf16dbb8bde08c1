"""The coil on a core with hysteresis against SciPy's integration of the equations, laws of magnetism and ngspice."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import circuitnn as cn
from circuitnn.devices.hysteresis_coil import JILES_ATHERTON_COIL
from tests.devices.engines import check_engines
from tests.devices.slopes import check_slopes

FS = 192_000
MU_0 = 4e-7 * np.pi
# A toroid of 24 mm with 230 turns (M. Holters, ACME.jl; parameters of Jiles and Atherton's equation).
TOROID = {"MS": 2.75e5, "A": 14.1, "ALPHA": 5e-5, "K": 17.8, "C": 0.55, "TURNS": 230.0, "SECTION": 45.4e-6}
TOROID |= {"PATH": 0.0754, "TAU": 1e4}
COIL = "* a coil\nVin in 0 0\nR1 in a 10\nN1 a out CORE\nRs out 0 1\n.model CORE JACOIL({})\n"


def read(outputs=("out", "v(a,out)"), area="", **parameters):
    card = " ".join(f"{name}={value!r}" for name, value in (TOROID | parameters).items())
    text = COIL.format(card).replace("CORE\nRs", f"CORE {area}\nRs")
    return cn.read_netlist(text, inputs=("Vin",), outputs=outputs)


def played(circuit, x, fs=FS):
    """Current and voltage of the coil (time,)."""
    carry, y = cn.run(cn.nodal.NodalModel(circuit, fs=fs, dtype=np.float64), x)
    assert not np.any(carry.report.failed)
    return np.asarray(y).T


def susceptibility(h, m, direction, MS, A, ALPHA, K, C, **_):
    """dM/dH as Jiles and Atherton have it."""
    x = (h + ALPHA * m) / A
    langevin, slope = (1 / np.tanh(x) - 1 / x, 1 / x**2 - 1 / np.sinh(x) ** 2) if abs(x) > 1e-3 else (x / 3, 1 / 3)
    missing = MS * langevin - m
    pinned = (1 - C) * missing / ((1 - C) * direction * K - ALPHA * missing) if direction * missing > 0 else 0.0
    return (pinned + C * MS / A * slope) / (1 - ALPHA * C * MS / A * slope)


@pytest.mark.parametrize("peak", [0.1, 2.0], ids=["small loop", "saturated"])
def test_loops_are_those_of_the_equation(peak):
    """From the demagnetised state along one and a half periods."""
    time = np.arange(3000) / FS
    scale, path = TOROID["TURNS"] * TOROID["SECTION"] * MU_0, TOROID["PATH"] / TOROID["TURNS"]

    def turning(t, state):
        h, m = state
        across = peak * np.sin(2 * np.pi * 100 * t) - 11 * h * path
        chi = susceptibility(h, m, np.sign(across), **TOROID)
        rate = across / (scale * (1 + chi))
        return [rate, chi * rate]

    expected = solve_ivp(turning, (0, time[-1]), [0, 0], t_eval=time, rtol=1e-9, atol=1e-9, max_step=2e-5).y[0] * path
    current, _ = played(read(), peak * np.sin(2 * np.pi * 100 * time))
    np.testing.assert_allclose(current, expected, atol=2e-4 * np.abs(expected).max())


def loops(**parameters):
    """Field and flux density (time,) of the second of two periods, deep in saturation, by 50 Hz."""
    current, across = played(read(**parameters), 3 * np.sin(2 * np.pi * 50 * np.arange(2 * 3840) / FS))
    flux = np.cumsum(across + np.append(0, across[:-1])) / (2 * FS * TOROID["TURNS"] * TOROID["SECTION"])
    return (current * TOROID["TURNS"] / TOROID["PATH"])[3840:], flux[3840:]


@pytest.mark.slow
def test_a_loop_costs_energy_and_one_without_pinning_none():
    field, flux = loops()
    loss = np.sum(0.5 * (field + np.roll(field, 1)) * (flux - np.roll(flux, 1)))  # joules per cubic metre and period
    # What pinning costs while the irreversible part goes from end to end and back.
    most = 4 * MU_0 * TOROID["K"] * (1 - TOROID["C"]) * TOROID["MS"]
    assert 0.95 < loss / most < 1
    assert flux.max() == pytest.approx(MU_0 * (TOROID["MS"] + field.max()), rel=0.05)
    spectrum = np.abs(np.fft.rfft(flux))
    assert spectrum[2:9:2].max() < 1e-3 * spectrum[1]  # a symmetric loop: odd harmonics alone
    assert spectrum[3] > 0.05 * spectrum[1]
    loose, bound = loops(K=0.05)
    without = np.sum(0.5 * (loose + np.roll(loose, 1)) * (bound - np.roll(bound, 1)))
    assert abs(without) < 0.01 * loss


def test_small_signals_see_the_reversible_part():
    """A demagnetised core: the slope C Ma' of minor loops, without loss."""
    slope = TOROID["MS"] / TOROID["A"] / 3
    permeability = 1 + TOROID["C"] * slope / (1 - TOROID["ALPHA"] * TOROID["C"] * slope)
    henries = MU_0 * permeability * TOROID["TURNS"] ** 2 * TOROID["SECTION"] / TOROID["PATH"]
    freqs = np.array([10.0, 1e3])
    expected = 1 / (11 + 2j * np.pi * freqs * henries)
    np.testing.assert_allclose(np.ravel(cn.nodal.frequency_response(read(("out",)), freqs)), expected, rtol=1e-3)
    twice = 1 / (11 + 2j * np.pi * freqs * henries / 2)  # two of them side by side
    np.testing.assert_allclose(np.ravel(cn.nodal.frequency_response(read(("out",), "2"), freqs)), twice, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize("peak", [0.1, 2.0])
def test_ngspice_has_its_equivalent(ngspice, peak):
    circuit, x = read(R=2.0), peak * np.sin(2 * np.pi * 100 * np.arange(4000) / FS)
    expected = cn.spice.transient(circuit, x, FS).T
    for mine, theirs in zip(played(circuit, x), expected, strict=True):
        assert np.sum((mine - theirs) ** 2) < 1e-8 * np.sum(theirs**2)


@pytest.mark.parametrize(
    ("across", "field", "magnetisation"),
    [(0.0, 0.0, 0.0), (0.3, 1.2, 0.1), (-0.3, -40.0, -0.9), (0.5, 0.35, 0.3)],
    ids=["zero", "pulled", "saturated", "on its way back"],
)
def test_gradients_of_the_law(across, field, magnetisation):
    """Of the current and of both rates by each parameter and voltage."""
    check_slopes(JILES_ATHERTON_COIL, TOROID, [across, field, magnetisation])


@pytest.mark.slow
def test_the_model_and_the_wave_digital_filter():
    x = (np.array([[0.3], [2.0]]) * np.sin(np.arange(12) / 2))[..., None]
    check_engines(read(("out",), TAU=10.0, SECTION=1e-3), x, 8000)

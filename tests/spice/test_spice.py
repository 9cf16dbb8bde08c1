"""ngspice against closed forms, and what happens when it fails."""

import shutil

import numpy as np
import pytest

from circuitnn import spice
from circuitnn.circuit import catalogue, read_netlist

FS = 48_000
RC = read_netlist("t\n.param r=1k\nVin in 0 0\nR1 in out {r}\nC1 out 0 10n\n")


def first_order(x, tau, *, rest=0.0, fs=FS):
    """The exact answer of v' = (u - v)/tau to a piecewise linear u, from rest."""
    decay = np.exp(-1 / (fs * tau))
    y, v, before = [], rest, rest
    for u in x:
        slope = (u - before) * fs
        # u(t) = before + slope t has the particular solution u - slope tau.
        v = u - slope * tau + (v - before + slope * tau) * decay
        before = u
        y.append(v)
    return np.array(y)


def esr(prediction, target):
    return np.sum((prediction - target) ** 2) / np.sum(target**2)


@pytest.mark.ngspice
@pytest.mark.parametrize("fs", [FS, 8 * FS])
def test_transient_is_exact_at_the_samples(ngspice, fs):
    # White noise has the sharpest corners that a signal can have; smooth signals come out better.
    x = np.random.default_rng(0).uniform(-1, 1, 400)
    y = spice.transient(RC, x, fs)
    assert y.shape == x.shape
    assert y.dtype == np.float64
    truth = first_order(x, 1e-5, fs=fs)
    assert esr(y, truth) < 1e-8
    assert esr(spice.transient(RC, x, fs, max_step=1e-7), truth) < 1e-9
    sine = np.sin(2 * np.pi * 1000 * np.arange(400) / fs)
    assert esr(spice.transient(RC, sine, fs), first_order(sine, 1e-5, fs=fs)) < 1e-11


@pytest.mark.ngspice
def test_transient_starts_from_rest_at_the_dc_value(ngspice):
    x = np.linspace(2.0, -1.0, 50)
    y = spice.transient(RC.replace(Vin=2.0), x, FS)
    assert y[0] == pytest.approx(2.0, abs=1e-9)
    np.testing.assert_allclose(y, first_order(x, 1e-5, rest=2.0), atol=1e-5)


@pytest.mark.ngspice
def test_transient_has_the_shapes_of_run(ngspice):
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (2, 3, 40, 1))
    y = spice.transient(RC, x, FS)
    assert y.shape == (2, 3, 40, 1)
    np.testing.assert_allclose(y[1, 2, :, 0], spice.transient(RC, x[1, 2, :, 0], FS), atol=1e-12)
    assert spice.transient(RC, x[0, 0], FS).shape == (40, 1)
    turned = spice.transient(RC, x[0, :2], FS, controls={"R": np.array([[1e3], [5e3]])})
    np.testing.assert_allclose(turned[1, :, 0], first_order(x[0, 1, :, 0], 5e-5), atol=1e-4)


@pytest.mark.ngspice
def test_several_inputs_keep_their_polarity(ngspice):
    two = read_netlist(
        "t\nIin 0 a 0\nVin b a 0\nR1 a 0 1k\nR2 b 0 1k\n", inputs=("Iin", "Vin"), outputs=("a", "b")
    )  # a = 1k/2 I - V/2, b = 1k/2 I + V/2
    x = np.array([[1e-3, 0.0], [0.0, 1.0], [2e-3, -4.0]])
    expected = np.stack([500 * x[:, 0] - x[:, 1] / 2, 500 * x[:, 0] + x[:, 1] / 2], axis=-1)
    np.testing.assert_allclose(spice.transient(two, x, FS), expected, atol=1e-9)
    h = spice.ac(two, [10.0, 1e3])
    assert h.shape == (2, 2, 2)
    np.testing.assert_allclose(h[..., 0], [[500, -0.5], [500, 0.5]], rtol=1e-9)


@pytest.mark.ngspice
def test_a_smaller_step_is_nearer_to_the_truth(ngspice):
    x = 4.5 * np.sin(2 * np.pi * 220 * np.arange(240) / FS)
    clipper = catalogue.diode_clipper()
    coarse, default, fine = (spice.transient(clipper, x, FS, max_step=step) for step in (2e-5, None, 1e-7))
    assert esr(default, fine) < 1e-11
    assert esr(default, fine) < esr(coarse, fine)


@pytest.mark.ngspice
def test_ac_at_any_frequencies(ngspice):
    freqs = np.array([20e3, 20.0, 440.123456789, 15915.494])
    h = spice.ac(RC, freqs)
    assert h.shape == (4,)
    np.testing.assert_allclose(h, 1 / (1 + 2j * np.pi * freqs * 1e-5), rtol=1e-9)
    many = spice.ac(RC, freqs, controls={"r": np.array([[1e3], [2e3]])})
    np.testing.assert_allclose(many[1], 1 / (1 + 2j * np.pi * freqs * 2e-5), rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((5, 2), FS), r"x must have the shape \(\.\.\., time, 1\), got \(5, 2\)"), (((0,), FS), "no samples"),
        (((), FS), "x must have the shape"), (((5,), 0), "fs must be"), (((5,), float("nan")), "fs must be"),
    ],
)  # fmt: skip
def test_transient_refuses_wrong_shapes(arguments, message):
    shape, fs = arguments
    with pytest.raises(ValueError, match=message):
        spice.transient(RC, np.zeros(shape), fs)


def test_wrong_numbers_are_refused_before_ngspice_starts():
    with pytest.raises(ValueError, match=r"x has 1 NaN or infinite value.*first at sample 1"):
        spice.transient(RC, [0.0, np.nan], FS)
    with pytest.raises(ValueError, match="max_step must be"):
        spice.transient(RC, [0.0], FS, max_step=-1)
    with pytest.raises(ValueError, match="no knob 'tone'"):
        spice.transient(RC, [0.0], FS, controls={"tone": 1})
    with pytest.raises(ValueError, match="expected a number, or the shape"):
        spice.transient(RC, np.zeros(4), FS, controls={"r": np.ones(4)})
    with pytest.raises(ValueError, match="knob r: expected"):
        spice.transient(RC, np.zeros((3, 4, 1)), FS, controls={"r": np.ones((2, 1))})
    with pytest.raises(ValueError, match=r"r must be positive|R1 must not be negative"):
        spice.transient(RC, [0.0], FS, controls={"r": -1})
    for freqs in ([], [0.0], [[1.0]], [np.inf], [-1.0]):
        with pytest.raises(ValueError, match="freqs must be"):
            spice.ac(RC, freqs)


def test_a_missing_ngspice_is_said_clearly(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert spice.version() is None
    with pytest.raises(spice.SpiceError, match="ngspice is not installed"):
        spice.transient(RC, [0.0], FS)


@pytest.mark.ngspice
def test_a_run_that_takes_too_long_is_stopped(ngspice):
    with pytest.raises(spice.SpiceError, match="did not finish within"):
        spice.transient(RC, np.random.default_rng(0).uniform(size=48_000), FS, timeout=0.2)


def fake_ngspice(folder, script: str):
    program = folder / "ngspice"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return str(folder)


def test_the_words_of_a_failing_ngspice_are_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv(
        "PATH", fake_ngspice(tmp_path, "echo 'Note: fine'; echo 'singular matrix: check node a' >&2; exit 1")
    )
    with pytest.raises(spice.SpiceError, match=r"exit status 1.*singular matrix: check node a") as caught:
        spice.ac(RC, [1.0])
    assert "fine" not in str(caught.value)


@pytest.mark.ngspice
@pytest.mark.parametrize("too_tight", ["abstol=1e-14", "reltol=1e-06"])
def test_where_ngspice_gives_up_it_is_asked_for_less(ngspice, tmp_path, monkeypatch, too_tight):
    x = np.sin(np.arange(20) * 0.1)
    truth = spice.transient(RC, x, FS)
    gives_up = "echo 'doAnalyses: TRAN:  Timestep too small; trouble with node x' >&2; exit 1"
    script = f"{shutil.which('grep')} -q '{too_tight}' * && {{ {gives_up}; }}; exec {shutil.which('ngspice')} \"$@\""
    monkeypatch.setenv("PATH", fake_ngspice(tmp_path, script))
    assert esr(spice.transient(RC, x, FS), truth) < 1e-10
    with pytest.raises(spice.SpiceError, match="Timestep too small"):
        spice.transient(RC, x, FS, tolerances=spice.Tolerances())


def test_a_result_cut_short_is_an_error(tmp_path, monkeypatch):
    header = (
        r"Flags: real\nNo. Variables: 2\nNo. Points: 9\nVariables:\n\t0\ttime\ttime\n\t1\tv(out)\tvoltage\nBinary:\n"
    )
    monkeypatch.setenv("PATH", fake_ngspice(tmp_path, f"printf '{header}12345678' > out.raw"))
    with pytest.raises(spice.SpiceError, match=r"incomplete result.*cut short"):
        spice.transient(RC, [0.0], FS)

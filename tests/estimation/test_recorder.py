"""What stands around a circuit in a recording: scales, offset, couplings and clocks, found with the values."""

import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest
from scipy.signal import lfilter

import circuitnn as cn
from circuitnn.audio.clock_drift import paced
from circuitnn.estimation.memory import memory
from circuitnn.estimation.posterior import normal
from circuitnn.estimation.recorder import KINDS, Recorder
from circuitnn.filters.high_pass import LOWEST_RESTORED, coupled, coupled_and_slope, restored, restored_and_slope
from tests.estimation.recorded import CLIPPER, FS, QUICK, TRUTH, late, played, small_box

identify = cn.train.identify
MEASURED = Path(__file__).parents[3] / "shared" / "data" / "clipper-1n4148"
EVERYTHING = tuple(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("x_offset", "corner", "drift", "has_lost"),
    [(0.0, 2.0, 0.0, False), (-0.3, 0.02, 3.0, False), (0.05, 200.0, -3.0, False), (0.05, 20.0, 0.0, True)],
    ids=str,
)
def test_the_gradient_agrees_with_central_differences(x_offset, corner, drift, has_lost):
    x = 4.5 * cn.audio.guitar(0.1, FS, seed=3)
    y = -late(0.5 * np.tanh(x), 3.4)
    recorder = Recorder(
        x_gain=1.3,
        x_offset=x_offset,
        input=corner,
        output=corner,
        y_gain=0.8,
        drift=drift,
        free=EVERYTHING,
        scales={"x_offset": 0.3, "drift": 20.0, "y_offset": 0.3},
        has_lost=has_lost,
    )
    problem, box = small_box(CLIPPER, x, y, ("C1", "DCLIP.N"), recorder=recorder, high_pass=None)

    def objective(at):
        rest = problem.residual(at)
        return float(rest @ rest)

    at = 0.02 * np.random.default_rng(0).uniform(-1, 1, box.spread.size)
    _, gradient, error = normal(problem, at, 1.0)
    gradient = 2 * (gradient - at)  # without the prior
    assert error - at @ at == pytest.approx(objective(at), rel=1e-12)
    step = 1e-5
    for k in range(at.size):
        up, down = (objective(at + sign * step * (np.arange(at.size) == k)) for sign in (1, -1))
        assert gradient[k] == pytest.approx((up - down) / (2 * step), rel=2e-5, abs=1e-7 * objective(at)), k


@pytest.mark.parametrize("corner", [0.02, 1.5, 200.0])
def test_the_coupling_is_that_of_its_model_and_of_the_closed_form(corner):
    x = np.random.default_rng(0).standard_normal(4000)
    found = coupled(x, corner, FS)
    with jax.enable_x64(True):
        model = cn.filters.HighPass(corner, FS, dtype=np.float64)
        _, y = cn.run(model, x, carry=model.init_carry(level=np.array([x[0]])))
        freqs = np.array([0.5 * corner, corner, 2 * corner])
        response = np.asarray(model.frequency_response(freqs))
    np.testing.assert_allclose(found, np.asarray(y).reshape(-1), atol=1e-12)
    np.testing.assert_allclose(response, 1j * freqs / (1j * freqs + corner), rtol=1e-3)
    passed, slope = coupled_and_slope(x, corner, FS)
    up, down = (coupled(x, corner * np.exp(sign * 1e-3), FS) for sign in (1, -1))
    np.testing.assert_array_equal(passed, found)
    np.testing.assert_allclose(slope, (up - down) / 2e-3, atol=2e-6 * np.abs(slope).max())


@pytest.mark.parametrize("corner", [5.0, 20.0, 200.0])
def test_what_a_coupling_has_taken_is_given_back(corner):
    x = np.pad(np.random.default_rng(0).standard_normal(4000), (100, FS))
    lost = coupled(x, corner, FS)
    back, slope = restored_and_slope(lost, corner, FS)
    np.testing.assert_allclose(coupled(back, corner, FS), coupled(lost, LOWEST_RESTORED, FS), atol=1e-4)
    np.testing.assert_allclose(back[:4100], x[:4100], atol=0.05)
    step = 1e-6
    up, down = (restored(lost, corner * np.exp(sign * step), FS) for sign in (1, -1))
    np.testing.assert_allclose(slope, (up - down) / (2 * step), atol=1e-8)


@pytest.mark.slow
def test_lows_that_x_has_lost_are_found(music):
    """x was recorded behind a coupling that the device is not behind; its model plays without one."""
    x = coupled(music, 8.0, FS)
    y = played(TRUTH, music)
    y = y + 1e-3 * y.std() * np.random.default_rng(0).standard_normal(len(y))
    values, report = identify(CLIPPER, x, y, fs=FS, fit=("C1", "D1.IS", "D1.N"), input="lost", x_offset="fit", **QUICK)
    assert report["input"].fitted == pytest.approx(8.0, rel=0.02)
    assert values["C1"] == pytest.approx(13e-9, rel=5e-3)
    assert "input" not in report.model.names
    assert np.sum((report.predict(x) - y) ** 2) < 1e-4 * np.sum(y**2)


def test_a_coupling_keeps_its_corner_at_another_rate_and_in_a_file(tmp_path):
    model = cn.filters.HighPass(30.0, 48_000)
    other = model.rebuilt_at(96_000)
    assert abs(complex(other.frequency_response(np.array([30.0]))[0])) == pytest.approx(np.sqrt(0.5), rel=1e-3)
    row = cn.chain(gain=cn.hybrid.Gain(2.0), offset=cn.hybrid.Offset(0.25), coupling=model)
    cn.train.save(row, tmp_path / "row.npz")
    x = np.random.default_rng(0).standard_normal(100).astype(np.float32)
    opened = cn.train.restore(tmp_path / "row.npz")
    _, y = cn.run(row, x)
    np.testing.assert_array_equal(cn.run(opened, x)[1], y)
    first, halves = row.init_carry(), []
    for part in (x[:30], x[30:]):
        first, half = cn.run(row, part, carry=first)
        halves.append(half)
    np.testing.assert_allclose(np.concatenate(halves), y, atol=1e-6)
    assert abs(float(np.asarray(cn.run(row, np.zeros(10, np.float32))[1]).max())) < 1e-6  # the capacitor is charged


@pytest.mark.parametrize("corner", [0.0, -1.0, 24_000.0])
def test_corners_that_are_none(corner):
    with pytest.raises(ValueError, match="corner: expected hertz between 0 and half of 48000"):
        cn.filters.HighPass(corner, 48_000)


def test_offsets_that_are_none():
    with pytest.raises(ValueError, match="offset: expected a finite number"):
        cn.hybrid.Offset(np.inf)


def test_the_memory_of_a_circuit_is_that_of_its_slowest_pole():
    """A coupling capacitor of 1 uF into 100k, 0.1 s."""
    circuit = cn.read_netlist("coupled\nVin in 0 DC 0 AC 1\nC1 in a 1u\nR1 a 0 100k\nR2 a out 1k\nC2 out 0 1n\n")
    with jax.enable_x64(True):
        assert memory(circuit.astype(np.float64)) == pytest.approx(1.0, rel=2e-3)


CORNER, OFFSET = 3.0, -0.2


@pytest.fixture(scope="module")
def music():
    return cn.audio.guitar(3.0, FS, seed=3)


@pytest.fixture(scope="module")
def through_a_recorder(music):
    """4 V of full scale, -0.2 V of offset, a capacitor behind and one before, half the level and an offset of 0.03."""
    heard = 4.0 * lfilter([1, -1], [1, -np.exp(-2 * np.pi * 6.0 / FS)], music) + OFFSET
    y = played(TRUTH, heard)
    y = 0.5 * lfilter([1, -1], [1, -np.exp(-2 * np.pi * CORNER / FS)], y - y[0]) + 0.03
    noise = np.random.default_rng(1).standard_normal(len(y))
    return late(y, 5.25) + 0.003 * np.std(y) * noise


@pytest.fixture(scope="module")
def found(music, through_a_recorder):
    asked = {"x_gain": "fit", "x_offset": "fit", "input": "ac", "output": "ac", "y_gain": 0.5}
    fit = ("C1", "D1.is", "D1.n")
    options = QUICK | {"excerpts": 40, "warmup": None}
    return identify(CLIPPER, music, through_a_recorder, fs=FS, fit=fit, held_out=0.5, **asked, **options)


@pytest.mark.slow
def test_a_recorder_is_found(found):
    values, report = found
    truth = {"x_gain": 4.0, "x_offset": OFFSET, "input": 6.0, "output": CORNER, "y_offset": 0.03}
    assert [row.name for row in report.recorder] == ["x_gain", "x_offset", "input", "output", "y_offset"]
    for row in report.recorder:
        off = row.fitted - truth[row.name] if row.kind == "offset" else np.log(row.fitted / truth[row.name])
        assert abs(off) < 5 * row.standard_error + 1e-3, row
    for name in values:
        assert values[name] == pytest.approx(float(TRUTH.values[name]), rel=0.03), name
    assert report.alignment.delay_samples == pytest.approx(5.25, abs=0.05)
    assert report.esr_held_out == pytest.approx(9e-6, rel=0.5)
    assert set(report.refined) == set(values)


@pytest.mark.slow
def test_the_whole_chain_predicts_and_plays(found, music, through_a_recorder, tmp_path):
    _, report = found
    prediction = report.predict(music)
    rest = (prediction - through_a_recorder)[-FS // 2 :]
    assert rest @ rest / np.sum(through_a_recorder[-FS // 2 :] ** 2) == pytest.approx(report.esr_held_out, rel=1e-6)
    model = report.model
    x = np.pad(music.astype(np.float32), (0, model.latency))
    y = np.asarray(cn.run(model, x)[1]).reshape(-1)[model.latency :]
    behind = y[:-200] + 0.03 - np.mean(y[:-200] + 0.03 - late(prediction, -report.alignment.delay_samples)[:-200])
    error = (behind - late(prediction, -report.alignment.delay_samples)[:-200])[FS // 2 :]
    assert np.std(error) < 2e-3 * np.std(prediction)
    cn.train.save(model, tmp_path / "whole.npz")
    opened = cn.train.restore(tmp_path / "whole.npz")
    np.testing.assert_allclose(np.asarray(cn.run(opened, x)[1]).ravel()[model.latency :], y, atol=1e-6)
    cn.export.c(model, tmp_path / "whole.h")
    assert (tmp_path / "whole.h").stat().st_size > 1000


@pytest.mark.slow
def test_drift_is_one_more_unknown(music):
    y = played(TRUTH, 4.5 * music)
    y = y + 0.003 * np.std(y) * np.random.default_rng(0).standard_normal(len(y))
    y = paced(y, 0.0, -30e-6)  # 30 ppm late
    options = QUICK | {"excerpts": 40, "warmup": None, "starts": 1}
    values, report = identify(CLIPPER, 4.5 * music, y, fs=FS, fit=("C1", "D1.n", "D1.is"), drift="fit", **options)
    assert report["drift"].fitted == pytest.approx(30, abs=5 * report["drift"].standard_error + 0.05)
    assert values["C1"] == pytest.approx(13e-9, rel=0.01)
    rest = (report.predict(4.5 * music) - y)[FS // 10 : -FS // 10]
    assert np.std(rest) < 0.006 * np.std(y)


@pytest.mark.slow
def test_a_source_may_be_zero_and_change_sign(music):
    netlist = "bias\nVin in 0 DC 0 AC 1\nV1 b 0 0\nR1 in out 2.2k\nC1 out 0 10n\nD1 out b DCLIP\nD2 0 out DCLIP\n"
    circuit = cn.read_netlist(netlist + ".model DCLIP D(IS=2.52n N=1.752)\n")
    y = played(circuit.replace(V1=-0.15), 4.5 * music)
    y = y + 0.003 * np.std(y) * np.random.default_rng(0).standard_normal(len(y))
    values, report = identify(circuit, 4.5 * music, y, fs=FS, fit=("V1",), **QUICK)
    assert values["V1"] == pytest.approx(-0.15, abs=5 * report["V1"].standard_error + 1e-3)
    assert report["V1"].kind == "source"
    assert " V" in str(report)


@pytest.mark.slow
def test_the_measured_clipper():
    """Chowdhury and Clarke's: its first 8 s are fitted, the other 4 predicted."""
    if not MEASURED.exists():
        pytest.skip("the measured clipper is not here")
    (x, fs), (y, _) = (cn.audio.read(MEASURED / name) for name in ("input.flac", "output.flac"))
    circuit = CLIPPER.replace(R1=47e3, C1=2.2e-9)
    asked = {"x_gain": "fit", "x_offset": "fit", "output": "ac", "held_out": 4.0}
    values, report = identify(circuit, x, y, fs=fs, fit=("C1", "D1.IS", "D1.N"), progress=False, **asked)
    assert 47e3 * values["C1"] == pytest.approx(118e-6, rel=0.02)
    assert report.esr_held_out < 3e-4
    assert report["output"].fitted == pytest.approx(1.54, rel=0.1)
    assert dataclasses.replace(report, esr_held_out=None).converged

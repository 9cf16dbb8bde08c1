"""Component values from audio: found again with delay and polarity, and no more said than is known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import resample_poly

import circuitnn as cn
from circuitnn.estimation.excerpts import cut, is_clipped, recordings
from circuitnn.estimation.learnt import learnt_values
from circuitnn.estimation.playback import BAND, in_band
from circuitnn.estimation.posterior import normal
from circuitnn.estimation.recorder import Recorder
from tests.estimation.recorded import CLIPPER, FS, QUICK, TRUTH, late, off, played, real_guitar, recorded, small_box

identify = cn.train.identify


@pytest.fixture(scope="module")
def music():
    return 4.5 * cn.audio.guitar(2.0, FS, seed=3)


@pytest.fixture(scope="module")
def heard(music):
    return recorded(TRUTH, music)


@pytest.fixture(scope="module")
def of_everything(music, heard):
    """All four values, none of them known."""
    return identify(CLIPPER, music, heard, fs=FS, fit=("R1", "C1", "D1.is", "D1.n"), **QUICK)


@pytest.mark.slow
def test_alignment_and_what_is_determined(of_everything):
    values, report = of_everything
    assert list(values) == ["R1", "C1", "DCLIP.IS", "DCLIP.N"]
    assert report.converged
    assert report.alignment.polarity == -1
    assert report.alignment.delay_samples == pytest.approx(7.3, abs=0.05)
    assert report.alignment.delay_samples == pytest.approx(7.3, abs=5 * report.alignment.standard_error + 0.003)
    assert report.esr == pytest.approx(1e-4, rel=0.6)
    assert report.esr_before > 20 * report.esr
    assert report.agreement == 1.0
    assert report.warnings == ()
    assert report["dclip.n"].is_determined
    assert off(values, TRUTH, "DCLIP.N") == pytest.approx(0, abs=0.01)


@pytest.mark.slow
def test_the_impedance_level_is_not_known(of_everything):
    values, report = of_everything
    assert set(report.undetermined) == {"R1", "C1", "DCLIP.IS"}
    level = report.combinations[0]
    assert set(level) == {"R1", "C1", "DCLIP.IS"}
    assert level["C1"] / level["R1"] == pytest.approx(-1, abs=1e-3)
    assert level["DCLIP.IS"] / level["R1"] == pytest.approx(-1, abs=1e-3)
    assert "the impedance level: R1 times any factor with C1, DCLIP.IS over the same factor" in str(report)
    assert "Known is R1*C1 = " in str(report)
    products = {each.label: each for each in report.known}
    assert set(products) == {"R1*C1", "R1*DCLIP.IS"}
    assert products["R1*C1"].value == pytest.approx(2200 * 13e-9, rel=0.02)
    assert products["R1*DCLIP.IS"].value == pytest.approx(2200 * 5e-9, rel=0.02)
    assert products["R1*C1"].value == pytest.approx(values["R1"] * values["C1"], rel=1e-12)
    for name, known in (("R1*C1", 2200 * 13e-9), ("R1*DCLIP.IS", 2200 * 5e-9)):
        assert np.log(products[name].value / known) == pytest.approx(0, abs=5 * products[name].standard_error + 1e-3)
    # Undetermined is the level alone, and the prior has it nearest to the nominal values.
    moves = [np.log(values[name] / float(CLIPPER.values[name])) for name in ("R1", "C1", "DCLIP.IS")]
    assert moves[0] - moves[1] - moves[2] == pytest.approx(0, abs=2e-3)


@pytest.mark.slow
def test_what_is_wrong_is_said(of_everything):
    _, report = of_everything
    for change, words in (
        ({"failed": 3}, "not solved at 3 samples"),
        ({"converged": False}, "did NOT come to its end"),
        ({"starts": (1.0, 1.5, 2.0)}, "Most searches ended elsewhere"),
        ({"alignment": dataclasses.replace(report.alignment, sharpness=1.05)}, "a period of the music"),
    ):
        (warning,) = dataclasses.replace(report, **change).warnings
        assert words in warning
        assert warning in str(dataclasses.replace(report, **change))


@pytest.mark.slow
def test_single_precision_callers_get_the_same(of_everything, music, heard):
    with jax.enable_x64(False):
        values, report = identify(CLIPPER, music, heard, fs=FS, fit=("r1", "c1", "dclip.is", "DCLIP.N"), **QUICK)
        assert jnp.zeros(1).dtype == jnp.float32
    assert values == pytest.approx(of_everything[0], rel=1e-6)
    assert "\nvalue " in str(report)


@pytest.mark.slow
@pytest.mark.parametrize("peak", [1e-5, 9.0], ids=["near silence", "hard"])
@pytest.mark.parametrize("circuit", ["clipper", pytest.param("pot", marks=pytest.mark.slow)])
def test_the_gradient_agrees_with_central_differences(circuit, peak):
    x = peak * cn.audio.guitar(0.1, FS, seed=3)
    y = -late(0.5 * np.tanh(x), 3.4)
    if circuit == "clipper":
        problem, box = small_box(CLIPPER, x, y, ("C1", "DCLIP.IS", "DCLIP.N", "R1"))
    else:
        names = ("DCLIP.N", "tone")
        problem, box = small_box(cn.read_netlist(POT), x, y, names, positions=("tone",), recorder=Recorder())

    def objective(at):
        rest = problem.residual(at) / peak
        return float(rest @ rest)

    at = 0.05 * np.random.default_rng(0).uniform(-1, 1, box.spread.size)
    _, gradient, error = normal(problem, at, peak)
    gradient = 2 * (gradient - at)  # without the prior
    assert error - at @ at == pytest.approx(objective(at), rel=1e-12)
    step = 1e-5
    for k in range(at.size):
        up, down = (objective(at + sign * step * (np.arange(at.size) == k)) for sign in (1, -1))
        assert gradient[k] == pytest.approx((up - down) / (2 * step), rel=2e-5, abs=1e-7 * objective(at))


POT = """a clipper behind a pot
.param tone=0.5
Vin in 0 DC 0 AC 1
R1 in a {100k*(1-tone)+1k}
R2 a 0 {100k*tone+1k}
R3 a out 2.2k
C1 out 0 10n
D1 out 0 DCLIP
D2 0 out DCLIP
.model DCLIP D(IS=2.52n N=1.752)
"""


@pytest.mark.slow
@pytest.mark.parametrize("tone", [0.15, 0.8])
def test_position_of_a_pot(tone, music):
    circuit = cn.read_netlist(POT)
    y = recorded(circuit.replace(tone=tone), music)
    values, report = identify(circuit, music, y, fs=FS, fit=("tone",), **QUICK)
    assert values["tone"] == pytest.approx(tone, abs=0.005)
    assert report["tone"].kind == "position"
    assert values["tone"] == pytest.approx(tone, abs=5 * report["tone"].standard_error + 2e-4)
    assert "% of the way" in str(report)


@pytest.mark.slow
@pytest.mark.parametrize("tone", [0.0, 1.0])
def test_a_pot_at_its_end(tone, music):
    circuit = cn.read_netlist(POT)
    values, report = identify(circuit, music, recorded(circuit.replace(tone=tone), music), fs=FS, fit="tone", **QUICK)
    assert 0 <= values["tone"] <= 1
    assert values["tone"] == pytest.approx(tone, abs=0.005)
    assert report.converged


@pytest.mark.slow
@pytest.mark.parametrize("source", ["guitar", "excitation"])
def test_acceptance_of_the_clipper(source):
    """40 dB of signal-to-noise ratio, 7.3 samples late, upside down."""
    x = real_guitar(4.5) if source == "guitar" else 4.5 * cn.audio.excitation(10.0, FS, seed=2)
    truth = CLIPPER.replace(C1=14e-9, **{"DCLIP.IS": 6.3e-9, "DCLIP.N": 1.577})
    values, report = identify(CLIPPER, x, recorded(truth, x), fs=FS, fit=("C1", "D1.is", "D1.n"), progress=False)
    assert off(values, truth, "C1") == pytest.approx(0, abs=0.02)  # R1 is known: that of R1*C1
    assert off(values, truth, "DCLIP.IS") == pytest.approx(0, abs=0.02)
    assert off(values, truth, "DCLIP.N") == pytest.approx(0, abs=0.01)
    assert report.alignment.delay_samples == pytest.approx(7.3, abs=0.05)
    assert report.alignment.polarity == -1
    assert not report.drift.is_there
    # By how much a wrong scale of volts would have moved them, against doing it.
    options = {"fit": ("C1", "D1.is", "D1.n"), "starts": 1, "progress": False}
    louder, _ = identify(CLIPPER.replace(**values), x, 1.01 * recorded(truth, x), fs=FS, **options)
    moved = 100 * (louder["DCLIP.N"] / values["DCLIP.N"] - 1)
    assert report.per_gain["DCLIP.N"] == pytest.approx(moved, rel=0.1)


@pytest.mark.slow
def test_second_order_clipper():
    x = real_guitar(4.5)
    circuit = cn.circuits.diode_clipper_second_order()
    truth = circuit.replace(Ch=0.33e-6, Cl=14e-9, **{"DCLIP.IS": 6.3e-9, "DCLIP.N": 1.577})
    fit = ("Ch", "Cl", "D1.is", "D1.n")
    values, report = identify(circuit, x, recorded(truth, x), fs=FS, fit=fit, progress=False)
    for name, within in (("Ch", 0.02), ("Cl", 0.02), ("DCLIP.IS", 0.02), ("DCLIP.N", 0.01)):
        assert off(values, truth, name) == pytest.approx(0, abs=within), name
    assert report.alignment.delay_samples == pytest.approx(7.3, abs=0.05)


@pytest.mark.slow
def test_drive_of_a_tube_screamer():
    x = real_guitar(0.3)
    circuit = cn.circuits.tube_screamer_clipping()
    truth = circuit.replace(drive=0.2, **{"D1N4148.IS": 5e-9, "D1N4148.N": 1.6})
    values, _ = identify(circuit, x, recorded(truth, x), fs=FS, fit=("drive", "D1.IS", "D1.N"), progress=False)
    assert values["drive"] == pytest.approx(0.2, abs=0.002)
    assert off(values, truth, "D1N4148.IS") == pytest.approx(0, abs=0.02)
    assert off(values, truth, "D1N4148.N") == pytest.approx(0, abs=0.01)


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.usefixtures("ngspice")
def test_what_ngspice_has_made():
    """ngspice at 192 kHz, brought to 48 kHz as a converter does it."""
    x = 4.5 * cn.audio.excitation(2.0, FS, seed=5)
    high = cn.spice.transient(TRUTH, cn.audio.resample(x, FS, 4 * FS), 4 * FS, max_step=2e-6)
    # There, inputs reach the first sample one period later: one period of the high rate is a quarter of a sample.
    y = cn.audio.resample(high, 4 * FS, FS)
    y = y + 0.01 * y.std() * np.random.default_rng(0).standard_normal(len(y))
    values, report = identify(
        CLIPPER, x, y, fs=FS, fit=("C1", "D1.is", "D1.n"), excerpts=15, seconds=0.08, progress=False
    )
    assert off(values, TRUTH, "C1") == pytest.approx(0, abs=0.02)
    assert off(values, TRUTH, "DCLIP.IS") == pytest.approx(0, abs=0.02)
    assert off(values, TRUTH, "DCLIP.N") == pytest.approx(0, abs=0.01)
    assert report.alignment.polarity == 1
    assert abs(report.alignment.delay_samples) < 0.3


@pytest.mark.slow
def test_unknown_gain_offset_and_hum():
    x = 4.5 * cn.audio.excitation(6.0, FS, seed=2)
    turn = 2 * np.pi * 50 * np.arange(len(x)) / FS + 1
    hum = sum(0.05 / k * np.sin(k * turn) for k in range(1, 20, 2))
    y = 0.6 * recorded(TRUTH, x) + 0.2 + hum
    values, report = identify(CLIPPER, x, y, fs=FS, fit=("C1", "D1.is", "D1.n"), y_gain="fit", hum=50.0, progress=False)
    assert off(values, TRUTH, "C1") == pytest.approx(0, abs=0.02)
    assert off(values, TRUTH, "DCLIP.IS") == pytest.approx(0, abs=0.04)
    assert off(values, TRUTH, "DCLIP.N") == pytest.approx(0, abs=0.01)
    assert report["y_gain"].fitted == pytest.approx(0.6, rel=0.01)
    assert report.per_gain == {}
    assert "y_gain" in str(report)


@pytest.mark.slow
def test_clipping_and_clocks_are_noticed(music):
    y = recorded(TRUTH, music)
    top = np.quantile(np.abs(y), 0.995)
    values, report = identify(CLIPPER, music, np.clip(y, -top, top), fs=FS, fit=("C1", "D1.n"), **QUICK)
    assert report.clipped[0] == 0
    assert report.clipped[1] > 50
    assert any("y is clipped" in each for each in report.warnings)
    _, plain = identify(CLIPPER, music, y, fs=FS, fit=("C1", "D1.n"), **QUICK)
    assert values["DCLIP.N"] == pytest.approx(plain["DCLIP.N"].fitted, rel=0.005)
    # 20 ppm: two samples in two seconds of 96000.
    fine = resample_poly(y, 16, 1)
    drifted = np.interp(16 * (1 - 20e-6) * np.arange(len(y)), np.arange(len(fine)), fine)
    _, report = identify(CLIPPER, music, drifted, fs=FS, fit=("C1", "D1.n"), **QUICK)
    assert report.drift.is_there
    assert report.drift.ppm == pytest.approx(20, rel=0.2)
    assert any("clocks" in each for each in report.warnings)
    values, report = identify(CLIPPER, music, drifted, fs=FS, fit=("C1", "D1.n"), drift="fit", **QUICK)
    assert values["C1"] == pytest.approx(plain["C1"].fitted, rel=0.02)
    assert report.alignment.drift.ppm == pytest.approx(20, abs=1)
    assert not report.drift.is_there
    assert not plain.drift.is_there


@pytest.mark.slow
def test_a_netlist_that_is_wrong_is_noticed(music, heard):
    """Diodes held at their nominal values, which are not those of the recording."""
    _, report = identify(CLIPPER, music, heard, fs=FS, fit="C1", **QUICK)
    assert report.missing
    assert "not noise" in report.verdict
    assert report.verdict.split()[0] in str(report).split()[0]
    _, right = identify(CLIPPER, music, heard, fs=FS, fit=("C1", "D1.*"), **QUICK)
    assert abs(right.correlation - np.sinc(BAND)) < 0.05  # of white noise in that band
    assert right.warnings == ()
    assert right.missing == ()
    assert "looks like noise" in right.verdict


@pytest.mark.slow
def test_doubtful_values_have_an_interval_of_their_own(music, heard):
    """Diodes that hardly conduct."""
    rng = np.random.default_rng(0)
    soft = played(TRUTH, 0.1 * music)
    y = soft + 0.1 * soft.std() * rng.standard_normal(len(soft))
    asked = QUICK | {"starts": 1, "max_delay": 0, "profile": ("D1.*",)}
    _, report = identify(CLIPPER, 0.1 * music, y, fs=FS, fit=("C1", "D1.is", "D1.n"), **asked)
    assert report["C1"].profile is None
    low, high = report["DCLIP.IS"].profile
    assert low < report["DCLIP.IS"].fitted < high
    assert low < 5e-9 < high
    assert "95 % by the profile of the likelihood: DCLIP.IS" in str(report)
    with pytest.raises(ValueError, match="C2"):
        identify(CLIPPER, music, heard, fs=FS, fit="C1", **QUICK, profile="C2")


@pytest.mark.slow
def test_without_noise_values_are_exact(music):
    """Made by the model that is fitted, at the rate beyond which there is none: nothing but rounding is left."""
    model = cn.nodal.NodalModel(TRUTH.astype(np.float64), FS, oversampling=16, dtype=jnp.float64)
    y = np.asarray(cn.run(model, np.pad(music, (0, model.latency)))[1])[model.latency :]
    options = QUICK | {"warmup": 0.1, "max_delay": 0, "high_pass": None, "oversampling": 16}
    values, report = identify(CLIPPER, music, y, fs=FS, fit=("C1", "D1.is", "D1.n"), **options)
    assert values == pytest.approx({name: float(TRUTH.values[name]) for name in values}, rel=1e-5)
    assert report.alignment.delay_samples == 0
    assert report.undetermined == ()


@pytest.mark.slow
def test_standard_errors_are_those_of_repetitions(music):
    rng = np.random.default_rng(4)
    exact = played(TRUTH, music)
    found = []
    for _ in range(12):
        y = exact + 0.02 * exact.std() * rng.standard_normal(len(exact))
        options = QUICK | {"starts": 1, "oversampling": 4}
        found.append(identify(CLIPPER, music, y, fs=FS, fit=("C1", "D1.is", "D1.n"), max_delay=0, **options))
    for name in ("C1", "DCLIP.IS", "DCLIP.N"):
        scatter = np.std([np.log(values[name]) for values, _ in found], ddof=1)
        stated = np.mean([report[name].standard_error for _, report in found])
        assert 0.5 < scatter / stated < 1.5, name


def signals(seconds=1.0):
    x = cn.audio.guitar(seconds, FS, seed=1)
    return x, np.tanh(x)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y[:-1]), "x has 48000 samples, y 47999|x has 48000 samples, y has 47999"),
        (lambda x, y: (np.zeros_like(x), y), "x is silent"),
        (lambda x, y: (x, np.full_like(y, 0.1)), "y is silent"),
        (lambda x, y: (np.where(np.arange(len(x)) == 5, np.nan, x), y), "x: 1 sample.* first at index 5"),
        (lambda x, y: (x[:100], y[:100]), "100 samples are too few"),
        (lambda x, y: (np.stack([x, x], -1), y), "x: one channel is wanted"),
        (lambda x, y: (x, np.clip(20 * y, -0.1, 0.1)), "y is clipped for"),
        (lambda x, y: (x, np.random.default_rng(0).standard_normal(len(x))), "nothing in common .* anywhere"),
    ],
)
def test_bad_recordings(change, message):
    x, y = change(*signals())
    with pytest.raises(ValueError, match=message):
        identify(CLIPPER, x, y, fs=FS, fit="C1", **QUICK)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fs": 0}, "fs must be a positive number of hertz"),
        ({"fit": "C7"}, "'C7' matches no value"),
        ({"fit": "R1.is"}, "R1 has no .model"),
        ({"fit": "D1.vj"}, "'DCLIP.vj' matches no value"),
        ({"fit": {"C1": 2.0}}, "tolerance of 'C1' must be between 0 and 1"),
        ({"y_gain": "free"}, "y_gain has to be a number or 'fit'"),
        ({"x_gain": -1.0}, "x_gain has to be positive"),
        ({"x_offset": np.inf}, "x_offset has to be a finite number of volts"),
        ({"output": "AC"}, "output has to be 'dc', 'ac' or a corner"),
        ({"input": 0.0}, "input has to be 'dc', 'ac', 'lost' or a corner"),
        ({"drift": True}, "drift has to be None or 'fit'"),
        ({"held_out": 0.19}, "held_out: 0.19 s leave nothing"),
        ({"max_delay": -1}, "max_delay has to be"),
        ({"high_pass": 0.0}, "high_pass has to be a frequency"),
        ({"hum": -50.0}, "hum has to be a frequency"),
        ({"starts": 0}, "starts has to be at least 1"),
        ({"excerpts": 0}, "excerpts has to be at least 1"),
        ({"seconds": 0.0}, "seconds has to be at least"),
        ({"precision": 1.0}, "precision has to be between"),
    ],
)
def test_bad_options(options, message):
    x, y = signals(0.2)
    with pytest.raises(ValueError, match=message):
        identify(CLIPPER, x, y, **{"fs": FS, "fit": "C1"} | QUICK | options)


def test_a_circuit_with_two_outputs():
    circuit = cn.read_netlist("two\nVin in 0 DC 0 AC 1\nR1 in a 1k\nR2 a 0 1k\n", outputs=("a", "in"))
    with pytest.raises(ValueError, match="one input and one output"):
        identify(circuit, *signals(0.2), fs=FS)


def test_a_model_goes_by_the_name_of_what_uses_it():
    found = learnt_values(CLIPPER, set(), {"d2.Is": 0.1, "DCLIP.N": None}, None)
    assert found == {"DCLIP.IS": 0.1, "DCLIP.N": None}
    assert learnt_values(CLIPPER, set(), "DCLIP.*", 0.3) == {"DCLIP.IS": 0.3, "DCLIP.N": 0.3}


def test_excerpts_are_loud_and_spread_over_the_recording():
    rng = np.random.default_rng(0)
    x = 1e-6 * rng.standard_normal(4 * FS)
    for second in range(4):
        x[second * FS + 12_000 :][:6000] = rng.standard_normal(6000)
    y = np.roll(x, 1000)
    pieces = cut(recordings(x, y, FS), 1000, 1, count=4, seconds=0.1, warmup=0.1, latency=7, high_pass=20.0, hum=50.0)
    assert pieces.start.tolist() == sorted(pieces.start)
    assert [int(each // FS) for each in pieces.start] == [0, 1, 2, 3]
    side = (pieces.x.shape[1] - pieces.before - 7 - pieces.y.shape[1]) // 2
    for row, target in zip(pieces.x, pieces.y, strict=True):
        played = in_band(row)[pieces.before + side :][: len(target)]
        np.testing.assert_allclose(played, target, atol=1e-9)
    gram = np.einsum("pta,ptb->pab", pieces.basis, pieces.basis)
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(gram.shape[1]), gram.shape), atol=1e-9)


def test_excerpts_avoid_what_follows_a_clipped_input():
    x = np.random.default_rng(0).standard_normal(FS)
    x[20_000:20_010] = 10.0
    pieces = cut(recordings(x, x, FS), 0, -1, count=3, seconds=0.05, warmup=0.05, latency=0, high_pass=None, hum=None)
    assert not any(start - pieces.before < 20_000 < start + 2400 for start in pieces.start)
    np.testing.assert_array_equal(pieces.y[0], -in_band(x)[pieces.start[0] :][:2400])
    assert not pieces.basis.any()


def test_clipped_samples():
    signal = np.sin(np.linspace(0, 100, 5000))
    assert not is_clipped(signal).any()
    found = is_clipped(np.clip(signal, -2, 0.8))
    assert found[signal > 0.8].all()
    assert found.sum() < 1.5 * (signal > 0.8).sum()

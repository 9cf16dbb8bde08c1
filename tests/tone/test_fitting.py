"""Fitting neural tone stacks: small and quick ones to a low-pass, real ones (slow) to the circuits of the catalogue."""

import json
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.filters import NeuralToneStack
from circuitnn.tone import fitting
from circuitnn.tone.objective import ToneObjective, weights_of
from circuitnn.tone.target import Reference, random_settings, spread_settings
from circuitnn.train import Interrupted, fit_tone_stack
from circuitnn.train.response_data import Responses, responses
from tests.train.measured_stacks import FREQS, low_pass, write_recordings, write_table

SMALL = {"hidden": (6,), "order": 3, "schedule": (200, 5), "settings": 32, "progress": False}
KNOB = {"tone": 0.5}
RATES = (44_100, 88_200, 96_000, 192_000)


@pytest.fixture(scope="module")
def quick():
    return fit_tone_stack(low_pass, controls=KNOB, seed=3, **SMALL)


def weights(model):
    return np.asarray(weights_of(model))


def error(model, tones=(0.0, 0.2, 0.5, 0.9, 1.0)):
    tones = np.array(tones)
    found = model.frequency_response(FREQS, controls={"tone": tones[:, None]})
    return np.abs(20 * np.log10(np.abs(found) / np.abs(low_pass(FREQS, {"tone": tones})))).mean()


@pytest.mark.slow
def test_improves_on_its_start(quick):
    model, report = quick
    start = NeuralToneStack(KNOB, hidden=(6,), order=3, seed=3)
    assert error(start) > 3
    assert error(model) < 0.5
    assert report.history[-1] < 0.2 * report.history[0]
    assert len(report.history) == 1 + 5
    assert (model.order, model.hidden, model.fs, dict(model.controls)) == (3, (6,), 48_000, KNOB)


@pytest.mark.slow
def test_ctrl_c_leaves_the_filter_so_far(monkeypatch):
    class Bar(fitting.tqdm):
        def update(self, n=1):
            if self.n == 2 - n:
                signal.raise_signal(signal.SIGINT)
            return super().update(n)

    monkeypatch.setattr(fitting, "tqdm", Bar)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match=r"stopped after 2 steps; .*\.model") as caught:
        fit_tone_stack(low_pass, controls=KNOB, seed=3, **SMALL | {"progress": True})
    assert signal.getsignal(signal.SIGINT) is before
    assert error(caught.value.model) < 1.5
    assert caught.value.history.shape == (2, 1)


def test_report(quick):
    model, report = quick
    assert report.found.shape == (1000, 192)
    found = np.abs(report.found - report.unseen.decibels)
    assert report.errors.mean == pytest.approx(found.mean())
    assert report.errors.p95 == pytest.approx(np.quantile(found, 0.95))
    assert report.errors.max == pytest.approx(found.max())
    assert report.floored.max <= report.errors.max
    assert report.fitted == 32
    # What it says is what the model does, at the worst setting too.
    at = {"tone": np.array([report.worst["tone"]])}
    freqs = np.array([report.worst["freq_hz"], 1.0])
    h = model.frequency_response(freqs, controls={"tone": at["tone"][:, None]})[0, 0]
    apart = abs(20 * np.log10(abs(complex(h)) / abs(low_pass(freqs, at)[0, 0])))
    assert apart == pytest.approx(report.errors.max, rel=1e-3)
    positions, target, known = report.family["tone"]
    assert target.shape == known.shape == (len(positions), 192)
    assert "32 settings fitted" in str(report)
    assert f"{report.errors.mean:.4f}" in str(report)


def test_report_on_disk(quick, tmp_path):
    matplotlib = pytest.importorskip("matplotlib.image")
    _, report = quick
    written = report.save(tmp_path / "report")
    assert {path.name for path in written} == {"report.json", "worst.png", "errors.png", "family.png"}
    said = json.loads((tmp_path / "report" / "report.json").read_text())
    assert said["error_db"]["mean"] == report.errors.mean
    assert said["settings_unseen"] == 1000
    for path in written[1:]:
        picture = matplotlib.imread(path)
        assert min(picture.shape[:2]) > 200
        assert np.ptp(picture[..., :3]) > 0.5


@pytest.mark.slow
def test_seeds(quick):
    """The same seed gives the same bits, alone; several in one program are as good, each its own."""
    model, report = fit_tone_stack(low_pass, controls=KNOB, seed=3, **SMALL)
    np.testing.assert_array_equal(weights(model), weights(quick[0]))
    np.testing.assert_array_equal(report.history, quick[1].history)
    np.testing.assert_array_equal(report.found, quick[1].found)
    fitted, reports = fit_tone_stack(low_pass, controls=KNOB, seed=[3, 4], **SMALL)
    assert [type(each) for each in fitted] == [NeuralToneStack] * 2
    assert np.abs(weights(fitted[0]) - weights(fitted[1])).max() > 0.1
    assert all(error(each) < 1 for each in fitted)
    assert len(reports) == 2
    assert reports[0].errors != reports[1].errors


@pytest.mark.slow
def test_responses_and_a_cascade():
    """Few measured settings: all are fitted and all assessed; frequencies beyond the filter's are left out."""
    tones = np.linspace(0, 1, 7)
    freqs = np.append(FREQS, [23.9e3, 40e3])
    data = responses(freqs, {"tone": tones}, low_pass(freqs, {"tone": tones}))
    model, report = fit_tone_stack(data, form="biquads", controls={"tone": 0.2}, **SMALL)
    assert model.settings["form"] == "biquads"
    assert dict(model.controls) == {"tone": 0.2}
    assert report.found.shape == (7, len(FREQS))
    assert report.family == {}
    assert error(model) < 1


@pytest.mark.slow
def test_a_folder_without_phase(tmp_path):
    tones = tuple(np.linspace(0, 1, 24).round(3))
    write_table(tmp_path, has_phase=False, tones=tones)
    model, report = fit_tone_stack(tmp_path, **SMALL)
    # Many settings: some are kept apart.
    assert report.fitted == 20
    assert len(report.found) == 4
    assert not report.unseen.has_phase
    assert error(model) < 1
    pytest.importorskip("matplotlib")
    assert {path.name for path in report.save(tmp_path / "report")} == {"report.json", "worst.png", "errors.png"}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["table", "impulse responses", "sweep"])
def test_folders(tmp_path, what):
    if what == "table":
        write_table(tmp_path, has_phase=True)
    else:
        impulse, played = np.zeros(16_384), np.zeros(56_192)
        impulse[0] = 1
        played[:48_000] = 0.5 * cn.audio.sweep(1.0, 48_000, start=10, stop=22e3)
        write_recordings(tmp_path, impulse if what == "impulse responses" else played, is_kept=what == "sweep")
    model, report = fit_tone_stack(str(tmp_path), **SMALL)
    assert report.errors.mean < 0.5
    assert dict(model.controls) == {"tone": 0.5}


@pytest.mark.slow
def test_a_circuit(monkeypatch):
    monkeypatch.setattr("circuitnn.tone.fitting.UNSEEN", 20)
    circuit = cn.read_netlist("* low-pass\n.param k=0.3\nVin in 0 0 AC 1\nR1 in out {1k+20k*k}\nC1 out 0 10n\n.end")
    model, report = fit_tone_stack(circuit, **SMALL)
    assert dict(model.controls) == {"k": 0.3}
    expected = cn.nodal.frequency_response(circuit, FREQS, controls={"k": 0.8})
    found = model.frequency_response(FREQS, controls={"k": 0.8})
    assert np.abs(20 * np.log10(np.abs(found / expected))).max() < 1
    assert report.errors.mean < 0.3


def test_ngspice_is_a_reference(ngspice):
    circuit = cn.circuits.big_muff_tone()
    knobs = {"tone": np.array([0.0, 0.3, 1.0])}
    one, other = (Reference.of_circuit(circuit, name)(FREQS, knobs) for name in ("nodal", "ngspice"))
    np.testing.assert_allclose(one.response, other.response, rtol=1e-4)


def test_positions():
    controls = {"a": 0.5, "b": 0.5, "c": 0.5}
    spread = np.stack(list(spread_settings(controls, 512).values()))
    assert spread.shape == (3, 512)
    assert spread.min() == 0
    assert spread.max() == 1
    for row in spread:
        assert 0.25 < np.mean((row == 0) | (row == 1)) < 0.42  # a third at the ends
    apart = np.stack(list(random_settings(controls, 50, 0).values()), -1)
    assert {tuple(row) for row in apart[:8]} == {(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)}
    assert len(random_settings(controls, 3, 0)["a"]) == 3


@pytest.mark.slow
def test_gauss_newton_matrices_are_those_of_the_error():
    """J^T J and J^T r against the Jacobian of all residuals, with more settings than are in memory at once."""
    rng = np.random.default_rng(0)
    knobs = {"tone": rng.random(37)}
    data = responses(FREQS[:6], knobs, low_pass(FREQS[:6], knobs))
    model = NeuralToneStack(KNOB, hidden=(3,), order=2, dtype=jnp.float64)
    objective = ToneObjective(model, data)
    flat = weights_of(model)

    def every(flat):
        free = objective.free(flat, objective.knobs)
        return jnp.ravel(jax.vmap(objective.residuals)(free, objective.target))

    rows, r = jax.jit(jax.jacfwd(every))(flat), every(flat)
    gram, slope = jax.jit(lambda flat: objective.normal(flat, objective.knobs, objective.target))(flat)
    count = 37 * 6
    np.testing.assert_allclose(gram, rows.T @ rows / count, rtol=0, atol=1e-9 * np.abs(gram).max())
    np.testing.assert_allclose(slope, rows.T @ r / count, rtol=0, atol=1e-9 * np.abs(slope).max())
    assert float(objective.error(flat, objective.knobs, objective.target)) == pytest.approx(float(r @ r / count))


SILENT = "* no knob\nVin in 0 0 AC 1\nR1 in out 1k\nC1 out 0 10n\n.end"


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        (cn.read_netlist(SILENT), {}, r"the netlist has no knobs: a knob is a .param"),
        (low_pass, {}, r"a function as a target needs controls=\{name: default\}"),
        (low_pass, {"controls": {"tone": 1.5}}, "knob tone: 1.5 is outside 0..1"),
        (low_pass, {"controls": KNOB, "form": "lattice"}, "form: there are coupled, biquads, not 'lattice'"),
        (low_pass, {"controls": KNOB, "order": 0}, "order: expected a number of poles from 1 to 64, got 0"),
        (low_pass, {"controls": KNOB, "radius": 1}, "radius: the poles must keep between 0 and 1, got 1"),
        (low_pass, {"controls": KNOB, "fs": -48e3}, "fs must be a positive number of hertz"),
        (low_pass, {"controls": KNOB, "settings": 0}, "settings: expected a positive number, got 0"),
        (low_pass, {"controls": KNOB, "schedule": (0, 5)}, r"schedule: expected one update of Adam at least"),
        (lambda freqs, knobs: np.ones((3, 5)), {"controls": KNOB}, r"responses have to be \(settings, 96 frequencies"),
        (
            lambda freqs, knobs: np.full((len(knobs["tone"]), len(freqs)), np.nan),
            {"controls": KNOB},
            "the response at tone=.* is not a finite number",
        ),
        (3.0, {}, "a target is a circuit, a folder, responses or a function, not float"),
        ("/nowhere/at/all", {}, "no such folder"),
    ],
)
def test_bad_input(target, options, said):
    with pytest.raises(ValueError, match=said):
        fit_tone_stack(target, **{**SMALL, **options})


def test_bad_responses():
    data = responses(FREQS, {"tone": [0.1, 0.9]}, low_pass(FREQS, {"tone": np.array([0.1, 0.9])}))
    with pytest.raises(ValueError, match="no knob 'bass'; there are tone"):
        fit_tone_stack(data, controls={"bass": 0.5}, **SMALL)
    with pytest.raises(ValueError, match="fewer than two of the frequencies are below half of fs = 60 Hz"):
        fit_tone_stack(data, **SMALL, fs=60)
    bare = Responses(FREQS, {}, data.response)
    with pytest.raises(ValueError, match="responses without a knob: there is nothing to follow"):
        fit_tone_stack(bare, **SMALL)
    circuit = cn.circuits.big_muff_tone()
    with pytest.raises(ValueError, match="reference: nodal or ngspice, not 'spectre'"):
        fit_tone_stack(circuit, reference="spectre", **SMALL)
    two = cn.read_netlist(circuit.to_spice(), outputs=("out", "w"))
    with pytest.raises(ValueError, match="one input and one output, this circuit has 1 and 2"):
        fit_tone_stack(two, **SMALL)


@pytest.fixture(scope="module")
def bassman():
    return fit_tone_stack(cn.circuits.bassman(), progress=False)


@pytest.mark.slow
def test_bassman(bassman):
    _, report = bassman
    assert report.errors.mean <= 0.015
    assert report.errors.p95 <= 0.05
    assert report.errors.max <= 0.3


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES)
def test_bassman_at_other_rates(bassman, rate):
    """Below 18 kHz at 200 settings: of the model at its own rate, and of the circuit."""
    model, _ = bassman
    circuit = cn.circuits.bassman()
    freqs = np.geomspace(20, 18e3, 150)
    knobs = {name: value[:, None] for name, value in random_settings(circuit.controls, 200, 7).items()}
    exact = np.abs(cn.nodal.frequency_response(circuit, freqs, controls=knobs))
    own, other = (np.abs(model.frequency_response(freqs, controls=knobs, fs=fs)) for fs in (48_000, rate))
    assert np.abs(20 * np.log10(other / own)).max() < 0.05
    errors = np.abs(20 * np.log10(other / exact))
    assert np.quantile(errors, 0.95) < 0.03
    # At a few settings near the corners the fit itself is off by a little more than 0.1 dB, at its own rate too.
    assert np.mean(errors > 0.1) < 1e-3
    assert errors.max() < 0.2
    # Outputs that do not cancel each other: it runs in single precision.
    assert float(jnp.abs(model.at(rate).form(jnp.full(3, 0.5)).output).max()) < 10


@pytest.mark.slow
def test_bassman_in_time(bassman):
    """Knobs that move at random keep below the bound; the impulse has the response."""
    model, _ = bassman
    rng = np.random.default_rng(0)
    knobs = {name: rng.random(100_000) for name in model.controls}
    _, y = cn.run(model, rng.uniform(-1, 1, 100_000), controls=knobs)
    bound = model.form(jnp.asarray(np.stack(list(knobs.values()), -1), jnp.float32)).bound()
    assert np.isfinite(y).all()
    assert np.abs(y).max() <= float(bound)
    x = np.zeros(65_536)
    x[0] = 1
    _, h = cn.run(model, x, controls={"treble": 0.8})
    spectrum = np.exp(-2j * np.pi * np.outer(FREQS / 48e3, np.arange(len(x)))) @ np.asarray(h, float)
    np.testing.assert_allclose(spectrum, model.frequency_response(FREQS, controls={"treble": 0.8}), rtol=0, atol=2e-4)

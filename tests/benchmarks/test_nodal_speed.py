import json
import os
import time
from functools import partial

import jax
import numpy as np
import pytest

from benchmarks import catalogue, speed_report, timing
from benchmarks.nodal_speed import __main__ as program
from benchmarks.nodal_speed import report
from circuitnn import audio, circuits
from circuitnn.nodal import NodalModel

SMALL = timing.Sizes(seconds=0.002, batch=4, batch_seconds=0.001)


@pytest.fixture(scope="module")
def recording():
    return audio.excitation(1.0, catalogue.FS)


def subject(name):
    return timing.Subject(partial(NodalModel, circuits.CATALOGUE[name](), catalogue.FS), circuits.NOMINAL_PEAK[name])


def row(name="diode_clipper", one=4.0, batch=0.5, moving=None, first=1.0):
    return {
        "circuit": name,
        "nodes": 2,
        "states": 1,
        "ports": 1,
        "one_stream_ms": one,
        "batch_ms_per_stream": {timing.BATCH_ONE: 2 * batch, timing.THREADS: batch},
        "gradient_samples_per_second": 9e6,
        "moving_knobs_ms": None if moving is None else moving * one,
        "moving_knobs_cost": moving,
        "first_call_seconds": {timing.ONE: first, timing.GRADIENT: 2 * first},
        "ngspice_ms": 2000.0,
    }


def test_halves_in_two_threads_are_the_batch(recording):
    found = timing.steps(subject("tube_screamer_clipping"), recording, SMALL, "float64", gradient=False)
    assert set(found) >= {timing.ONE, timing.BATCH_ONE, timing.THREADS, timing.MOVING}
    assert timing.GRADIENT not in found
    _, whole = found[timing.BATCH_ONE].run()
    halves = [y for _, y in found[timing.THREADS].run()]
    assert whole.shape == (4, 48, 1)
    np.testing.assert_allclose(np.concatenate(halves), whole, rtol=1e-9, atol=1e-12)
    if timing.BATCH_TWO in found:
        np.testing.assert_allclose(found[timing.BATCH_TWO].run()[1], whole, rtol=1e-9, atol=1e-12)


def test_moving_knobs_move_at_every_sample(recording):
    found = timing.steps(subject("tube_screamer_clipping"), recording, SMALL, "float64", gradient=False)
    (_, still), (_, moved) = found[timing.ONE].run(), found[timing.MOVING].run()
    assert moved.shape == still.shape == (96, 1)
    assert not np.allclose(moved, still)


@pytest.mark.slow
def test_the_gradient_is_that_of_all_values(recording, monkeypatch):
    monkeypatch.setattr(timing, "GRADIENT_BATCH", 2)
    monkeypatch.setattr(timing, "GRADIENT_TIME", 32)
    found = timing.steps(subject("diode_clipper"), recording, SMALL, "float64")
    _, gradient = found[timing.GRADIENT].run()
    leaves = jax.tree.leaves(gradient)
    assert len(leaves) >= 4  # R1, C1, the source, the diode's IS and N
    assert all(np.all(np.isfinite(leaf)) for leaf in leaves)


def test_the_best_time_counts(monkeypatch):
    took = {"long": iter([0.3, 0.1, 0.2]), "short": iter([1e-3, 5e-4] + [2e-3] * 28)}
    order = []

    def seconds(name):
        order.append(name)
        return next(took[name])

    monkeypatch.setattr(timing, "seconds", seconds)
    assert timing.best_of({"long": "long", "short": "short"}, 3) == {"long": 0.1, "short": 5e-4}
    # one long step a round; short ones are repeated until 20 ms are spent, but at most ten times
    assert order == ["long", *["short"] * 10] * 3


def test_seconds_are_those_until_the_result_is_there():
    calls = []
    assert 0.02 <= timing.seconds(timing.Step(lambda: calls.append(time.sleep(0.02)), 1.0)) < 10
    assert len(calls) == 1


def test_costs_are_for_a_second_of_audio():
    audio_seconds = {timing.ONE: 2.0, timing.BATCH_ONE: 64.0, timing.MOVING: 2.0, timing.GRADIENT: 1.5}
    found = {kind: timing.Step(lambda: None, each) for kind, each in audio_seconds.items()}
    best = {timing.ONE: 0.01, timing.BATCH_ONE: 0.128, timing.MOVING: 0.015, timing.GRADIENT: 0.5}
    figures = speed_report.figures(found, best, dict.fromkeys(found, 3.0))
    assert figures["one_stream_ms"] == pytest.approx(5)
    assert figures["batch_ms_per_stream"] == {timing.BATCH_ONE: pytest.approx(2)}
    assert figures["moving_knobs_cost"] == pytest.approx(1.5)
    assert figures["gradient_samples_per_second"] == pytest.approx(144_000)


def test_targets_are_met_or_missed():
    found = {each["what"]: each for each in report.targets([row(), row("sd1", 1500, moving=2.5, first=5.0)])}
    assert found["diode_clipper: one stream, ms"]["is_met"]
    assert found["diode_clipper: batch, ms per stream"]["measured"] == 0.5  # the better of the two ways
    assert not found["sd1: one stream, ms"]["is_met"]
    assert not found["knobs moved at every sample over constant ones, the worst: sd1"]["is_met"]
    assert found["first call, one stream, s, the worst: sd1"]["is_met"]
    assert not found["first call, gradient, s, the worst: sd1"]["is_met"]


def test_tables_show_what_is_missing_as_empty():
    rows = [row(), row("twin", moving=1.5)]
    head = {"batch": 256, "dtype": "float64", "rounds": 5, "signal": "built-in excitation", "cores": 2}
    text = report.tables({"header": head, "rows": rows, "targets": report.targets(rows)})
    lines = [line.split("|") for line in text.splitlines() if line.startswith(("| diode", "| twin"))]
    assert len(lines[0]) == len(lines[1])
    assert "x 1.50" in text
    assert "met" in text


@pytest.mark.slow
def test_the_program_writes_its_report(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", ""))  # put back afterwards
    output = tmp_path / "speed.json"
    was = jax.config.jax_enable_compilation_cache
    try:
        words = [
            "--circuits",
            "twin",
            "--seconds",
            "0.002",
            "--batch",
            "2",
            "--batch-seconds",
            "0.001",
            "--rounds",
            "1",
        ]
        assert program.main([*words, "--no-gradient", "--ngspice-timeout", "0", "--output", str(output)]) == 0
    finally:
        jax.config.update("jax_enable_compilation_cache", was)
    found = json.loads(output.read_text())
    assert [each["circuit"] for each in found["rows"]] == ["twin"]
    assert found["rows"][0]["states"] == 3
    assert found["rows"][0]["ngspice_ms"] is None
    assert "| twin" in output.with_suffix(".md").read_text()
    assert "| twin" in capsys.readouterr().out


def test_the_program_names_what_is_wrong(capsys, monkeypatch):
    monkeypatch.setattr(timing, "set_up", lambda x64: None)
    assert program.main(["--circuits", "fuzz"]) == 2
    assert "no circuit named fuzz" in capsys.readouterr().err
    assert program.main(["--quick", "--input", "nowhere.wav"]) == 2
    assert "nowhere.wav: no such file" in capsys.readouterr().err

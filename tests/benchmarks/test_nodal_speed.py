import json
import os
from functools import partial

import jax
import numpy as np
import pytest

from benchmarks import nodal_speed, speed
from benchmarks.circuits import FS
from circuitnn import audio, circuits
from circuitnn.nodal import NodalModel
from circuitnn.study.benchmark import main
from circuitnn.study.rounds import Step

SMALL = speed.Sizes(seconds=0.002, batch=4, batch_seconds=0.001)


@pytest.fixture(scope="module")
def recording():
    return audio.excitation(1.0, FS)


def subject(name):
    return speed.Subject(partial(NodalModel, circuits.CATALOGUE[name](), FS), circuits.NOMINAL_PEAK[name])


def row(name="diode_clipper", one=4.0, batch=0.5, moving=None, first=1.0):
    return {
        "circuit": name,
        "nodes": 2,
        "states": 1,
        "ports": 1,
        "one_stream_ms": one,
        "batch_ms_per_stream": {speed.BATCH_ONE: 2 * batch, speed.THREADS: batch},
        "native_ms": 2.0,
        "native_batch_ms_per_stream": None,
        "gradient_samples_per_second": 9e6,
        "moving_knobs_ms": None if moving is None else moving * one,
        "moving_knobs_cost": moving,
        "first_call_seconds": {speed.ONE: first, speed.GRADIENT: 2 * first},
        "ngspice_ms": 2000.0,
    }


@pytest.fixture(scope="module")
def steps(recording):
    return speed.steps(subject("tube_screamer_clipping"), recording, SMALL, "float64", gradient=False)


@pytest.mark.slow
def test_halves_in_two_threads_are_the_batch(steps):
    assert set(steps) >= {speed.ONE, speed.BATCH_ONE, speed.THREADS, speed.MOVING}
    assert speed.GRADIENT not in steps
    _, whole = steps[speed.BATCH_ONE].run()
    halves = [y for _, y in steps[speed.THREADS].run()]
    assert whole.shape == (4, 48, 1)
    np.testing.assert_allclose(np.concatenate(halves), whole, rtol=1e-9, atol=1e-12)
    if speed.BATCH_TWO in steps:
        np.testing.assert_allclose(steps[speed.BATCH_TWO].run()[1], whole, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_moving_knobs_move_at_every_sample(steps):
    (_, still), (_, moved) = steps[speed.ONE].run(), steps[speed.MOVING].run()
    assert moved.shape == still.shape == (96, 1)
    assert not np.allclose(moved, still)


@pytest.mark.slow
def test_the_gradient_is_that_of_all_values(recording, monkeypatch):
    monkeypatch.setattr(speed, "GRADIENT_BATCH", 2)
    monkeypatch.setattr(speed, "GRADIENT_TIME", 32)
    found = speed.steps(subject("diode_clipper"), recording, SMALL, "float64")
    _, gradient = found[speed.GRADIENT].run()
    leaves = jax.tree.leaves(gradient)
    assert len(leaves) >= 4  # R1, C1, the source, the diode's IS and N
    assert all(np.all(np.isfinite(leaf)) for leaf in leaves)


def test_costs_are_for_a_second_of_audio():
    audio_seconds = {speed.ONE: 2.0, speed.BATCH_ONE: 64.0, speed.MOVING: 2.0, speed.GRADIENT: 1.5}
    found = {kind: Step(lambda: None, each) for kind, each in audio_seconds.items()}
    best = {speed.ONE: 0.01, speed.BATCH_ONE: 0.128, speed.MOVING: 0.015, speed.GRADIENT: 0.5}
    figures = speed.figures(found, best, dict.fromkeys(found, 3.0))
    assert figures["one_stream_ms"] == pytest.approx(5)
    assert figures["batch_ms_per_stream"] == {speed.BATCH_ONE: pytest.approx(2)}
    assert figures["moving_knobs_cost"] == pytest.approx(1.5)
    assert figures["gradient_samples_per_second"] == pytest.approx(144_000)


def test_targets_are_met_or_missed():
    rows = [row(), row("sd1", 1500, moving=2.5, first=5.0)]
    found = {each["what"]: each for each in nodal_speed.targets({"rows": rows})}
    assert found["diode_clipper: one stream, ms"]["is_met"]
    assert found["diode_clipper: batch, ms per stream"]["measured"] == 0.5  # the better of the two ways
    assert not found["sd1: one stream, ms"]["is_met"]
    assert not found["knobs moved at every sample over constant ones, the worst: sd1"]["is_met"]
    assert found["first call, one stream, s, the worst: sd1"]["is_met"]
    assert not found["first call, gradient, s, the worst: sd1"]["is_met"]


def test_tables_show_what_is_missing_as_empty():
    rows = [row(), row("twin", moving=1.5)]
    head = {"batch": 256, "dtype": "float64", "rounds": 5, "signal": "built-in excitation", "cores": 2}
    text = nodal_speed.tables({"header": head, "rows": rows, "targets": nodal_speed.targets({"rows": rows})})
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
        words = "--circuits twin --seconds 0.002 --batch 2 --batch-seconds 0.001 --rounds 1 --no-gradient"
        words += " --ngspice-timeout 0 --output"
        assert main(nodal_speed.BENCHMARK, [*words.split(), str(output)]) == 0
    finally:
        jax.config.update("jax_enable_compilation_cache", was)
    found = json.loads(output.read_text())
    assert [each["circuit"] for each in found["rows"]] == ["twin"]
    assert found["rows"][0]["states"] == 3
    assert found["rows"][0]["ngspice_ms"] is None
    assert "| twin" in output.with_suffix(".md").read_text()
    assert "| twin" in capsys.readouterr().out

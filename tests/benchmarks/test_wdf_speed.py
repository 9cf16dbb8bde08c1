import json
import os

import jax
import numpy as np
import pytest

from benchmarks import speed, wdf_speed
from benchmarks.circuits import FS
from circuitnn import audio
from circuitnn.study.benchmark import main

SMALL = speed.Sizes(seconds=0.004, batch=2, batch_seconds=0.001)


def row(engine="wdf, exact", dtype="float32", one=2.0, batch=0.4, rate=8e6, first=1.0, ratios=None):
    return {
        "circuit": "diode_clipper",
        "engine": engine,
        "dtype": dtype,
        "one_stream_ms": one,
        "batch_ms_per_stream": {speed.BATCH_ONE: 2 * batch, speed.THREADS: batch},
        "native_ms": 2.0,
        "native_batch_ms_per_stream": None,
        "gradient_samples_per_second": rate,
        "moving_knobs_ms": None,
        "moving_knobs_cost": None,
        "first_call_seconds": {speed.ONE: first},
        "against_nodal": ratios,
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("diode_clipper", marks=pytest.mark.slow), "bassman"])
def test_all_engines_play_the_same_circuit(name):
    recording = audio.excitation(1.0, FS)
    found = wdf_speed.subjects(name)
    played = {}
    for engine, subject in found.items():
        steps = speed.steps(subject, recording, SMALL, "float64", gradient=False)
        played[engine] = np.asarray(steps[speed.ONE].run()[1])
    truth = played[wdf_speed.NODAL]
    assert list(found)[-1] == wdf_speed.NODAL
    assert np.max(np.abs(truth)) > 1e-3
    for engine, y in played.items():
        # the published formulas are approximations
        within = 0.05 if engine in ("wdf, better", "wdf, simple") else 1e-6
        np.testing.assert_allclose(y, truth, atol=within * np.max(np.abs(truth)), err_msg=engine)


def test_what_is_learnt_is_the_same_for_all_engines():
    for name in wdf_speed.CIRCUITS:
        found = wdf_speed.subjects(name).values()
        assert len({subject.trainable for subject in found}) == 1
        for subject in found:
            model = subject.make(trainable=subject.trainable, dtype="float64")
            assert set(subject.trainable) == set(model.circuit.values) - set(wdf_speed.AREAS)


def test_knobs_are_held():
    circuit = wdf_speed.subjects("bassman")["wdf"].make(dtype="float64").circuit
    for knob in speed.moving(circuit, 96, wdf_speed.HOLD, "float64").values():
        held = np.asarray(knob).reshape(3, wdf_speed.HOLD)
        assert (held == held[:, :1]).all()
        assert len(np.unique(held)) == 3


def test_the_comparison_is_with_the_better_batch():
    ratios = wdf_speed.against_nodal(row(), row("nodal", one=5.0, batch=0.8, rate=4e6))
    assert ratios == {speed.ONE: 2.5, "batch": 2.0, speed.GRADIENT: 2.0}
    assert wdf_speed.against_nodal(row(rate=None), row("nodal", rate=None))[speed.GRADIENT] is None


def test_targets_are_of_the_better_precision_and_not_of_the_nodal_model():
    rows = [row(one=4.0), row(dtype="float64", batch=0.6), row("nodal", one=1.0, rate=1e6, first=9.0)]
    found = {each["what"]: each for each in wdf_speed.targets({"rows": rows})}
    assert found["diode_clipper: one stream, ms, the better precision"]["measured"] == 2.0
    assert found["diode_clipper: batch, ms per stream, the better precision"]["measured"] == 0.4
    assert all(each["is_met"] for each in found.values())
    slow = wdf_speed.targets({"rows": [row(one=3.5, rate=1e6, first=6.0)]})
    assert [each["is_met"] for each in slow] == [False, True, False, False]


@pytest.mark.slow
def test_the_program_writes_its_report(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", ""))  # put back afterwards
    output = tmp_path / "speed.json"
    was = jax.config.jax_enable_compilation_cache
    words = "--circuits bassman --seconds 0.002 --batch 2 --batch-seconds 0.001 --rounds 1 --no-gradient --output"
    try:
        assert main(wdf_speed.BENCHMARK, [*words.split(), str(output)]) == 0
    finally:
        jax.config.update("jax_enable_compilation_cache", was)
    found = json.loads(output.read_text())
    assert [(each["engine"], each["dtype"]) for each in found["rows"]] == [
        (engine, dtype) for dtype in wdf_speed.PRECISIONS for engine in ("wdf", "nodal")
    ]
    assert found["rows"][0]["against_nodal"]["batch"] > 0
    assert "| bassman" in output.with_suffix(".md").read_text()
    assert "| bassman" in capsys.readouterr().out

import json

import numpy as np
import pytest

from benchmarks.klon import __main__ as report
from benchmarks.klon import material, training
from benchmarks.klon.__main__ import BENCHMARK
from circuitnn.losses import esr
from circuitnn.nodal import NodalModel
from circuitnn.study.benchmark import main


def network(gain, validation, is_conditioned=False, seconds=60.0):
    return {
        "kind": "network",
        "is_conditioned": is_conditioned,
        "gain": gain,
        "validation_esr": validation,
        "test_esr": 2 * validation,
        "seconds": seconds,
        "updates": 10,
    }


def speed(version="nodal", one=30.0, batch=100.0):
    return {
        "kind": "speed",
        "version": version,
        "one_stream": one,
        "batch": 64,
        "batch_aggregate": batch,
        "batch_each": 1,
    }


def test_targets():
    rows = [
        speed(),
        speed("wdf", 0.5, 200.0),
        network(0.0, 0.6),
        network(1.0, 3.0, is_conditioned=True, seconds=1200.0),
    ]
    found = {each["what"]: each for each in report.targets({"rows": rows})}
    assert [(each["aim"], each["is_met"]) for each in found.values()] == [
        (1.0, False),  # the slowest version counts
        (20.0, True),
        (0.7, True),
        (2 * 1.72, True),  # the conditioned network may be twice as wrong
        (15.0, False),
    ]
    assert "the slowest: wdf" in next(iter(found))
    assert report.targets({"rows": [network(0.5, 0.51)]})[0]["is_met"] is False


@pytest.mark.slow
def test_the_teacher_is_the_gain_stage_and_its_answers_are_in_step():
    x = 0.05 * np.sin(2 * np.pi * 330 * np.arange(4800) / material.FS)
    found = material.played(x, (0.2, 0.8))
    assert found.y.shape == (2, 4800)
    for gain, y in zip((0.2, 0.8), found.y, strict=True):
        model = NodalModel(material.circuits.klon_gain_stage(), material.FS, dtype=np.float64)
        signal = np.asarray(material.run(model, x, controls={"gain": gain})[1])
        # The stage at the base rate, without oversampling: the same signal, not a sample late.
        error = [float(esr(np.roll(y, shift)[200:], signal[200:].astype(np.float32))) for shift in (-1, 0, 1)]
        assert error[1] < 1e-3
        assert error[1] < 0.2 * min(error[0], error[2])


def test_every_piece_is_heard_at_some_gains_and_every_gain_as_often():
    pieces = 10
    x = np.repeat(np.arange(pieces, dtype=np.float32), material.PIECE)
    gains = (0.0, 0.25, 0.5, 0.75, 1.0)
    part = material.Played(x, np.stack([x + 100 * gain for gain in gains]))
    data = material.at_gains(part, gains, 2)
    assert data.x.shape == (2 * pieces, material.PIECE, 1)
    np.testing.assert_allclose(data.y[..., 0], data.x[..., 0] + 100 * data.controls["gain"])
    _, counts = np.unique(data.controls["gain"][:, 0], return_counts=True)
    assert counts.tolist() == [4] * 5
    np.testing.assert_array_equal(material.at_gain(part, 2).y[..., 0] - material.at_gain(part, 2).x[..., 0], 50)


def test_the_loss_does_not_forget_quiet_entries():
    target = np.stack([np.full((50, 1), 1.0), np.full((50, 1), 3.0)]).astype(np.float32)
    quiet, loud = target.copy(), target.copy()
    quiet[0] *= 1.1
    loud[1] *= 1.1
    ratio = float(training.per_entry(quiet, target) / training.per_entry(loud, target))
    assert 0.2 < ratio < 1  # 1/9 for the energy of the whole batch
    assert float(training.per_entry(target, target)) == 0


@pytest.mark.slow
def test_the_quick_preset_writes_a_report(tmp_path, capsys):
    file = tmp_path / "klon.json"
    words = "--preset quick --only training --output"
    assert main(BENCHMARK, [*words.split(), str(file), "--models", str(tmp_path)]) == 0
    found = json.loads(file.read_text())
    assert [row["is_conditioned"] for row in found["rows"]] == [False, True]
    for row in found["rows"]:
        assert 0 < row["validation_esr"] < 100  # better than silence
    assert file.with_suffix(".md").read_text().startswith("GRU-8")
    assert {path.name for path in tmp_path.glob("*.npz")} == {"gain_0.5.npz", "all_gains.npz"}
    assert "one for all" in capsys.readouterr().out


def test_wrong_arguments_are_one_line(capsys):
    assert main(BENCHMARK, ["--input", "nowhere.wav"]) == 2
    assert capsys.readouterr().err.startswith("error: ")

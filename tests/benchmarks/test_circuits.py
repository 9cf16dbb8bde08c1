import numpy as np
import pytest

from benchmarks.circuits import FS, LFO_DEPTH, loudest, recording, with_all_inputs
from circuitnn import audio, circuits


def test_loudest_window():
    x = np.zeros(100)
    x[60:70] = -0.5
    x[5] = 0.6
    window = loudest(x, 10)
    np.testing.assert_array_equal(window, -np.ones(10))
    assert not loudest(np.zeros(20), 10).any()


def test_a_short_recording_is_repeated(tmp_path):
    x = 0.1 * np.sin(np.arange(1000) / 7)
    audio.write(tmp_path / "short.wav", x, FS)
    found = recording(str(tmp_path / "short.wav"), 2500 / FS)
    np.testing.assert_allclose(found, np.resize(x, 2500), atol=1e-7)
    assert len(recording(str(tmp_path / "short.wav"), 0.01)) == 1000


def test_further_inputs_swing_around_their_rest():
    phaser = circuits.CATALOGUE["phase90"]()
    x = np.zeros((3, 24_000))
    found = with_all_inputs(phaser, x, 48_000)
    assert found.shape == (3, 24_000, 2)
    assert not found[..., 0].any()
    rest = float(phaser.values["Vlfo"])
    assert abs(found[0, 0, 1] - rest) < 1e-4  # no click after the operating point
    assert found[..., 1].max() == pytest.approx(rest + LFO_DEPTH, abs=1e-6)
    assert with_all_inputs(circuits.CATALOGUE["twin"](), x, 48_000).shape == (3, 24_000, 1)

"""A cabinet's impulse response, from a sound file."""

import logging

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.audio.errors import AudioError
from circuitnn.hybrid import cabinet

FS = 44_100
TAPS = np.concatenate([np.zeros(20), np.random.default_rng(0).standard_normal(600) * np.exp(-np.arange(600) / 90)])


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "4x12.wav"
    cn.audio.write(path, TAPS, FS, subtype="DOUBLE")
    return path


def test_it_is_what_is_in_the_file(wav):
    model = cabinet(wav)
    assert (model.fs, model.length, model.latency) == (FS, len(TAPS), 0)
    impulse = np.eye(1, 700)[0]
    np.testing.assert_allclose(cn.run(model, impulse)[1][: len(TAPS)], TAPS, atol=1e-6)


def test_what_is_asked_for_is_done_and_said(wav, caplog):
    with caplog.at_level(logging.INFO, "circuitnn.hybrid"):
        model = cabinet(wav, 48_000, trim=True, seconds=0.01, normalise=True)
    assert (model.fs, model.length) == (48_000, 480)
    assert np.abs(model.frequency_response(np.linspace(0, 24_000, 2000))).max() == pytest.approx(1, rel=1e-2)
    told = " ".join(caplog.messages)
    for words in ("20 samples of silence", "44100 Hz to 48000 Hz", "to 480 samples", "gain of one"):
        assert words in told
    assert "4x12.wav: " in told


def test_an_amplifier_is_a_chain(wav):
    fs = 48_000
    tone = cn.wdf.derive(cn.circuits.big_muff_tone(), fs)
    amplifier = cn.chain(drive=cn.hybrid.Gain(3.0), tone=tone, cabinet=cabinet(wav, fs))
    assert (amplifier.latency, amplifier.fs) == (0, fs)
    x = 0.1 * np.random.default_rng(1).standard_normal(300)
    alone = cn.run(tone, 3 * x)[1]
    np.testing.assert_allclose(cn.run(amplifier, x)[1], cn.run(cabinet(wav, fs), alone)[1], rtol=1e-4, atol=1e-6)
    at_other = cn.resampled(amplifier, FS)
    assert at_other["cabinet"].fs == FS


def test_channels(tmp_path):
    cn.audio.write(tmp_path / "two.wav", np.stack([TAPS, -TAPS], axis=1), FS)
    with pytest.raises(AudioError, match="has 2 channels"):
        cabinet(tmp_path / "two.wav")
    np.testing.assert_allclose(cabinet(tmp_path / "two.wav", channel=1).taps[...], -TAPS, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"seconds": 0}, "seconds: expected a positive number"), ({"fs": -1}, "positive whole number of hertz")],
)
def test_bad_input(wav, options, says):
    with pytest.raises(AudioError, match=says):
        cabinet(wav, **options)

"""Harmonics of a device, told by the sweeps of a capture signal."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.hybrid.plain import Gain
from tests.capture.sounds import recorded

FS = 8000
PARTS = {"train": slice(2 * FS, 20 * FS), "validation": slice(20 * FS, 25 * FS), "test": slice(25 * FS, 30 * FS)}


def material(x, y):
    return cn.capture.Material(cn.train.Dataset(x[None, :, None], y[None, :, None], fs=FS), PARTS)


def test_a_curve_has_the_harmonics_that_it_has():
    """Of a quadratic and a cubic term, in closed form; the model is a factor, which has none."""
    x = cn.capture.signal(30.0, FS)
    y = x - x**3 / 3 + 0.05 * x**2
    told = cn.capture.swept_harmonics(material(x, y), Gain(0.5), f0=221.0, amplitude=1.0, count=4)
    model, device = told
    a = 10 ** (np.array([-30, -20, -10, -1]) / 20)
    np.testing.assert_allclose(device.levels, 20 * np.log10(a), atol=1e-3)
    expected = 20 * np.log10(np.stack([a - a**3 / 4, 0.05 * a**2 / 2, a**3 / 12], -1))
    np.testing.assert_allclose(device.harmonics[1:, :3], expected[1:], atol=0.05)
    assert (device.harmonics[:, 3] < -100).all()
    np.testing.assert_allclose(model.harmonics[:, 0], 20 * np.log10(0.5 * a), atol=0.01)
    assert (model.harmonics[:, 1:] < -100).all()


def test_a_memory_and_noise_change_little():
    """Late by seven samples, behind a low pass and in noise 50 dB below the music: as long sines tell."""
    x = cn.capture.signal(30.0, FS)
    y = recorded(x, late=7, polarity=-1, noise=1e-3)[: len(x)]
    _, device = cn.capture.swept_harmonics(material(x, y), Gain(1.0), f0=221.0, amplitude=1.0, count=3)
    time = np.arange(FS) / FS
    steady = recorded(10 ** (-1 / 20) * np.sin(2 * np.pi * 221.0 * time), noise=0.0)[-FS // 2 :]
    levels = cn.metrics.harmonic_levels(steady, 221.0, fs=FS, count=3, reference=1.0)
    assert device.harmonics[-1, 0] == pytest.approx(levels[0], abs=0.1)
    assert device.harmonics[-1, 2] == pytest.approx(levels[2], abs=0.5)


def test_music_tells_none():
    x = cn.audio.guitar(31.0, FS, seed=0)
    assert cn.capture.swept_harmonics(material(x, x**3), Gain(1.0), f0=221.0, amplitude=1.0) is None
    short = cn.capture.signal(30.0, FS)[: 8 * FS]
    parts = {name: slice(0, FS) for name in PARTS}
    whole = cn.train.Dataset(short[None, :, None], short[None, :, None], fs=FS)
    assert cn.capture.swept_harmonics(cn.capture.Material(whole, parts), Gain(1.0), f0=221.0, amplitude=1.0) is None

"""Bass, drums, pads and rising noise: repeatable, at full scale, without a mean, each in its own register."""

import numpy as np
import pytest

from circuitnn import audio

FS = 48_000
KINDS = (audio.bass, audio.drums, audio.pads, audio.rising_noise)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("seconds", "fs"), [(0.01, 48_000), (3.0, 44_100)])
def test_length_peak_mean_and_seed(kind, seconds, fs):
    x, again, other = (kind(seconds, fs, seed=seed) for seed in (0, 0, 1))
    assert x.shape == (round(seconds * fs),)
    assert np.max(np.abs(x)) == 1.0
    assert abs(np.mean(x)) < 1e-6
    np.testing.assert_array_equal(x, again)
    assert abs(x @ other) < 0.3 * np.linalg.norm(x) * np.linalg.norm(other)


def test_without_time_there_is_nothing():
    assert [kind(0.0, FS).shape for kind in KINDS] == [(0,)] * 4


def quantiles(x):
    power = np.cumsum(np.abs(np.fft.rfft(x)) ** 2)
    return np.fft.rfftfreq(len(x), 1 / FS)[np.searchsorted(power / power[-1], [0.05, 0.5, 0.95])]


def test_registers():
    bass, drums, pads = (quantiles(kind(12, FS, seed=2)) for kind in KINDS[:3])
    assert bass[0] < 110
    assert bass[2] < 1500
    assert drums[0] < 100
    assert drums[2] > 1000
    assert 60 < pads[0] < pads[1] < 1000
    # Beyond their last partials pads have nothing but hiss: no aliases.
    x = audio.pads(4, FS, seed=0)
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    above = np.fft.rfftfreq(len(x), 1 / FS) > 18_000
    assert spectrum[above].sum() < 1e-5 * spectrum.sum()


def test_drums_are_hits_and_pads_are_not():
    kurtosis = [np.mean(x**4) / np.mean(x**2) ** 2 for x in (kind(8, FS, seed=0) for kind in (audio.drums, audio.pads))]
    assert kurtosis[0] > 8 > 5 > kurtosis[1]


@pytest.mark.parametrize(("law", "middle"), [("linear", 0.5), ("logarithmic", 10**-1.5)])
def test_noise_rises_by_its_law(law, middle):
    x = audio.rising_noise(4, FS, law=law)
    window = FS // 10
    end, half = (np.sqrt(np.mean(np.square(x[at - window : at]))) for at in (len(x), len(x) // 2))
    assert half / end == pytest.approx(middle, rel=0.08)
    with pytest.raises(ValueError, match="logarithmic"):
        audio.rising_noise(1, law="quadratic")

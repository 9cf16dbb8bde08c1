"""Metrics of spectra and levels against closed forms, SciPy's short-time spectra and auraloss."""

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT, get_window

from circuitnn import metrics

FS = 48_000
STUDY = [metrics.nrmse, metrics.spectral_flux]  # in the form of Simionato and Fasciani
FRAMED = [metrics.log_spectral_distance, metrics.rms_energy_error, metrics.spectral_flux_error, *STUDY]


def sine(frequency, level=0.5, phase=0.0):
    return level * np.sin(2 * np.pi * frequency * np.arange(FS // 2) / FS + phase)


def noise(seed=0, shape=(2, FS // 4, 1)):
    return np.random.default_rng(seed).standard_normal(shape)


def scipy_magnitudes(x, length, hop):
    """(frames, frequencies) of (time,), by another program than the library's."""
    window = get_window("hann", length)
    transform = ShortTimeFFT(window / window.sum(), hop=hop, fs=1.0)
    frames = (len(x) - length) // hop + 1
    return np.abs(transform.stft(x, p0=0, p1=frames, k_offset=length // 2)).T


def test_stft_distance_hears_spectra_and_not_phases():
    target = sine(1000.0)
    assert metrics.stft_distance(target, target) == 0
    assert metrics.stft_distance(-target, target) == 0
    shifted = metrics.stft_distance(sine(1000.0, phase=1.0), target)
    detuned = metrics.stft_distance(sine(1100.0), target)
    assert shifted < 0.02
    assert detuned > 50 * shifted


def test_values_of_a_gain_have_closed_forms():
    target = noise()
    # Spectral convergence 1 - g, and log(g) at every frequency.
    assert metrics.stft_distance(0.9 * target, target) == pytest.approx(0.1 - np.log(0.9), rel=1e-6)
    assert metrics.log_spectral_distance(0.5 * target, target) == pytest.approx(20 * np.log10(2), rel=1e-9)
    assert metrics.spectral_flux_error(1.3 * target, target) == pytest.approx(0.3, rel=1e-9)
    assert metrics.rms_energy_error(-1.3 * target, target) == pytest.approx(0.3, rel=1e-9)
    assert metrics.mr_stft(0.9 * target, target) == pytest.approx(0.1 - np.log(0.9), rel=1e-6)
    assert metrics.spectral_flux(1.3 * target, target) == pytest.approx(0.3, rel=1e-6)
    assert metrics.nrmse(-1.3 * target, target) == pytest.approx(0.3, rel=1e-9)
    for metric in (metrics.spectral_flux_error, metrics.rms_energy_error):
        assert metric(np.zeros_like(target), target) == 1
    for metric in STUDY:
        assert metric(np.zeros_like(target), target) == pytest.approx(1, rel=1e-6)  # of what is above the floor


def test_values_are_those_of_scipys_spectra():
    prediction, target = noise(1, (6000,)), noise(2, (6000,))
    predicted, true = (scipy_magnitudes(x, 256, 100) for x in (prediction, target))
    decibels = 20 * np.log10(predicted / true)
    expected = np.mean([np.sqrt(np.mean(frame**2)) for frame in decibels])
    assert metrics.log_spectral_distance(prediction, target, length=256, hop=100) == pytest.approx(expected, rel=1e-9)
    gains = [[np.sum(np.clip(b - a, 0, None)) for a, b in zip(m[:-1], m[1:], strict=True)] for m in (predicted, true)]
    expected = np.sum(np.abs(np.subtract(*gains))) / np.sum(gains[1])
    assert metrics.spectral_flux_error(prediction, target, length=256, hop=100) == pytest.approx(expected, rel=1e-9)
    convergence = np.linalg.norm(predicted - true) / np.linalg.norm(true)
    expected = convergence + np.mean(np.abs(np.log(predicted / true)))
    value = metrics.stft_distance(prediction, target, windows=[256], hops=[100])
    assert value == pytest.approx(expected, rel=1e-9)


def test_the_forms_of_simionato_and_fasciani_are_those_of_scipys_spectra():
    prediction, target = noise(1, (6000,)), noise(2, (6000,))
    predicted, true = (scipy_magnitudes(x, 256, 100) for x in (prediction, target))
    changes = [np.abs(m[1:] - m[:-1]) for m in (predicted, true)]
    expected = np.mean([abs(a - b) / b for a, b in zip(*(c.ravel() for c in changes), strict=True)])
    for floor in (0, 1e-12):
        value = metrics.spectral_flux(prediction, target, length=256, hop=100, floor=floor)
        assert value == pytest.approx(expected, rel=1e-6)
    both = []
    for length in (64, 256):
        predicted, true = (scipy_magnitudes(x, length, length // 4) for x in (prediction, target))
        both.append(np.sum(np.abs(predicted - true)) / np.sum(true) + np.mean(np.abs(np.log(predicted / true))))
    assert metrics.mr_stft(prediction, target, windows=(64, 256)) == pytest.approx(np.mean(both), rel=1e-9)
    starts = range(0, 6000 - 255, 100)
    levels = [[np.sqrt(np.mean(x[k : k + 256] ** 2)) for k in starts] for x in (prediction, target)]
    expected = np.mean([abs(b - a) / b for a, b in zip(*levels, strict=True)])
    assert metrics.nrmse(prediction, target, length=256, hop=100) == pytest.approx(expected, rel=1e-12)


def test_quotients_of_frames_and_bins_end_at_the_floor():
    target = noise(3, (8192,))
    target[4096:] = 0
    hiss = target + 1e-6 * noise(4, target.shape)
    for metric in STUDY:
        assert 0.1 < metric(hiss, target) < 100
        assert metric(hiss, target, floor=0) == np.inf
        assert metric(target, target, floor=0) == 0
        assert metric(hiss, target, floor=1.0) < 1e-5
        with pytest.raises(ValueError, match="floor must be a number from 0 on, got -1"):
            metric(hiss, target, floor=-1.0)


def test_the_logarithms_end_at_the_floor():
    target = sine(1000.0)
    quiet, quieter = 1e-7 * noise(3, target.shape), 1e-9 * noise(4, target.shape)
    assert metrics.log_spectral_distance(quiet, quieter) == 0
    assert metrics.log_spectral_distance(quiet, quieter, floor=1e-12) > 30


def test_the_flux_hears_attacks_and_not_what_is_steady():
    decay = np.exp(-np.arange(FS // 4) / 2000)
    target = noise(5, decay.shape) * decay
    attack = np.zeros(2 * len(target))
    attack[9000 : 9000 + len(target)] = target
    late = np.roll(attack, 4000)
    hum = attack + 0.5 * sine(100.0)[: len(attack)]
    assert metrics.spectral_flux_error(late, attack) > 1
    assert metrics.spectral_flux_error(hum, attack) < 0.1 * metrics.spectral_flux_error(late, attack)
    assert metrics.rms_energy_error(hum, attack) > 1


def test_rms_energy_error_is_that_of_the_frames():
    time = np.arange(8192)
    envelopes = 1 + 0.5 * np.sin(time / 700), np.ones(8192)
    # Periods of 64 samples in frames of 512: the level of a frame is that of its envelope.
    prediction, target = (e * np.sin(2 * np.pi * time / 64 + phase) for e, phase in zip(envelopes, (0, 1), strict=True))
    levels = [[np.sqrt(np.mean(x[k : k + 512] ** 2)) for k in range(0, 8192 - 511, 128)] for x in (prediction, target)]
    expected = np.sum(np.abs(np.subtract(*levels))) / np.sum(levels[1])
    value = metrics.rms_energy_error(prediction, target, length=512, hop=128)
    assert value == pytest.approx(expected, rel=1e-12)
    assert 0.2 < value < 0.4  # the mean of |0.5 sin| is 0.32


@pytest.mark.parametrize("defaults", [True, False], ids=["its defaults", "one window"])
def test_stft_distance_is_that_of_auraloss(defaults):
    torch = pytest.importorskip("torch")
    auraloss = pytest.importorskip("auraloss")
    # Two channels of a batch of two. The floor of that library is far below noise, and only then the scale is free.
    prediction, target = noise(6, (2, 5000, 2)), noise(7, (2, 5000, 2))
    tensors = [torch.tensor(x.transpose(0, 2, 1).copy()) for x in (prediction, target)]
    if defaults:
        theirs = auraloss.freq.MultiResolutionSTFTLoss(eps=1e-12)
        options = {"windows": (600, 1200, 240), "hops": (120, 240, 50), "fft_lengths": (1024, 2048, 512)}
    else:
        theirs = auraloss.freq.STFTLoss(512, 128, 512, eps=1e-12)
        options = {"windows": [512]}
    value = metrics.stft_distance(prediction, target, **options, centred=True, floor=1e-9)
    assert value == pytest.approx(float(theirs(*tensors)), rel=1e-6)


def test_signals_shorter_than_a_window_are_refused():
    ones = np.ones(2000)
    for metric in (metrics.stft_distance, metrics.log_spectral_distance, metrics.rms_energy_error, metrics.nrmse):
        with pytest.raises(ValueError, match="2048 samples"):
            metric(ones, ones)
    for metric in (metrics.spectral_flux_error, metrics.spectral_flux):
        with pytest.raises(ValueError, match="2560 samples"):
            metric(np.ones(2559), np.ones(2559))
    with pytest.raises(ValueError, match="1024 samples"):
        metrics.mr_stft(np.ones(1000), np.ones(1000))


@pytest.mark.parametrize("metric", FRAMED)
def test_bad_windows_are_refused(metric):
    ones = np.ones(5000)
    with pytest.raises(ValueError, match="hop of a window must be a positive whole number of samples, got 0"):
        metric(ones, ones, hop=0)
    with pytest.raises(ValueError, match=r"length of a window must be a positive whole number of samples, got 512\.5"):
        metric(ones, ones, length=512.5)


def test_bad_resolutions_are_refused():
    ones = np.ones(5000)
    with pytest.raises(ValueError, match="of one number, got 1, 2 and 1"):
        metrics.stft_distance(ones, ones, windows=[512], hops=[1, 2])
    with pytest.raises(ValueError, match="of one number, got 0, 0 and 0"):
        metrics.stft_distance(ones, ones, windows=[])
    with pytest.raises(ValueError, match="at least one window"):
        metrics.mr_stft(ones, ones, windows=())
    with pytest.raises(ValueError, match="512 samples, or longer, got 256"):
        metrics.stft_distance(ones, ones, windows=[512], fft_lengths=[256])

"""Pre-emphasis against SciPy, the A-weighting of IEC 61672, and auraloss's FIR filters."""

import numpy as np
import pytest
from scipy import signal

from circuitnn import metrics
from circuitnn.numerics.emphasis import emphasis_taps

FS = 44_100


def pair(seed=0, shape=(3, 1200, 2)):
    generator = np.random.default_rng(seed)
    target = generator.standard_normal(shape)
    return target + 0.1 * np.cumsum(generator.standard_normal(shape), axis=-2), target


@pytest.mark.parametrize(("emphasis", "taps"), [("high_pass", [1, -0.85]), ("folded_differentiator", [1, 0, -0.85])])
def test_the_short_filters_are_those_of_wright_and_valimaki(emphasis, taps):
    prediction, target = pair()
    filtered = [signal.lfilter(taps, [1], x, axis=1)[:, len(taps) - 1 :] for x in (prediction, target)]
    for metric in (metrics.esr, metrics.mae):
        value = metrics.pre_emphasis(prediction, target, emphasis=emphasis, metric=metric)
        assert value == pytest.approx(metric(*filtered), rel=1e-12)
    assert metrics.pre_emphasis(prediction, target, emphasis=emphasis) < 0.5 * metrics.esr(prediction, target)


def test_the_a_weighting_has_the_levels_of_iec_61672():
    # Nominal values of the standard. Below 500 Hz 101 taps are too few, above 8 kHz the bilinear transform bends.
    frequencies, decibels = [500, 1000, 2000, 4000, 8000], [-3.2, 0.0, 1.2, 1.0, -1.1]
    taps = emphasis_taps("a_weighting", 0.85, FS)
    np.testing.assert_allclose(taps, taps[::-1], atol=1e-12)
    response = signal.freqz(taps, worN=frequencies, fs=FS)[1]
    np.testing.assert_allclose(20 * np.log10(np.abs(response)), decibels, atol=0.9)
    low = np.abs(signal.freqz(taps, worN=[30, 100, 20000], fs=FS)[1])
    assert np.all(20 * np.log10(low) < -15)


def test_the_low_pass_takes_away_the_highest_frequencies():
    plain, low = (emphasis_taps(name, 0.85, FS) for name in ("a_weighting", "a_weighting_low_pass"))
    change = np.abs(np.divide(*(signal.freqz(taps, worN=[100, 15000], fs=FS)[1] for taps in (low, plain))))
    expected = np.abs(1 + 0.85 * np.exp(-2j * np.pi * np.array([100, 15000]) / FS))
    np.testing.assert_allclose(change, expected, rtol=1e-9)
    assert expected[0] > 1.8 > 1 > expected[1]


@pytest.mark.parametrize(
    ("emphasis", "name"), [("high_pass", "hp"), ("folded_differentiator", "fd"), ("a_weighting", "aw")]
)
def test_values_are_those_of_auraloss(emphasis, name):
    torch = pytest.importorskip("torch")
    auraloss = pytest.importorskip("auraloss")
    # Silent ends: that library fills with zeros where this one leaves samples out.
    prediction, target = (np.pad(x[0, :, 0], 200) for x in pair(1))
    tensors = [torch.tensor(x[None, None], dtype=torch.float32) for x in (prediction, target)]
    filtered = auraloss.perceptual.FIRFilter(name, fs=FS)(*tensors)
    expected = float(auraloss.time.ESRLoss(eps=0.0)(*filtered))
    assert metrics.pre_emphasis(prediction, target, emphasis=emphasis, fs=FS) == pytest.approx(expected, rel=1e-4)


def test_bad_input_is_refused():
    ones = np.ones(50)
    with pytest.raises(ValueError, match="a_weighting needs 101 samples"):
        metrics.pre_emphasis(ones, ones, emphasis="a_weighting", fs=FS)
    with pytest.raises(ValueError, match="needs the sample rate"):
        metrics.pre_emphasis(ones, ones, emphasis="a_weighting_low_pass")
    with pytest.raises(ValueError, match="needs the sample rate fs in hertz, got -1"):
        metrics.pre_emphasis(ones, ones, emphasis="a_weighting", fs=-1)
    with pytest.raises(ValueError, match="one of high_pass, folded"):
        metrics.pre_emphasis(ones, ones, emphasis="low_pass")
    with pytest.raises(ValueError, match="high_pass needs 2 samples"):
        metrics.pre_emphasis(ones[:1], ones[:1])

"""Frequency responses at settings: what is taken, and what is refused."""

import numpy as np
import pytest

from circuitnn.train.response_data import responses

FREQS = np.array([100.0, 1e3, 10e3])
H = np.array([[1, 0.5j, 0.1], [1, 1, 0.01]])


def test_put_together():
    found = responses(FREQS, {"treble": [0, 1], "bass": [0.2, 0.3]}, H)
    np.testing.assert_array_equal(found.positions, [[0, 0.2], [1, 0.3]])
    np.testing.assert_allclose(found.decibels, [[0, 20 * np.log10(0.5), -20], [0, 0, -40]], atol=1e-12)
    assert found.response.dtype == complex
    assert found.has_phase


def test_silence_at_one_frequency_has_decibels():
    found = responses(FREQS, {}, [[1, 0, 1]], has_phase=False)
    assert np.isfinite(found.decibels).all()
    assert found.decibels[0, 1] < -1000


@pytest.mark.parametrize(
    ("freqs", "controls", "h", "said"),
    [
        ([1e3], {}, H[:, :1], r"responses need at least two frequencies, got the shape \(1,\)"),
        (FREQS[None], {}, H, "responses need at least two frequencies"),
        (FREQS[::-1], {}, H, "frequencies have to be positive, finite and increasing"),
        ([0, 1, 2], {}, H, "frequencies have to be positive, finite and increasing"),
        ([1, 2, np.nan], {}, H, "frequencies have to be positive, finite and increasing"),
        ([1, 1, 2], {}, H, "frequencies have to be positive, finite and increasing"),
        (FREQS, {}, H[:, :2], r"responses have to be \(settings, 3 frequencies\), got \(2, 2\)"),
        (FREQS, {}, H[0], r"responses have to be \(settings, 3 frequencies\), got \(3,\)"),
        (FREQS, {"bass": [0.1]}, H, r"knob bass: expected 2 positions, got the shape \(1,\)"),
        (FREQS, {"bass": [0.1, 1.5]}, H, "knob bass: 1.5 at .1. is outside 0..1"),
        (FREQS, {"bass": [-0.1, 0.5]}, H, "knob bass: -0.1 at .0. is outside 0..1"),
        (FREQS, {"bass": [0.1, np.nan]}, H, "knob bass: nan at .1. is not finite"),
        (FREQS, {"bass": [0.1, 0.7]}, [[1, 1, 1], [1, np.nan, 1]], "response at bass=0.7 and 1000 Hz is not a finite"),
        (FREQS, {"bass": [0.1, 0.7]}, [[1, 1, np.inf], [1, 1, 1]], "response at bass=0.1 and 10000 Hz is not a finite"),
        (FREQS, {}, [[1, 1, 1], [0, 0, 0]], "response at setting 1 is zero at all frequencies"),
    ],
)
def test_refused(freqs, controls, h, said):
    with pytest.raises(ValueError, match=said):
        responses(freqs, controls, h)


@pytest.mark.parametrize("h", [H, -np.abs(H)])
def test_magnitudes_are_real_and_not_negative(h):
    with pytest.raises(ValueError, match="responses without phase are magnitudes: real and not negative"):
        responses(FREQS, {}, h, has_phase=False)

"""The capture signal, and that it is known again."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.capture import layout, prepare, signal
from tests.capture.sounds import recorded

FS = 8000


def test_what_is_in_it():
    x = signal(40.0, FS)
    known = layout(x, FS)
    assert len(x) == 40 * FS
    assert np.abs(x).max() == pytest.approx(0.9)
    for second in known.clicks:
        assert x[round(second * FS)] == 0.9
    assert not x[known.noise].any()
    train, validation, test = known.parts.values()
    assert train.stop == validation.start
    assert validation.stop == test.start
    assert test.stop == len(x)
    power = [np.std(x[part]) for part in known.parts.values()]
    assert max(power) < 3 * min(power)
    np.testing.assert_array_equal(x, signal(40.0, FS))
    assert not np.array_equal(x[train], signal(40.0, FS, seed=1)[train])


def test_it_is_known_again():
    x = signal(40.0, FS)
    assert layout(0.3 * x, FS).parts == layout(x, FS).parts
    faster = cn.audio.resample(x, FS, 11_025)
    found = layout(faster, 11_025)
    assert found.parts["test"].start == pytest.approx(layout(x, FS).parts["test"].start * 11_025 / FS, abs=2)
    slower = cn.audio.resample(signal(30.0, 48_000), 48_000, 44_100)  # whose sweeps go on above 0.45 of the rate
    assert layout(slower, 44_100).parts["test"].stop == 30 * 44_100
    assert layout(np.roll(x, 400), FS) is None
    assert layout(cn.audio.guitar(40.0, FS, seed=0), FS) is None
    assert layout(np.concatenate([cn.audio.blips(FS), cn.audio.guitar(38.0, FS, seed=0)]), FS) is None
    assert layout(np.zeros(40 * FS), FS) is None
    assert layout(x[: 20 * FS], FS) is None


def test_what_comes_back_is_put_in_step():
    x = signal(40.0, FS)
    known = layout(x, FS)
    take = prepare(x, recorded(x, noise=1e-4), fs=FS, blips=known.clicks, parts=known.parts)
    assert take.alignment.delay_samples in (36, 37)
    assert take.alignment.polarity == -1
    assert take.parts == known.parts
    assert take.noise == pytest.approx(1e-8 / np.mean(take.y**2), rel=0.3)


@pytest.mark.parametrize("seconds", [29.0, 1e6, float("nan")])
def test_other_lengths(seconds):
    with pytest.raises(cn.audio.AudioError, match="from 30 to 3600"):
        signal(seconds, FS)

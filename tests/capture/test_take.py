"""What `prepare` finds in two recordings, and what it makes of them."""

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.capture import TakeError, prepare
from tests.capture.sounds import FS, device, played, recorded

X = played(6.0)
Y = recorded(X)


def texts(take):
    return " | ".join(map(str, take.findings))


def test_lag_and_polarity_are_found():
    take = prepare(X, Y, fs=FS, names=("in.wav", "out.wav"))
    assert take.alignment.polarity == -1
    assert take.alignment.delay_samples in (36, 37)
    assert "out.wav is upside down" in texts(take)
    assert "samples" in texts(take)
    assert len(take.x) == len(take.y)
    step = 37 - int(take.alignment.delay_samples)
    wanted = device(X)[: len(take.y) - step]
    assert cn.metrics.esr(take.y[step : step + len(wanted)], wanted) < 2e-4


def test_the_parts_follow_each_other():
    take = prepare(X, Y, fs=FS)
    train, validation, test = (take.parts[name] for name in ("train", "validation", "test"))
    assert (train.start, train.stop, validation.stop, test.stop) == (0, validation.start, test.start, len(take.x))
    assert test.stop - test.start == pytest.approx(0.1 * len(take.x), abs=1)
    take = prepare(X, Y, fs=FS, test=2.0, validation=0.5)
    assert take.parts["test"].stop - take.parts["test"].start == 2 * FS
    assert take.parts["validation"].stop - take.parts["validation"].start == FS // 2


def test_what_is_known_is_not_looked_for():
    take = prepare(X, Y, fs=FS, latency=37, polarity="keep")
    assert cn.metrics.esr(-take.y, device(X)[: len(take.y)]) < 2e-4
    assert "as said" in texts(take)
    assert "left so" in texts(take)


def test_clicks_tell_the_latency():
    """An answer that begins softly, and music that hides it."""
    before = 0.9 * cn.audio.blips(FS)
    x = np.concatenate([before, X])
    take = prepare(x, recorded(x), fs=FS, blips=(0.5, 1.5))
    assert take.alignment.delay_samples in (35, 36, 37)
    assert "by its clicks" in texts(take)


def test_an_offset_is_taken_out():
    x = np.concatenate([np.zeros(FS // 2), X, np.zeros(FS // 2), X])
    take = prepare(x, recorded(x, polarity=1) + 0.05, fs=FS)
    assert "y has an offset of 0.05" in texts(take)
    assert abs(take.y[: FS // 4].mean()) < 2e-3


def test_noise_is_heard_where_nothing_is_played():
    x = np.concatenate([X, np.zeros(FS), X])
    take = prepare(x, recorded(x, noise=0.01), fs=FS)
    assert take.noise == pytest.approx(1e-4 / np.mean(take.y**2), rel=0.2)
    assert "dB below the music" in texts(take)
    assert prepare(X, Y, fs=FS).noise is None


def test_clocks_are_set_to_one_pace():
    x = played(30.0)
    y = device(x)
    ppm = 60.0
    at = np.arange(len(y)) * (1 - 1e-6 * ppm)
    late = np.interp(at, np.arange(len(y)), cn.audio.resample(y, 1, 8)[::8])
    take = prepare(x, late, fs=FS)
    assert "clocks of player and recorder differ by +6" in texts(take)
    assert "set to one pace" in texts(take)


def test_clipping_and_a_low_level_are_doubts():
    take = prepare(X, np.clip(2 * Y, -0.3, 0.3), fs=FS)
    assert [each.is_doubt for each in take.findings if "clipped" in each.text] == [True]
    take = prepare(1e-3 * X, Y, fs=FS)
    assert any(each.is_doubt and "x is quiet" in each.text for each in take.findings)


def test_a_long_silence_at_the_end_is_cut_off():
    x = np.concatenate([X, np.zeros(4 * FS)])
    take = prepare(x, recorded(x), fs=FS)
    assert len(take.x) == pytest.approx(len(X) + FS, abs=100)
    assert "of silence: cut off" in texts(take)


@pytest.mark.parametrize(
    ("x", "y", "options", "words"),
    [
        (X, 0 * Y, {}, "b: is silent"),
        (X, 0 * Y + 0.25, {}, "b: is 0.25 throughout"),
        (X[:4000], Y[:4000], {}, "too short"),
        (X, played(6.0, seed=5), {}, "b does not look like a recording of a"),
        (X, 0.5 * X, {}, "b is a itself, times 0.5"),
        (Y, X, {}, "the wrong order"),
        (X, Y, {"test": 7.0}, "test: has to be"),
        (X, Y, {"test": 5.0, "validation": 0.9}, "to learn from"),
        (X, Y, {"test": float("nan")}, "test: has to be"),
    ],
)
def test_recordings_that_tell_nothing(x, y, options, words):
    with pytest.raises(TakeError, match=words):
        prepare(x, y, fs=FS, names=("a", "b"), **options)


def test_channels_and_rates():
    with pytest.raises(ValueError, match="one channel"):
        prepare(np.stack([X, X], -1), Y, fs=FS)
    with pytest.raises(ValueError, match="fs"):
        prepare(X, Y, fs=-1)


@pytest.mark.slow
def test_an_overdrive_late_upside_down_and_noisy():
    """The Tube Screamer's stage at the rate of a compact disc: clipping hides the polarity and the onset."""
    fs = 44_100
    x = 0.5 * cn.audio.guitar(8.0, fs, seed=0)
    circuit = cn.circuits.tube_screamer_clipping().replace(drive=0.5)
    data = cn.train.simulate_dataset(circuit, x, fs=fs, volts=0.5, oversampling=2, progress=False)
    y = np.concatenate([np.zeros(37), -np.asarray(data.y[0, :, 0], float)])
    y += 0.01 * y.std() * np.random.default_rng(0).standard_normal(len(y))
    alignment = prepare(x, y, fs=fs).alignment
    assert alignment.polarity == -1
    assert 35 <= alignment.delay_samples <= 37

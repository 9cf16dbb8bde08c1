import numpy as np
import pytest
import soundfile

from circuitnn import audio
from circuitnn.audio.readers import AtRate, Held, InARow, OnDisk


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).standard_normal(2000)


@pytest.mark.parametrize(("fs_in", "fs_out"), [(48_000, 384_000), (44_100, 48_000), (96_000, 48_000), (48_000, 48_000)])
@pytest.mark.parametrize("block", [1, 37, 500])
def test_pieces_are_those_of_the_whole(x, fs_in, fs_out, block):
    whole = audio.resample(x, fs_in, fs_out)
    reader = AtRate(Held(x), fs_in, fs_out)
    assert reader.samples == len(whole)
    starts = range(0, len(whole), block) if block > 1 else (0, 1, 500, len(whole) - 1)
    for start in starts:
        stop = min(start + block, len(whole))
        np.testing.assert_allclose(reader.read(start, stop), whole[start:stop], atol=1e-12)


def test_batches(x):
    both = np.stack([x, -2 * x])
    reader = AtRate(Held(both), 48_000, 96_000)
    np.testing.assert_allclose(reader.read(100, 300), audio.resample(both.T, 48_000, 96_000).T[:, 100:300], atol=1e-12)


def test_outside_a_signal_is_zero_or_what_it_held(x):
    assert np.array_equal(Held(x).read(-2, 2), [0, 0, x[0], x[1]])
    assert np.array_equal(Held(x).read(1999, 2002), [x[-1], 0, 0])
    assert np.array_equal(Held(x, holds=True).read(-2, 2), [x[0], x[0], x[0], x[1]])
    assert np.array_equal(Held(x, holds=True).read(3000, 3002), [x[-1]] * 2)
    # A voltage that stands still stays so at another rate, at the edges too.
    steady = AtRate(Held(np.full(300, -2.1), holds=True), 48_000, 384_000)
    np.testing.assert_allclose(steady.around(-7, 2500), -2.1, rtol=1e-6)


def test_files_are_read_in_pieces(tmp_path, x):
    soundfile.write(tmp_path / "a.wav", 0.1 * np.stack([x, 2 * x], axis=1), 48_000, subtype="DOUBLE")
    right = OnDisk(tmp_path / "a.wav", 1)
    assert (right.samples, right.fs, right.shape) == (2000, 48_000, ())
    np.testing.assert_array_equal(right.read(300, 400), 0.2 * x[300:400])
    row = InARow([right, Held(x), right])
    assert row.samples == 6000
    expected = np.concatenate([0.2 * x, x, 0.2 * x])
    np.testing.assert_array_equal(row.read(1990, 4010), expected[1990:4010])
    np.testing.assert_array_equal(row.read(0, 6000), expected)


def test_a_digest_is_that_of_the_samples(tmp_path, x):
    soundfile.write(tmp_path / "a.wav", 0.1 * x, 48_000, subtype="DOUBLE")
    assert OnDisk(tmp_path / "a.wav").digest() == Held(0.1 * x).digest()
    changed = 0.1 * x
    changed[1234] = np.nextafter(changed[1234], 1)
    assert Held(changed).digest() != Held(0.1 * x).digest()
    assert Held(x.reshape(2, 1000)).digest() != Held(x).digest()


def test_bad_signals(tmp_path, x):
    soundfile.write(tmp_path / "two.wav", np.zeros((10, 2)), 48_000)
    (tmp_path / "no.wav").write_text("not a sound")
    for build, says in [
        (lambda: Held(np.zeros(0), "the sound"), "the sound: has no samples"),
        (lambda: Held(np.zeros(3, complex)), "real numbers"),
        (lambda: OnDisk(tmp_path / "none.wav"), "none.wav: no such file"),
        (lambda: OnDisk(tmp_path / "no.wav"), "no.wav: cannot be read as audio"),
        (lambda: OnDisk(tmp_path / "two.wav"), "has 2 channels where one is needed"),
        (lambda: Held(np.r_[x, np.nan], "the sound").read(1990, 2001), "the sound: sample 2000 is not a finite number"),
    ]:
        with pytest.raises(audio.AudioError, match=says):
            build()

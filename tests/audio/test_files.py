"""Sound files: what is written is read, at any rate; bad input is one clear error; nothing is half-written."""

import numpy as np
import pytest
import soundfile

from circuitnn import audio


def tone(samples=4800, level=0.5):
    return level * np.sin(2 * np.pi * 440 * np.arange(samples) / 48_000)


@pytest.mark.parametrize(("suffix", "tolerance"), [(".wav", 1e-7), (".flac", 2e-7), (".aiff", 1e-7), (".aif", 1e-7)])
@pytest.mark.parametrize("fs", [44_100, 96_000])
def test_round_trip(tmp_path, suffix, tolerance, fs):
    path = tmp_path / f"tone{suffix}"
    audio.write(path, tone(), fs)
    x, rate = audio.read(path)
    assert rate == fs
    assert x.dtype == np.float64
    np.testing.assert_allclose(x, tone(), atol=tolerance, rtol=0)


def test_read_resamples_to_the_rate_that_is_asked_for(tmp_path):
    time = np.arange(44_100) / 44_100
    audio.write(tmp_path / "a.wav", np.sin(2 * np.pi * 1000 * time), 44_100)
    x, rate = audio.read(tmp_path / "a.wav", fs=48_000)
    assert (len(x), rate) == (48_000, 48_000)
    middle = slice(1000, 47_000)
    np.testing.assert_allclose(x[middle], np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)[middle], atol=2e-5)


def test_integer_samples_and_levels_above_one(tmp_path):
    audio.write(tmp_path / "loud.wav", tone(level=3.0), 48_000)
    assert np.max(audio.read(tmp_path / "loud.wav")[0]) == pytest.approx(3.0, rel=1e-6)
    audio.write(tmp_path / "int.wav", tone(), 48_000, subtype="PCM_16")
    np.testing.assert_allclose(audio.read(tmp_path / "int.wav")[0], tone(), atol=1 / 32768)
    with pytest.raises(audio.AudioError, match=r"loud\.flac: the peak is 3, and PCM_24 samples clip at 1"):
        audio.write(tmp_path / "loud.flac", tone(level=3.0), 48_000)


def test_stereo_where_mono_is_needed(tmp_path):
    path = tmp_path / "stereo.wav"
    audio.write(path, np.stack([tone(), -0.5 * tone()], axis=1), 48_000)
    with pytest.raises(audio.AudioError, match=r'stereo\.wav: has 2 channels.*channel=0 .*channel="mean"'):
        audio.read(path)
    np.testing.assert_allclose(audio.read(path, channel=1)[0], -0.5 * tone(), atol=1e-7)
    np.testing.assert_allclose(audio.read(path, channel="mean")[0], 0.25 * tone(), atol=1e-7)
    for absent in (2, -1, "left"):
        with pytest.raises(audio.AudioError, match="no channel"):
            audio.read(path, channel=absent)


def write_raw(path, samples, **options):
    soundfile.write(path, samples, 48_000, **options)


def test_bad_files_are_refused_by_name(tmp_path):
    write_raw(tmp_path / "nan.wav", np.array([0.0, np.nan, np.inf]), subtype="FLOAT")
    write_raw(tmp_path / "empty.wav", np.zeros(0))
    (tmp_path / "text.wav").write_text("this is no sound")
    (tmp_path / "zero.flac").touch()
    expected = {
        "nan.wav": r"2 sample\(s\) are NaN or infinite, the first at index 1",
        "empty.wav": "has no samples",
        "text.wav": "cannot be read as audio",
        "zero.flac": "cannot be read as audio",
        "absent.wav": "no such file",
    }
    for name, message in expected.items():
        with pytest.raises(audio.AudioError, match=message) as caught:
            audio.read(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(audio.AudioError, match="is a folder"):
        audio.read(tmp_path)


def test_a_truncated_file_is_refused(tmp_path):
    write_raw(tmp_path / "a.flac", tone(48_000))
    whole = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(audio.AudioError, match=r"cut\.flac: cannot be read as audio"):
        audio.read(tmp_path / "cut.flac")


@pytest.mark.parametrize(
    ("x", "fs", "name", "message"),
    [
        (np.zeros(0), 48_000, "a.wav", "no samples"),
        (np.array([0.0, np.nan]), 48_000, "a.wav", "index 1"),
        (np.zeros(5, complex), 48_000, "a.wav", "real floating-point numbers"),
        (np.zeros((2, 3, 4)), 48_000, "a.wav", r"\(2, 3, 4\)"),
        (np.zeros(5), 0, "a.wav", "positive whole number of hertz"),
        (np.zeros(5), 44_100.5, "a.wav", "positive whole number of hertz"),
        (np.zeros(5), 48_000, "a.mp3", "ends in one of"),
        (np.zeros(5), 48_000, "a", "ends in one of"),
    ],
)
def test_write_refuses_and_leaves_nothing(tmp_path, x, fs, name, message):
    with pytest.raises(audio.AudioError, match=message):
        audio.write(tmp_path / name, x, fs)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    audio.write(path, tone(), 48_000)

    def broken(file, *_, **__):
        file.write(b"RIFF half of")
        raise OSError("No space left on device")

    monkeypatch.setattr(soundfile, "write", broken)
    with pytest.raises(audio.AudioError, match=r"a\.wav: cannot be written: No space left"):
        audio.write(path, -tone(), 48_000)
    monkeypatch.undo()
    np.testing.assert_allclose(audio.read(path)[0], tone(), atol=1e-7)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(audio.AudioError, match="cannot be written"):
        audio.write(tmp_path / "file" / "a.wav", tone(), 48_000)


def test_unknown_sample_format(tmp_path):
    with pytest.raises(audio.AudioError, match="FLAC has no sample format 'FLOAT'; it has PCM_S8"):
        audio.write(tmp_path / "a.flac", tone(), 48_000, subtype="FLOAT")


def test_find_lists_files_and_folders_once_and_in_order(tmp_path):
    for name in ("b.WAV", "a.flac", "sub/c.aif", "note.txt", ".hidden/d.wav", "._a.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [file.relative_to(tmp_path).as_posix() for file in audio.find(tmp_path)]
    assert names == ["a.flac", "b.WAV", "sub/c.aif"]
    assert audio.find([tmp_path / "b.WAV", str(tmp_path)]) == tuple(
        tmp_path / n for n in ("b.WAV", "a.flac", "sub/c.aif")
    )
    assert audio.find(tmp_path / "note.txt") == (tmp_path / "note.txt",)


def test_find_refuses_what_is_not_there(tmp_path):
    with pytest.raises(audio.AudioError, match="absent: no such file or folder"):
        audio.find([tmp_path / "absent"])
    with pytest.raises(audio.AudioError, match=r"no sound files in this folder \(\.wav"):
        audio.find(tmp_path)
    with pytest.raises(audio.AudioError, match="no sound files given"):
        audio.find([])

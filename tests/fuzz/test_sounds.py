"""Sound files of strangers: each is read whole and finite, or refused with one error that costs next to nothing."""

import os
import struct
import sys
from random import Random

import numpy as np
import pytest
import soundfile

from circuitnn import audio
from circuitnn.audio.readers import OnDisk
from tests.fuzz.limits import MEMORY, SECONDS, cost
from tests.fuzz.mutations import mutated

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, makes pipes")

FS = 48_000
TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3000) / FS)
FORMATS = {
    "a.wav": "PCM_16", "b.wav": "FLOAT", "c.wav": "IMA_ADPCM", "d.wav": "PCM_24", "a.flac": "PCM_24",
    "a.aiff": "PCM_16", "a.ogg": "VORBIS", "a.mp3": "MPEG_LAYER_III", "a.w64": "PCM_16", "a.caf": "PCM_16",
    "a.au": "PCM_16", "a.rf64": "PCM_16",
}  # fmt: skip


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    for name, subtype in FORMATS.items():
        soundfile.write(folder / name, TONE, FS, subtype=subtype)
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * FS)
    soundfile.write(folder / "two seconds.flac", noise, FS, subtype="PCM_16")
    return {name: (folder / name).read_bytes() for name in (*FORMATS, "two seconds.flac")}


def read_both(path):
    """As a whole, and piece by piece: the same samples."""
    x, _ = audio.read(path, channel=0)
    assert np.isfinite(x).all()
    reader = OnDisk(path, channel=0)
    assert reader.samples == len(x)
    np.testing.assert_array_equal(reader.read(0, min(100, len(x))), x[:100])
    return x


@pytest.mark.parametrize("name", FORMATS)
def test_whole_files_are_whole(tmp_path, sounds, name):
    (tmp_path / name).write_bytes(sounds[name])
    assert len(read_both(tmp_path / name)) >= len(TONE)  # some codecs fill up their last block


def refused(read, says):
    outcome, memory, seconds = cost(read)
    assert isinstance(outcome, audio.AudioError), outcome
    assert says in str(outcome)
    assert memory < MEMORY
    assert seconds < SECONDS
    return str(outcome)


def flac_of(data, samples=3000, fs=FS, channels=1):
    """With another STREAMINFO: 20 bits of rate, 3 of channels, 5 of bits, 36 of length."""
    packed = (fs << 44) | ((channels - 1) << 41) | ((24 - 1) << 36) | samples
    return data[:18] + packed.to_bytes(8, "big") + data[26:]


def wav_of(data, fs=FS, channels=1, size=None):
    """With another rate, number of channels or size of its data."""
    at = data.index(b"fmt ") + 8
    head = data[: at + 2] + struct.pack("<HI", channels, fs) + data[at + 8 :]
    if size is not None:
        head = head.replace(b"data" + struct.pack("<I", 6000), b"data" + struct.pack("<I", size))
    return head


HOSTILE = {
    "2^36 samples.flac": (lambda s: flac_of(s["a.flac"], 2**36 - 1), "its header is at fault"),
    "2^26 samples.flac": (lambda s: flac_of(s["a.flac"], 2**26), "100 % is missing, some 2816 of 67108864 samples"),
    "1 Hz.wav": (lambda s: wav_of(s["a.wav"], fs=1), "a sound at 1 Hz is none"),
    "1 Hz.flac": (lambda s: flac_of(s["a.flac"], fs=1), "a sound at 1 Hz is none"),
    "2^31 Hz.wav": (lambda s: wav_of(s["a.wav"], fs=2**31 - 1), "Hz is none"),
    "no rate.wav": (lambda s: wav_of(s["a.wav"], fs=0), "cannot be read as audio"),
    "65535 channels.wav": (lambda s: wav_of(s["a.wav"], channels=65535), "cannot be read as audio"),
    "1000 channels.wav": (lambda s: wav_of(s["a.wav"], channels=1000), "1000.wav: has 1000 channels"),
    "no channels.wav": (lambda s: wav_of(s["a.wav"], channels=0), "cannot be read as audio"),
    "raw.raw": (lambda s: s["a.wav"][100:], "cannot be read as audio"),
    "nothing.wav": (lambda s: b"", "cannot be read as audio"),
    "a header.wav": (lambda s: s["a.wav"][:44], "is truncated: 100 % is missing"),
    "half.wav": (lambda s: s["a.wav"][:3044], "is truncated: 50 % is missing, 1500 samples (0.03125 s) are there"),
    "a quarter.aiff": (lambda s: s["a.aiff"][:-4500], "74.9 % is missing, 750 samples"),
    "half.au": (lambda s: s["a.au"][:-3000], "50 % is missing, 1500 samples"),
    "half.w64": (lambda s: s["a.w64"][:-3000], "is missing, 1500 samples"),
    "half.rf64": (lambda s: s["a.rf64"][:-3000], "50 % is missing, 1500 samples"),
    "half.flac": (lambda s: s["two seconds.flac"][:-80_000], "is missing, some"),
    "half.mp3": (lambda s: s["a.mp3"][:-300], "is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers(tmp_path, sounds, name):
    make, says = HOSTILE[name]
    path = tmp_path / name.replace(" channels", "" if name[0] == "1" else "channels")
    path.write_bytes(make(sounds))
    said = refused(lambda: audio.read(path), says)
    assert str(path) in said
    refused(lambda: OnDisk(path).read(0, OnDisk(path).samples), "")
    refused(lambda: audio.read(path, fs=FS, channel=0), "") if "1000" not in name else None


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "zero.wav").symlink_to("/dev/zero")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    for path, says in (
        (tmp_path / "pipe.wav", "is a pipe, a device or a socket, not a file"),
        (tmp_path / "zero.wav", "is a pipe, a device or a socket, not a file"),
        (tmp_path / "loop.wav", "a link that leads to itself"),
        (tmp_path / "gone.wav", "no such file"),
        (tmp_path, "is a folder, not a file"),
        ("a\0b.wav", "no such file"),
        ("a" * 5000, "no such file"),
    ):
        refused(lambda path=path: audio.read(path), says)
        refused(lambda path=path: OnDisk(path), says)
    refused(lambda: audio.find("a\0b.wav"), "no such file")


def test_a_length_that_a_pipe_left_open_is_none(tmp_path, sounds):
    """Programs that write into a pipe cannot say how long a sound is."""
    for size in (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000 - 4096):
        (tmp_path / "piped.wav").write_bytes(wav_of(sounds["a.wav"], size=size))
        assert len(read_both(tmp_path / "piped.wav")) == 3000


def test_more_than_a_file_can_hold_is_not_made_of_it(tmp_path):
    """Resampling multiplies: 2 MB at 100 Hz would be 4 GB at 48 kHz."""
    audio.write(tmp_path / "slow.wav", np.zeros(1_000_000), 100, subtype="PCM_16")
    assert len(audio.read(tmp_path / "slow.wav")[0]) == 1_000_000
    refused(lambda: audio.read(tmp_path / "slow.wav", fs=FS), "makes 480000000 samples")
    with pytest.raises(audio.AudioError, match="a sound at 1 Hz is none"):
        audio.write(tmp_path / "slower.wav", TONE, 1)


def test_a_file_that_changes_while_it_is_read(tmp_path):
    audio.write(tmp_path / "a.wav", TONE, FS)
    reader = OnDisk(tmp_path / "a.wav")
    audio.write(tmp_path / "a.wav", -TONE, FS)
    with pytest.raises(audio.AudioError, match="was changed while it was read"):
        reader.read(0, 10)


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_mutated_sounds_are_read_or_refused(tmp_path, sounds, count):
    random = Random(count)
    read, worst = 0, [0, 0.0]
    for number in range(count):
        name = random.choice(list(FORMATS))
        path = tmp_path / name
        path.write_bytes(mutated(random, sounds[name]))
        outcome, memory, seconds = cost(lambda path=path: read_both(path))
        if isinstance(outcome, Exception):
            assert isinstance(outcome, audio.AudioError), (number, outcome)
        read += not isinstance(outcome, Exception)
        worst = [max(worst[0], memory), max(worst[1], seconds)]
    assert count // 20 < read < count
    assert worst[0] < MEMORY
    assert worst[1] < SECONDS

"""Measured responses from folders: tables, impulse responses, sweeps."""

import numpy as np
import pytest

from circuitnn import audio
from circuitnn.train.measured import read_responses
from tests.train.measured_stacks import FREQS, FS, TONES, digital_response, write_recordings, write_table


@pytest.mark.parametrize("has_phase", [True, False])
def test_table(tmp_path, has_phase):
    h = write_table(tmp_path, has_phase=has_phase)
    found = read_responses(tmp_path)
    assert found.has_phase == has_phase
    np.testing.assert_allclose(found.freqs, FREQS, rtol=1e-12)
    np.testing.assert_array_equal(found.controls["tone"], TONES)
    np.testing.assert_allclose(found.response, h if has_phase else np.abs(h), rtol=1e-9)


def test_a_table_as_spreadsheets_write_it(tmp_path):
    write_table(tmp_path, has_phase=True)
    text = (tmp_path / "responses.csv").read_text()
    plain = read_responses(str(tmp_path))
    (tmp_path / "responses.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    np.testing.assert_array_equal(read_responses(tmp_path).response, plain.response)


def test_impulse_responses(tmp_path):
    played = np.zeros(16_384)
    played[0] = 1
    write_recordings(tmp_path, played, is_kept=False)
    found = read_responses(tmp_path)
    assert found.freqs[0] == 20
    assert found.freqs[-1] <= 20e3
    np.testing.assert_allclose(found.response, digital_response(found.freqs, TONES), rtol=0, atol=1e-9)


def test_a_sweep_that_was_played(tmp_path):
    played = np.concatenate([0.5 * audio.sweep(1.0, FS, start=10, stop=22e3), np.zeros(8192)])
    write_recordings(tmp_path, played)
    found = read_responses(tmp_path)
    np.testing.assert_allclose(found.response, digital_response(found.freqs, TONES), rtol=1e-6)


def test_stereo_is_refused(tmp_path):
    audio.write(tmp_path / "heard.wav", np.full((64, 2), 0.1), FS)
    (tmp_path / "settings.csv").write_text("tone,file\n0.5,heard.wav\n")
    with pytest.raises(ValueError, match=r"heard.wav: has 2 channels where one is needed"):
        read_responses(tmp_path)


HEADER = "tone,freq_hz,magnitude_db"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["tone,freq_hz", "0,100"], "responses.csv: column magnitude_db is missing; there are tone, freq_hz"),
        (["tone", "0"], "column freq_hz, magnitude_db is missing; there are tone"),
        ([""], "column freq_hz, magnitude_db is missing; there are none"),
        (["freq_hz,magnitude_db", "100,0"], "no column for a knob"),
        ([HEADER], "has no lines"),
        ([HEADER, "0,100,loud", "0,200,0"], "line 2: magnitude_db is 'loud', no number"),
        ([HEADER, "0,100,0", "half,200,0"], "line 3: tone is 'half', no number"),
        ([HEADER, "0,100,0", "0,200"], "line 3 has not as many fields as there are columns"),
        ([HEADER, "0,100,0", "0,200,0,1"], "line 3 has not as many fields as there are columns"),
        ([HEADER, "0,100,0", "0,200,0", "1,100,0"], "2 settings and 2 frequencies make 4 lines, there are 3"),
        ([HEADER, "0,100,0", "0,200,0", "0,200,0"], "1 settings and 2 frequencies make 2 lines, there are 3"),
        ([HEADER, "0,100,0", "0,200,0", "1,100,0", "1,100,0"], "response at tone=1 and 200 Hz is not a finite number"),
        ([HEADER, "0,100,nan", "0,200,0"], "responses.csv: the response at tone=0 and 100 Hz is not a finite number"),
        ([HEADER, "1.5,100,0", "1.5,200,0"], "knob tone: 1.5 at .0. is outside 0..1"),
        ([HEADER, "0,100,0"], "responses need at least two frequencies"),
        ([HEADER, "0,-100,0", "0,200,0"], "frequencies have to be positive"),
        (["tone,tone,freq_hz,magnitude_db", "0,0,100,0"], "two columns have the same name"),
    ],
)
def test_bad_tables(tmp_path, lines, said):
    (tmp_path / "responses.csv").write_text("\n".join(lines))
    with pytest.raises(ValueError, match=said):
        read_responses(tmp_path)


@pytest.mark.parametrize("content", [b"tone,freq_hz,magnitude_db\n\xff\xfe,1,2\n", b'a,"' + b"x" * 200_000 + b'"\n'])
def test_what_is_no_table(tmp_path, content):
    (tmp_path / "responses.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"responses.csv: cannot be read as a table"):
        read_responses(tmp_path)


def test_a_folder_without_measurements(tmp_path):
    with pytest.raises(ValueError, match=r"has neither responses.csv .* nor settings.csv"):
        read_responses(tmp_path)
    with pytest.raises(ValueError, match="nowhere: no such folder"):
        read_responses(tmp_path / "nowhere")


@pytest.fixture
def recordings(tmp_path):
    """A folder with one impulse response, and a way to change its settings.csv."""
    folder = tmp_path / "measured"
    folder.mkdir()
    played = np.zeros(4096)
    played[0] = 1
    write_recordings(folder, played, tones=(0.5,), is_kept=False)
    return folder


@pytest.mark.parametrize("name", ["../heard0.wav", "/heard0.wav", "sub/heard0.wav", "../measured/heard0.wav"])
def test_a_file_name_that_leaves_the_folder(recordings, name):
    audio.write(recordings.parent / "heard0.wav", np.ones(10), FS)
    (recordings / "settings.csv").write_text(f"tone,file\n0.5,{name}\n")
    with pytest.raises(ValueError, match=f"settings.csv: line 2: '{name}' is not in the folder"):
        read_responses(recordings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tone\n0.5\n", "settings.csv: column file is missing; there are tone"),
        ("tone,file\n0.5,none.wav\n", "none.wav: no such file"),
        ("tone,file\n0.5,..\n", "is a folder"),
        ("tone,file\n2,heard0.wav\n", "settings.csv: knob tone: 2 at .0. is outside 0..1"),
        ("tone,file\nx,heard0.wav\n", "line 2: tone is 'x', no number"),
        ("file\nheard0.wav\n", "no column for a knob"),
    ],
)
def test_bad_settings(recordings, text, said):
    (recordings / "settings.csv").write_text(text)
    with pytest.raises(ValueError, match=said):
        read_responses(recordings)


def test_an_input_that_is_silent_somewhere(recordings):
    t = np.arange(4096) / FS
    audio.write(recordings / "input.wav", np.hanning(4096) * np.sin(2 * np.pi * 5e3 * t), FS, subtype="DOUBLE")
    with pytest.raises(ValueError, match=r"input.wav: there is nothing at .* Hz"):
        read_responses(recordings)


def test_rates_that_differ(recordings):
    audio.write(recordings / "heard1.wav", np.ones(100) * 0.1, 44_100)
    (recordings / "settings.csv").write_text("tone,file\n0.5,heard0.wav\n0.6,heard1.wav\n")
    with pytest.raises(ValueError, match=r"heard1.wav: 44100 Hz, others have 48000 Hz"):
        read_responses(recordings)


def test_silence(recordings):
    audio.write(recordings / "heard0.wav", np.zeros(100), FS)
    with pytest.raises(ValueError, match=r"response at tone=0.5 is zero at all frequencies"):
        read_responses(recordings)

"""The page of a training: all of it is there, in one file that needs nothing else."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile
from flax import nnx

import circuitnn as cn
from circuitnn.pages import training_page
from tests.capture.sounds import FS, device, played
from tests.models import Memoryless
from tests.pages.test_identification import Page


@pytest.fixture(scope="module")
def prediction():
    x = played(2.0)
    y = device(x)
    rest = np.random.default_rng(0).standard_normal(len(y))
    rest *= 0.1 * np.linalg.norm(y) / np.linalg.norm(rest)
    return cn.capture.Prediction(x[None], y[None], (y + rest)[None], FS)


@pytest.fixture(scope="module")
def page(prediction, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "new" / "m.html"
    history = cn.train.History([0.5, 0.1, 0.02], [0.3, 0.05], [0, 2], [3.0, 1.0, 1.0], 100, 30, 1.0)
    options = {
        "doubts": ["b.wav is <clipped>"],
        "facts": {"Division": "1 s"},
        "noise": 1e-3,
        "following": "circuitnn run",
    }
    model = cn.recurrent.GRU(2, fs=FS, rngs=nnx.Rngs(0))
    assert cn.pages.training(model, history, prediction, path, title="A <pedal>", **options) == path
    return path.read_text(encoding="utf-8")


def test_needs_nothing_but_itself(page):
    tags = Page(page).tags
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in tags}
    assert sum(tag == "img" for tag, _ in tags) == 7
    assert all(len(attrs["alt"]) > 30 for tag, attrs in tags if tag == "img")
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|url\(|@import", page)


def test_harmonics_of_the_device_are_beside_the_models(page, prediction, tmp_path):
    assert "circuitnn capture-signal" in Page(page).text, "music does not tell them"
    model = cn.recurrent.GRU(2, fs=FS, rngs=nnx.Rngs(0))
    levels, told = (
        np.array([-20.0, 0.0]),
        [np.array([[-20.0, -60.0, -70.0], [0.0, -30.0, third]]) for third in (-40, -41)],
    )
    alike = [cn.capture.SineAnswers(221.0, levels, harmonics, np.full(2, np.nan)) for harmonics in told]
    path = cn.pages.training(model, None, prediction, tmp_path / "m.html", harmonics=tuple(alike))
    text = path.read_text()
    assert "-30 dB and -41 dB in the device and -30 dB and -40 dB in the model" in text
    assert "sweeps of the capture signal" in text
    assert "is not known" not in text


def test_pictures_have_a_form_for_a_phone(page):
    """Of 4.1 inches in place of 8.6, which a narrow screen shows as wide as it is."""
    tags = Page(page).tags
    wide = [attrs["src"] for tag, attrs in tags if tag == "img"]
    narrow = [attrs["srcset"] for tag, attrs in tags if tag == "source" and "max-width" in attrs["media"]]
    assert len(narrow) == len(wide)
    sizes = [
        [int.from_bytes(base64.b64decode(source.partition(",")[2])[16:20], "big") for source in sources]
        for sources in (wide, narrow)
    ]
    assert set(sizes[0]) == {1118}
    assert set(sizes[1]) == {533}


def test_says_all_of_it(page, prediction):
    text = Page(page).text
    words = ("A <pedal>", "is <clipped>", "leaves 1 % of the recording's energy", "MR-STFT", "pre-emphasised", "1 s")
    for word in (*words, "own noise leaves 0.1 %", "validation ESR of 0.05", "circuitnn run"):
        assert word in page if word.startswith("validation") else word in text, word
    assert prediction.esr == pytest.approx(0.01, rel=0.05)


def test_what_is_heard_is_what_was_held_out(page, prediction):
    sources = [attrs["src"] for tag, attrs in Page(page).tags if tag == "audio"]
    assert len(sources) == 4
    sounds = [soundfile.read(io.BytesIO(base64.b64decode(source.partition(",")[2])))[0] for source in sources]
    device_sound, model_sound, left, _ = sounds
    np.testing.assert_allclose(device_sound - model_sound, left, atol=1e-4)
    assert np.corrcoef(device_sound, prediction.target[0])[0, 1] > 0.999999


class Cubic(Memoryless):
    dtype = np.float32

    def __call__(self, carry, x, controls=None):
        return carry, x - x**3 / 3


def test_a_sine_is_measured():
    """Of a memoryless cubic, whose third harmonic is known."""
    answers = cn.capture.sine_answers(Cubic(), 48_000, f0=221.0, amplitude=1.0)
    third = 20 * np.log10((1 / 12) / (1 - 0.25))
    assert answers.harmonics[-1, 2] - answers.harmonics[-1, 0] == pytest.approx(third, abs=0.01)
    assert answers.harmonics[-1, 1] < -90
    assert answers.aliasing[-1] < -80


def test_short_sounds_have_fewer_rows(prediction):
    short = cn.capture.Prediction(*(signal[:, :500] for signal in prediction[:3]), FS)
    assert [row["name"] for row in training_page.rows(short)] == ["ESR", "DC", "mean absolute error"]
    assert len(training_page.rows(prediction)) == 8

"""The page that plays a device: its takes, its curves, and its knobs in a browser."""

import base64
import io
import itertools
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

import circuitnn as cn
from circuitnn.pages import Setting, play_page

FS = 8000
FREQS = np.geomspace(20, 3600, 30)
CHROMIUM = shutil.which("chromium")


def settings():
    x = np.random.default_rng(0).standard_normal(FS)
    return [
        Setting({"drive": a, "</script><b>": b}, (0.1 + a) * x, (1 + a) / (1 + 1j * FREQS / (500 + 1000 * b)))
        for a, b in itertools.product((0.0, 0.5, 1.0), (0.0, 1.0))
    ], x


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    found, x = settings()
    path = tmp_path_factory.mktemp("play") / "new" / "play.html"
    assert cn.pages.play(found, path, fs=FS, freqs=FREQS, played=x, title="<one>", facts={"Rate": "8 kHz"}) == path
    return path


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(), flags=re.DOTALL)[1])


def heard(address):
    return soundfile.read(io.BytesIO(base64.b64decode(address.removeprefix("data:audio/wav;base64,"))))[0]


def test_takes_keep_their_levels(page):
    takes = {tuple(take["at"]): heard(take["sound"]) for take in data_of(page)["takes"]}
    assert np.abs(takes[1.0, 0.0]).max() == pytest.approx(play_page.PEAK, abs=1e-3)
    assert np.abs(takes[0.0, 0.0]).max() == pytest.approx(play_page.PEAK / 11, abs=1e-3)


def test_curves_are_the_responses_in_decibels(page):
    data, (found, _) = data_of(page), settings()
    for curve, setting in zip(data["curves"], found, strict=True):
        np.testing.assert_allclose(curve, 20 * np.log10(np.abs(setting.response)), atol=0.006)
    assert (data["top"], data["floor"]) == (10, -50)


def test_needs_nothing_but_itself(page):
    text = page.read_text()
    assert not re.search(r"https?://(?!www.w3.org/2000/svg)|url\(|@import|fetch\(", text)
    assert "&lt;one&gt;" in text
    assert "<b>" not in text


def test_each_combination_is_needed_once(tmp_path):
    found, x = settings()
    for wrong in (found[:-1], [*found, found[0]], [*found[:-1], Setting({"drive": 0.3}, x, np.ones(30))]):
        with pytest.raises(ValueError, match="is needed once"):
            cn.pages.play(wrong, tmp_path / "x.html", fs=FS, freqs=FREQS, played=x)
    with pytest.raises(ValueError, match="needs a setting"):
        cn.pages.play([], tmp_path / "x.html", fs=FS, freqs=FREQS, played=x)
    assert not (tmp_path / "x.html").exists()


WALK = """
<script>
addEventListener("load", () => {
  const byId = (id) => document.getElementById(id);
  const log = [byId("told").textContent];
  const slider = document.querySelector("input[type=range]");
  slider.value = 2; slider.dispatchEvent(new Event("input"));
  log.push(byId("told").textContent, byId("curve").getAttribute("aria-label"));
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "b", bubbles: true, cancelable: true }));
  log.push(byId("told").textContent, byId("clean").getAttribute("aria-pressed"));
  const out = document.createElement("pre"); out.id = "log"; out.textContent = log.join("|"); document.body.append(out);
});
</script>
"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_knobs_turn_in_a_browser(page, tmp_path):
    walked = tmp_path / "walk.html"
    walked.write_text(page.read_text().replace("</body>", WALK + "</body>"))
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*words, "--virtual-time-budget=5000", "--dump-dom", walked.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    before, after, curve, bypassed, pressed = re.search(r'<pre id="log">(.*?)</pre>', done.stdout, flags=re.DOTALL)[
        1
    ].split("|")
    assert before.startswith("drive 0.50")
    assert after.startswith("drive 1.0")
    assert "highest, 6.0 dB, at 20.0 hertz" in curve
    assert (bypassed, pressed) == ("Bypassed: what was played.", "true")

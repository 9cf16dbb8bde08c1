"""A listening test: its sounds, its page in a browser, and what its answers say."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

import circuitnn as cn
from circuitnn.metrics.bs1770 import k_weighting
from circuitnn.study import Item, listened, listening
from circuitnn.study.listening_sounds import ANCHORS, low_passed, made_level

FS = 16_000
CHROMIUM = shutil.which("chromium")


def items(count=2):
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        x = 1e-3 * rng.standard_normal(FS)  # a device's millivolts
        found.append(
            Item(f"piece {number}", x, {"alpha": x + 1e-5 * rng.standard_normal(FS), "omega": 0.2 * np.tanh(2e3 * x)})
        )
    return found


@pytest.fixture(scope="module", params=["mushra", "abx"])
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("listening") / request.param
    assert listening(items(), path, fs=FS, kind=request.param, title="<b>", trials=3) == path / "index.html"
    return path


def key_of(folder):
    return json.loads((folder / "test.json").read_text())


def test_the_filter_is_that_of_the_recommendation():
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    high_pass = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    np.testing.assert_allclose(k_weighting(48_000), [shelf, high_pass], rtol=1e-9)


@pytest.mark.parametrize("fs", [44_100, 48_000, 96_000])
def test_a_sine_at_full_scale_is_at_3_below_0(fs):
    sine = np.sin(2 * np.pi * 997 * np.arange(2 * fs) / fs)
    assert cn.metrics.loudness(sine, fs) == pytest.approx(-3.01, abs=0.02)
    assert cn.metrics.loudness(np.stack([sine, sine], -1), fs) == pytest.approx(0.0, abs=0.02)
    # Silence does not count: the gates leave it out.
    half = np.concatenate([0.1 * sine, np.zeros(4 * fs)])
    assert cn.metrics.loudness(half, fs) == pytest.approx(-23.01, abs=0.7)
    assert cn.metrics.loudness_difference(0.5 * sine, sine, fs=fs) == pytest.approx(-6.02, abs=0.01)
    assert cn.metrics.loudness(np.zeros(fs), fs) == -np.inf


def test_anchors_keep_what_is_below_and_stay_in_place():
    t = np.arange(FS) / FS
    low, high = np.sin(2 * np.pi * 1000 * t), np.sin(2 * np.pi * 5000 * t)
    found = low_passed(low + high, FS, *ANCHORS["anchor 3.5 kHz"])
    inside = slice(FS // 8, -FS // 8)
    assert np.abs(found - low)[inside].max() < 3e-3


def test_all_are_as_loud_as_the_reference():
    level = made_level(items(1)[0], FS, anchors=True)
    assert list(level) == ["reference", "anchor 3.5 kHz", "alpha", "omega"]  # 7 kHz needs a higher rate
    loud = [cn.metrics.loudness(level[name], FS) for name in ("reference", "alpha", "omega")]
    np.testing.assert_allclose(loud, loud[0], atol=0.01)
    assert max(np.abs(sound).max() for sound in level.values()) == pytest.approx(0.89)


def test_the_folder_is_blind_and_whole(folder):
    page, key = (folder / "index.html").read_text(), key_of(folder)
    for word in ("alpha", "omega", "anchor"):
        assert not re.search(
            rf"\b{word}\b", re.sub(r"<(style|script)>.*?</\1>|base64,[^\"]*", "", page, flags=re.DOTALL)
        ), word
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert not re.search(r"https?://|fetch\(", page)
    for number, item in enumerate(key["items"]):
        for blind in item["sounds"]:
            assert soundfile.info(folder / "sounds" / f"{number}-{blind}.wav").frames == FS
        assert {*item["scores"]} == {*item["sounds"].values()} - {"reference"}
    yaml = json.loads((folder / "webmushra.yaml").read_text())
    assert [page["type"] for page in yaml["pages"]][-1] == "finish"
    with pytest.raises(FileExistsError, match="has a listening test already"):
        listening(items(), folder, fs=FS)


WALK = """
<script>
addEventListener("load", () => {
  const byId = (id) => document.getElementById(id);
  byId("listener").value = "Ada";
  byId("start").click();
  for (let task = 0; task < 40 && !byId("task").hidden; task++) {
    for (const slider of document.querySelectorAll("#ratings input")) {
      slider.value = 70; slider.dispatchEvent(new Event("input"));
    }
    const key = document.querySelector("#next") ? "n" : "2";
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
  HTMLAnchorElement.prototype.click = function () {
    const out = document.createElement("pre");
    out.id = "log"; out.textContent = `${this.download}|${decodeURIComponent(this.href.split(",").slice(1).join(","))}`;
    document.body.append(out);
  };
  byId("save").click();
});
</script>
"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_listener_goes_through_it_by_keyboard(folder, tmp_path):
    walked = tmp_path / "walk.html"
    walked.write_text((folder / "index.html").read_text().replace("</body>", WALK + "</body>"))
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*words, "--virtual-time-budget=5000", "--dump-dom", walked.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    name, _, text = re.search(r'<pre id="log">(.*?)</pre>', done.stdout, flags=re.DOTALL)[1].partition("|")
    assert name == "answers-Ada.json"
    answers = tmp_path / "answers.json"
    answers.write_text(text)
    if folder.name == "mushra":
        assert {value for each in json.loads(text)["answers"] for value in each["ratings"].values()} == {70}
        with pytest.raises(ValueError, match="none has found the hidden reference"):
            listened(folder, [answers])
        return
    found = listened(folder, [answers])
    assert {one.name for one in found.rated} == {"alpha", "omega"}
    assert json.loads(text)["answers"][0]["asked"] == 3


def rated(folder, path, listener, **ratings):
    key = key_of(folder)
    answers = [
        {"item": number, "ratings": {blind: ratings[name.split()[0]] for blind, name in item["sounds"].items()}}
        for number, item in enumerate(key["items"])
    ]
    path.write_text(json.dumps({"test": key["test"], "kind": "mushra", "listener": listener, "answers": answers}))
    return path


def test_ratings_are_counted_by_listener(tmp_path):
    folder = tmp_path / "test"
    listening(items(), folder, fs=FS)
    files = [
        rated(folder, tmp_path / f"{n}.json", f"l{n}", reference=100, anchor=20 + n, alpha=95 - n, omega=40 + 2 * n)
        for n in range(8)
    ]
    deaf = rated(folder, tmp_path / "deaf.json", "deaf", reference=60, anchor=90, alpha=5, omega=95)
    found = listened(folder, [*files, deaf])
    assert (found.listeners, found.left_out) == (8, ("deaf (deaf.json)",))
    assert [one.name for one in found.rated] == ["reference", "alpha", "omega", "anchor 3.5 kHz"]
    near = found.rated[1]
    assert near.mean == pytest.approx(91.5)
    assert near.low < 91.5 < near.high
    assert near.high - near.mean == pytest.approx(2.3646 * np.std(range(8), ddof=1) / np.sqrt(8), rel=1e-3)
    assert near.p == pytest.approx(2 * 2 / 2**8)  # two-sided, all eight below; Holm over two contenders
    assert found.alike is None  # two contenders
    assert found.predicts["ESR"] < -0.8
    assert near.scores["ESR"] < found.rated[2].scores["ESR"]


def test_heard_differences_are_counted(tmp_path):
    folder = tmp_path / "test"
    listening(items(1), folder, fs=FS, kind="abx", trials=10)
    key = key_of(folder)
    right = {"alpha": 5, "omega": 10}
    answers = [
        {"item": 0, "sound": blind, "right": right[name], "asked": 10}
        for blind, name in key["items"][0]["sounds"].items() if name != "reference"
    ]  # fmt: skip
    path = tmp_path / "answers.json"
    path.write_text(json.dumps({"test": key["test"], "kind": "abx", "listener": "", "answers": answers}))
    best, worst = listened(folder, [path]).rated
    assert (best.name, best.mean, worst.name, worst.mean) == ("alpha", 0.5, "omega", 1.0)
    assert worst.p == pytest.approx(2 * 2.0**-10)
    assert best.p == pytest.approx(638 / 1024)  # five or more of ten
    assert worst.low == pytest.approx(0.025 ** (1 / 10))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one | {"test": "another"}, "are answers to another listening test"),
        (lambda one: one | {"answers": one["answers"][:1]}, "not every item is answered once"),
        (lambda one: one | {"answers": 3}, "are no answers of a listening test"),
        (lambda one: [], "are no answers of a listening test"),
        (lambda one: one | {"answers": [each | {"ratings": {"s0": 1e9}} for each in one["answers"]]}, "from 0 to 100"),
    ],
)
def test_wrong_answers_are_refused(change, words, tmp_path):
    folder = tmp_path / "test"
    listening(items(), folder, fs=FS)
    path = rated(folder, tmp_path / "a.json", "a", reference=100, anchor=20, alpha=95, omega=40)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ValueError, match=words):
        listened(folder, [path])
    with pytest.raises(ValueError, match="is no folder of a listening test"):
        listened(tmp_path, [path])


def damaged(**changes):
    return lambda key: key | changes


@pytest.mark.parametrize(
    "change",
    [
        damaged(items=[]),
        damaged(kind="other"),
        lambda key: {name: value for name, value in key.items() if name != "test"},
        lambda key: key | {"items": [each | {"scores": {}} for each in key["items"][:1]]},
        lambda key: key | {"items": [each | {"sounds": {}} for each in key["items"]]},
        lambda key: json.loads(json.dumps(key).replace('"ESR": ', '"ESR": 1e999, "ESR, other": ')),
        lambda key: 3,
    ],
)
def test_damaged_keys_are_refused(change, tmp_path):
    folder = tmp_path / "test"
    listening(items(), folder, fs=FS)
    path = rated(folder, tmp_path / "a.json", "a", reference=100, anchor=20, alpha=95, omega=40)
    key = next(file for file in folder.iterdir() if file.suffix == ".json")
    key.write_text(json.dumps(change(json.loads(key.read_text()))))
    with pytest.raises(ValueError, match="is not the key of a listening test"):
        listened(folder, [path])


def test_wrong_counts_and_files_that_are_given_twice_are_refused(tmp_path):
    folder = tmp_path / "test"
    listening(items(1), folder, fs=FS, kind="abx", trials=10)
    key = key_of(folder)
    sound = next(blind for blind, name in key["items"][0]["sounds"].items() if name != "reference")
    whole = {"item": 0, "sound": sound, "right": 2, "asked": 10}
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for change in ({"asked": 2.5}, {"item": -1}, {"asked": 10**9}, {"right": 11}, {"sound": "s99"}, None):
        answers = [] if change is None else [whole | change]
        paths[0].write_text(json.dumps({"test": key["test"], "kind": "abx", "listener": "", "answers": answers}))
        with pytest.raises(ValueError, match="are no answers of a listening test"):
            listened(folder, paths[:1])
    for path in paths:
        path.write_text(json.dumps({"test": key["test"], "kind": "abx", "listener": "", "answers": [whole]}))
    with pytest.raises(ValueError, match=r"b\.json: has the same answers as .*a\.json"):
        listened(folder, paths)
    with pytest.raises(ValueError, match=r"a\.json: given twice"):
        listened(folder, [paths[0], paths[0]])
    for text in ("", "[", '"', "null", "\xff"):
        paths[0].write_text(text, encoding="latin-1")
        with pytest.raises(ValueError, match="not as its page has written them"):
            listened(folder, paths[:1])


def test_wrong_tests_are_refused(tmp_path):
    (one,) = items(1)
    x = np.asarray(one.reference)
    for wrong, words in (
        ({"items": []}, "needs an item"),
        ({"items": [one], "kind": "mushroom"}, "kind must be"),
        ({"items": [one, one]}, "same name"),
        ({"items": [one, Item("b", x, {"alpha": x})]}, "different contenders"),
        ({"items": [one], "fs": 100}, "from 0.5 to 20 s"),
        ({"items": [Item("a", x, {str(n): x for n in range(10)})]}, "nobody can rate over 12"),
    ):
        with pytest.raises(ValueError, match=words):
            listening(**({"fs": FS, "folder": tmp_path / "no"} | wrong))
    for sounds, words in (({}, "needs a sound"), ({"a": x[:5]}, "as long as the reference"), ({"a": 0 * x}, "silent"),
                          ({"reference": x}, "makes itself")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            Item("a", x, sounds)
    assert not (tmp_path / "no").exists()

import base64
import io
import json
import re
import sys
from html.parser import HTMLParser

import matplotlib.image
import numpy as np
import pytest
import soundfile

from benchmarks.exposure_bias.__main__ import STUDY
from circuitnn.study import Records, ReportError, main, players, report, spectra, style, traces
from circuitnn.study.cost import apart, cost
from circuitnn.study.hypotheses import write_down
from circuitnn.study.leaderboard import standings
from circuitnn.study.records import file_name
from tests.study import fake

NO_PICTURES = {"error": [], "bias": [], "horizon": [], "spectra": [], "waveforms": []}


class Page(HTMLParser):
    """Text, addresses and open tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.text, self.addresses, self.open = "", [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "br", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_page_is_whole_and_needs_nothing_else(folder):
    text = (folder / "report.html").read_text()
    page = Page(text)
    assert page.open == []
    *pictures, others = page.addresses
    assert others == "leaderboard.html"
    assert len(pictures) == 4
    assert all(address.startswith("data:image/png;base64,") for address in pictures)
    assert not re.search(r"https?://|<script|@import|url\(", text)
    for words in (
        "Holm",
        "exposure",
        "GRU-8 and LSTM-8 are black boxes",
        "nodal",
        "R1 in out 2.2k",
        "scheduled sampling",
    ):
        assert words in page.text
    assert not re.search(r"\bnan\b(?! in update)|\bNone\b(?!\.)|\binf\b", page.text)


def test_hypotheses_and_parts_are_on_the_page(tmp_path):
    results, _ = fake.study(circuits=2, seeds=5)
    old = Page(report.render(Records.of(results), NO_PICTURES, STUDY)).text
    assert "No hypotheses were written down before this run" in old
    assert "By recording and by level" not in old
    results["header"]["description"] = write_down(STUDY.hypotheses, tmp_path, "2026-01-01T10:00:00")
    part = {"recording": "riff.wav", "level": "below −24 dB", "energy": 1.0}
    for row in results["rows"]:
        row["parts"] = [{**part, "esr": row["esr_free_running"]}]
    page = Page(report.render(Records.of(results), NO_PICTURES, STUDY)).text
    for words in ("Written down 2026-01-01 10:00", "TBPTT helps", "not decided", "Peussa et al. 2021", "riff.wav"):
        assert words in page
    for words in ("By recording and by level", "below −24 dB", "Nemenyi’s critical difference", "failed runs"):
        assert words in page


def test_a_run_that_goes_on_says_what_is_missing():
    results, _ = fake.study(circuits=1, seeds=2)
    assert "had not ended" not in Page(report.render(Records.of(results), NO_PICTURES, STUDY)).text
    results["header"]["left"] = ["diode-clipper-2nd-order"]
    assert (
        "had not ended: of diode-clipper-2nd-order" in Page(report.render(Records.of(results), NO_PICTURES, STUDY)).text
    )


def test_the_headline_says_of_every_regime_what_it_is(tmp_path):
    results, _ = fake.study(circuits=2, seeds=3)
    page = Page(report.render(Records.of(results), NO_PICTURES, STUDY)).text
    head = page.partition("Hypotheses")[0]
    for regime in ("SS", "TBPTT", "TF+TBPTT"):
        assert re.search(rf"\b{re.escape(regime)} ?\)?:? ?−?[0-9.]+ \(", head), (
            f"{regime} has no effect in the headline"
        )
    assert "median ESR, Second-order diode clipper" in re.sub(r"\s+", " ", head.replace(",", ", "))


def test_what_is_kept_is_heard():
    results, curves = fake.study(circuits=1, seeds=2, trouble=False)
    time = np.arange(4800) / 48_000
    target = 0.4 * np.sin(2 * np.pi * 200 * time)
    curves["diode-clipper|sound-input"] = players.packed(target, target)
    curves["diode-clipper|sound-target"] = players.packed(target, target)
    for model in (*fake.STATE_MODELS, *fake.BLACK_BOXES):
        for regime in fake.REGIMES if model in fake.STATE_MODELS else ("TBPTT",):
            curves[f"diode-clipper|{model}|{regime}|sound"] = players.packed(1.5 * target, target)
    records = Records.of(results, curves)
    sounds = players.of(records, "diode-clipper")
    names = [sound["name"] for sound in sounds]
    assert names[:2] == ["what went in", "the circuit"]
    assert len(names) == 2 + players.MOST + 1
    assert names[2].startswith("LSTM-8 under TBPTT")
    assert names[-1].startswith("STN 4-4-4 under TF,")
    heard, _ = soundfile.read(io.BytesIO(base64.b64decode(sounds[2]["source"].partition(",")[2])))
    np.testing.assert_allclose(heard, 0.75 * target / np.abs(target).max(), atol=2e-4)
    page = Page(report.render(records, NO_PICTURES, STUDY))
    assert "How it sounds" in page.text
    assert sum(address.startswith("data:audio/wav") for address in page.addresses) == len(names)
    assert players.of(Records.of(results), "diode-clipper") == []


def test_the_error_of_each_model_is_shown_over_frequency():
    results, curves = fake.study(circuits=1, seeds=2, trouble=False)
    time = np.arange(19_200) / 48_000
    tones = [np.sin(2 * np.pi * freq * time) for freq in (200.0, 5000.0)]
    target = 0.4 * tones[0] + 0.02 * tones[1]
    curves["diode-clipper|sound-input"] = curves["diode-clipper|sound-target"] = players.packed(target, target)
    heard = 0.396 * tones[0] + 0.04 * tones[1]  # 1 % and 100 %: 40 and 0 dB below
    curves["diode-clipper|GRU-8|TBPTT|sound"] = players.packed(heard, target)
    found = spectra.spectra(Records.of(results, curves), "diode-clipper")
    assert found.name == "spectra-diode-clipper.png"
    said = re.search(r"GRU-8 under TBPTT is ([0-9.]+) dB below the target around (.+) and ([0-9.]+) dB", found.message)
    assert float(said[1]) == pytest.approx(40, abs=1.5)
    assert float(said[3]) == pytest.approx(0, abs=1.0)
    assert spectra.spectra(Records.of(results), "diode-clipper") is None


def test_a_run_that_ran_away_is_heard_as_far_as_it_goes():
    target = np.array([0.0, 1.0, -1.0, 0.5])
    there = players.packed(np.array([np.nan, np.inf, -np.inf, 0.5]), target)
    assert there.tolist() == [0, 32767, -32767, 8192]


def test_text_is_escaped(folder):
    text = (folder / "report.html").read_text()
    assert "--preset &lt;quick&gt; &amp; &#39;more&#39;" in text
    assert "(window &lt;3&gt;)" in text


def test_names_between_dollars_are_names(tmp_path):
    results, curves = fake.study(circuits=2, seeds=1)
    renamed = json.loads(
        json.dumps(results).replace("STN 4-4-4", "a $\\\\frac{$ \U0001f3b8").replace("SMGRU", "x" * 60)
    )
    for about in renamed["header"]["circuits"].values():
        about["title"] = "$\\frac{$"  # of both
    folder = fake.write(
        tmp_path, renamed, {name.replace("STN 4-4-4", "a $\\frac{$ \U0001f3b8"): c for name, c in curves.items()}
    )
    page = report.write(folder, STUDY).read_text()
    records = Records.of(renamed)
    assert [records.title(name) for name in records.circuits] == [f"$\\frac{{$ ({name})" for name in records.circuits]
    assert "$\\frac{$ (diode-clipper)" in page


def test_files_of_different_names_are_different():
    assert file_name("diode-clipper") == "diode-clipper"
    names = [file_name(name) for name in ("a b", "a/b", "../a b", "", "..", "ü")]
    assert len({*names}) == len(names)
    assert not any("/" in name or name.startswith(".") for name in names)


def test_pictures_are_readable_files(folder):
    names = {path.name for path in folder.glob("*.png")}
    assert names == {
        "free-running-error.png",
        "exposure-bias.png",
        "horizon-diode-clipper.png",
        "waveforms-diode-clipper.png",
    }
    for name in names:
        pixels = matplotlib.image.imread(io.BytesIO((folder / name).read_bytes()), format="png")
        assert pixels.shape[1] == 1300
        assert np.ptp(pixels[..., :3]) > 0.8
    assert {path.name for path in folder.iterdir()} == names | {
        "report.html",
        "leaderboard.html",
        "results.json",
        "curves.npz",
    }


def test_one_seed_and_one_circuit_without_curves():
    results, _ = fake.study(circuits=1, seeds=1)
    records = Records.of(results)
    pictures = report.drawn(records)
    assert pictures["horizon"] == pictures["waveforms"] == []
    Page(report.render(records, pictures, STUDY))


def test_black_boxes_alone_have_no_bias_to_show():
    results, _ = fake.study(circuits=1, seeds=2)
    results["rows"] = [row for row in results["rows"] if row["model"] in fake.BLACK_BOXES]
    records = Records.of(results)
    pictures = report.drawn(records)
    assert pictures["bias"] == []
    assert "does not compare" in Page(report.render(records, pictures, STUDY)).text


def test_titles_say_what_the_data_show():
    results, curves = fake.study(circuits=1, seeds=3, trouble=False)
    for model in fake.STATE_MODELS:
        curves[f"diode-clipper|{model}|TF|error"] = np.full((3, fake.HORIZON), 1e-2)
        curves[f"diode-clipper|{model}|TF+TBPTT|error"] = np.full((3, fake.HORIZON), 1e-3)
    with style.context():
        picture = traces.horizon(Records.of(results, curves), "diode-clipper")
    assert picture is not None
    assert picture.message.endswith(
        "16 to 21 ms after the last true state, the error under TF+TBPTT is 10.0 dB below that under TF"
    )


def test_a_failure_leaves_the_old_report(folder, tmp_path, monkeypatch):
    copy = fake.write(tmp_path / "results", *fake.study(circuits=1, seeds=1))
    (copy / "report.html").write_text("old")

    def fail(*_):
        raise RuntimeError("no picture")

    monkeypatch.setattr("circuitnn.pages.style.png", fail)
    with pytest.raises(RuntimeError, match="no picture"):
        report.write(copy, STUDY)
    assert (copy / "report.html").read_text() == "old"
    assert {path.name for path in copy.iterdir()} == {"report.html", "results.json", "curves.npz"}


def test_bad_folders_get_one_clear_error(tmp_path, capsys):
    with pytest.raises(ReportError, match=r"results\.json: no such file"):
        report.write(tmp_path, STUDY)
    results, curves = fake.study(circuits=1, seeds=1)
    fake.write(tmp_path, results, curves)
    (tmp_path / "curves.npz").write_bytes(b"PK not an archive")
    with pytest.raises(ReportError, match="damaged results"):
        report.write(tmp_path, STUDY)
    (tmp_path / "results.json").write_text(json.dumps([1]))
    assert main(STUDY, ["--render", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_large_study_can_be_read_again(folder, tmp_path):
    """10 targets x 12 contenders x 10 seeds x 3 budgets, each with its error in 36 parts; more is refused."""
    parts = [
        {"recording": "guitar.flac", "position": "drive 0.25", "condition": "unseen", "esr": 1 / 3, "energy": 1 / 7}
    ]
    row = {"circuit": "clip", "model": "GRU", "regime": "TBPTT", "esr_free_running": 2 / 3, "parts": 36 * parts}
    rows = ",".join([json.dumps(row)] * 3600)
    (tmp_path / "curves.npz").write_bytes((folder / "curves.npz").read_bytes())
    (tmp_path / "results.json").write_text(f'{{"header": {{}}, "rows": [{rows}]}}')
    assert len(Records.read(tmp_path).rows) == 3600
    many = ",".join(["[]"] * 2**21)
    (tmp_path / "results.json").write_text(f'{{"header": {{}}, "rows": [{many}]}}')
    with pytest.raises(ReportError, match="more than 67108864 bytes or 2097152 values"):
        Records.read(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    fake.write(tmp_path, *fake.study(circuits=1, seeds=1))
    (tmp_path / "report.html").mkdir()
    monkeypatch.setattr(report, "drawn", lambda records: NO_PICTURES)
    with pytest.raises(ReportError, match="cannot be written"):
        report.write(tmp_path, STUDY)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_a_missing_package_is_named_with_its_extra(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ReportError, match=rf"needs {package}: pip install 'circuitnn\[plots\]'"):
        report.write(tmp_path, STUDY)


def test_command_line_renders_again(folder, capsys, monkeypatch):
    monkeypatch.setattr(report, "drawn", lambda records: NO_PICTURES)
    before = (folder / "report.html").read_bytes()
    try:
        assert main(STUDY, ["--render", str(folder)]) == 0
    finally:
        (folder / "report.html").write_bytes(before)
    assert capsys.readouterr().out.strip() == str(folder / "report.html")


def test_the_leaderboard_has_all_runs_and_needs_nothing_else(folder):
    text = (folder / "leaderboard.html").read_text()
    page = Page(text)
    assert page.open == []
    assert page.addresses == ["report.html"]
    assert not re.search(r"https?://|@import|url\(", text)
    table = text[text.index('<table id="runs">') :]
    assert table.count("<tr>") == 1 + 15  # its head, 3 models under 4 regimes, 2 black boxes, the nodal model
    assert "LSTM-8" in page.text
    results, _ = fake.study(circuits=2, seeds=3)
    first, *others = standings(Records.of(results), "TBPTT")
    assert (first["model"], first["rank"], first["effect"]) == ("LSTM-8", "1.00", "–")
    assert [float(one["rank"]) for one in others] == sorted(float(one["rank"]) for one in others)
    assert all(re.match(r"\d+\.\d \(", one["effect"]) for one in others)


def test_names_beside_the_costs_have_room_below_the_top():
    assert apart([0.1, 0.5]) == [0.1, 0.5]
    crowded = apart([0.5, 0.95, 0.96, 0.97, 0.98])
    assert crowded[0] == 0.5
    assert crowded[-1] == 1.0
    assert min(np.diff(crowded)) >= 1 / 14 - 1e-12


def test_error_against_cost_where_results_say_what_models_cost():
    results, _ = fake.study(circuits=2, seeds=3)
    assert cost(Records.of(results)) is None
    for row in results["rows"]:
        row["operations"] = None if row["model"] == "nodal" else 2 * row["parameters"]
    picture = cost(Records.of(results))
    assert picture.png.startswith(b"\x89PNG")
    assert "lowest error on" in picture.message


def test_titles_above_the_costs_are_no_wider_than_their_panels(monkeypatch):
    results, _ = fake.study(circuits=2, seeds=3)
    for row in results["rows"]:
        row["operations"] = None if row["model"] == "nodal" else 2 * row["parameters"]
    first = next(iter(results["header"]["circuits"].values()))
    first["title"] = "Low-pass filter of two transconductance amplifiers, a state-variable filter"
    monkeypatch.setattr(style, "picture", lambda name, figure, *_, **__: figure)
    titles = [axes.get_title() + axes.get_title(loc="left") for axes in cost(Records.of(results)).axes]
    assert first["title"] in [title.replace("\n", " ") for title in titles]
    assert all(len(line) < 60 for title in titles for line in title.splitlines())

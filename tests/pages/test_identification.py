"""The page of an identification: all of it is there, in one file that needs nothing else."""

import base64
import re
import sys
from collections import defaultdict
from html.parser import HTMLParser

import numpy as np
import pytest

import circuitnn as cn
from circuitnn.pages import identification_page, identification_pictures
from circuitnn.pages.style import Picture
from tests.pages import told


class Page(HTMLParser):
    """What a page says, and what it would load."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    x, _, y = told.signals()
    path = tmp_path_factory.mktemp("page") / "new" / "found.html"
    facts = {"Netlist": "<clip>.cir"}
    found = cn.pages.identification(told.report(), x, y, path, title="A <clipper>", facts=facts, netlist="R1 a <b> 1k")
    assert found == path
    return path.read_text(encoding="utf-8")


def test_needs_nothing_but_itself(page):
    tags = Page(page).tags
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in tags}
    images = [attrs for tag, attrs in tags if tag == "img"]
    assert len(images) == 4
    for attrs in images:
        data = base64.b64decode(attrs["src"].removeprefix("data:image/png;base64,"), validate=True)
        assert data.startswith(b"\x89PNG")
        assert len(attrs["alt"]) > 30
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|url\(|@import", page)


def test_says_all_of_it(page):
    text = Page(page).text
    for words in (
        "A <clipper>",
        "The circuit with the values that were found leaves 0.01 % of the recording's energy (-40.0 dB), and 0.02 %",
        "x is clipped: 3 samples",
        "2.2n 2.5n +13.64 % 2.48n to 2.52n 0.4 % yes",
        "DX.IS A 2.5n 7n +180.00 %",
        "over 100 % no",
        "DX.IS: the response depends too little on it",
        "-20.0 dB with the nominal values, -40.0 dB with those that were found; -37.0 dB on the seconds",
        "x_offset V added at the device's input 0 -55m -0.055 V -55.98m to -54.02m 0.0005 V yes",
        "<clip>.cir",
        "R1 a <b> 1k",
    ):
        assert words in text
    assert text.index("The circuit with") < text.index("The values") < text.index("Recording and prediction")


def test_the_verdict_looks_as_good_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(identification_page, "_drawn", lambda *_: defaultdict(lambda: Picture("", b"", "", "")))
    good = told.report(clipped=(0, 0), recorder=(), esr_held_out=None)
    path = cn.pages.identification(good, np.zeros(9), np.zeros(9), tmp_path / "good.html")
    text = path.read_text(encoding="utf-8")
    assert '<p class="lead">' in text
    assert "Player and recorder" not in text
    assert "has not seen" not in text
    for changes in ({}, {"clipped": (0, 0), "esr": 0.5}):  # a warning, or no explanation
        bad = cn.pages.identification(told.report(**changes), np.zeros(9), np.zeros(9), tmp_path / "bad.html")
        assert '<p class="lead bad">' in bad.read_text(encoding="utf-8")


def test_positions_are_in_the_table_alone():
    knob = told.row("drive", 0.5, 0.31, 0.01, unit="", kind="position")
    assert identification_page.change(knob) == "-19.00 % of the way"
    assert identification_pictures.values((knob,)) is None
    drawn = identification_pictures.values((knob, told.row("C1", 1.0, 1.1, 0.001)))
    assert drawn is not None
    assert drawn.message == "C1 is determined"


def test_without_the_packages(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError, match=r"the report needs matplotlib: pip install 'circuitnn\[plots\]'"):
        cn.pages.identification(told.report(), np.zeros(9), np.zeros(9), tmp_path / "a.html")
    assert not list(tmp_path.iterdir())

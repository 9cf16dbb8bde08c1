import argparse
import json
import math

import numpy as np
import pytest

from benchmarks import catalogue
from circuitnn import circuits


def options(*words):
    parser = argparse.ArgumentParser()
    catalogue.add_arguments(parser, "results/any.json")
    return parser.parse_args(words)


def test_circuits_are_chosen_by_name():
    assert catalogue.chosen(options()) == tuple(circuits.CATALOGUE)
    assert catalogue.chosen(options("--quick")) == catalogue.QUICK
    assert catalogue.chosen(options("--circuits", "sd1", "twin")) == ("sd1", "twin")
    with pytest.raises(ValueError, match="no circuit named fuzz; there are diode_clipper"):
        catalogue.chosen(options("--circuits", "fuzz"))


def test_loudest_window():
    x = np.zeros(100)
    x[60:70] = -0.5
    x[5] = 0.6
    window = catalogue.loudest(x, 10)
    np.testing.assert_array_equal(window, -np.ones(10))
    assert not catalogue.loudest(np.zeros(20), 10).any()


def test_a_short_recording_is_repeated(tmp_path):
    from circuitnn import audio

    x = 0.1 * np.sin(np.arange(1000) / 7)
    audio.write(tmp_path / "short.wav", x, catalogue.FS)
    found = catalogue.recording(str(tmp_path / "short.wav"), 2500 / catalogue.FS)
    np.testing.assert_allclose(found, np.resize(x, 2500), atol=1e-7)
    assert len(catalogue.recording(str(tmp_path / "short.wav"), 0.01)) == 1000


def test_further_inputs_swing_around_their_rest():
    phaser = circuits.CATALOGUE["phase90"]()
    x = np.zeros((3, 24_000))
    found = catalogue.with_all_inputs(phaser, x, 48_000)
    assert found.shape == (3, 24_000, 2)
    assert not found[..., 0].any()
    rest = float(phaser.values["Vlfo"])
    assert abs(found[0, 0, 1] - rest) < 1e-4  # no click after the operating point
    assert found[..., 1].max() == pytest.approx(rest + catalogue.LFO_DEPTH, abs=1e-6)
    assert catalogue.with_all_inputs(circuits.CATALOGUE["twin"](), x, 48_000).shape == (3, 24_000, 1)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(None, ""), ("twin", "twin"), (12, "12"), (0.0, "0"), (3.14159, "3.14"), (31.4159, "31.4"), (31415.9, "31416"),
     (0.05, "0.0500"), (2.5e-8, "2.5e-08"), (math.nan, "nan"), (math.inf, "inf")],
)  # fmt: skip
def test_numbers(cell, expected):
    assert catalogue.text(cell) == expected


def test_markdown_has_aligned_columns():
    assert catalogue.markdown(("a", "bcd"), [("long", 1), (None, 2.0)]).splitlines() == [
        "| a    | bcd  |",
        "| ---- | ---- |",
        "| long | 1    |",
        "|      | 2.00 |",
    ]


def test_reports_are_json_and_markdown(tmp_path):
    path = tmp_path / "new" / "speed.json"
    catalogue.write(str(path), {"rows": [{"esr": math.nan, "n": (1, 2.5)}]}, "| a |")
    assert json.loads(path.read_text()) == {"rows": [{"esr": "nan", "n": [1, 2.5]}]}
    assert path.with_suffix(".md").read_text() == "| a |\n"

"""Tables of strangers: measured responses and knobs that move."""

import os
import sys
from pathlib import Path

import pytest

from circuitnn.study.records import Records, ReportError
from circuitnn.tables import table_rows
from circuitnn.train import read_responses
from tests.fuzz.limits import MEMORY, SECONDS, cost

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, makes pipes")

HEAD = "tone,freq_hz,magnitude_db\n"
HOSTILE = {
    "a long line": (HEAD + "1," * 1_000_000, "characters in a line"),
    "many columns": ("," * 8_000_000, "characters in a line"),
    "many lines": (HEAD + "\n" * 7_000_000, "lines"),
    "an open quotation": (HEAD + '"1,2\n' * 500_000, "a quotation mark that is not closed"),
    "a table that is too large": (HEAD + "0.5,1000,-6\n" * 800_000, "is larger than 8388608 bytes"),
    "other frequencies each time": (HEAD + "".join(f"{k},{k},1\n" for k in range(250_000)), "make 62500000000 lines"),
    "not a number": (HEAD + "0.5,abc,1\n", "line 2: freq_hz is 'abc', no number"),
    "beyond numbers": (HEAD + "0.5,1,1e308\n0.5,2,0\n", "not a finite number"),
    "binary": ("\0\1\2" * 1000, "column freq_hz, magnitude_db is missing"),
    "pictures": (HEAD + "\U0001f600" * 2_000_000, "characters in a line"),
    "nothing": ("", "is missing"),
}


def refused(read, says, kind=ValueError):
    outcome, memory, seconds = cost(read)
    assert isinstance(outcome, kind), outcome
    assert says in str(outcome)
    assert len(str(outcome)) < 2000
    assert memory < MEMORY
    assert seconds < SECONDS


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tables(tmp_path, name):
    text, says = HOSTILE[name]
    (tmp_path / "responses.csv").write_text(text)
    refused(lambda: read_responses(tmp_path), says)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for path, says in (
        (tmp_path / "pipe.csv", "is a pipe, a device or a socket, not a file"),
        (tmp_path / "zero.csv", "is a pipe, a device or a socket, not a file"),
        (tmp_path, "is a folder, not a file"),
        (tmp_path / "gone.csv", "no such file"),
        (Path("a\0b.csv"), "no such file"),
    ):
        refused(lambda path=path: list(table_rows(path)), says)


def test_results_of_studies(tmp_path):
    os.mkfifo(tmp_path / "results.json")
    refused(lambda: Records.read(tmp_path), "is a pipe, a device or a socket, not a file", ReportError)
    (tmp_path / "results.json").unlink()
    for text in ("[" * 10**6, "{}", "[]", '{"header": {}, "rows": [{}]}', "\xff", '{"rows": ' + "9" * 5000 + "}"):
        (tmp_path / "results.json").write_text(text, encoding="latin-1")
        refused(lambda: Records.read(tmp_path), "", ReportError)
    (tmp_path / "results.json").write_text("{}")
    (tmp_path / "curves.npz").write_bytes(b"PK" * 10_000)
    refused(lambda: Records.read(tmp_path), "damaged results", ReportError)

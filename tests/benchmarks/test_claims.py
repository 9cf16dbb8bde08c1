"""What the pages claim stands there, and a figure that no longer agrees is seen."""

import dataclasses
import importlib.util
import json

import pytest

from benchmarks.claims import __main__ as command
from benchmarks.claims.claim import Claim
from benchmarks.claims.claims import CLAIMS
from circuitnn.study.benchmark import main


@pytest.mark.parametrize("name", CLAIMS)
def test_the_page_says_so_and_the_command_exists(name):
    claim = CLAIMS[name]
    assert claim.stands, f"docs/{claim.page} does not say: {claim.says}"
    program, flag, module, *_ = claim.command.split()
    assert (program, flag) == ("python", "-m")
    assert importlib.util.find_spec(f"{module}.__main__") or importlib.util.find_spec(module)
    assert (claim.measured is None) == (claim.within is None)


def test_words_that_do_not_stand_there():
    assert not dataclasses.replace(CLAIMS["tests by cells"], says="they are never wrong").stands


@pytest.mark.parametrize(("figure", "code", "outcome"), [(0.05, 0, "holds"), (0.5, 1, "DOES NOT HOLD")])
def test_a_figure_that_does_not_agree_fails_the_command(tmp_path, monkeypatch, capsys, figure, code, outcome):
    claim = dataclasses.replace(CLAIMS["tests by cells"], measured=lambda: figure)
    monkeypatch.setitem(CLAIMS, "tests by cells", claim)
    path = tmp_path / "claims.json"
    assert main(command.BENCHMARK, ["--claims", "tests by cells", "TBPTT, full", "--output", str(path)]) == code
    rows = json.loads(path.read_text())["rows"]
    assert [row["is_met"] for row in rows] == [figure < 0.1, None]
    told = capsys.readouterr().out
    assert outcome in told
    assert "takes too long" in told


def test_a_claim_that_its_page_has_lost_fails_the_command(tmp_path, monkeypatch):
    lost = Claim("statistics.md", "no page says this", "python -m benchmarks.statistics", "none")
    monkeypatch.setitem(CLAIMS, "TBPTT, full", lost)
    path = tmp_path / "claims.json"
    assert main(command.BENCHMARK, ["--claims", "TBPTT, full", "--output", str(path)]) == 1

"""The runner of tables of measurements: items, options, files, times."""

import dataclasses
import json
import math
import time

import pytest

from circuitnn.study import rounds
from circuitnn.study.benchmark import Benchmark, main, write
from circuitnn.study.tables import markdown, target, target_table, text


def prepare(names, options):
    if options.fail:
        raise OSError("nowhere.wav: no such file")
    return {"rounds": options.rounds}, ({"item": name, "ms": len(name)} for name in names)


BENCHMARK = Benchmark(
    module="benchmarks.any_speed",
    about="Lengths of names.",
    items=("long one", "short"),
    quick=("short",),
    kind="circuits",
    options=lambda parser: parser.add_argument("--fail", action="store_true"),
    prepare=prepare,
    line=lambda row: f"{row['item']}: {row['ms']} ms",
    targets=lambda parts: [target(row["item"], 6, row["ms"]) for row in parts["rows"]],
    tables=lambda report: target_table(report["targets"]),
)


@pytest.mark.parametrize(
    ("words", "measured"),
    [
        ([], ["long one", "short"]),
        (["--quick"], ["short"]),
        (["--only", "long one"], ["long one"]),
        (["--circuits", "short", "--rounds", "2"], ["short"]),
    ],
)
def test_items_are_measured_into_json_and_markdown(words, measured, tmp_path, capsys):
    path = tmp_path / "new" / "speed.json"
    assert main(BENCHMARK, [*words, "--json", str(path)]) == 0
    report = json.loads(path.read_text())
    assert report["header"] == {"rounds": 2 if "--rounds" in words else 5}
    assert [row["item"] for row in report["rows"]] == measured
    assert report["targets"][-1]["is_met"] == ("short" in measured)
    table = path.with_suffix(".md").read_text()
    assert table.startswith("| target")
    said = capsys.readouterr().out
    assert f"  {measured[0]}: " in said
    assert table in said


def test_the_help_has_names_with_percent_signs(capsys):
    names = ("5 % off", "100%")
    with pytest.raises(SystemExit, match="0"):
        main(dataclasses.replace(BENCHMARK, items=names, quick=names[:1]), ["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "of 5 % off, 100%; default: all" in said
    assert "only 5 % off" in said


def test_what_is_wrong_is_one_line(tmp_path, capsys):
    assert main(BENCHMARK, ["--only", "fuzz"]) == 2
    assert capsys.readouterr().err == "error: no circuit named fuzz; there are long one, short\n"
    assert main(BENCHMARK, ["--fail", "--output", str(tmp_path / "any.json")]) == 2
    assert capsys.readouterr().err == "error: nowhere.wav: no such file\n"
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_stopped_leaves_what_it_has(tmp_path, capsys):
    def rows(names, options):
        def some():
            yield {"item": "short", "ms": 5}
            raise KeyboardInterrupt

        return {}, some()

    stopped = Benchmark(**{**vars(BENCHMARK), "prepare": rows})
    assert main(stopped, ["--output", str(tmp_path / "any.json")]) == 130
    assert capsys.readouterr().err == f"\nstopped; {tmp_path / 'any.json'} has the rows up to here\n"
    assert len(json.loads((tmp_path / "any.json").read_text())["rows"]) == 1


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(None, ""), ("twin", "twin"), (12, "12"), (0.0, "0"), (3.14159, "3.14"), (31.4159, "31.4"), (31415.9, "31416"),
     (0.05, "0.0500"), (2.5e-8, "2.5e-08"), (math.nan, "nan"), (math.inf, "inf")],
)  # fmt: skip
def test_numbers(cell, expected):
    assert text(cell) == expected


def test_markdown_has_aligned_columns():
    assert markdown(("a", "bcd"), [("long", 1), (None, 2.0)]).splitlines() == [
        "| a    | bcd  |",
        "| ---- | ---- |",
        "| long | 1    |",
        "|      | 2.00 |",
    ]


def test_reports_are_json_and_markdown(tmp_path):
    path = tmp_path / "new" / "speed.json"
    write(str(path), {"rows": [{"esr": math.nan, "n": (1, 2.5)}]}, "| a |")
    assert json.loads(path.read_text()) == {"rows": [{"esr": "nan", "n": [1, 2.5]}]}
    assert path.with_suffix(".md").read_text() == "| a |\n"


def test_the_best_time_counts(monkeypatch):
    took = {"long": iter([0.3, 0.1, 0.2]), "short": iter([1e-3, 5e-4] + [2e-3] * 28)}
    order = []

    def seconds(name):
        order.append(name)
        return next(took[name])

    monkeypatch.setattr(rounds, "seconds", seconds)
    assert rounds.best_of({"long": "long", "short": "short"}, 3) == {"long": 0.1, "short": 5e-4}
    # one long step a round; short ones are repeated until 20 ms are spent, but at most ten times
    assert order == ["long", *["short"] * 10] * 3


def test_seconds_are_those_until_the_result_is_there():
    calls = []
    assert 0.02 <= rounds.seconds(rounds.Step(lambda: calls.append(time.sleep(0.02)), 1.0)) < 10
    assert len(calls) == 1

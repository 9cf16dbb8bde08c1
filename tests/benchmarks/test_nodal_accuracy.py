import json
import math

import numpy as np
import pytest

from benchmarks.nodal_accuracy import __main__ as report
from benchmarks.nodal_accuracy import measure
from benchmarks.nodal_accuracy.__main__ import BENCHMARK
from circuitnn import audio, circuits, spice
from circuitnn.study.benchmark import main

needs_ngspice = pytest.mark.skipif(spice.version() is None, reason="ngspice is not installed")


@pytest.fixture(scope="module")
def bases():
    return measure.signals(audio.excitation(1.0, 48_000), 0.003)


def row(name="twin", *, response=1e-12, esr=(1e-6, 1e-9), order=2.0, failed=0, trouble=None, **more):
    found = {str(factor): {"esr": {"sine": each, "guitar": each / 2}, "failed": 0, "trouble": trouble}
             for factor, each in zip((1, 8), esr, strict=True)}  # fmt: skip
    found |= {key: {"esr": {"sine": each}, "failed": 0, "trouble": None} for key, each in more.items()}
    orders = {
        rule: {"order": order if at == 2 else 1.0, "factors": [4, 8, 16], "failed": 0, "is_exact": False}
        for rule, at in measure.RULES.items()
    }
    return {"circuit": name, "response_error": response, "transient": found, "order": orders, "failed": failed}


@pytest.mark.parametrize("kind", ["sine", "guitar"])
def test_signals_are_the_same_at_every_rate(bases, kind):
    coarse, fine = (measure.at_rate(kind, bases[kind], factor) for factor in (4, 16))
    np.testing.assert_allclose(coarse, fine[3::4], atol=1e-4)
    assert 0.5 < np.max(np.abs(coarse)) < 1.2
    assert abs(fine[0]) < 1e-4  # no step after the rest
    assert len(fine) == len(measure.at_rate("sine", bases["sine"], 16))  # one compilation for both


@pytest.mark.parametrize("rule", [pytest.param(rule, marks=pytest.mark.slow) for rule in measure.RULES])
def test_orders_of_the_rules(bases, rule):
    found = measure.order("diode_clipper", bases["sine"], rule)
    assert found["order"] == pytest.approx(measure.RULES[rule], abs=measure.ORDER_WITHIN)
    assert found["failed"] == 0


def test_errors_are_relative_to_the_deviation_from_rest():
    y = np.array([[10.0], [11.0], [9.0]])
    assert measure.esr(y + 0.1, y, np.array([10.0])) == pytest.approx(0.03 / 2)
    assert measure.esr(y, np.full_like(y, 10.0), np.array([10.0])) == math.inf


@needs_ngspice
@pytest.mark.ngspice
def test_frequency_response():
    assert measure.response_error(circuits.CATALOGUE["twin"]()) < 1e-9


@pytest.mark.slow
@needs_ngspice
@pytest.mark.ngspice
def test_transient(bases):
    found = measure.transient("diode_clipper", bases, 8, timeout=60)
    assert set(found.esr) == {"sine", "guitar"}
    assert report.worst(found.esr) < 1e-7
    assert (found.failed, found.trouble) == (0, None)


@pytest.mark.slow
def test_what_ngspice_cannot_do_is_said(bases, monkeypatch):
    def fails(*args, **kwargs):
        raise spice.SpiceError("timestep too small\nmore words")

    monkeypatch.setattr(spice, "transient", fails)
    found = measure.transient("diode_clipper", bases, 1, timeout=1)
    assert math.isnan(report.worst(found.esr))
    assert found.trouble == "timestep too small"


def test_targets_name_what_misses():
    rows = [row(), row("sd1", esr=(1e-3, 1e-5)), row("triode", response=1e-3, order=1.5, failed=3)]
    found = {each["what"]: each for each in report.targets({"rows": rows})}
    assert found["frequency response within 1e-6"]["missed"] == ["triode"]
    assert found["ESR at 8x within 1e-7"] == {"what": "ESR at 8x within 1e-7", "met": 2, "of": 3, "missed": ["sd1"]}
    assert found["no sample failed"]["missed"] == ["triode"]
    assert found["order of the rule within 0.2"]["missed"] == ["triode (trapezoidal)", "triode (bdf2)"]
    assert report.targets({"rows": [row(esr=(1.0, math.nan))]})[1]["missed"] == ["twin"]


def test_reasons():
    assert report.reason(row()) == ""
    assert report.reason(row(esr=(1e-3, 1e-5), **{"16": 1e-6, "32": 8e-8})).startswith("needs 32x: ")
    assert report.reason(row(esr=(1e-3, 1e-5), **{"16": 1e-6, "32": 2e-7})).startswith("missed up to 32x: ")
    assert report.reason(row(esr=(math.nan, math.nan), trouble="timestep too small")) == "ngspice: timestep too small"
    assert report.reason(row(response=math.nan)) == "response above 1e-6"


def test_tables():
    rows = [row(), row("sd1", esr=(1e-3, 1e-5), **{"16": 5e-8})]
    rows[0]["order"]["bdf2"] |= {"order": 1.97, "factors": [16, 32, 64]}
    rows[1]["order"]["bdf2"] |= {"order": math.nan, "is_exact": True}
    head = {"signal": "built-in excitation", "seconds": 0.05}
    text = report.tables({"header": head, "rows": rows, "targets": report.targets({"rows": rows})})
    assert "50 ms from rest" in text
    assert "1.97*" in text
    assert "exact" in text
    assert "16x: 5.0e-08; needs 16x" in text


@needs_ngspice
@pytest.mark.ngspice
@pytest.mark.slow
def test_the_program_writes_its_report(tmp_path):
    output = tmp_path / "accuracy.json"
    words = ["--circuits", "twin", "--seconds", "0.005", "--no-order", "--output", str(output)]
    assert main(BENCHMARK, words) == 0
    found = json.loads(output.read_text())["rows"][0]
    assert found["response_error"] < 1e-6
    assert found["transient"]["8"]["esr"]["guitar"] < 1e-7
    assert "| twin" in output.with_suffix(".md").read_text()


def test_the_program_names_what_is_wrong(capsys, monkeypatch):
    monkeypatch.setattr(spice, "version", lambda: "39")
    assert main(BENCHMARK, ["--circuits", "fuzz"]) == 2
    assert "no circuit named fuzz" in capsys.readouterr().err
    monkeypatch.setattr(spice, "version", lambda: None)
    assert main(BENCHMARK, ["--quick"]) == 2
    assert "needs ngspice" in capsys.readouterr().err

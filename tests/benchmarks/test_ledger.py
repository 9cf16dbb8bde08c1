import dataclasses
import json
import math

import jax
import numpy as np
import pytest

import circuitnn as cn
from benchmarks.ledger import __main__ as report
from benchmarks.ledger import devices, power
from benchmarks.ledger.__main__ import BENCHMARK, LINES
from benchmarks.ledger.line import Line
from benchmarks.ledger.observed import observe
from circuitnn.devices.device import ModelDevice
from circuitnn.devices.registry import DEVICES
from circuitnn.study.benchmark import main

SOUND = Line(
    name="sound",
    law="a figure is small",
    figure="the figure",
    bound=1e-6,
    subjects=("a", "b"),
    quick=("a",),
    measure={"a": 1e-9, "b": 1e-8}.__getitem__,
    controls=("c", "d"),
    broken={"c": 1e-3, "d": 1e-5}.__getitem__,
    control="a large one",
)
ELSEWHERE = {"JACOIL", "HEATED"}  # whose laws have memories: their tests in tests/devices


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LINES if name != devices.NGSPICE.name])
def test_a_line_is_kept_and_its_broken_model_refused(name):
    found = report.entry(LINES[name], is_quick=True)
    assert found["broken"] == []
    assert found["is_refused"], found["controls"]


@pytest.mark.slow
@pytest.mark.ngspice
def test_devices_are_those_of_ngspice(ngspice):
    found = report.entry(devices.NGSPICE, is_quick=True)
    assert found["broken"] == []
    assert found["is_refused"], found["controls"]


def test_every_device_is_in_the_ledger():
    kinds = {next(iter(record.kinds)) for record in DEVICES if isinstance(record, ModelDevice)}
    assert kinds - ELSEWHERE <= set(devices.DEVICES)


def test_quick_subjects_are_subjects():
    for line in LINES.values():
        assert set(line.quick) <= set(line.subjects)
        assert line.controls


@pytest.mark.parametrize("figure", [1e-5, math.inf, math.nan])
def test_a_broken_line_and_a_control_that_passes_fail_the_command(tmp_path, capsys, monkeypatch, figure):
    broken = dataclasses.replace(SOUND, measure=lambda name: figure if name == "b" else 0.0)
    blind = dataclasses.replace(SOUND, broken=lambda name: 1e-7 if name == "d" else 1.0)
    output = tmp_path / "ledger.json"
    for line, code in ((SOUND, 0), (broken, 1), (blind, 1)):
        monkeypatch.setattr(report, "LINES", {"sound": line})
        benchmark = dataclasses.replace(BENCHMARK, items=("sound",))
        assert main(benchmark, ["--output", str(output)]) == code
    shown = capsys.readouterr().out
    assert "BROKEN by b" in shown
    assert "PASSED" in shown
    (row,) = json.loads(output.read_text())["rows"]
    assert (row["nearest"], row["is_refused"], row["is_kept"]) == ("d", False, True)
    assert "| sound" in output.with_suffix(".md").read_text()


def test_what_has_no_figure_is_neither_kept_nor_refused():
    found = report.entry(dataclasses.replace(SOUND, measure=lambda name: math.nan, broken=lambda name: math.nan))
    assert found["broken"] == ["a", "b"]
    assert not found["is_refused"]


TRANSFORMER = """Two windings and a triode that draws grid current
Vin in 0 0
R1 in p 100
L1 p 0 2
L2 s 0 50m
K1 L1 L2 0.98
R2 s g 1k
N1 a g 0 TUBE
R3 plus a 100k
Vp plus 0 250
.model TUBE TRIODE(MU=100 EX=1.4 KG1=1060 KP=600 KVB=300 RGI=2k IS=1n)
"""


@pytest.mark.parametrize("broken", ["K1", "L2", "TUBE.IS", "TUBE.RGI"])
def test_coupled_coils_and_grids_keep_their_laws(broken):
    with jax.enable_x64(True):
        circuit = cn.read_netlist(TRANSFORMER, outputs=("a",))
        x = 20 * np.sin(2 * np.pi * 1000 * np.arange(1, 101) / 48e3)[:, None]
        seen = observe(circuit, x, 48e3)
        assert max(power.balance(circuit, x, seen, 48e3)) < 1e-12
        other = circuit.replace(**{broken: float(circuit.values[broken]) * (1 + 1e-6)})
        assert max(power.balance(other, x, seen, 48e3)) > 1e-11

"""The simulated units: each effect of the recorder against another computation, the file of rows, the tables."""

import json

import numpy as np
import pytest

from benchmarks.identification import devices, fits, lines, report, units
from benchmarks.identification.__main__ import BENCHMARK
from benchmarks.identification.recorder import FINE, FS, Recorder, high_passed, quantised, sampled
from circuitnn import audio
from circuitnn.study.benchmark import main

TIME = np.arange(FINE * FS // 4) / (FINE * FS)
PLAIN = {
    "x_gain": 1.0, "x_offset": 0.0, "input_corner": 0.0, "output_corner": 0.0, "volts": 1.0, "offset": 0.0,
    "polarity": 1, "delay": 0.0, "drift": 0.0, "noise": -200.0, "bits": 32,
}  # fmt: skip


def tone(freq, time=TIME):
    return np.sin(2 * np.pi * freq * time)


def noise(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("delay", "drift"), [(7.3, 0.0), (-12.7, 50.0), (100.25, -50.0)])
def test_delay_and_drift_are_times_of_a_sine(delay, drift):
    found = sampled(tone(3000.0), delay, drift)
    at = (np.arange(len(found)) - delay) / (1 + 1e-6 * drift) / FS
    inside = (at > 0.01) & (at < 0.24)
    np.testing.assert_allclose(found[inside], tone(3000.0, at[inside]), atol=3e-6)


def test_what_a_recorder_cannot_hear_is_not_there():
    assert np.max(np.abs(sampled(tone(30_000.0), 3.3, 10.0)[1000:-1000])) < 1e-5


def test_the_high_pass_is_the_one_of_a_capacitor_and_a_resistor():
    corner, step = 8.0, np.ones(len(TIME))
    np.testing.assert_allclose(high_passed(step, corner, FINE * FS), np.exp(-2 * np.pi * corner * TIME), atol=1e-4)
    assert high_passed(step, 0.0, FINE * FS) is step


def test_what_is_played_has_gain_and_offset_in_volts():
    file = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(FS // 4) / FS)
    volts = Recorder(**{**PLAIN, "x_gain": 3.0, "x_offset": -0.2}).played(file)
    assert len(volts) == len(TIME)
    inside = slice(FINE * 1000, -FINE * 1000)
    np.testing.assert_allclose(volts[inside], 1.5 * tone(1000.0)[inside] - 0.2, atol=3e-6)
    coupled = Recorder(**{**PLAIN, "x_offset": -0.2, "input_corner": 10.0}).played(np.ones(FS // 4))
    assert coupled[-FINE * 200] == pytest.approx(np.exp(-20 * np.pi * TIME[-FINE * 200]) - 0.2, abs=1e-5)


def test_a_file_has_polarity_volts_offset_and_noise():
    whole = {**PLAIN, "volts": 4.0, "offset": 0.01, "polarity": -1, "noise": -40.0}
    signal = 2 * tone(1000.0)
    clean = Recorder(**{**whole, "noise": -300.0}).recorded(signal, noise())
    inside = slice(1000, -1000)
    expected = 0.01 - 0.5 * np.sin(2 * np.pi * 1000 * np.arange(FS // 4) / FS)
    np.testing.assert_allclose(clean[inside], expected[inside], atol=3e-6)
    rest = Recorder(**whole).recorded(signal, noise()) - clean
    assert rest.std() == pytest.approx(0.01 * clean.std(), rel=0.03)
    assert abs(rest[1:] @ rest[:-1]) < 0.03 * rest @ rest


def test_the_device_was_at_rest_before():
    """A direct voltage passes where nothing is coupled, before the music as well; a capacitor takes it out."""
    direct = np.full(len(TIME), 0.3)
    np.testing.assert_allclose(Recorder(**{**PLAIN, "delay": 20.5}).recorded(direct, noise()), 0.3, atol=1e-6)
    np.testing.assert_allclose(Recorder(**{**PLAIN, "output_corner": 5.0}).recorded(direct, noise()), 0.0, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 24])
def test_quantisation(bits):
    file = np.array([0.3, -0.7000123, 2.0, -2.0, 0.4 * 2.0 ** (1 - bits)])
    counts = 2 ** (bits - 1)
    expected = np.clip(np.round(file * counts), -counts, counts - 1) / counts
    np.testing.assert_array_equal(quantised(file, bits), expected)


def test_a_unit_is_drawn_from_its_number():
    x = audio.guitar(2.0, FS, seed=0)
    first, again, other = (units.unit("clipper", number, x) for number in (3, 3, 4))
    assert (first.truth, first.recorder) == (again.truth, again.recorder)
    assert first.truth != other.truth
    assert float(first.netlist.values["R1"]) == float(first.device.values["R1"]) != 2200.0
    assert float(first.netlist.values["C1"]) == 10e-9 != float(first.device.values["C1"])
    assert 0.8 <= first.truth["C1"] / 10e-9 <= 1.2
    assert {units.unit("clipper", number, x).kind for number in range(20)} == set(units.KINDS)


@pytest.mark.parametrize("name", devices.DEVICES)
def test_a_wrong_unit_is_not_what_its_netlist_says(name):
    device = devices.DEVICES[name]
    x = audio.guitar(2.0, FS, seed=0)
    for change, difference in device.changes.items():
        unit = units.unit(name, 0, x, change)
        assert set(unit.options["fit"]) == set(unit.truth) or change in device.described
        assert sorted(unit.device.state_names) != sorted(unit.netlist.state_names) or (
            len(unit.device.components) != len(unit.netlist.components)
            or any(unit.device.values[part] != unit.netlist.values[part] for part in difference.held)
        )
        assert unit.kind == "known" or not difference.is_simple


@pytest.mark.slow
def test_the_clipper_against_its_own_equation():
    """One unit by Radau's method in place of the library's model, without resampling."""
    from scipy.integrate import solve_ivp

    unit = units.unit("clipper", 0, audio.guitar(2.0, FS, seed=0))
    values, volts = unit.device.values, 4.0 * tone(500.0)[: FINE * 200]
    r, c, i_s, n = (float(values[name]) for name in ("R1", "C1", "DCLIP.IS", "DCLIP.N"))
    vt = 1.380649e-23 * 300.15 / 1.602176634e-19

    def slope(time, v):
        u = np.interp(time, TIME[: len(volts)], volts)
        return (u - v) / (r * c) - 2 * i_s / c * np.sinh(v / (n * vt))

    truth = solve_ivp(slope, (0, TIME[len(volts) - 1]), [0.0], "Radau", TIME[: len(volts)], rtol=1e-8, atol=1e-10)
    # The tone begins with a corner and ends in mid-swing, which no band holds.
    np.testing.assert_allclose(units.response(unit.device, volts)[100:-10], truth.y[0, 100:-10], atol=2e-6)


def value(truth, low, high):
    return {"truth": truth, "fitted": (low + high) / 2, "low": low, "high": high, "is_covered": low <= truth <= high}


def row(number, change=None, *, holds=True, is_right=True):
    return {
        "circuit": "clipper",
        "number": number,
        "change": change,
        "kind": "known",
        "simulated": 2.0,
        "seconds": 5.0,
        "values": {"C1": value(1.0, 0.9, 1.2) if holds else value(2.0, 0.9, 1.2)},
        "recorder": {"drift": value(3.0, 2.0, 4.0)},
        "esr": 1e-4,
        "is_explained": is_right,
        "missing": [] if is_right else [["something of the netlist", 0.3, 1e-9]],
    }


def test_coverage_and_verdicts_are_counted():
    rows = [row(k, holds=k > 0) for k in range(20)] + [row(k, "one diode", is_right=k == 0) for k in range(4)]
    first, recorder = report.coverage(rows)
    assert (first["circuit"], first["value"], first["units"], first["percent"]) == ("clipper", "C1", 20, 95.0)
    assert first["from"] == pytest.approx(75.13, abs=0.01)  # Clopper and Pearson, 19 of 20
    assert first["to"] == pytest.approx(99.87, abs=0.01)
    assert first["width"] == pytest.approx(15.0)
    assert (recorder["circuit"], recorder["value"], recorder["percent"]) == ("recorder", "drift", 100.0)
    right, wrong = report.verdicts(rows)
    assert (right["change"], right["percent"]) == ("", 0.0)
    assert (wrong["change"], wrong["percent"]) == ("one diode", 75.0)
    refused = {key: row(9, "one diode")[key] for key in ("circuit", "number", "change", "seconds", "simulated")}
    assert report.is_called_wrong({**refused, "error": "nothing in common"})
    targets = {each["what"]: each["is_met"] for each in report.targets({"rows": rows})}
    assert targets["clipper, C1: % outside of 93 to 97"]
    assert not targets["recorder, drift: % outside of 93 to 97"]
    assert not targets["wrong netlists called wrong, %"]
    text = report.tables({"header": {"seconds": 8.0, "signal": "noise"}, "rows": rows, "targets": []})
    assert "two" not in text
    assert "| clipper | one diode" in " ".join(text.split("  "))


def test_a_run_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    path, done = tmp_path / "rows.jsonl", []
    jobs = fits.jobs(["clipper"], 3, 2, seconds=2.0, sounds=(), options={})
    assert [job.key for job in jobs if job.change] == [
        ("clipper", 0, "one diode"),
        ("clipper", 1, list(devices.DEVICES["clipper"].changes)[1]),
    ]

    def measured(job):
        done.append(job.key)
        return row(job.number, job.change)

    monkeypatch.setattr(lines, "measured", measured)
    path.write_text(json.dumps(row(1)) + "\n" + json.dumps(row(2))[:30])
    found = list(lines.rows(jobs, path, 1))
    assert len(found) == 5
    assert ("clipper", 1, None) not in done
    assert ("clipper", 2, None) in done
    assert list(lines.rows(jobs, path, 1)) == [json.loads(line) for line in path.read_text().splitlines()]
    assert len(done) == 4
    path.write_text("nonsense\n")
    with pytest.raises(ValueError, match="line 1"):
        list(lines.rows(jobs, path, 1))
    assert main(BENCHMARK, ["--units", "0", "--output", str(tmp_path / "o.json")]) == 2

"""The minimal cases of netlists in the wild: each means what its program means by it."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from circuitnn import nodal, run
from circuitnn.circuit import read_netlist
from circuitnn.spice.program import simulate

CASES = Path(__file__).parents[3] / "shared" / "cases" / "netlists"
STATED = json.loads((CASES / "values.json").read_text()) if CASES.exists() else {}
PATHS = sorted([*CASES.glob("*.cir"), *CASES.glob("inc/main/*.cir")])
TIGHT = ".options reltol=1e-9 abstol=1e-15 vntol=1e-12 gmin=1e-15"
FREQUENCIES = (1e3, 2e4)
OPTIONS = {
    "03": {"root": CASES / "inc"},
    "51": {"outputs": "p"},
    "53": {"outputs": "s"},
}

pytestmark = [
    pytest.mark.skipif(not CASES.exists(), reason="../shared/cases is not there"),
    pytest.mark.filterwarnings("ignore::circuitnn.expressions.errors.NetlistWarning"),
]


class Truth(NamedTuple):
    """What a case gives where the list of values does not say it, or says it less well, and why."""

    why: str
    op: float | None = None
    ac: tuple[float, ...] = ()


def _coil_and_capacitor(frequency):
    s = 2j * np.pi * frequency
    capacitor = 1 / (1 / (0.1 + 1 / (s * 10e-9)) + 1e-7)
    return abs(10e3 / (100 + 30 + s * 0.5 + capacitor + 10e3))


ROUNDED = "ngspice's relative tolerance was 1e-3 when the values were made: the same text with 1e-9"
TRUTHS = {
    **dict.fromkeys(("09", "10", "15", "28", "29", "31", "33", "50"), Truth(ROUNDED)),
    "04": Truth("LTspice alone has the library; without its line it is case 41", 0.6004901, (0.1043717,) * 2),
    "21": Truth("a divider without a node out at the top", 0.75, (0.75,) * 2),
    "26": Truth("the fraction that the values round", 36001 / 100002, (36001 / 100002,) * 2),
    "35": Truth("ngspice's AC of the device has the opposite sign: resistors have the ratio of DC", 0.6856024,
                (0.6856024,) * 2),
    "38": Truth("the derivative of a millisecond", 0.0, tuple(2 * np.pi * f * 1e-3 for f in FREQUENCIES)),
    "43": Truth("LTspice alone; by complex numbers", 0.0, tuple(_coil_and_capacitor(f) for f in FREQUENCIES)),
    "45": Truth("a wire; ngspice takes a milliohm for it", 0.5, (0.5,) * 2),
    "51": Truth("no current but that of 1 gigaohm", 250 * 1e9 / (1e9 + 1e5)),
    "53": Truth("is not in the list: ngspice"),
    "54": Truth("a milliohm behind 10 uF", 0.0,
                tuple(abs(1 / (1 + 1 / (2j * np.pi * f * 1e-8))) for f in FREQUENCIES)),
    "55": Truth("read as ngspice reads it, and said", -(2**1.5), (1.5 * 2**0.5,) * 2),
}  # fmt: skip


def read(path):
    return read_netlist(path, **OPTIONS.get(path.name[:2], {}))


def as_ngspice_has_it(path, circuit):
    """The operating point and the magnitudes of the text itself."""
    (source,), (node,) = circuit.inputs, circuit.outputs
    text = path.read_text().replace(".end\n", "").replace("LPNP", "PNP")  # which LTspice's mode puts there
    lines = [f"{line} AC 1" if line.startswith(f"{source} ") else line for line in text.splitlines()]
    columns = []
    for analysis in (".op", f".ac lin 20 {FREQUENCIES[0]} {FREQUENCIES[1]}"):
        plot = simulate("\n".join([*lines, TIGHT, analysis, ".end", ""]), {}, timeout=60)[0]
        columns.append(plot.columns[f"v({node})"])
    return Truth("", float(columns[0][0].real), tuple(abs(columns[1][[0, -1]])))


def test_all_are_there():
    assert len(PATHS) == 55


@pytest.mark.slow
@pytest.mark.ngspice
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_means_what_is_stated(ngspice, path):
    circuit, stated = read(path), STATED.get(path.name, {})
    truth = TRUTHS.get(path.name[:2])
    if truth is None:
        truth = Truth(
            "", stated.get("op"), tuple(stated[key] for key in ("ac_1k", "ac_20k") if stated.get(key) is not None)
        )
    elif truth[1:] == (None, ()):
        truth = as_ngspice_has_it(path, circuit)
    assert truth.op is not None
    assert float(nodal.operating_point(circuit)[circuit.outputs[0]]) == pytest.approx(truth.op, rel=1e-6, abs=1e-9)
    if truth.ac:
        response = np.abs(nodal.frequency_response(circuit, FREQUENCIES))
        np.testing.assert_allclose(response, truth.ac, rtol=1e-6, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "law"),
    [
        ("37", lambda t: np.exp(-t / 10e-3)),  # of a source of no resistance, 10 k and 1 uF
        ("39", lambda t: 1 / (2 + np.sin(6.28 * 5 * t))),
    ],
)
def test_it_begins_and_runs_in_time(number, law):
    (path,) = (path for path in PATHS if path.name.startswith(number))
    circuit = read(path)
    model = nodal.NodalModel(circuit, fs=48_000, dtype="float64")
    silence = np.full(64, float(circuit[circuit.inputs[0]].value))
    volts = np.asarray(run(model, silence)[1])
    times = np.arange(1, 65) / 48_000  # it begins one step before the first sample
    np.testing.assert_allclose(volts, law(times), rtol=1e-6, atol=1e-9)

"""`circuitnn list`: what it reads as text is what the circuits are."""

import json

import circuitnn as cn
from circuitnn.knobs import knobs_of


def test_every_circuit_is_told_as_it_is(call):
    entries = json.loads(call("list", "--json").stdout)
    assert [entry["name"] for entry in entries] == list(cn.circuits.CATALOGUE)
    for entry in entries:
        circuit = cn.circuits.CATALOGUE[entry["name"]]()
        assert entry["title"] == circuit.title
        assert entry["knobs"] == knobs_of(circuit.controls)
        assert entry["peak_volts"] == cn.circuits.NOMINAL_PEAK[entry["name"]]


def test_a_line_each(call):
    head, *lines = call("list").stdout.splitlines()
    assert head.split() == ["name", "peak", "knobs", "title"]
    assert len(lines) == len(cn.circuits.CATALOGUE)
    (line,) = (line for line in lines if line.startswith("tube_screamer_clipping"))
    assert line.split(maxsplit=5)[1:] == ["0.3", "V", "drive", "0.5", "Tube Screamer clipping stage"]


def test_words(call):
    lines = call("list", "fuzz", "SILICON").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["fuzz_face_silicon"]
    assert "bassmann: no circuit has that in its name or title (did you mean bassman?)" in (
        call("list", "bassmann", fails=2).stderr
    )

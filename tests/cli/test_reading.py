"""--set, --model, --input and --output mean the same in every command that takes a netlist."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import circuitnn as cn
from circuitnn.circuit.exchange import with_models
from circuitnn.cli import app

READERS = ("check", "export", "fit-tone-stack", "identify", "info", "response", "run")


@pytest.mark.parametrize("command", READERS)
def test_every_command_that_reads_a_netlist_has_them(command):
    options = {name for parameter in app.commands[command].params for name in parameter.opts}
    assert {"--set", "--model", "--input", "--output"} <= options


def test_a_run_with_other_parts(call):
    call("run", "diode_clipper", "in.wav", "out.wav", "--set", "R1=10k", "--model", "D*=1N34A", "--set", "1N34A.IS=5u")
    circuit = with_models(cn.circuits.diode_clipper(), **{"D*": "1N34A"}).replace(**{"R1": 10e3, "1N34A.IS": 5e-6})
    x, fs = soundfile.read("in.wav")
    y = cn.run(cn.nodal.NodalModel(circuit, fs, dtype=np.float64), x)[1]
    np.testing.assert_allclose(soundfile.read("out.wav")[0], y, atol=1e-6)


def test_the_part_that_was_taken_is_told(call):
    out = call("info", "diode_clipper", "--model", "D1=1N34").stdout
    assert out.startswith("diode_clipper: D1: 1N34 of this library's own parts, with published model parameters")


def test_a_written_header_has_them(call):
    call("export", "tone.cir", "a.h", "--name", "t", "--set", "C1=33n")
    call("export", "tone.cir", "b.h", "--name", "t")
    assert Path("a.h").read_text() != Path("b.h").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "R9=1k"], "--set R9=1k: no value named 'R9'; there are tone, level, Vin, C1, R3"),
        (["--set", "R1=1k"], "--set R1=1k: R1 is given by the expression"),
        (["--set", "R3=x"], "--set R3=x: R3: "),
        (["--set", "R3=-1"], "--set R3=-1: R3"),
        (["--set", "R3"], "'R3' is not NAME=VALUE, such as R6=20k"),
        (["--set", "R3=1k", "--set", "r3=2k"], "--set r3: given twice"),
        (["--set", "self=1"], "--set self=1: no value named 'self'"),
        (["--model", "D1"], "'D1' is not NAME=VALUE, such as D1=1N34A"),
        (["--model", "D1=1N34A"], "--model D1=1N34A: no device with a model 'D1'; there are none"),
    ],
)
@pytest.mark.parametrize("command", ["info", "check"])
def test_mistakes(command, words, message, call):
    assert message in call(command, "tone.cir", *words, fails=2).stderr


@pytest.mark.parametrize("option", [("--set", "R1=1k"), ("--model", "D1=1N34A"), ("--input", "V1"), ("--output", "a")])
def test_they_are_for_netlists(option, folder):
    cn.train.save(cn.nodal.NodalModel(cn.circuits.bassman(), 8000), "m.npz")
    result = CliRunner().invoke(app, ["info", "m.npz", *option])
    assert (result.exit_code, result.stderr) == (2, f"error: {option[0]} is for netlists; m.npz is a saved model\n")

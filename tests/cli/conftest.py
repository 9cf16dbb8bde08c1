"""A folder of its own for each test, with a netlist and a sound, and the command line called in it."""

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from circuitnn.cli import app

NETLIST = """* Tone control of one pot
.param tone=0.5 level=1
Vin in 0 DC 0 AC 1
R1 in a {1k+9k*tone}
C1 a 0 22n
R2 a out {1k+10k*(1-level)}
R3 out 0 10k
.end
"""
FS = 8000


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tone.cir").write_text(NETLIST)
    x = 0.5 * np.random.default_rng(0).standard_normal(3000).clip(-2, 2)
    soundfile.write("in.wav", x, FS, subtype="DOUBLE")
    return tmp_path


@pytest.fixture
def call(folder):
    """call("response", "tone.cir") -> result, expected to end well; call(..., fails=2) with that exit status."""

    def called(*words, fails=0):
        before = set(folder.iterdir())
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == fails, result.output
        if fails:
            *_, line = result.stderr.splitlines()
            assert line.startswith("error: ")
            assert result.stderr.count("\n") == 1
            assert set(folder.iterdir()) == before, "an error leaves no files"
        return result

    return called

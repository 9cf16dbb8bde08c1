"""`circuitnn study`: what it would compute, and all that is wrong with a file."""

from click.testing import CliRunner

from circuitnn.cli import app

GOOD = """
budget = {updates = 3}
[contenders]
gru = {kind = "GRU", hidden = 2}
recipe = "lstm-3"
[targets]
clipper = {circuit = "low.cir", knobs = {k = [0, 1]}}
[presets.small]
contenders = ["gru"]
"""
NETLIST = "Low pass\nVin in 0 0\nR1 in out {1k+9k*k}\nC1 out 0 22n\n.param k=0.5"


def test_what_would_be_computed(call, folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "mine.toml").write_text(GOOD)
    (folder / "sub" / "low.cir").write_text(NETLIST)  # beside the file, wherever the command runs
    whole = call("study", "sub/mine.toml", "--check").stdout
    assert "1 target, 2 models, 2 trainings of 3 seeds, 3 updates each" in whole
    small = call("study", "sub/mine.toml", "--check", "--preset", "small", "--updates", "7", "--seeds", "1").stdout
    assert "1 model, 1 training of 1 seed, 7 updates each" in small
    assert "has small" in call("study", "sub/mine.toml", "--preset", "large", fails=2).stderr


def test_each_fault_is_a_line(folder):
    (folder / "mine.toml").write_text(GOOD.replace("GRU", "GRUU").replace("k = [0", "q = [0"))
    (folder / "low.cir").write_text(NETLIST)
    failed = CliRunner().invoke(app, ["study", "mine.toml"])
    assert failed.exit_code == 2
    lines = failed.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: mine.toml: contenders.gru: ")
    assert lines[1].startswith("error: mine.toml: targets.clipper.knobs: ")
    assert not (folder / "results").exists()

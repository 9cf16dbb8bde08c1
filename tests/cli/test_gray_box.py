"""`circuitnn train --model my.cir`: a circuit and what it leaves, its end, gone on with and stopped."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import circuitnn as cn
from circuitnn.cli import app
from circuitnn.estimation import contenders
from circuitnn.estimation.whole_chain import Lateness
from circuitnn.filters.high_pass import HighPass
from circuitnn.hybrid.plain import Gain
from tests.capture.sounds import FS, played, recorded

WORDS = ("train", "played.wav", "recorded.wav", "-o", "m.npz", "--model", "tone.cir", "--no-report")
LEARNT = "m.training/state{}-network-beside-part.npz"


class Report:
    """What `identify` would have found: a factor, and a recording that is in step."""

    esr_held_out, recorder = 0.01, (SimpleNamespace(name="y_offset", fitted=0.25),)
    model = cn.chain(x_gain=Gain(2.0), output=HighPass(2.0, FS), y_gain=Gain(0.4))
    recording = SimpleNamespace(lateness=Lateness(0.0, 0.0, 1))

    def __str__(self):
        return "value  nominal"


@pytest.fixture
def asked(folder, monkeypatch):
    """Recordings, and what `identify` is asked for: finding values has tests of its own, and takes a minute."""
    x = played(2.0)
    soundfile.write("played.wav", x, FS, subtype="DOUBLE")
    soundfile.write("recorded.wav", recorded(x), FS, subtype="DOUBLE")
    calls = []

    def identify(circuit, x, y, **options):
        calls.append((circuit, len(x), options))
        return {}, Report()

    monkeypatch.setattr(cn.train, "identify", identify, raising=False)
    monkeypatch.setattr(contenders, "SIDE_BY_SIDE", 1)
    return calls


def part(number=0):
    return np.concatenate([np.ravel(a) for a in np.load(LEARNT.format(number)).values() if a.dtype.kind == "f"])


@pytest.mark.slow
def test_it_ends_as_networks_do(call, asked):
    words = (*WORDS[:-1], "--volts", "3", "--output-volts", "2", "--epochs", "1")
    result = call(*words)
    ((circuit, samples, options),) = asked
    assert circuit == cn.read_netlist("tone.cir")
    assert samples == 2 * FS
    around = {"x_gain": 3.0, "y_gain": 0.5, "x_offset": "fit", "output": "ac"}
    assert options == {"fs": FS, "held_out": 0.2, "progress": False, **around}
    for line in ("circuitnn run m.npz", "circuitnn export m.npz m.lv2", "-o m.npz --resume --epochs +1"):
        assert f"  {line}" in result.stdout or line in result.stdout
    for name in ("recorded.wav", "predicted.wav", "preview.wav", "preview.png", "log.txt"):
        assert (Path("m.training") / name).stat().st_size
    heard, _ = cn.audio.read("m.training/recorded.wav")
    assert heard.mean() == pytest.approx(-0.25, abs=0.03)
    assert "alone the circuit has an ESR of 0.01" in Path("m.html").read_text()
    assert cn.train.restore("m.npz").fs in (None, FS)
    call("train", "tone.cir", "-o", "n.npz", "--model", "tone.cir", fails=2)
    assert "--loss is of networks" in call(*WORDS[:4], "n.npz", *WORDS[5:], "--loss", "mse", fails=2).stderr


@pytest.mark.slow
def test_it_goes_on(call, asked):
    call(*WORDS, "--epochs", "1")
    first, before = part(), cn.train.restore("m.npz")
    assert "is there already" in call(*WORDS, fails=2).stderr
    result = call(*WORDS, "--resume", "--epochs", "+2")
    assert len(asked) == 1, "the values are found once"
    assert "of 2 epochs" in result.stdout
    plan = json.loads(Path("m.training/plan.json").read_text())
    assert [(leg["epochs"], leg["is_done"]) for leg in plan["legs"]] == [(1, True), (2, True)]
    assert not np.array_equal(first, part(1))
    x = played(2.0)
    y = recorded(x)[37:]
    better, worse = (
        cn.metrics.esr(-np.asarray(cn.run(model, x[: len(y)])[1])[FS:], y[FS:])
        for model in (cn.train.restore("m.npz"), before)
    )
    assert better < 1.05 * worse
    assert "has 3 epochs already" in call(*WORDS, "--resume", "--epochs", "3", fails=2).stderr
    assert "another --volts" in call(*WORDS, "--resume", "--volts", "2", fails=2).stderr
    Path("tone.cir").write_text(Path("tone.cir").read_text().replace("22n", "23n"))
    plan = Path("m.training/plan.json").read_bytes()
    result = CliRunner().invoke(app, [*WORDS, "--resume", "--epochs", "+1"])
    assert (result.exit_code, "of another circuit" in result.stderr) == (2, True)
    assert Path("m.training/plan.json").read_bytes() == plan


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_and_resuming_ends_where_it_would_have(call, asked, monkeypatch):
    call(*WORDS, "--epochs", "3")
    whole, own = part(), contenders.fit

    def stopping(*arguments, callback, **options):
        def after(end):
            if end.epoch == 2:
                signal.raise_signal(signal.SIGINT)
            return callback(end)

        return own(*arguments, callback=after, **options)

    with monkeypatch.context() as patched:
        patched.setattr(contenders, "fit", stopping)
        result = CliRunner().invoke(app, [*WORDS, "--epochs", "3", "--overwrite"])
    assert result.exit_code == 130, result.output
    assert "stopped; the best so far is kept" in result.stdout
    assert not Path(LEARNT.format(0)).exists()
    assert cn.run(cn.train.restore("m.npz"), played(1.0))[1].shape == (FS,)
    assert "not done yet" in call(*WORDS, "--resume", "--epochs", "9", fails=2).stderr
    call(*WORDS, "--resume")
    np.testing.assert_array_equal(part(), whole)


def test_ctrl_c_while_the_values_are_found(call, asked, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cn.train, "identify", interrupted)
        result = CliRunner().invoke(app, [*WORDS, "--epochs", "1"])
    assert result.exit_code == 130
    assert "there is no model yet" in result.stderr
    assert not Path("m.npz").exists()
    call(*WORDS, "--resume", "--until", "0.9")
    assert len(asked) == 1
    assert cn.train.restore("m.npz").models[0].factor[...] == 2


def test_until_is_enough(call, asked):
    call(*WORDS, "--epochs", "1", "--until", "0.9")
    assert not list(Path("m.training").glob("state0-*part*")), "the circuit alone is good enough"
    assert cn.train.restore("m.npz").models[0].factor[...] == 2


TERMINATED = """
    import os, signal, sys
    import circuitnn as cn
    from circuitnn.cli import app
    from circuitnn.estimation import contenders
    from tests.cli.test_gray_box import Report

    own = contenders.fit

    def stopping(*arguments, callback, **options):
        def after(end):
            if end.epoch == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            return callback(end)

        return own(*arguments, callback=after, **options)

    cn.train.identify = lambda *_, **__: ({}, Report())
    contenders.SIDE_BY_SIDE = 1
    if "--resume" not in sys.argv:
        contenders.fit = stopping
    app(sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGTERM is of another kind there")
def test_sigterm_leaves_a_whole_model_and_a_training_that_goes_on(folder, call, asked):
    places = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])

    def run(*more):
        command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(TERMINATED), *WORDS, *more]
        environment = {**os.environ, "PYTHONPATH": places}
        return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=environment)

    ended = run("--epochs", "3")
    assert ended.returncode == -signal.SIGTERM, ended.stderr
    assert "stopped after epoch 2 of 3" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert not [path.name for path in folder.rglob("*") if path.name.endswith(".circuitnn")], "nothing half-written"
    assert cn.train.restore("m.npz").models[0].factor[...] == 2, "the circuit, which is the best so far"
    assert "is there already" in call(*WORDS, fails=2).stderr
    # By another process: in this one what a training is may be told otherwise.
    ended = run("--resume")
    assert ended.returncode == 0, ended.stderr
    assert Path(LEARNT.format(0)).exists()

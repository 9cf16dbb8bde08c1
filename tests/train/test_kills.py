"""Runs that are killed without warning, at moments drawn from a seed, end with the bits of one that was left alone."""

import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

KILLS, STUDY_KILLS = 20, 4

# A life that is to be killed stands still after so many epochs: on a fast machine it would be through before the kill.
# One process imports everything and forks for each life: to import takes longer than to train. JAX has no threads yet.
SCRIPT = """
    import os, random, signal, sys, time
    import numpy as np, optax
    from circuitnn.train import Dataset, ScheduledSampling, fit
    from tests.models import Leaky

    EPOCHS, EPOCHS_A_LIFE = 150, 7

    class Waiting:
        def __init__(self):
            self.epochs = 0

        def __call__(self, end):
            self.epochs += 1
            while self.epochs > EPOCHS_A_LIFE:
                time.sleep(1.0)

    def life(file, callback):
        x = np.random.default_rng(1).standard_normal((4, 6400, 1))
        data = Dataset(x, np.cumsum(x, 1) * 0.01, states=np.cumsum(x, 1) * 0.01)
        models, history = fit(
            [Leaky(0.5), Leaky(0.7)], data, ScheduledSampling(length=64, warmup=16), optimizer=optax.adam(1e-3),
            epochs=EPOCHS, validation=data, checkpoint=file, checkpoint_seconds=0.0, progress=False, callback=callback,
        )
        poles = np.stack([np.asarray(model.pole[...]) for model in models])
        np.savez(file + ".result.npz", poles=poles, loss=history.loss, validation=history.validation)

    def begun(file, callback=None):
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                life(file, callback)
                os._exit(0)
            finally:
                os._exit(1)
        return child

    def written(file):
        return os.stat(file).st_mtime_ns if os.path.exists(file) else 0

    whole, killed, kills, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    assert os.waitpid(begun(whole), 0)[1] == 0, "the run that is left alone"
    assert kills * EPOCHS_A_LIFE < EPOCHS
    moments = random.Random(seed)
    for kill in range(kills):
        before, child = written(killed), begun(killed, Waiting())
        if kill % 4:  # while it writes; else at any moment, while it compiles or reads
            until = time.monotonic() + 30
            while written(killed) == before and time.monotonic() < until and os.waitpid(child, os.WNOHANG)[0] == 0:
                time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.1 if kill % 4 else 2.0))
        os.kill(child, signal.SIGKILL)
        print(os.waitpid(child, 0)[1], flush=True)
    assert os.waitpid(begun(killed), 0)[1] == 0, "the last life"
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_trainings_end_with_the_same_bits(tmp_path):
    files = [str(tmp_path / name / "run.npz") for name in ("whole", "killed")]
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(SCRIPT), *files, str(KILLS), "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(int(signal.SIGKILL))] * KILLS, "a run ended before it could be killed"
    with np.load(f"{files[0]}.result.npz") as whole, np.load(f"{files[1]}.result.npz") as killed:
        for name in ("poles", "loss", "validation"):
            np.testing.assert_array_equal(whole[name], killed[name])
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == [
        ".run.npz.lock",
        "run.npz",
        "run.npz.history.jsonl",
        "run.npz.result.npz",
    ]


TERMINATED = """
    import os, signal, sys
    import numpy as np
    from circuitnn.train import Dataset, TruncatedBPTT, fit
    from tests.models import Leaky

    def terminate(end):
        if end.epoch == 3 and len(sys.argv) > 2:
            os.kill(os.getpid(), signal.SIGTERM)

    x = np.random.default_rng(1).standard_normal((4, 640, 1))
    data = Dataset(x, 0.5 * x, fs=48_000)
    regime = TruncatedBPTT(length=64, warmup=16)
    model, history = fit(Leaky(0.5), data, regime, epochs=6, checkpoint=sys.argv[1], callback=terminate, progress=False)
    print(float(model.pole[...]), len(history.loss))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGTERM is of another kind there")
def test_sigterm_saves_says_how_to_go_on_and_ends_the_process(tmp_path):
    def run(name, *more):
        command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(TERMINATED), str(tmp_path / name), *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)

    ended = run("run.npz", "terminate")
    assert ended.returncode == -signal.SIGTERM
    assert ended.stderr.splitlines()[-1] == f"stopped after epoch 3 of 6; the same call goes on from {tmp_path}/run.npz"
    with np.load(tmp_path / "run.npz") as state:
        assert b'"epochs": 3' in bytes(state["header"])
    assert run("run.npz").stdout == run("whole.npz").stdout


STUDY = """
    import sys
    from circuitnn.study import main
    from tests.study.test_study import STUDY

    if __name__ == "__main__":
        sys.exit(main(STUDY, ["--preset", "small", "--output", sys.argv[1], "--jobs", "2"]))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills a process without its children")
def test_a_killed_study_ends_with_the_same_bits(tmp_path):
    script = tmp_path / "study.py"
    script.write_text(textwrap.dedent(STUDY))
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "PYTHONWARNINGS": "ignore"}

    def begun(folder):
        command = [sys.executable, str(script), str(folder)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    moments = random.Random(7)
    with begun(tmp_path / "whole") as process:
        assert process.wait(300) == 0
    for _ in range(STUDY_KILLS):
        with begun(tmp_path / "killed") as process:
            try:
                process.wait(moments.uniform(4.0, 14.0))
            except subprocess.TimeoutExpired:
                process.kill()  # its workers end by themselves, and leave the files
    with begun(tmp_path / "killed") as process:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    with np.load(tmp_path / "whole" / "curves.npz") as whole, np.load(tmp_path / "killed" / "curves.npz") as killed:
        assert set(whole.files) == set(killed.files)
        for name in whole.files:
            np.testing.assert_array_equal(whole[name], killed[name])

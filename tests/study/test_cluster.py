"""A real Dask scheduler on loopback: the same results as one process has, also when a worker is killed."""

import json
import os
import signal
import threading
import time

import pytest

from circuitnn.study import main
from tests.study.test_study import STUDY

TIMES = {"train_seconds"}


def rows(folder):
    found = json.loads((folder / "results.json").read_text())["rows"]
    return [{key: value for key, value in row.items() if key not in TIMES} for row in found]


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(tmp_path):
    distributed = pytest.importorskip("distributed")
    assert main(STUDY, ["--output", str(tmp_path / "here"), "--jobs", "1"]) == 0
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", protocol="tcp"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed = threading.Thread(target=kill_one, args=(tmp_path / "there", min(client.run(os.getpid).values())))
        killed.start()
        assert main(STUDY, ["--output", str(tmp_path / "there"), "--cluster", cluster.scheduler_address]) == 0
        killed.join(60)
        assert not killed.is_alive()
    assert rows(tmp_path / "there") == rows(tmp_path / "here")


def kill_one(folder, process):
    """While there is work: as soon as a learning rate has been tried."""
    until = time.monotonic() + 120
    while not list(folder.glob("work/*/*.rates.json")) and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(process, signal.SIGKILL)

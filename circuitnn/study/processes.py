"""Worker processes, one a core."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any

# Each process trains small models sample by sample: one thread each, and the cores are shared out among processes.
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"


@contextlib.contextmanager
def pool(processes: int) -> Iterator[Executor]:
    """Fresh interpreters: a fork would inherit JAX's threads in an unknown state."""
    context = multiprocessing.get_context("spawn")
    before, others = dict(os.environ), {*multiprocessing.active_children()}
    os.environ["XLA_FLAGS"] = f"{before.get('XLA_FLAGS', '')} {ONE_THREAD}".strip()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        with ProcessPoolExecutor(processes, context, _prepare, (context.Value("i", 0),)) as executor:
            try:
                yield executor
            except BaseException:
                for process in {*multiprocessing.active_children()} - others:
                    process.terminate()  # a training saves its state and ends
                raise
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepare(taken: Any) -> None:
    """Ctrl-C is for the process that started this one; without it there is nobody to work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _take_a_core(taken)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # as it was ended, without a word: what goes on later needs the files


def _take_a_core(taken: Any) -> None:
    """Each process keeps to a core of its own: handing small steps from core to core costs more than they do."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        with taken.get_lock():
            core, taken.value = cores[taken.value % len(cores)], taken.value + 1
        os.sched_setaffinity(0, {core})

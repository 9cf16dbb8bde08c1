"""Worker processes, one a core."""

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

# Each process trains small models sample by sample: one thread each, and the cores are shared out among processes.
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"


@contextlib.contextmanager
def pool(processes: int) -> Iterator[Executor]:
    """Fresh interpreters: a fork would inherit JAX's threads in an unknown state."""
    context = get_context("spawn")
    before = dict(os.environ)
    os.environ["XLA_FLAGS"] = f"{before.get('XLA_FLAGS', '')} {ONE_THREAD}".strip()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        with ProcessPoolExecutor(processes, context, _take_a_core, (context.Value("i", 0),)) as executor:
            yield executor
    finally:
        os.environ.clear()
        os.environ.update(before)


def _take_a_core(taken: Any) -> None:
    """Each process keeps to a core of its own: handing small steps from core to core costs more than they do."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        with taken.get_lock():
            core, taken.value = cores[taken.value % len(cores)], taken.value + 1
        os.sched_setaffinity(0, {core})

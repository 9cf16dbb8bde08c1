"""Worker processes, one a core."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


def pool(processes: int) -> ProcessPoolExecutor:
    """Fresh interpreters: a fork would inherit JAX's threads in an unknown state."""
    context = get_context("spawn")
    return ProcessPoolExecutor(processes, context, _take_a_core, (context.Value("i", 0),))


def _take_a_core(taken: Any) -> None:
    """Each process keeps to a core of its own: handing small steps from core to core costs more than they do."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        with taken.get_lock():
            mine, taken.value = taken.value, taken.value + 1
        os.sched_setaffinity(0, {cores[mine % len(cores)]})

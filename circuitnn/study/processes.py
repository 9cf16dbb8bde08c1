"""Worker processes: one a core here, or those of a Dask cluster."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, final

from tqdm import tqdm

# Each process trains small models sample by sample: one thread each, and the cores are shared out among processes.
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"
ANSWER = 10.0  # seconds that a scheduler has for it


@final
class Here(Executor):
    """An executor that is this process: each piece of work is done as it is handed in."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future:
        """What was done, or why it was not."""
        future: Future = Future()
        try:
            future.set_result(work(*arguments, **options))
        except Exception as problem:
            future.set_exception(problem)
        return future


@contextlib.contextmanager
def pool(processes: int) -> Iterator[Executor]:
    """Fresh interpreters: a fork would inherit JAX's threads in an unknown state."""
    context = multiprocessing.get_context("spawn")
    before, others = dict(os.environ), {*multiprocessing.active_children()}
    os.environ["XLA_FLAGS"] = _with_one_thread(before.get("XLA_FLAGS", ""))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        with ProcessPoolExecutor(processes, context, _prepare, (context.Value("i", 0), processes)) as executor:
            try:
                yield executor
            except BaseException:
                for process in {*multiprocessing.active_children()} - others:
                    process.terminate()  # a training saves its state and ends
                raise
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler: each should have one thread, and see the folders of this process by their names.

    Work of a worker that dies is done again by another. Workers in which JAX has not computed anything yet compute as
    those of `pool` do, to the last bit on a machine of the same kind.

    Args:
        address: as Dask writes it, "tcp://host:8786" or "host:8786".

    Raises:
        ValueError: without the packages, for an address that is none, and where no scheduler answers for ten seconds.
    """
    try:
        from distributed import Client, WorkerPlugin
    except ImportError:
        raise ValueError('a cluster needs the extra "cluster": pip install "circuitnn[cluster]"') from None

    class OneThread(WorkerPlugin):
        def setup(self, worker: Any) -> None:
            os.environ["XLA_FLAGS"] = _with_one_thread(os.environ.get("XLA_FLAGS", ""))

    try:
        client = Client(address, timeout=ANSWER)
    except (OSError, ValueError) as error:
        raise ValueError(f"--cluster {address}: no Dask scheduler answers there ({error})") from error
    with client:
        client.register_plugin(OneThread(), name="circuitnn")
        yield client.get_executor(pure=False)


def _with_one_thread(flags: str) -> str:
    return flags if ONE_THREAD in flags else f"{flags} {ONE_THREAD}".strip()


def _prepare(taken: Any, processes: int) -> None:
    """Ctrl-C is for the process that started this one; without it there is nobody to work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # In place of a semaphore, that a worker would leave behind when it is stopped, and Python would tell of.
    tqdm.set_lock(threading.RLock())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _take_a_core(taken, processes)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # as it was ended, without a word: what goes on later needs the files


def _take_a_core(taken: Any, processes: int) -> None:
    """Each process keeps to a core of its own: handing small steps from core to core costs more than they do.

    Fewer processes than cores are left to the system: two such studies would share a core and leave others idle.
    """
    if hasattr(os, "sched_setaffinity") and processes >= len(cores := sorted(os.sched_getaffinity(0))):
        with taken.get_lock():
            core, taken.value = cores[taken.value % len(cores)], taken.value + 1
        os.sched_setaffinity(0, {core})

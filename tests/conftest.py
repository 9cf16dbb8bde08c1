"""Tests run in both precisions; 64 bit has to be switched on before the first array is made."""

import gc
import os
import signal
import time

import hypothesis
import jax
import pytest

from circuitnn import spice
from tests.order import in_order_of_need

# Once, one of three thousand tests waited for ever for a computation: one that runs in one of the two threads of XLA's
# pool has only the other for its parts. So the caller's thread runs it.
jax.config.update("jax_cpu_enable_async_dispatch", False)
jax.config.update("jax_enable_x64", True)

# A shell that runs a command in the background has it ignore Ctrl-C, and all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A traced program is a great many objects that live until it is compiled: looking through them costs a twentieth.
gc.set_threshold(100_000, 20, 50)

# Compilation makes the time of one example meaningless; the same examples everywhere make a failure repeatable.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, max_examples=30)
hypothesis.settings.load_profile("suite")


# Seconds since 1970, from which on tests are skipped: continuous integration has a limit, and says what was left out.
UNTIL = float(os.environ.get("TESTS_UNTIL") or "inf")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    if time.time() > UNTIL:
        pytest.skip("no time was left for it (TESTS_UNTIL)")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Where time may end, what is left out are further circuits of the catalogue, and no test as a whole."""
    if float("inf") > UNTIL:
        items[:] = in_order_of_need(items, getattr(config, "workerinput", {}).get("workercount", 1))


@pytest.fixture(autouse=True, scope="module")
def _programs_do_not_pile_up():
    """A process may map only so many pieces of memory, and each compiled program takes some."""
    yield
    jax.clear_caches()


@pytest.fixture
def ngspice() -> str:
    """The version of ngspice; a test that needs it is skipped where there is none."""
    version = spice.version()
    if version is None:
        pytest.skip("ngspice is not installed")
    return version

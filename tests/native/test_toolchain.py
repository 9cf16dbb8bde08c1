import sys
import time
from pathlib import Path

import pytest

from circuitnn import native
from circuitnn.native import toolchain
from circuitnn.native.toolchain import Compiler, CompilerError, library

needs_compiler = pytest.mark.skipif(native.compiler() is None, reason="no C compiler")


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A PATH with nothing on it, no CC, and no package that brings a compiler."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    toolchain._found.cache_clear()
    yield tmp_path
    toolchain._found.cache_clear()


def test_none_is_found_where_there_is_none(alone):
    assert native.compiler() is None


def test_it_is_looked_for_by_name_in_order(alone):
    script(alone / "clang", "echo clang version 1")
    assert "clang version 1" in native.compiler()
    script(alone / "gcc", "echo gcc 2")
    toolchain._found.cache_clear()
    assert "gcc 2" in native.compiler()


def test_the_environment_may_name_one_with_arguments(alone, monkeypatch):
    script(alone / "cc", "echo the system\\'s")
    script(alone / "my cc", 'echo "mine: $*"')
    monkeypatch.setenv("CC", f'"{alone / "my cc"}" -m64')
    assert toolchain.found() == Compiler((str(alone / "my cc"), "-m64"), "mine: -m64 --version")


@pytest.mark.parametrize("named", ["gone", "'", "false", "; touch sign", "$(touch sign)"])
def test_one_that_does_not_work_is_passed_over(alone, monkeypatch, named):
    script(alone / "cc", "echo the system\\'s")
    script(alone / "false", "exit 1")
    monkeypatch.setenv("CC", named)
    monkeypatch.chdir(alone)
    assert toolchain.found().version == "the system's"
    assert not (alone / "sign").exists()


def test_the_package_is_the_last_resort(alone, monkeypatch):
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: name == "ziglang" or None)
    monkeypatch.setattr(toolchain, "_run", lambda command, seconds: (0, "clang version 20\n"))
    assert toolchain.found() == Compiler((sys.executable, "-m", "ziglang", "cc"), "clang version 20")


@needs_compiler
def test_what_it_refuses_is_told_with_the_command_and_its_first_lines():
    with pytest.raises(
        CompilerError, match=r"(?s)-O3 .*model\.c: failed with 1\n.*model\.c:1.*nothing_that_is_there"
    ) as told:
        library("int f(void) { return nothing_that_is_there; }\n" * 50, toolchain.found())
    assert len(str(told.value).splitlines()) < 10


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_one_that_hangs_is_stopped_with_what_it_has_started(tmp_path):
    slow = script(tmp_path / "cc", f"sleep 60 & echo $! > {tmp_path}/child; wait")
    start = time.monotonic()
    with pytest.raises(CompilerError, match=r"not done after 0\.5 s"):
        library("", Compiler((str(slow),), "1"), seconds=0.5)
    assert time.monotonic() - start < 20
    child = int((tmp_path / "child").read_text())
    status = Path(f"/proc/{child}/stat")
    for _ in range(100):
        if not status.exists() or status.read_text().split()[2] in "ZX":
            return
        time.sleep(0.05)
    pytest.fail("what the compiler has started goes on")


def test_one_that_vanished_is_told():
    with pytest.raises(CompilerError, match="No such file"):
        library("", Compiler(("/nowhere/cc",), "1"))

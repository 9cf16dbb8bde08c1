"""Blocks that batches are made of go back to the system as they are freed."""

import platform
import subprocess
import sys

import pytest

HOLES = """
import resource, sys
import numpy as np
from circuitnn.train.allocation import give_back_large_blocks

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

if sys.argv[1] == "given back":
    give_back_large_blocks()
for _ in range(3):
    np.ones(3 * 2**20)  # 24 MiB: freed, it raises the limit of glibc
before = resident()
large, small = [], []
for _ in range(40):
    large.append(np.ones(2**18))  # 2 MiB
    small.append(np.ones(2**12))
large.clear()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_freed_blocks_leave_no_holes():
    def left(how):
        command = [sys.executable, "-c", HOLES, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert left("as it is") > 40 * 2**20
    assert left("given back") < 10 * 2**20

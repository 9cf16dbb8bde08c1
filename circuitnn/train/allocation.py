"""Memory of a training that reads its batches from disk."""

import contextlib
import ctypes
import sys

M_MMAP_THRESHOLD = -3  # of mallopt(3)
LARGE = 2**20  # bytes


def give_back_large_blocks() -> None:
    """Have the C library hand blocks of a megabyte and more back to the system as they are freed.

    glibc raises that limit, up to 32 MB, with each such block that is freed, so that the batches of a training end on
    the heap, where smaller blocks between them keep what they have left: 180 MiB after two hundred batches. Where there
    is no glibc nothing is done.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)

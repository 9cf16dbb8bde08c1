"""How many lengths of a block are compiled: a program takes seconds and megabytes, and a stream may have any lengths.

The first few lengths have a program of their own, and so has what comes again and again. Beyond that a block is cut
into pieces of lengths that all blocks share. The block law says that nobody hears it.
"""

import collections
import functools
from collections.abc import Hashable
from typing import final

PIECES = (4096, 2048, 1024, 512, 256, 128, 64, 16, 4, 1)  # samples; every length is a sum of few of them
LONGEST = 2**18  # samples of all streams together, beyond which a block is cut too
FIRST = 4  # other lengths that are compiled as they come
AGAIN = 3  # a later one is compiled when it comes for that time,
MOST = 6  # as long as there are fewer than these


@final
class Lengths:
    """The lengths that one model has run, with signals of one shape apart from that."""

    def __init__(self) -> None:
        self.compiled: set[int] = set()
        self.asked: collections.Counter[int] = collections.Counter()

    def cut(self, time: int) -> list[int]:
        """The lengths to run a block of `time` samples in, one after the other."""
        if time in self.compiled or time in PIECES:
            return [time]
        self.asked[time] += 1
        if len(self.compiled) < FIRST or (self.asked[time] >= AGAIN and len(self.compiled) < MOST):
            self.compiled.add(time)
            return [time]
        pieces = []
        for piece in PIECES:
            count, time = divmod(time, piece)
            pieces += count * [piece]
        return pieces


@functools.lru_cache(maxsize=512)
def lengths_of(*program: Hashable) -> Lengths:  # noqa: ARG001 (the key)
    """Those of a program, by all that it depends on but for the length. As many are kept as JAX keeps programs."""
    return Lengths()

"""The order of tests where time may end before they do."""

import collections

CASES = 4  # of each test, that run before further ones of any


def in_order_of_need(items, workers):
    """Each worker begins with a part of its own, of tests side by side; further cases are at the end of each part."""
    counts = collections.Counter()
    first, further = [], []
    for item in items:
        name = item.nodeid.partition("[")[0]
        counts[name] += 1
        (first if counts[name] <= CASES else further).append(item)

    def part(of, number):
        return of[number * len(of) // workers : (number + 1) * len(of) // workers]

    return [item for number in range(workers) for of in (first, further) for item in part(of, number)]

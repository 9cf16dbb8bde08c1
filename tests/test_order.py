"""The order of tests where time may end before they do."""

import collections
import types

import pytest

from tests.order import CASES, in_order_of_need

NAMES = ["a.py::one", *(f"a.py::two[{n}]" for n in range(9)), *(f"b.py::two[{n}]" for n in range(30)), "b.py::three"]
ITEMS = [types.SimpleNamespace(nodeid=name) for name in NAMES]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_worker_begins_with_a_few_cases_of_each_test(workers):
    order = in_order_of_need(ITEMS, workers)
    assert sorted(item.nodeid for item in order) == sorted(NAMES)
    share = -(-len(NAMES) // workers)
    begun = [item.nodeid for n in range(workers) for item in order[n * share :][: 10 // workers]]
    cases = collections.Counter(name.partition("[")[0] for name in begun)
    assert cases == {"a.py::one": 1, "a.py::two": CASES, "b.py::two": CASES, "b.py::three": 1}
    assert [item.nodeid for item in in_order_of_need(ITEMS[:5], workers)] == NAMES[:5]

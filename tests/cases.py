"""Cases of a test that costs much for some of them."""

import pytest


def cases(names, *, quick=None, slow=()):
    """`names` (or tuples) for parametrize: those in `slow` are slow, or all but those in `quick`."""
    slow = slow if quick is None else [name for name in names if name not in quick]
    return [
        pytest.param(*(name if isinstance(name, tuple) else (name,)), marks=pytest.mark.slow) if name in slow else name
        for name in names
    ]

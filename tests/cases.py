"""Cases of a test that costs much for some of them."""

import pytest


def cases(names, *, quick=None, slow=()):
    """`names` for parametrize: those named in `slow` are slow, or all but those named in `quick`."""
    slow = slow if quick is None else set(names) - set(quick)
    return [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in names]

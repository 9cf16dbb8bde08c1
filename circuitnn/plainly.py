"""While a model is lowered or differentiated, what is compiled in it runs as the plain model that it is."""

import contextlib
import threading
from collections.abc import Iterator


class _State(threading.local):
    is_plain = False


_STATE = _State()


def is_plain() -> bool:
    """Whether models run as they are written, in this thread."""
    return _STATE.is_plain


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Models run as they are written, in this thread."""
    before, _STATE.is_plain = _STATE.is_plain, True
    try:
        yield
    finally:
        _STATE.is_plain = before

"""What a room hands on: the names that dir() and completion show."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def handed_on(room: str, *others: str) -> Callable[[], list[str]]:
    """A room's ``__dir__``, as its ``__init__.py`` says it: ``__dir__ = handed_on(__name__)``.

    Shown is what the room has imported from its own modules. What else lives in the namespace of a module stays out of
    sight: the modules that Python puts there as it imports them, and names of other packages.

    Args:
        room: its ``__name__``; a module without a folder shows what it defines.
        others: modules that it hands on, and names that it hands on when they are asked for.
    """
    names = vars(sys.modules[room])
    home = "circuitnn" if "__path__" in names else room

    def is_handed_on(name: str, value: Any) -> bool:
        if name.startswith("_"):
            return name.startswith("__")
        if value is handed_on or isinstance(value, ModuleType | bool):  # TYPE_CHECKING is a bool
            return False
        return getattr(value, "__module__", home).startswith(home)

    return lambda: sorted({*(name for name, value in names.items() if is_handed_on(name, value)), *others})

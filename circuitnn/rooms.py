"""What a room hands on: the names that dir() and completion show, imported at once or when they are asked for."""

import importlib
import sys
from collections.abc import Callable, Mapping
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


def on_demand(
    room: str, *, names: Mapping[str, str], modules: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A room's ``__getattr__`` and ``__dir__``, for one that imports what it hands on when that is first asked for.

    JAX, SciPy and Flax take seconds to import, and most programs need a part of the library. For type checkers and
    completion the room imports the same names under ``if TYPE_CHECKING``; the tests compare the two.

    Args:
        room: its ``__name__``.
        names: the modules that it hands names on from, and those names, with spaces between them.
        modules: modules that it hands on, by the name that they have in the room.
    """
    homes = {name: home for home, own in names.items() for name in own.split()}
    whole = dict(modules or {})
    namespace = vars(sys.modules[room])

    def get(name: str) -> Any:
        if name in whole:
            value = importlib.import_module(whole[name])
        elif name in homes:
            value = getattr(importlib.import_module(homes[name]), name)
        else:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        namespace[name] = value  # the next time it is found without this function
        return value

    def shown() -> list[str]:
        return sorted({*(name for name in namespace if name.startswith("__")), *homes, *whole})

    return get, shown

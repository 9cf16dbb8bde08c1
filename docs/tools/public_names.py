"""Which names of the package are public: those that dir() shows, room by room."""

import importlib
import inspect
from types import ModuleType
from typing import Any

PACKAGE = "circuitnn"


def public_names() -> dict[str, list[str]]:
    """Namespace (as users reach it, "circuitnn.audio") -> its public names, sorted; submodules are namespaces too."""
    found: dict[str, list[str]] = {}
    _collect(importlib.import_module(PACKAGE), PACKAGE, found)
    return {namespace: names for namespace, names in found.items() if names}


def resolve(path: str) -> Any:
    """What a user gets by writing `path`, such as circuitnn.audio.read."""
    root, *names = path.split(".")
    value: Any = importlib.import_module(root)
    for name in names:
        value = getattr(value, name)
    return value


def home(path: str) -> str:
    """Where the thing that `path` names is defined, which is where the API pages anchor it."""
    value = resolve(path)
    if not hasattr(value, "__qualname__"):
        return path  # a constant does not know where it was defined
    return f"{value.__module__}.{value.__qualname__}"


def _collect(module: ModuleType, namespace: str, found: dict[str, list[str]]) -> None:
    names = [name for name in dir(module) if not name.startswith("_")]
    found[namespace] = [name for name in names if not inspect.ismodule(getattr(module, name))]
    for name in names:
        if inspect.ismodule(getattr(module, name)):
            _collect(getattr(module, name), f"{namespace}.{name}", found)

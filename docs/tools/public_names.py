"""Which names of the package are public: those that a package's __init__.py hands on, and those a module defines."""

import ast
import importlib
import inspect
from pathlib import Path
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
    names = _handed_on(module) if hasattr(module, "__path__") else _defined(module)
    found[namespace] = sorted(name for name in names if not inspect.ismodule(getattr(module, name)))
    for name in sorted(names):
        if inspect.ismodule(getattr(module, name)):
            _collect(getattr(module, name), f"{namespace}.{name}", found)


def _handed_on(package: ModuleType) -> list[str]:
    """From the source and not from dir(), where every submodule that was ever imported shows up."""
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    # What is handed on lazily stands under `if TYPE_CHECKING`.
    statements = [line for node in tree.body for line in (node.body if isinstance(node, ast.If) else [node])]
    imports = (node for node in statements if isinstance(node, ast.ImportFrom) and node.module != "typing")
    names = (alias.asname or alias.name for node in imports for alias in node.names)
    return [name for name in names if not name.startswith("_")]


def _defined(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]

"""Every public name has a docstring, so has every public method that is not inherited, no name hides a module,
and a room shows what it hands on and nothing else.
"""

import ast
import importlib
import inspect
import pkgutil
from importlib import metadata
from pathlib import Path

import pytest

import circuitnn as cn
from docs.tools.public_names import public_names, resolve

PATHS = [f"{namespace}.{name}" for namespace, names in public_names().items() for name in names]
DOCUMENTED = [path for path in PATHS if callable(resolve(path))]  # a constant has no docstring of its own
ROOMS = [cn.__name__] + [info.name for info in pkgutil.walk_packages(cn.__path__, "circuitnn.") if info.ispkg]


def test_the_names_of_the_design_are_public():
    assert {"circuitnn.run", "circuitnn.trace", "circuitnn.audio.read", "circuitnn.losses.esr"} <= set(PATHS)


def imported_by(module):
    """The names that the source of a room takes from this package, those for type checkers (lazy ones) included."""
    nodes = ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module.startswith("circuitnn")]
    names = {alias.asname or alias.name for node in imports for alias in node.names}
    return {name for name in names if not name.startswith("_")} - {"handed_on", "on_demand"}


@pytest.mark.parametrize("namespace", public_names())
def test_a_room_shows_what_it_hands_on(namespace):
    module = resolve(namespace)
    importlib.import_module("circuitnn.cli.run")  # brings modules into the namespaces of many rooms
    shown = {name for name in dir(module) if not name.startswith("_")}
    if hasattr(module, "__path__"):
        assert shown == imported_by(module)
    else:
        defined = {name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
        assert shown == {name for name in defined if not name.startswith("_")}


def test_what_users_see_at_the_door():
    assert cn.__version__ == metadata.version("circuitnn")
    assert not hasattr(cn.losses, "jnp")
    modules = {name for name in dir(cn) if inspect.ismodule(getattr(cn, name))}
    assert modules.isdisjoint({"model", "numerics", "mna", "transient", "circuit", "knobs", "rooms", "cli"})


@pytest.mark.parametrize("path", DOCUMENTED)
def test_has_a_docstring(path):
    value = resolve(path)
    assert own_docstring(value), f"{path} has no docstring"
    # A method that carries out what its abstract class says has its docstring there: getdoc finds it.
    bare = [name for name in methods(value) if not inspect.getdoc(getattr(value, name))]
    assert not bare, f"{path} has no docstring at {', '.join(bare)}"


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_is_hidden_by_what_its_room_hands_on(room):
    """``import circuitnn.filters.biquads`` gives the module, not a function of its name."""
    package = importlib.import_module(room)
    modules = [info.name for info in pkgutil.iter_modules(package.__path__)]
    hidden = [name for name in modules if not inspect.ismodule(getattr(package, name, package))]
    assert not hidden, f"{room} hands on {', '.join(hidden)} in the place of a module"


def methods(value):
    kinds = (property, classmethod, staticmethod, type(own_docstring))
    members = vars(value).items() if inspect.isclass(value) else ()
    return [name for name, member in members if not name.startswith("_") and isinstance(member, kinds)]


def own_docstring(value):
    text = inspect.getdoc(value) or ""
    # dataclass and NamedTuple write one of their own: "Name(field: type, ...)"
    return "" if text.startswith(f"{getattr(value, '__name__', '')}(") else text

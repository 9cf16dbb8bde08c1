"""Every public name has a docstring, and so has every public method that is not inherited."""

import inspect

import pytest

from docs.tools.public_names import public_names, resolve

PATHS = [f"{namespace}.{name}" for namespace, names in public_names().items() for name in names]
DOCUMENTED = [path for path in PATHS if callable(resolve(path))]  # a constant has no docstring of its own


def test_the_names_of_the_design_are_public():
    assert {"circuitnn.run", "circuitnn.trace", "circuitnn.audio.read", "circuitnn.losses.esr"} <= set(PATHS)


@pytest.mark.parametrize("path", DOCUMENTED)
def test_has_a_docstring(path):
    value = resolve(path)
    assert own_docstring(value), f"{path} has no docstring"
    # A method that carries out what its abstract class says has its docstring there: getdoc finds it.
    bare = [name for name in methods(value) if not inspect.getdoc(getattr(value, name))]
    assert not bare, f"{path} has no docstring at {', '.join(bare)}"


def methods(value):
    kinds = (property, classmethod, staticmethod, type(own_docstring))
    members = vars(value).items() if inspect.isclass(value) else ()
    return [name for name, member in members if not name.startswith("_") and isinstance(member, kinds)]


def own_docstring(value):
    text = inspect.getdoc(value) or ""
    # dataclass and NamedTuple write one of their own: "Name(field: type, ...)"
    return "" if text.startswith(f"{getattr(value, '__name__', '')}(") else text

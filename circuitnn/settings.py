"""What a model is, as plain data: its kind and the arguments that it is made with; and the way back from them.

Settings are numbers, texts, lists and dictionaries, as JSON has them. A dictionary with a text under "kind" stands for
an object of that kind, inside of others too: a chain has the settings of its parts, a nodal model those of its circuit.
"""

import dataclasses
import difflib
import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

Class = TypeVar("Class", bound=type)

DTYPES = {"float32": np.float32, "float64": np.float64}
_DRAWN = ("rngs", "seed")  # arguments for weights at random, which a saved model replaces by its own

# What registers the library's own kinds, the most frequent first. A program has imported those that it uses; one that
# opens a saved model has not.
_HOMES = (
    "circuitnn.circuit", "circuitnn.recurrent", "circuitnn.nodal", "circuitnn.composition", "circuitnn.convolutional",
    "circuitnn.filters", "circuitnn.networks", "circuitnn.control_frames", "circuitnn.counting",
    "circuitnn.oversampling", "circuitnn.rates", "circuitnn.wdf", "circuitnn.frames", "circuitnn.native",
    "circuitnn.hybrid",
)  # fmt: skip
_SPELT = {"kind": "kind_"}  # a transistor has an argument of that name

_BUILDERS: dict[str, Callable[..., Any]] = {}
_NAMES: dict[type, str] = {}


def register(cls: Class, *, name: str | None = None, build: Callable[..., Any] | None = None) -> Class:
    """Make a class known, so that `circuitnn.train.restore` builds it: a decorator.

    Settings are the arguments of the constructor. Each is read from the attribute of the same name; a model where that
    is not so overrides `Model.settings` (`settings_of` helps), and takes `build` where the constructor does not take
    what is there.

    Args:
        cls: a `Model`, a dataclass or a named tuple.
        name: its kind; the name of the class when None.
        build: what makes one of the arguments in its settings; the class itself when None.

    Raises:
        ValueError: when another class has that name.
    """
    kind = name or cls.__name__
    if not cls.__module__.startswith("circuitnn."):
        _is_known("")  # a name that the library has is taken, whether or not it was used so far
    for other, registered in _NAMES.items():
        is_same = (other.__module__, other.__qualname__) == (cls.__module__, cls.__qualname__)
        if registered == kind and not is_same:  # a class that is defined again, in a notebook, takes its own place
            raise ValueError(
                f"{other.__module__}.{other.__qualname__} is of the kind {kind!r} already: give another name"
            )
    _NAMES[cls] = kind
    _BUILDERS[kind] = build or _constructor(cls)
    return cls


def kind_of(cls: type) -> str:
    """The kind of a class; of one that is not registered its full name, which `build` does not know."""
    return _NAMES.get(cls, f"{cls.__module__}.{cls.__qualname__}")


def class_of(kind: str) -> type:
    """The class of a kind.

    Raises:
        ValueError: for a kind that is not registered, with one of a similar name.
    """
    if _is_known(kind):
        return next(cls for cls, name in reversed(_NAMES.items()) if name == kind)
    lowered = {name.lower(): name for name in _BUILDERS}
    near = [lowered[name] for name in difflib.get_close_matches(kind.lower(), lowered, 1)]
    raise ValueError(f"no kind of model {kind!r} is known{f'; did you mean {near[0]}?' if near else ''}")


def settings_of(thing: Any, **values: Any) -> dict[str, Any]:
    """The kind and the arguments of a registered object, read from the attributes of the same names.

    Args:
        thing: of a registered class.
        values: of arguments that are no attributes.

    Raises:
        TypeError: for an argument that is neither, or is no plain data.
    """
    settings = {"kind": kind_of(type(thing))}
    for name in arguments_of(type(thing)):
        if name in _DRAWN:
            continue
        if name not in values and not hasattr(thing, name):
            raise TypeError(
                f"{type(thing).__name__} has an argument {name!r} and no attribute of that name: keep it as one, or "
                "define the property settings"
            )
        value = values[name] if name in values else getattr(thing, name)
        settings[name] = np.dtype(value).name if name == "dtype" else plain(value)
    return settings | {name: plain(value) for name, value in values.items() if name not in settings}


def plain(value: Any) -> Any:
    """Plain data of a number, a text, a container of them, or an object of a registered class.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(getattr(value, "settings", None), dict):
        return value.settings
    if type(value) in _NAMES:  # a named tuple or a dataclass
        names = getattr(value, "_fields", None) or [field.name for field in dataclasses.fields(value)]
        fields = {name: plain(getattr(value, name)) for name in names}
        return {"kind": kind_of(type(value))} | {_SPELT.get(name, name): entry for name, entry in fields.items()}
    if isinstance(value, Mapping):
        if isinstance(value.get("kind"), str) and not _is_known(value["kind"]):
            raise TypeError(f"no settings: a name 'kind' with the text {value['kind']!r}")
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(entry) for entry in value]
    if hasattr(value, "__array__"):
        return np.asarray(value).tolist()
    raise TypeError(f"a {type(value).__name__} is no setting: numbers, texts and registered classes are")


def build(data: Any, made: Callable[[Any], None] = lambda thing: None) -> Any:
    """What settings stand for.

    Args:
        data: settings, or plain data in them.
        made: told of each object once it is made, those inside of others first.

    Raises:
        ValueError: for a kind that is not registered.
        TypeError: for arguments that the kind does not have; and what the kind itself raises.
    """
    if isinstance(data, list):
        return [build(entry, made) for entry in data]
    if not isinstance(data, dict):
        return data
    kind = data.get("kind")
    if not isinstance(kind, str):
        return {name: build(entry, made) for name, entry in data.items()}
    if not _is_known(kind):
        raise ValueError(f"no kind of model {kind!r} is known: import the module that registers it")
    spelt = {key: name for name, key in _SPELT.items()}
    arguments: dict[str, Any] = {
        spelt.get(str(name), str(name)): build(entry, made) for name, entry in data.items() if name != "kind"
    }
    if "dtype" in arguments:
        if arguments["dtype"] not in DTYPES:
            raise ValueError(f"dtype: there are {', '.join(DTYPES)}, not {arguments['dtype']!r}")
        arguments["dtype"] = DTYPES[arguments["dtype"]]
    thing = _BUILDERS[kind](**arguments)
    made(thing)
    return thing


def _is_known(kind: str) -> bool:
    """Whether a kind is registered, after importing what may register it."""
    for home in _HOMES:
        if kind in _BUILDERS:
            return True
        importlib.import_module(home)
    return kind in _BUILDERS


def _constructor(cls: type) -> Callable[..., Any]:
    if "rngs" not in arguments_of(cls):
        return cls

    def built(**arguments: Any) -> Any:
        from flax import nnx  # here, because circuits do without

        return cls(**arguments, rngs=nnx.Rngs(0))

    return built


def arguments_of(cls: type) -> list[str]:
    """Names of what a constructor takes, but for those without a name of their own."""
    # Of __init__, because the class itself has the signature of its metaclass.
    _, *parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    unnamed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind not in unnamed]

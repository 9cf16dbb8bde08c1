"""Models on disk: their settings and their numbers, so that the file alone brings them back."""

import itertools
import math
import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import jax
import numpy as np
from flax import nnx
from jax import numpy as jnp

from circuitnn.circuit import Circuit
from circuitnn.model import Model
from circuitnn.rates import RateWarning
from circuitnn.settings import build, kind_of
from circuitnn.train.checkpoint import CheckpointError, opened, save_tree

Kind = TypeVar("Kind", bound=Model)

# Of a restored model at most, since a file may come from anywhere.
LAYERS, UNITS, KNOBS = 8, 1024, 64
PARTS, DEPTH, LARGEST = 1000, 64, 2**20  # objects in all, inside of each other, and any whole number
COMPONENTS = 300  # of a circuit: its equations take seconds with more, and the third power of their number
_SIDES = ("in_features", "out_features", "features", "states")
_LIMITS = {"layers": 8 * LAYERS, "input_taps": 256, "output_taps": 256, "blocks": 8 * LAYERS} | dict.fromkeys(
    ("hidden", "projection", "reduced", "channels", *_SIDES), UNITS
)


def save(model: Model, path: str | os.PathLike) -> None:
    """Write a model to a .npz file: what it is and all of its numbers, so that `restore` needs the file alone.

    Of a model of one's own that does not say what it is (see `circuitnn.register`) the numbers are written, for `load`.

    Warns:
        UserWarning: for a model that is larger than `restore` accepts.
    """
    header: dict[str, Any] = {"model": kind_of(type(model))}
    try:
        header["settings"] = model.settings
    except (TypeError, ValueError) as error:  # not registered; values that are a batch
        header["why"] = str(error)
    else:
        try:
            _check_limits(header["settings"])
        except ValueError as error:
            warnings.warn(f"{path}: {error}; load() reads it, restore() will not", stacklevel=2)
    if model.volts is not None:
        header["volts"] = [float(value) for value in model.volts]
    numbers = _named(nnx.to_pure_dict(nnx.state(model)))
    save_tree(path, list(numbers.values()), header | {"arrays": list(numbers)})


def restore(path: str | os.PathLike) -> Model:
    """The model in a file that `save` wrote, bit for bit.

    A model of one's own has to be registered before, see `circuitnn.register`: import the module that defines it.

    Raises:
        CheckpointError: when the file is damaged, or does not say how its model is made.
    """
    with opened(path) as file:
        settings = file.header.get("settings")
        if not isinstance(settings, dict):
            why = str(file.header.get("why", "it was written by an older version"))[:300]
            kind = str(file.header.get("model"))[:100]
            raise CheckpointError(
                f"{path}: holds a {kind} without its settings ({why}): build a model of that kind "
                "the same way, load(model, path) the file into it, and save it again"
            )
        if "kind" not in settings:  # tone stacks of before
            settings = {"kind": file.header.get("model"), "dtype": file.header.get("dtype"), **settings}
        held: dict[int, int] = {}

        def check_size(thing: Any) -> None:
            if isinstance(thing, Circuit) and len(thing.components) > COMPONENTS:
                raise ValueError(f"a circuit of {len(thing.components)} components; at most {COMPONENTS} are built")
            # What is built step by step is never much larger than the file that asks for it.
            if isinstance(thing, nnx.Module):
                held.update((id(leaf), leaf[...].nbytes) for leaf in _variables(thing))
                if sum(held.values()) > file.nbytes:
                    raise ValueError("they are those of a larger model than the file has numbers for")

        try:
            _check_limits(settings)
            _check_numbers(settings, file.nbytes)
            model = build(settings, check_size)
            if not isinstance(model, Model):
                raise TypeError(f"a {type(model).__name__} is no model")
        except Exception as error:  # what a constructor makes of arguments that make no sense is its own affair
            raise CheckpointError(f"{path}: its settings are no model's ({error})") from error
        if "volts" in file.header:
            model.volts = _full_scale(file.header["volts"], path)
        return _with_numbers(model, file, path)


def load(model: Kind, path: str | os.PathLike) -> Kind:
    """A copy of `model` with the numbers that `save` wrote; `model` must have been built the same way.

    Raises:
        CheckpointError: when the file belongs to another kind or size of model, or to one whose knobs, parts or states
            have other names or another order.

    Warns:
        RateWarning: when its weights belong to another sample rate.
    """
    with opened(path) as file:
        if file.header.get("model") != kind_of(type(model)):
            kind = str(file.header.get("model"))[:100]
            raise CheckpointError(f"{path}: holds a {kind}, not a {kind_of(type(model))}")
        loaded = nnx.clone(model)
        settings = file.header.get("settings")
        if isinstance(settings, dict) and "kind" in settings:
            try:
                _check_limits(settings, sizes=False)
                _match(settings, loaded, path, "the model")
            except (CheckpointError, Warning):
                raise
            except Exception as error:  # settings may be anything
                raise CheckpointError(f"{path}: its settings are no model's ({error})") from error
        return _with_numbers(loaded, file, path)


def _with_numbers(model: Kind, file: Any, path: str | os.PathLike) -> Kind:
    """A copy of the model with the numbers of the file, found by their names; by their order in files of before."""
    graph, variables = nnx.split(model)
    values = nnx.to_pure_dict(variables)
    leaves, structure = jax.tree.flatten(values)
    names = list(_named(values))
    stored = file.header.get("arrays", names)
    if not isinstance(stored, list) or not len(stored) == len(file.shapes) == len(names):
        raise CheckpointError(f"{path}: holds {len(file.shapes)} arrays, {len(names)} are expected")
    if not all(isinstance(name, str) for name in stored) or set(stored) != set(names) or len(set(names)) < len(names):
        different = sorted(set(map(str, stored)) ^ set(names))
        raise CheckpointError(f"{path}: its numbers are those of another model (different: {', '.join(different[:5])})")
    expected = {name: (np.shape(leaf), np.asarray(leaf).dtype) for name, leaf in zip(names, leaves, strict=True)}
    arrays = dict(zip(stored, file.arrays([expected[name] for name in stored], stored), strict=True))
    for name, array in arrays.items():
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise CheckpointError(f"{path}: {name} has values that are not finite")
    nnx.replace_by_pure_dict(variables, jax.tree.unflatten(structure, [jnp.asarray(arrays[name]) for name in names]))
    return nnx.merge(graph, variables)


def _full_scale(told: Any, path: str | os.PathLike) -> tuple[float, float]:
    """What a file says that 1.0 is in volts, at the input and at the output."""
    is_pair = isinstance(told, list) and len(told) == 2 and all(isinstance(value, float) for value in told)
    if not is_pair or not all(0 < value < math.inf for value in told):
        raise CheckpointError(f"{path}: volts: expected two positive numbers, got {str(told)[:50]}")
    return told[0], told[1]


def _named(numbers: Any) -> dict[str, Any]:
    """Leaves by the names that lead to them."""
    pairs, _ = jax.tree_util.tree_flatten_with_path(numbers)
    return {"/".join(str(getattr(key, "key", key)) for key in path): leaf for path, leaf in pairs}


def _variables(module: nnx.Module) -> Iterator[nnx.Variable]:
    return (node for _, node in nnx.iter_graph(module) if isinstance(node, nnx.Variable))


def _check_limits(settings: Any, *, sizes: bool = True) -> None:
    """Refuse what no model has before anything is built: sizes, depths, and numbers that are not finite.

    Raises:
        ValueError: naming what is wrong.
    """
    count = 0

    def visit(data: Any, name: str, depth: int) -> None:
        nonlocal count
        if isinstance(data, (dict, list)):
            count += isinstance(data, dict)
            if count > PARTS or depth > DEPTH or len(data) > LARGEST:
                raise ValueError(f"more parts, or deeper, than a model has: {name}")
            if sizes and len(data) > {"hidden": LAYERS, "controls": KNOBS}.get(name, LARGEST):
                raise ValueError(f"more layers, units or knobs than a model has: {len(data)} in {name}")
            pairs = data.items() if isinstance(data, dict) else ((name, entry) for entry in data)
            for key, entry in pairs:
                visit(entry, str(key), depth + 1)
        elif sizes and name == "netlist" and isinstance(data, str) and data.count("\n") > 2 * COMPONENTS:
            raise ValueError(f"a netlist of {data.count(chr(10))} lines; circuits of {COMPONENTS} components are built")
        elif isinstance(data, float) and not math.isfinite(data):
            raise ValueError(f"{name} is not a finite number")
        elif sizes and isinstance(data, int) and not isinstance(data, bool) and abs(data) > _LIMITS.get(name, LARGEST):
            raise ValueError(f"more layers, units or knobs than a model has: {name} is {data}")

    visit(settings, "settings", 0)


def _check_numbers(settings: Any, nbytes: int) -> None:
    """Refuse networks of more units than a file has numbers for, before their weights are drawn.

    Raises:
        ValueError: when there are.
    """
    if isinstance(settings, list):
        settings = dict(enumerate(settings))
    if not isinstance(settings, dict):
        return
    for inner in settings.values():
        _check_numbers(inner, nbytes)
    hidden = settings.get("hidden")
    repeats = settings.get("layers")
    widths = hidden if isinstance(hidden, list) else [hidden] * (repeats if isinstance(repeats, int) else 1)
    layers = [size for size in widths if isinstance(size, int)]
    sides = [size for key, size in settings.items() if key in _SIDES and isinstance(size, int)] if layers else []
    # Each unit has a weight for each of the layer before it, of two bytes or more.
    numbers = sum(a * b for a, b in itertools.pairwise(layers)) + max(layers, default=0) * max(sides, default=1)
    if 2 * (numbers + _window_numbers(settings) + _convolution_numbers(settings)) > nbytes:
        raise ValueError("they are those of a larger model than the file has numbers for")


def _window_numbers(settings: Mapping[str, Any]) -> int:
    """Weights of the linear maps of a window of samples."""
    window, projection, hidden, features = (
        size if isinstance(size, int) else 0
        for size in (settings.get(key, 0) for key in ("window", "projection", "hidden", "in_features"))
    )
    newer = settings.get("newer", window)
    newer = newer if isinstance(newer, int) and 0 < newer < window else window
    return features * (newer * projection + (window - newer) * 2 * hidden)


def _convolution_numbers(settings: Mapping[str, Any]) -> int:
    """Weights of blocks of convolutions."""
    channels, taps, blocks = (settings.get(key) for key in ("channels", "kernel_size", "blocks"))
    sizes = [size for size in (channels, taps, blocks) if isinstance(size, int)]
    return sizes[0] ** 2 * sizes[1] * (sizes[2] - 1) if len(sizes) == 3 else 0


def _match(stored: Mapping[str, Any], model: Model, path: str | os.PathLike, place: str) -> None:
    """See that names are the same, and take over the rate of the weights where the model knows none.

    Raises:
        CheckpointError: when knobs, parts or states have other names or another order: their weights would be mixed up.
    """
    settings = model.settings
    for key, what in (("kind", "kind"), ("controls", "knobs"), ("state_names", "states"), ("models", "parts")):
        there, here = _names(stored.get(key)), _names(settings.get(key))
        if there != here:
            raise CheckpointError(
                f"{path}: {what} of {place}: the file has {there}, the model {here}; build it the same way, or use "
                "restore(), which needs no model"
            )
    rate, rate_here = stored.get("fs"), settings.get("fs")
    if rate is not None and not (isinstance(rate, (int, float)) and rate > 0):
        raise CheckpointError(f"{path}: {place} has the rate {str(rate)[:50]!r}")
    if rate_here is None and rate is not None:
        model.fs = rate
    elif rate not in (None, rate_here) and "circuit" not in stored and "tree" not in stored:
        warnings.warn(
            f"{path}: {place} was trained at {rate:g} Hz and is loaded into one for {rate_here:g} Hz",
            RateWarning,
            stacklevel=4,
        )
    inner = stored.get("models", {})
    for part, described in inner.items() if isinstance(inner, dict) else enumerate(inner):
        _match(described, model[part], path, f"part {part}")  # type: ignore[index]
    if isinstance(stored.get("model"), Mapping):
        _match(stored["model"], model.model, path, place)  # type: ignore[attr-defined]


def _names(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(value)
    return len(value) if isinstance(value, list) and any(isinstance(part, dict) for part in value) else value

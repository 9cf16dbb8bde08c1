"""What a run is made of, as plain data: two runs with the same facts compute the same.

Contenders, targets and regimes are made by functions. Of a function the facts are its own code and what it closes over,
not what it calls: a change in the library or in another module is not noticed.
"""

import contextlib
import dataclasses
import functools
import hashlib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from circuitnn import capture
from circuitnn.circuit import Circuit
from circuitnn.study.definition import Study, Target
from circuitnn.study.preset import Preset


def facts(study: Study, preset: Preset) -> Any:
    """Of all that a preset computes, without an address of this process in it."""
    jobs = study.jobs(preset)
    parts = (
        {name: _of_target(study.targets[name]) for name in study.targets_of(preset)},
        {name: study.contenders[name] for name in study.contenders_of(preset)},
        {str(job.regime): study.regimes[job.regime] for job in jobs if job.regime is not None},
    )
    return plain((study.module, study.volts, preset, jobs, parts))


def _of_target(target: Target) -> Any:
    fields = {field.name: getattr(target, field.name) for field in dataclasses.fields(target)}
    if target.circuit is not None:
        return fields | {"circuit": target.circuit()}
    rows = capture.read_folder(Path(str(target.recordings)), target.device)
    files = sorted({Path(path) for row in rows for path in (row.played, row.recorded)})
    return fields | {"rows": [(row.knobs, row.part) for row in rows], "files": [_of_file(path) for path in files]}


def _of_file(path: Path) -> tuple[Any, ...]:
    """Its name and, where it is there, how large and how old it is."""
    told = path.stat() if path.is_file() else None
    return (path.name,) if told is None else (path.name, told.st_size, told.st_mtime_ns)


def plain(value: Any, within: tuple[Any, ...] = ()) -> Any:
    """A value as texts, numbers and tuples; of what has no plain form only its type.

    Args:
        value: what is asked for.
        within: the values around it. A function may close over itself, and a list hold itself: of those only the name.
    """
    if value is None or isinstance(value, str | int | float | complex | bytes):
        return value
    if any(value is one for one in within):
        return "around", _named(type(value))
    inside = functools.partial(plain, within=(*within, value))
    if isinstance(value, Circuit):
        return value.to_spice()
    if isinstance(value, Mapping):
        return tuple((inside(key), inside(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(inside, value))
    if isinstance(value, set | frozenset):
        return tuple(sorted(map(repr, map(inside, value))))
    if isinstance(value, Path):
        return str(value), _of_file(value)
    if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
        return inside(jax.random.key_data(value))
    if isinstance(value, np.ndarray | jax.Array) and value.dtype != object:
        array = np.asarray(value)
        return array.shape, array.dtype.str, hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    if isinstance(value, nnx.Module):
        return _named(type(value)), inside(jax.tree.leaves(nnx.state(value)))
    if isinstance(value, functools.partial):
        return inside((value.func, value.args, value.keywords))
    if isinstance(value, types.MethodType):
        return inside((value.__func__, value.__self__))
    if isinstance(value, types.FunctionType):
        return _named(value), inside((value.__code__, value.__defaults__, value.__kwdefaults__, _closed_over(value)))
    if isinstance(value, types.CodeType):
        return value.co_code, value.co_names, inside(value.co_consts)
    if isinstance(value, type):
        return _named(value)
    if dataclasses.is_dataclass(value):
        return _named(type(value)), inside([getattr(value, field.name) for field in dataclasses.fields(value)])
    return _named(type(value))


def _closed_over(function: types.FunctionType) -> dict[str, Any]:
    """By name; without those that have no value yet."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # an empty cell
            found[name] = cell.cell_contents
    return found


def _named(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"
